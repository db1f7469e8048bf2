/** The command as users have it, built from source with a double for the linker, and folders for programs to build. */
import { type SpawnOptions, spawn } from 'node:child_process';
import {
  copyFileSync,
  cpSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  renameSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { basename, dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { type BuildOptions, build } from 'esbuild';
import { afterAll, inject } from 'vitest';
import { SECTION } from './double/linker.ts';

const here = (path: string): string => fileURLToPath(new URL(path, import.meta.url));

const HOST_OF_JSPI = here('../../linker/src/host/jspi.ts');
const TARGETS = here('../../linker/src/targets.ts');

/** Where the folders of this test file are: there is a space in every path. */
export const TEMP: string = mkdtempSync(join(tmpdir(), 'go-wasm test-'));

afterAll(() => rmSync(TEMP, { recursive: true, force: true }));

/** Has an installed package find Binaryen, as after `npm install binaryen`. */
export function installBinaryen(root: string): void {
  symlinkSync(here('../../../node_modules/binaryen'), join(root, 'node_modules/binaryen'), 'junction');
}

/** Makes the package as it is installed, its path with a space as well. @param linker what takes the linker's place. */
export async function install(name: string, linker?: string): Promise<string> {
  const root = join(TEMP, name);
  // It is built once for all test files of a run.
  const built = join(inject('shared'), linker === undefined ? 'real' : basename(linker));
  if (!existsSync(built)) {
    const mine = mkdtempSync(`${built}-`);
    await buildInto(mine, linker);
    try {
      renameSync(mine, built);
    } catch (error) {
      // Another file's process was first.
      if (!existsSync(built)) throw error;
      rmSync(mine, { recursive: true });
    }
  }
  cpSync(built, root, { recursive: true, verbatimSymlinks: true });
  return root;
}

async function buildInto(root: string, linker: string | undefined): Promise<void> {
  const shared: BuildOptions = {
    bundle: true,
    platform: 'node',
    target: 'node20.19',
    alias:
      linker === undefined
        ? {}
        : {
            '@go-wasm/linker': linker,
            '@go-wasm/linker/host/jspi': HOST_OF_JSPI,
            '@go-wasm/linker/targets': TARGETS,
          },
    conditions: ['@go-wasm/source'],
    external: ['binaryen', 'playwright-core'],
    outdir: join(root, 'dist'),
  };
  const entry = (name: string) => here(`../src/${name}`);
  await Promise.all([
    build({
      ...shared,
      entryPoints: [entry('index.ts')],
      format: 'esm',
      // commander and others are CommonJS.
      banner: { js: "import { createRequire as r } from 'node:module'; const require = r(import.meta.url);" },
    }),
    build({
      ...shared,
      entryPoints: ['link-step', 'run-browser', 'run-js', 'run-jspi', 'run-profiled', 'run-wasip1'].map((name) =>
        entry(`entries/${name}.ts`),
      ),
      outExtension: { '.js': '.cjs' },
    }),
  ]);
  await build({
    ...shared,
    platform: 'browser',
    target: 'es2022',
    format: 'iife',
    entryPoints: {
      'report-page.global': here('../src/page/report.ts'),
      'program-page.global': here('../src/page/program.ts'),
      'serve-page.global': here('../src/page/serve.ts'),
    },
  });
  await build({
    ...shared,
    platform: 'browser',
    target: 'es2022',
    format: 'iife',
    globalName: 'goWasm',
    entryPoints: { 'module-host.global': entry('entries/module-host.ts') },
  });
  cpSync(here('../exports'), join(root, 'exports'), { recursive: true });
  // What is not bundled.
  mkdirSync(join(root, 'node_modules'));
  symlinkSync(here('../../../node_modules/playwright-core'), join(root, 'node_modules/playwright-core'), 'junction');
  cpSync(here('../shim'), join(root, 'shim'), { recursive: true });
  copyFileSync(here('../package.json'), join(root, 'package.json'));
  writeFileSync(
    join(root, 'bin.js'),
    "import { main } from './dist/index.js';\nprocess.exitCode = await main(process.argv.slice(2));\n",
  );
}

/** The folder of the package with the double in the linker's place. */
export const PACKAGE: string = await install('installed package', here('double/linker.ts'));
/** The cache folder of this test file. */
export const CACHE: string = join(TEMP, 'the cache');

/** The environment of a user: go's own settings as they are, our cache folder apart, nothing of the test runner's. */
export function userEnv(extra: NodeJS.ProcessEnv = {}): NodeJS.ProcessEnv {
  const { GOOS: _os, GOARCH: _arch, NODE_OPTIONS: _options, ...env } = process.env;
  return { ...env, GOFLAGS: '-buildvcs=false', GOWORK: '', GO_WASM_CACHE: CACHE, GO_WASM_LINK_CACHE: 'off', ...extra };
}

export interface Result {
  code: number | null;
  signal: NodeJS.Signals | null;
  stdout: string;
  stderr: string;
}

export interface RunOptions {
  cwd?: string;
  env?: NodeJS.ProcessEnv;
  stdin?: string;
  /** Called when the process first prints something, with that. */
  onOutput?: (kill: (signal: NodeJS.Signals) => void, text: string) => void;
}

/** Runs a program to its end. */
export function run(program: string, args: readonly string[], options: RunOptions = {}): Promise<Result> {
  const spawned: SpawnOptions = { cwd: options.cwd ?? TEMP, env: userEnv(options.env), stdio: 'pipe' };
  return new Promise((resolve, reject) => {
    const child = spawn(program, args, spawned);
    let stdout = '';
    let stderr = '';
    child.stdout!.setEncoding('utf8').on('data', (data) => (stdout += data));
    child.stderr!.setEncoding('utf8').on('data', (data) => (stderr += data));
    child.on('error', reject);
    child.on('close', (code, signal) => resolve({ code, signal, stdout, stderr }));
    child.stdin!.on('error', () => {}).end(options.stdin ?? '');
    child.stdout!.once('data', (text) => options.onOutput?.((signal) => child.kill(signal), text));
  });
}

/** Runs the command. */
export function goWasm(
  args: readonly string[],
  options: RunOptions = {},
  installed: string = PACKAGE,
): Promise<Result> {
  return run(process.execPath, [join(installed, 'bin.js'), ...args], options);
}

/** Makes a folder of files, by path. */
export function folder(name: string, files: Record<string, string>): string {
  const root = join(TEMP, name);
  for (const [path, text] of Object.entries(files)) {
    mkdirSync(dirname(join(root, path)), { recursive: true });
    writeFileSync(join(root, path), text);
  }
  return root;
}

/** What the double says a module was linked with; undefined if it is as Go's linker made it. */
export function linkedWith(file: string): Record<string, unknown> | undefined {
  const module = readFileSync(file);
  const start = module.lastIndexOf(SECTION);
  return start < 0 ? undefined : JSON.parse(module.toString('utf8', start + SECTION.length));
}
