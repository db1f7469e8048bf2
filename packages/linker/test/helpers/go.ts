/** Builds Go programs and runs modules, for tests that compare what stock Go does with what the linker makes of it. */
import { execFile, execFileSync, spawn } from 'node:child_process';
import { existsSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { afterAll } from 'vitest';
import { releases } from '../../../../tools/src/go.ts';
import { ofToday } from '../../../cfg/test/support/effort.ts';

/** `native`: a program for this machine. */
export type Goos = 'js' | 'wasip1' | 'native';

const goroots = new Map<string, string | undefined>();

/** GOROOT of a release (of the installed one without), or undefined where it cannot be had. */
export function goroot(release = 'local'): string | undefined {
  if (!goroots.has(release)) {
    let root: string | undefined;
    try {
      const env = { ...process.env, GOTOOLCHAIN: release };
      root = execFileSync('go', ['env', 'GOROOT'], { env, encoding: 'utf8', stdio: 'pipe' }).trim();
    } catch {
      // Not installed, and there is no network.
    }
    goroots.set(release, root);
  }
  return goroots.get(release);
}

/** Of the other releases of Go that are supported and can be had another one each day, with `PROOF=full` all. */
export function otherReleases(): readonly string[] {
  return ofToday(releases.filter((go) => goroot(go) !== undefined && goroot(go) !== goroot()));
}

/** Releases of Go that tests are run with: the installed one (undefined), and {@link otherReleases}. */
export function available(): (string | undefined)[] {
  return [undefined, ...otherReleases()];
}

/** A folder for the files of one test file, which goes when it is done. */
export async function scratchFolder(): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), 'go-wasm-link-'));
  afterAll(() => rm(folder, { recursive: true, force: true }));
  return folder;
}

/** The source file of a test program. */
export function program(name: string): string {
  return fileURLToPath(new URL(`../programs/${name}.go`, import.meta.url));
}

export interface BuildOptions {
  goos: Goos;
  /** Release of Go; the installed one without. */
  go?: string;
  flags?: readonly string[];
}

/** `go build` of one file, outside of any module. */
export async function build(
  source: string,
  out: string,
  { goos, go = 'local', flags = [] }: BuildOptions,
): Promise<void> {
  const target = goos === 'native' ? {} : { GOOS: goos, GOARCH: 'wasm' };
  const env = { ...process.env, GOTOOLCHAIN: go, GOFLAGS: '', GOWORK: 'off', ...target };
  await promisify(execFile)('go', ['build', ...flags, '-o', out, source], { env, cwd: dirname(out) });
}

export interface Run {
  stdout: string;
  stderr: string;
  code: number | null;
}

export interface RunOptions {
  goos: Goos;
  go?: string | undefined;
  args?: readonly string[] | undefined;
  env?: Record<string, string> | undefined;
  /** A script of the helpers that loads the module, instead of the runner of a whole program. */
  script?: string | undefined;
}

/** Runs a module in Node: js as Go's own runner does, wasip1 in Node's WASI. The program sees no environment but `env`. */
export async function run(wasm: string, { goos, go, args = [], env = {}, script }: RunOptions): Promise<Run> {
  const runner =
    script === undefined
      ? goos === 'js'
        ? join(goroot(go)!, 'lib/wasm/wasm_exec_node.js')
        : helper('run-wasip1.mjs')
      : helper(script);
  const [command, ...flags] = goos === 'native' ? [wasm] : ['node', '--no-warnings', '--stack-size=8192', runner, wasm];
  const child = spawn(command!, [...flags, ...args], {
    env: { PATH: process.env.PATH, GOROOT_OF_TEST: goroot(go), ...env },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  let stdout = '';
  let stderr = '';
  child.stdout.setEncoding('utf8').on('data', (text: string) => {
    stdout += text;
  });
  child.stderr.setEncoding('utf8').on('data', (text: string) => {
    stderr += text;
  });
  const code = await new Promise<number | null>((resolve, reject) => {
    child.on('error', reject).on('close', resolve);
  });
  return { stdout, stderr, code };
}

/** wasmtime, where `npm run engines` has put it. */
export const wasmtime: string | undefined = [
  fileURLToPath(new URL('../../../../tools/engines/wasmtime/wasmtime_cli/wasmtime', import.meta.url)),
].find(existsSync);

export async function runInWasmtime(wasm: string, args: readonly string[] = []): Promise<Run> {
  return new Promise((resolve) => {
    const flags = ['run', '-W', 'max-wasm-stack=8388608', wasm, ...args];
    execFile(wasmtime!, flags, (error, stdout, stderr) => {
      resolve({ stdout, stderr, code: error === null ? 0 : (error.code as unknown as number) });
    });
  });
}

function helper(name: string): string {
  return fileURLToPath(new URL(name, import.meta.url));
}
