/**
 * What it costs to cross the boundary between Go and JavaScript, by Go's own wasm_exec.js and by this runtime; the same
 * modules, turn by turn in fresh processes. Prints a table of the best times, and writes results/bench-runtime-HOST.json.
 *
 *   --rounds N     (3)
 *   --host NAME    chromium or firefox instead of node26
 */
import { execFile } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { mkdir, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs, promisify } from 'node:util';
import { buildModule, writeModule } from '@go-wasm/cli';
import { link } from '@go-wasm/linker';
import { build } from 'esbuild';
import { type EngineName, needEngine } from '../../../tools/src/engines.ts';
import { type File, ISOLATED, visit } from '../../../tools/src/pages.ts';
import { results } from '../../../tools/src/paths.ts';
import type { Times } from './measure.ts';

const { values } = parseArgs({
  options: { rounds: { type: 'string', default: '3' }, host: { type: 'string', default: 'node26' } },
});
const run = promisify(execFile);
const here = (path: string): string => fileURLToPath(new URL(path, import.meta.url));
const folder = mkdtempSync(join(tmpdir(), 'go-wasm-bench-runtime-'));
process.on('exit', () => rmSync(folder, { recursive: true, force: true }));

for (const name of ['hello', 'program', 'texts']) {
  const file = join(folder, `${name}.wasm`);
  const env = { ...process.env, GOOS: 'js', GOARCH: 'wasm' };
  // Of the package syscall/js, which lets nobody else at it.
  const flags = name === 'program' ? ['-ldflags=-checklinkname=0'] : [];
  await run('go', ['build', ...flags, '-o', file, '.'], { cwd: here(name), env });
  writeFileSync(join(folder, `${name}-linked.wasm`), (await link(readFileSync(file))).bytes);
}
for (const [suffix, linkmode] of [
  ['', 'internal'],
  ['-linked', 'external'],
]) {
  const file = join(folder, `module${suffix}.wasm`);
  writeModule(await buildModule({ folder: here('texts'), flags: [`-linkmode=${linkmode}`] }, file));
}
const wasmExec = join((await run('go', ['env', 'GOROOT'])).stdout.trim(), 'lib/wasm/wasm_exec.js');
await build({
  ...{ entryPoints: [here('in-node.ts'), here('in-page.ts')], outdir: folder, outExtension: { '.js': '.mjs' } },
  ...{ bundle: true, platform: 'node', format: 'esm', target: 'es2022' },
});

type Glue = 'go' | 'runtime';

async function inNode(glue: Glue, suffix: string): Promise<Times> {
  const { path } = await needEngine('node26');
  const modules = ['hello', 'program', 'texts'].map((name) => join(folder, name + suffix));
  const module = join(folder, `module${suffix.replace('.wasm', '.js')}`);
  const args = [join(folder, 'in-node.mjs'), glue, ...modules, module];
  const { stdout } = await run(path, [...args, ...(glue === 'go' ? [wasmExec] : [])]);
  return JSON.parse(stdout);
}

async function inPage(glue: Glue, suffix: string): Promise<Times> {
  const files: Record<string, () => File> = {
    '': () => ['text/html', '<!doctype html><script src="wasm_exec.js"></script><script src="start.js"></script>'],
    'start.js': () => ['text/javascript', `history.replaceState(0, '', '?${glue}'); import('./in-page.mjs')`],
    'in-page.mjs': () => ['text/javascript', readFileSync(join(folder, 'in-page.mjs'))],
    'wasm_exec.js': () => ['text/javascript', readFileSync(wasmExec)],
    'hello.wasm': () => ['application/wasm', readFileSync(join(folder, `hello${suffix}`))],
    'program.wasm': () => ['application/wasm', readFileSync(join(folder, `program${suffix}`))],
    'texts.wasm': () => ['application/wasm', readFileSync(join(folder, `texts${suffix}`))],
    'module.js': () => ['text/javascript', readFileSync(join(folder, `module${suffix.replace('.wasm', '.js')}`))],
    // The name that module.js or module-linked.js loads its program by.
    [`module${suffix}`]: () => ['application/wasm', readFileSync(join(folder, `module${suffix}`))],
  };
  const visitor = { host: values.host as 'chromium' | 'firefox', headers: ISOLATED };
  return (await visit(1, (name) => files[name]?.(), visitor)).times as Times;
}

const columns: [title: string, Glue, suffix: string][] = [
  ['wasm_exec.js', 'go', '.wasm'],
  ['this runtime', 'runtime', '.wasm'],
  ['wasm_exec.js, linked', 'go', '-linked.wasm'],
  ['this runtime, linked', 'runtime', '-linked.wasm'],
];
const best: Times[] = columns.map(() => ({}));
for (let round = 0; round < Number(values.rounds); round++) {
  for (const [k, [, glue, suffix]] of columns.entries()) {
    const times = await (values.host === 'node26' ? inNode : inPage)(glue, suffix);
    for (const [name, time] of Object.entries(times)) best[k]![name] = Math.min(best[k]![name] ?? Infinity, time);
  }
}

/** Three digits, in a unit that suits. */
function print(ns: number): string {
  const [value, unit] = ns < 1e4 ? [ns, 'ns'] : ns < 1e6 ? [ns / 1e3, 'µs'] : [ns / 1e6, 'ms'];
  return `${Number(value.toPrecision(3))} ${unit}`;
}

const titles = columns.map(([title]) => title);
console.log(`| | ${[titles[0], titles[1], 'faster', titles[2], titles[3], 'faster'].join(' | ')} |`);
console.log(`|${'---|'.repeat(7)}`);
for (const name of Object.keys(best[0]!)) {
  const [a, b, c, d] = best.map((times) => times[name]!) as [number, number, number, number];
  const cells = [print(a), print(b), `${(a / b).toFixed(2)} ×`, print(c), print(d), `${(c / d).toFixed(2)} ×`];
  console.log(`| ${name} | ${cells.join(' | ')} |`);
}

await mkdir(results, { recursive: true });
const json = {
  go: (await run('go', ['env', 'GOVERSION'])).stdout.trim(),
  engine: `${values.host} ${(await needEngine(values.host as EngineName)).version}`,
  rounds: Number(values.rounds),
  columns: titles,
  times: best,
};
await writeFile(join(results, `bench-runtime-${values.host}.json`), `${JSON.stringify(json, null, 2)}\n`);
