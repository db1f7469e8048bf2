/** Real Go programs, built for the tests; the runtime, bundled for other processes; and the engines that run both. */
import { spawn } from 'node:child_process';
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { basename, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { type LinkOptions, link } from '@go-wasm/linker';
import { build } from 'esbuild';
import { afterAll } from 'vitest';
import { type Engine, findEngine, type Goos } from '../../../tools/src/engines.ts';
import { findToolchain, go as runGo, type Toolchain } from '../../../tools/src/go.ts';

/** A folder for what this test file makes. */
export const temp: string = mkdtempSync(join(tmpdir(), 'go-wasm-runtime-'));
afterAll(() => rmSync(temp, { recursive: true, force: true }));

export const here = (path: string): string => fileURLToPath(new URL(path, import.meta.url));

/** The toolchain in PATH. Without it nothing can be tested. */
export const go: Toolchain = await findToolchain();

/** Builds a Go program below test/. Returns the path of the module. */
export async function buildGo(
  folder: string,
  options: { toolchain?: Toolchain; goos?: Goos; args?: string[] } = {},
): Promise<string> {
  const { toolchain = go, goos = 'js', args = ['build'] } = options;
  const out = join(temp, `${basename(folder)}-${goos}-${toolchain.version}.wasm`);
  await runGo(toolchain, [...args, '-buildvcs=false', '-o', out, '.'], { goos, cwd: here(folder) });
  return out;
}

/** Links a module. Returns the path of the new one. */
export async function linkModule(
  file: string,
  strategy: NonNullable<LinkOptions['switch']> = 'resume',
): Promise<string> {
  const out = file.replace(/\.wasm$/, strategy === 'resume' ? '-linked.wasm' : `-${strategy}.wasm`);
  writeFileSync(out, (await link(readFileSync(file), { switch: strategy })).bytes);
  return out;
}

/** Bundles a file for a Node process or a page. Returns the path. */
export async function bundle(file: string, platform: 'node' | 'browser' = 'node'): Promise<string> {
  const outfile = join(temp, `${basename(file, '.ts')}.mjs`);
  const conditions = ['@go-wasm/source'];
  await build({
    entryPoints: [here(file)],
    bundle: true,
    platform,
    conditions,
    format: 'esm',
    target: 'es2022',
    outfile,
  });
  return outfile;
}

/** What `go-wasm run` runs js programs by, for {@link bundle}. */
export const RUNNER = '../../cli/src/entries/run-js.ts';

const [node, node26] = await Promise.all([findEngine('node'), findEngine('node26')]);
/** The Nodes to run programs in. */
export const nodes: Engine[] = [node, node26].filter((engine) => engine !== undefined);
if (!node26) console.warn('node26 is skipped: it is not installed (npm run engines)');

export interface Result {
  code: number | null;
  stdout: string;
  stderr: string;
}

/** Runs a script in a Node that calls itself `node`, as Go's net/http wants. */
export function runNode(
  engine: Engine,
  args: string[],
  options: { stdin?: string; env?: NodeJS.ProcessEnv; cwd?: string } = {},
): Promise<Result> {
  const { NODE_OPTIONS: _, ...env } = { ...process.env, ...options.env };
  return new Promise((resolve, reject) => {
    const child = spawn(engine.path, ['--stack-size=8192', '--no-warnings', ...args], {
      argv0: 'node',
      env,
      ...(options.cwd !== undefined && { cwd: options.cwd }),
    });
    let stdout = '';
    let stderr = '';
    child.stdout.setEncoding('utf8').on('data', (data) => (stdout += data));
    child.stderr.setEncoding('utf8').on('data', (data) => (stderr += data));
    child.on('error', reject);
    child.on('close', (code) => resolve({ code, stdout, stderr }));
    child.stdin.on('error', () => {}).end(options.stdin ?? '');
  });
}

/** An empty folder. */
export function emptyFolder(name: string): string {
  const folder = join(temp, name);
  rmSync(folder, { recursive: true, force: true });
  mkdirSync(folder, { recursive: true });
  return folder;
}

/** Puts the runtime into a folder, as npm would. */
export async function installRuntime(folder: string): Promise<void> {
  const root = join(folder, 'node_modules/@go-wasm/runtime');
  await build({
    entryPoints: [here('../src/index.ts'), here('../src/node.ts')],
    bundle: true,
    splitting: true,
    platform: 'node',
    format: 'esm',
    outdir: join(root, 'dist'),
  });
  const exports = { '.': './dist/index.js', './node': './dist/node.js' };
  writeFileSync(join(root, 'package.json'), JSON.stringify({ type: 'module', exports }));
}
