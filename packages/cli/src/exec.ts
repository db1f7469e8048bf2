import { existsSync } from 'node:fs';
import { delimiter, dirname, join } from 'node:path';
import type { Choice, Goos } from '@go-wasm/linker/targets';
import { BROWSER_RUNNER, JS_RUNNER, JSPI_RUNNER, PROFILER, WASIP1_RUNNER } from './assets.ts';
import { isBrowser } from './browser.ts';
import { checkNode, nodeFlags, stackSize } from './engine.ts';
import { EnvironmentError, UsageError } from './errors.ts';
import { suggest } from './find.ts';
import { joinQuoted } from './quoted.ts';
import { isSupported, type Toolchain, which } from './toolchain.ts';

/** Where programs can run, by the name that `-host` takes, and for which GOOS. */
const HOSTS = {
  node: ['js', 'wasip1'],
  chromium: ['js'],
  firefox: ['js'],
  deno: ['js'],
  bun: ['js'],
  wasmtime: ['wasip1'],
} as const;
export type HostName = keyof typeof HOSTS;
export const HOST_NAMES: readonly HostName[] = Object.keys(HOSTS) as HostName[];

/** The value of `-host`. @throws UsageError */
export function parseHost(value: string | undefined): HostName {
  const found = HOST_NAMES.find((name) => name === value);
  if (found !== undefined) return found;
  throw new UsageError('GW5001', value === undefined ? '-host needs a value' : `-host=${value} is unknown`, {
    hint: `${suggest(HOST_NAMES, value)}-host takes ${HOST_NAMES.join(', ')}`,
  });
}

export interface Run {
  goos: Goos;
  strategy: Choice['strategy'];
  /** Where the user wants it; undefined for Node, and for wasmtime where it is there and the program is for WASI. */
  host?: HostName | undefined;
  /** Whether net/http uses a browser's `fetch`. */
  fetch?: boolean;
  /** Where to write a CPU profile: an absolute path. */
  cpuprofile?: string | undefined;
}

/**
 * The value of `-exec`: Node with what runs the program. go starts it, and Node must be called by its name: net/http's
 * wasm port looks at `process.argv0`.
 *
 * @throws EnvironmentError if the toolchain comes without the script that runs js programs, or the host is missing or cannot
 *   run those of the strategy; UsageError if it is not for this GOOS.
 */
export function execFlag(go: Toolchain, run: Run): string {
  const { cpuprofile } = run;
  if (cpuprofile === undefined) return joinQuoted(command(go, run));
  const [first, ...rest] = command(go, run);
  return joinQuoted(['node', PROFILER, cpuprofile, first!, ...rest, '--']);
}

/** The words of what runs a program. `{profiles}` is a folder for CPU profiles, where one is asked for. */
function command(go: Toolchain, { goos, strategy, host, fetch, cpuprofile }: Run): string[] {
  const supported: readonly string[] = HOSTS[host ?? 'node'];
  if (!supported.includes(goos)) {
    const others = Object.entries(HOSTS).filter(([, systems]: [string, readonly string[]]) => systems.includes(goos));
    throw new UsageError('GW5001', `-host=${host} cannot run programs for GOOS=${goos}`, {
      hint: `${others.map(([name]) => name).join(', ')} can; or build for GOOS=${supported[0]}`,
    });
  }
  if (isBrowser(host)) {
    const flags = [`-host=${host}`, `-switch=${strategy}`, ...(fetch ? ['-fetch'] : [])];
    if (cpuprofile !== undefined && host !== 'chromium') throw noProfile(host);
    return ['node', BROWSER_RUNNER, ...flags, ...(cpuprofile === undefined ? [] : ['-profiles={profiles}'])];
  }
  if (host === 'deno' || host === 'bun') {
    const path = which(host);
    if (path === undefined) throw new EnvironmentError('GW4030', `${host} is not in PATH`);
    if (cpuprofile !== undefined) throw noProfile(host);
    return [path, 'run', ...(host === 'deno' ? denoFlags() : []), JS_RUNNER];
  }
  const stack = stackSize();
  const node = ['node', ...(stack === undefined ? [] : [`--stack-size=${stack}`]), ...nodeFlags(strategy)];
  if (cpuprofile !== undefined) node.push('--cpu-prof', '--cpu-prof-dir={profiles}');
  if (goos === 'wasip1') {
    if (cpuprofile !== undefined && host !== 'node') throw noProfile(host ?? 'wasmtime');
    // Whether Node runs the program at all, the runner decides.
    const flags = [...(host === undefined ? [] : [`-host=${host}`]), `-switch=${strategy}`];
    return [...node, '--disable-warning=ExperimentalWarning', WASIP1_RUNNER, ...flags];
  }
  checkNode(strategy);
  if (strategy === 'jspi') return [...node, JSPI_RUNNER, glue(go, 'wasm_exec.js')];
  // What Go has linked runs as Go runs it, and so does what a Go has made that the runtime does not know.
  return [...node, strategy === 'jump-table' || !isSupported(go.GOVERSION) ? goRunner(go) : JS_RUNNER];
}

function noProfile(host: string): UsageError {
  return new UsageError('GW5001', `-cpuprofile does not work with -host=${host}`, {
    hint: '-host=node can, and for GOOS=js -host=chromium',
  });
}

function denoFlags(): string[] {
  const stack = stackSize();
  return ['--allow-all', '--quiet', ...(stack === undefined ? [] : [`--v8-flags=--stack-size=${stack}`])];
}

/** The toolchain's own script that runs a js program in Node. */
export function goRunner(go: Toolchain): string {
  return glue(go, 'wasm_exec_node.js');
}

function glue(go: Toolchain, name: string): string {
  const script = join(go.GOROOT, 'lib', 'wasm', name);
  if (existsSync(script)) return script;
  throw new EnvironmentError('GW4002', `${go.GOVERSION} has no ${script}`, {
    hint: 'some systems package it apart from Go; or install Go 1.24 or later from https://go.dev/dl',
  });
}

/** The environment in which `node` is the Node that runs us. */
export function withNode(env: NodeJS.ProcessEnv): NodeJS.ProcessEnv {
  if (which('node', env) === process.execPath) return env;
  const name = Object.keys(env).find((key) => key.toUpperCase() === 'PATH') ?? 'PATH';
  return { ...env, [name]: dirname(process.execPath) + delimiter + (env[name] ?? '') };
}
