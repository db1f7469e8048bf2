/**
 * `npm run bench`: the corpus of small programs (tools/bench/corpus) as native Go, as stock wasm and as go-wasm makes it, interleaved,
 * pinned to one core, minimum of the rounds. Prints a table and writes results/bench.json and results/bench.txt.
 *
 *   --goos js|wasip1         target (js)
 *   --engine NAME            node26 (js), wasmtime (wasip1), node, chromium or firefox
 *   --node PATH              some other Node
 *   --rounds N               (3)
 *   --only a,b               these programs alone
 *   --variant k=v,k=v        the linker's options; may be repeated; without it, its defaults
 *   --passes                 the defaults, and each of their passes left out in turn: what it gains
 *   --files a.wasm b.wasm    ready files beside stock, instead of variants
 */
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { basename, join, resolve } from 'node:path';
import { passesAt } from '@go-wasm/linker';
import { $ } from 'zx';
import { type Command, command, type Goos } from './engines.ts';
import { findToolchain, go } from './go.ts';
import {
  geometricMean,
  type Linked,
  least,
  linkLines,
  linkMeasuredAgain,
  measuringEngine,
  parseVariant,
  pinned,
  sizes,
  table,
} from './measure.ts';
import { parseOptions } from './options.ts';
import { results, root } from './paths.ts';

const { values, positionals } = parseOptions(import.meta.url, {
  allowPositionals: true,
  options: {
    goos: { type: 'string', default: 'js' },
    engine: { type: 'string' },
    node: { type: 'string' },
    rounds: { type: 'string', default: '3' },
    only: { type: 'string', default: '' },
    variant: { type: 'string', multiple: true, default: [''] },
    passes: { type: 'boolean', default: false },
    files: { type: 'boolean', default: false },
  },
});
if (values.passes) values.variant = ['', ...passesAt('2').map((name) => `noPass=${name}`)];
const goos = values.goos as Goos;
const rounds = Number(values.rounds);
const toolchain = await findToolchain();
const engine = await measuringEngine(goos, values.engine, values.node);
const corpus = join(root, 'tools/bench/corpus');
const folder = await mkdtemp(join(tmpdir(), 'go-wasm-bench-'));

/** Milliseconds by program: the best of all rounds so far. */
type Times = Record<string, number>;

async function round({ file, args, env }: Pick<Command, 'file' | 'args' | 'env'>, times: Times): Promise<void> {
  const run = $({ cwd: corpus, quiet: true, env: { ...process.env, ...env } });
  const { stdout } = await run`${await pinned()} ${file} ${args}`;
  least(times, stdout);
}

try {
  const native = join(folder, 'native');
  const stock = join(folder, 'stock.wasm');
  await go(toolchain, ['build', '-o', native, '.'], { cwd: corpus });
  await go(toolchain, ['build', '-o', stock, '.'], { goos, cwd: corpus });

  const files: { name: string; file: string; linked?: Linked }[] = [{ name: 'stock', file: stock }];
  if (values.files) {
    for (const file of positionals) files.push({ name: basename(file, '.wasm'), file: resolve(file) });
  } else {
    for (const [i, { name, options }] of values.variant.map(parseVariant).entries()) {
      const file = join(folder, `${i}.wasm`);
      files.push({ name, file, linked: await linkMeasuredAgain(stock, file, options, rounds) });
    }
  }

  const args = values.only ? [values.only] : [];
  const nativeTimes: Times = {};
  const runs = await Promise.all(files.map(async (f) => ({ ...f, times: {} as Times, sizes: await sizes(f.file) })));
  for (let r = 0; r < rounds; r++) {
    await round({ file: native, args, env: {} }, nativeTimes);
    for (const run of runs) {
      await round(command(engine, goos, run.file, args, toolchain.goroot, corpus), run.times);
    }
  }

  const names = Object.keys(nativeTimes);
  const base = runs[0]!;
  const speedUps = (times: Times) => names.map((n) => base.times[n]! / times[n]!);
  const summary = runs.map((run) => ({
    name: run.name,
    speedUp: geometricMean(speedUps(run.times)),
    slowest: Math.min(...speedUps(run.times)),
    overNative: geometricMean(names.map((n) => run.times[n]! / nativeTimes[n]!)),
  }));
  const perRun = (text: (run: (typeof runs)[number], i: number) => string) => runs.map(text);
  const text = `${[
    `${toolchain.version} ${goos}, ${engine.name} ${engine.version}, best of ${rounds}, milliseconds (speed-up over stock)`,
    '',
    table([
      ['', 'native', ...perRun((run) => run.name)],
      ...names.map((n) => [
        n,
        nativeTimes[n]!.toFixed(3),
        ...perRun(({ times }) => `${times[n]!.toFixed(3)} (${(base.times[n]! / times[n]!).toFixed(2)})`),
      ]),
      [],
      ['speed-up over stock, geometric mean', '', ...summary.map((s) => s.speedUp.toFixed(3))],
      ['the slowest against stock', '', ...summary.map((s) => s.slowest.toFixed(3))],
      ['time over native, geometric mean', '', ...summary.map((s) => s.overNative.toFixed(3))],
      ...(['raw', 'gzip', 'brotli'] as const).map((kind) => [
        `bytes, ${kind}`,
        '',
        ...perRun((run) => `${run.sizes[kind]} (${(run.sizes[kind] / base.sizes[kind]).toFixed(3)})`),
      ]),
    ]),
    '',
    table(linkLines(runs.flatMap(({ name, linked }) => (linked ? [{ name, linked }] : [])))),
  ].join('\n')}\n`;
  process.stdout.write(text);

  await mkdir(results, { recursive: true });
  await writeFile(join(results, 'bench.txt'), text);
  const json = {
    go: toolchain.version,
    goos,
    engine,
    rounds,
    native: nativeTimes,
    runs: runs.map((run, i) => ({ ...run, ...summary[i] })),
  };
  await writeFile(join(results, 'bench.json'), `${JSON.stringify(json, null, 2)}\n`);
} finally {
  await rm(folder, { recursive: true, force: true });
}
