/**
 * `npm run limits`: the largest Go program that we know, the TypeScript compiler (github.com/microsoft/typescript-go), at a pinned version: built
 * by stock Go, linked once, and run beside stock Go's module. Both must print the same and write the same files. What tests can hold is in
 * tools/limits.test.ts.
 *
 *   --goos js|wasip1     (js: Node 26; wasip1: wasmtime)
 *   --switch NAME        (resume)
 */
import { mkdir, mkdtemp, readdir, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type Goos, needEngine, targetOf } from './engines.ts';
import { findToolchain, go } from './go.ts';
import { linkMeasured } from './measure.ts';
import { parseOptions } from './options.ts';
import { endOf, optionsOf, runIn, type Strategy } from './places.ts';
import { asTyped, writeResult } from './results.ts';

const MODULE = 'github.com/microsoft/typescript-go';
const VERSION = 'v0.0.0-20260708042240-2bd066d87f5b';

const PROGRAM = `interface Shape<T extends number> { readonly side: T; area(): number }
class Square<T extends number> implements Shape<T> {
  constructor(readonly side: T) {}
  area(): number { return this.side ** 2; }
}
const shapes: Shape<number>[] = [1, 2, 3].map((side) => new Square(side));
export const sum: number = shapes.reduce((total, shape) => total + shape.area(), 0);
export const wrong: string = sum;
`;

const { values } = parseOptions(import.meta.url, {
  options: { goos: { type: 'string', default: 'js' }, switch: { type: 'string', default: 'resume' } },
});
const goos = values.goos as Goos;
const strategy = values.switch as Strategy;
const toolchain = await findToolchain();
const engine = await needEngine(goos === 'js' ? 'node26' : 'wasmtime');
const folder = await mkdtemp(join(tmpdir(), 'go-wasm-limits-'));
try {
  await writeFile(join(folder, 'go.mod'), 'module limits\n\ngo 1.26\n');
  await go(toolchain, ['get', `${MODULE}/cmd/tsgo@${VERSION}`], { cwd: folder });
  const stock = join(folder, 'stock.wasm');
  const linked = join(folder, 'linked.wasm');
  console.log(`building ${MODULE} ${VERSION} for ${goos}`);
  await go(toolchain, ['build', '-o', stock, `${MODULE}/cmd/tsgo`], { goos, cwd: folder });
  const { ms, maxRssBytes, report } = await linkMeasured(stock, linked, optionsOf({ engine, strategy }));
  const { total, structured, kept } = report.functions;
  const inputMB = report.inputBytes / 1e6;
  console.log(
    `${inputMB.toFixed(1)} → ${(report.outputBytes / 1e6).toFixed(1)} MB in ${(ms / 1000).toFixed(1)} s, ${(maxRssBytes / 1e6).toFixed(0)} MB of memory, ` +
      `${structured} of ${total} functions structured, ${kept.length} kept`,
  );

  const runs: Record<string, { ms: number; all: string }> = {};
  for (const [name, file, how] of [
    ['stock', stock, 'jump-table'],
    ['linked', linked, strategy],
  ] as const) {
    const work = join(folder, name);
    await mkdir(work);
    await writeFile(join(work, 'a.ts'), PROGRAM);
    let all = '';
    // Of the last run: with the first one, wasmtime compiles the module and keeps that.
    let lastMs = 0;
    for (const args of [['--version'], ['--declaration', '--pretty', 'false', 'a.ts']]) {
      const start = performance.now();
      const end = await runIn({ engine, goos, strategy: how }, file, args, toolchain, work, 600);
      lastMs = performance.now() - start;
      all += `$ tsgo ${args.join(' ')}\n${end.stdout}${end.stderr}${endOf(end)}\n`;
    }
    for (const made of (await readdir(work)).sort()) all += `== ${made}\n${await readFile(join(work, made), 'utf8')}`;
    runs[name] = { ms: lastMs, all: all.replaceAll(work, 'WORK') };
  }
  const same = runs.stock!.all === runs.linked!.all;
  console.log(runs.linked!.all);
  console.log(same ? 'as stock Go' : `stock Go:\n${runs.stock!.all}`);
  await writeResult(`limits-${goos}`, {
    command: asTyped('limits'),
    program: `${MODULE} ${VERSION}`,
    goos,
    switch: strategy,
    inputBytes: report.inputBytes,
    outputBytes: (await stat(linked)).size,
    linkMs: Math.round(ms),
    linkMemoryMB: Math.round(maxRssBytes / 1e6),
    functions: total,
    structured,
    kept: kept.length,
    same,
    stockMs: Math.round(runs.stock!.ms),
    linkedMs: Math.round(runs.linked!.ms),
    engine: targetOf(engine).text,
    go: toolchain.version,
  });
  process.exitCode = same ? 0 : 1;
} finally {
  await rm(folder, { recursive: true, force: true });
}
