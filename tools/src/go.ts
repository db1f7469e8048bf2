import { delimiter, join } from 'node:path';
import { $ } from 'zx';
import type { Goos } from './engines.ts';

/** The newest of each release of Go that is supported, oldest first. */
export const releases = ['go1.24.13', 'go1.25.9', 'go1.26.8', 'go1.27.3'] as const;

/** A Go toolchain: the one in PATH, or another that it fetches itself. */
export interface Toolchain {
  /** As `go env GOVERSION` says: `go1.26.8`. */
  version: string;
  goroot: string;
  /** What the `go` command is started with, so that it is this toolchain. */
  env: Record<string, string>;
}

/**
 * The toolchain of that version (`go1.24.13`), or the one in PATH.
 *
 * @throws Error where Go is missing, or cannot get that version.
 */
export async function findToolchain(version?: string): Promise<Toolchain> {
  const env: Record<string, string> = version === undefined ? {} : { GOTOOLCHAIN: version };
  const run = $({ env: { ...process.env, ...env }, nothrow: true, quiet: true });
  const { ok, stdout, stderr } = await run`go env GOVERSION GOROOT`;
  if (!ok) throw new Error(`${version ?? 'Go'} is not to be had: ${stderr.trim()}`);
  const [found, goroot] = stdout.split('\n') as [string, string];
  return { version: found, goroot, env };
}

/** Runs `go` and returns what it prints. `goos` is the target; without it, this machine. @throws ProcessOutput with go's own words. */
export async function go(
  toolchain: Toolchain,
  args: string[],
  options: { goos?: Goos; cwd?: string } = {},
): Promise<string> {
  const { goos, cwd } = options;
  const env = { ...process.env, ...toolchain.env, ...(goos && { GOOS: goos, GOARCH: 'wasm' }) };
  return (await $({ env, quiet: true, ...(cwd !== undefined && { cwd }) })`go ${args}`).stdout.trimEnd();
}

/** PATH as `go test` and `go run` give it to what they run: the toolchain's commands first. */
export function pathOf(toolchain: Toolchain): string {
  return join(toolchain.goroot, 'bin') + delimiter + (process.env.PATH ?? '');
}
