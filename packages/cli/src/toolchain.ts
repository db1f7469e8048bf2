import { execFile } from 'node:child_process';
import { accessSync, constants, statSync } from 'node:fs';
import { delimiter, isAbsolute, join } from 'node:path';
import { promisify } from 'node:util';
import { EnvironmentError } from './errors.ts';

/** The Go toolchain that a command line will use, as `go env` tells it. */
export interface Toolchain {
  GOROOT: string;
  /** `go1.26.8`, or `devel go1.28-…` */
  GOVERSION: string;
  GOHOSTOS: string;
  GOHOSTARCH: string;
  GOFLAGS: string;
  GOCACHE: string;
}

/** go itself has refused: it has said why. */
export class GoFailed extends Error {
  readonly exitCode: number;
  readonly stderr: string;

  constructor(exitCode: number, stderr: string) {
    super(`go ended with exit code ${exitCode}`);
    this.exitCode = exitCode;
    this.stderr = stderr;
  }
}

/** The release of Go 1 that a version names (26 for `go1.26.8`); undefined for a version that names none. */
export function release(version: string): number | undefined {
  const match = /\bgo1\.(\d+)/.exec(version);
  return match ? Number(match[1]) : undefined;
}

/** The releases of Go 1 that go-wasm is made for. */
export const SUPPORTED: { oldest: number; newest: number } = { oldest: 24, newest: 27 };

/** Whether a version is of these releases. */
export function isSupported(version: string): boolean {
  const minor = release(version) ?? 0;
  return minor >= SUPPORTED.oldest && minor <= SUPPORTED.newest;
}

/** Environment of a build for wasm: js, unless the user's says wasip1. */
export function targetEnv(env: NodeJS.ProcessEnv): NodeJS.ProcessEnv & { GOOS: 'js' | 'wasip1' } {
  return { ...env, GOOS: env.GOOS === 'wasip1' ? 'wasip1' : 'js', GOARCH: 'wasm' };
}

/**
 * Asks go for its toolchain. The answer depends on the folder: its go.mod may choose another toolchain.
 *
 * @throws EnvironmentError if there is no go, GoFailed if go refuses (a go.mod it cannot use, say).
 */
export async function toolchain(env: NodeJS.ProcessEnv, chdir?: string): Promise<Toolchain> {
  const names = ['GOROOT', 'GOVERSION', 'GOHOSTOS', 'GOHOSTARCH', 'GOFLAGS', 'GOCACHE'];
  const args = ['env', ...(chdir === undefined ? [] : ['-C', chdir]), '-json', ...names];
  try {
    const { stdout } = await promisify(execFile)('go', args, { env });
    return JSON.parse(stdout);
  } catch (error) {
    throw goError(error);
  }
}

/** The error of a `go` that `execFile` could not start, or that failed. */
export function goError(cause: unknown): Error {
  const { code, stderr } = cause as { code?: unknown; stderr?: string };
  if (typeof code === 'number') return new GoFailed(code, stderr ?? '');
  if (code !== 'ENOENT') return cause as Error;
  return new EnvironmentError('GW4001', 'go is not in PATH', {
    hint: 'install Go 1.24 or later from https://go.dev/dl, then run: go-wasm doctor; go-wasm build -yes fetches it',
    cause,
  });
}

/** Where a program is, as a shell would find it; undefined if nowhere. */
export function which(program: string, env: NodeJS.ProcessEnv = process.env): string | undefined {
  const windows = process.platform === 'win32';
  const endings = windows ? (env.PATHEXT ?? '.EXE;.CMD;.BAT;.COM').split(';') : [''];
  const folders = (env.PATH ?? env.Path ?? '').split(delimiter).filter(isAbsolute);
  for (const folder of folders) {
    for (const ending of endings) {
      const path = join(folder, program + ending);
      try {
        accessSync(path, constants.X_OK);
        if (statSync(path).isFile()) return path;
      } catch {}
    }
  }
  return undefined;
}
