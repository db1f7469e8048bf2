import { delimiter, join } from 'node:path';
import { execa } from 'execa';
import type { Goos } from './engines.ts';

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
  const { stdout, failed, stderr } = await execa('go', ['env', 'GOVERSION', 'GOROOT'], { env, reject: false });
  if (failed) throw new Error(`${version ?? 'Go'} is not to be had: ${stderr?.trim() || 'no `go` in PATH'}`);
  const [found, goroot] = stdout.split('\n') as [string, string];
  return { version: found, goroot, env };
}

/** Runs `go` and returns what it prints. `goos` is the target; without it, this machine. @throws ExecaError with go's own words. */
export async function go(
  toolchain: Toolchain,
  args: string[],
  options: { goos?: Goos; cwd?: string } = {},
): Promise<string> {
  const { goos, cwd } = options;
  const target = goos && { GOOS: goos, GOARCH: 'wasm' };
  const { stdout } = await execa('go', args, {
    env: { ...toolchain.env, ...target },
    ...(cwd !== undefined && { cwd }),
  });
  return stdout;
}

/** PATH as `go test` and `go run` give it to what they run: the toolchain's commands first. */
export function pathOf(toolchain: Toolchain): string {
  return join(toolchain.goroot, 'bin') + delimiter + (process.env.PATH ?? '');
}
