/**
 * What it costs to cross the boundary between Go and JavaScript, by Go's own wasm_exec.js and by this runtime; the same
 * modules, turn by turn in fresh processes. Prints a table of the best times for each host, and writes
 * results/bench-runtime-HOST.json.
 *
 *   --rounds N     (3)
 *   --hosts LIST   of node26, chromium and firefox (node26,chromium)
 */
import { execFile } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { mkdir, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { buildModule, writeModule } from '@go-wasm/cli';
import { link } from '@go-wasm/linker';
import { build } from 'esbuild';
import { needEngine } from '../../../tools/src/engines.ts';
import { parseOptions } from '../../../tools/src/options.ts';
import { type File, ISOLATED, visit } from '../../../tools/src/pages.ts';
import { results } from '../../../tools/src/paths.ts';
import type { Times } from './measure.ts';

const { values } = parseOptions(import.meta.url, {
  options: { rounds: { type: 'string', default: '3' }, hosts: { type: 'string', default: 'node26,chromium' } },
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
  ...{ bundle: true, splitting: true, minify: true, platform: 'node', format: 'esm', target: 'es2022' },
});

type Host = 'node26' | 'chromium' | 'firefox';
type What = 'hello' | 'calls';

/** @param suffix of the modules. @param go whether by Go's glue. */
async function inNode(what: What, suffix: string, go: boolean): Promise<Times> {
  const { path } = await needEngine('node26');
  const names = what === 'hello' ? ['hello.wasm'] : ['program.wasm', 'texts.wasm', 'module.js'];
  const files = names.map((name) => join(folder, name.replace('.', `${suffix}.`)));
  const { stdout } = await run(path, [join(folder, 'in-node.mjs'), what, ...files, ...(go ? [wasmExec] : [])]);
  return JSON.parse(stdout);
}

async function inPage(host: Exclude<Host, 'node26'>, what: What, suffix: string, go: boolean): Promise<Times> {
  const query = `?${what}${go ? '&go' : ''}`;
  const find = (name: string): File | undefined => {
    if (name === '') return ['text/html', '<!doctype html><script src="start.js"></script>'];
    if (name === 'start.js') {
      return ['text/javascript', `history.replaceState(0, '', '${query}'); import('./in-page.mjs')`];
    }
    if (name === 'wasm_exec.js') return ['text/javascript', readFileSync(wasmExec)];
    if (/^[\w-]+\.mjs$/.test(name)) return ['text/javascript', readFileSync(join(folder, name))];
    // module.js loads its program by the name that it has there.
    const file = name.includes(suffix) ? name : name.replace('.', `${suffix}.`);
    if (name.endsWith('.wasm')) return ['application/wasm', readFileSync(join(folder, file))];
    return name === 'module.js' ? ['text/javascript', readFileSync(join(folder, file))] : undefined;
  };
  return (await visit(1, find, { host, headers: ISOLATED })).times as Times;
}

const columns: [title: string, suffix: string, go: boolean][] = [
  ['`wasm_exec.js`', '', true],
  ['this runtime', '', false],
  ['linked: `wasm_exec.js`', '-linked', true],
  ['linked: this runtime', '-linked', false],
];
/** How often the start of a program is measured in a round: each takes a process. */
const STARTS = 10;

async function measure(host: Host): Promise<Times[]> {
  const best: Times[] = columns.map(() => ({}));
  const take = async (what: What): Promise<void> => {
    for (const [k, [, suffix, go]] of columns.entries()) {
      const times = await (host === 'node26' ? inNode(what, suffix, go) : inPage(host, what, suffix, go));
      for (const [name, time] of Object.entries(times)) best[k]![name] = Math.min(best[k]![name] ?? Infinity, time);
    }
  };
  for (let round = 0; round < Number(values.rounds); round++) {
    for (let k = 0; k < STARTS; k++) await take('hello');
    await take('calls');
  }
  return best;
}

/** Three digits, in a unit that suits. */
function print(ns: number): string {
  const [value, unit] = ns < 1e4 ? [ns, 'ns'] : ns < 1e6 ? [ns / 1e3, 'µs'] : [ns / 1e6, 'ms'];
  return `${Number(value.toPrecision(3))} ${unit}`;
}

const goVersion = (await run('go', ['env', 'GOVERSION'])).stdout.trim();
const titles = columns.map(([title]) => title);
await mkdir(results, { recursive: true });
for (const host of values.hosts.split(',') as Host[]) {
  const engine = `${host} ${(await needEngine(host)).version}`;
  const times = await measure(host);
  console.log(`| ${engine} | ${[titles[0], titles[1], 'faster', titles[2], titles[3], 'faster'].join(' | ')} |`);
  console.log(`|${'---|'.repeat(7)}`);
  for (const name of Object.keys(times[0]!)) {
    const [a, b, c, d] = times.map((times) => times[name]!) as [number, number, number, number];
    const cells = [print(a), print(b), `${(a / b).toFixed(2)} ×`, print(c), print(d), `${(c / d).toFixed(2)} ×`];
    console.log(`| ${name} | ${cells.join(' | ')} |`);
  }
  console.log();
  const json = { go: goVersion, engine, rounds: Number(values.rounds), columns: titles, times };
  await writeFile(join(results, `bench-runtime-${host}.json`), `${JSON.stringify(json, null, 2)}\n`);
}
