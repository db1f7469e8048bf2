/**
 * `npm run bench:switch`: what each switch strategy costs in each host that can run it, against stock Go's jump tables there: the corpus
 * of small programs (tools/bench/corpus), what a switch, a start and a panic cost (tools/bench/switch), the memory of a parked goroutine,
 * start-up, size and link time. Interleaved, pinned to one core, minimum of the rounds. Prints tables, and writes results/bench-switch.txt,
 * .json and .svg.
 *
 *   --quick                  few programs, one round: whether it works
 *   --rounds N               (3)
 *   --host a,b               node26, chromium, firefox, wasmtime
 *   --switch a,b             these strategies beside jump-table
 *   --only a,b               these programs of the corpus
 *   --parked N               how many goroutines are parked for the measure of memory (5000)
 */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type Choice, chooseSwitch, requirements } from '@go-wasm/linker/targets';
import { BarChart } from 'echarts/charts';
import { GridComponent, LegendComponent, TitleComponent } from 'echarts/components';
import { init, use } from 'echarts/core';
import { SVGRenderer } from 'echarts/renderers';
import { $ } from 'zx';
import { command, type Engine, type EngineName, findEngine, type Goos, isBrowser, targetOf } from './engines.ts';
import { findToolchain, go } from './go.ts';
import { geometricMean, type Linked, least, linkMeasured, pinned, sizes, table } from './measure.ts';
import { parseOptions } from './options.ts';
import { pageBytes, residentBytes, runInPage } from './pages.ts';
import { results, root } from './paths.ts';
import { optionsOf } from './places.ts';

const { values } = parseOptions(import.meta.url, {
  options: {
    quick: { type: 'boolean', default: false },
    rounds: { type: 'string' },
    host: { type: 'string', default: 'node26,chromium,firefox,wasmtime' },
    switch: { type: 'string', default: Object.keys(requirements).join(',') },
    only: { type: 'string' },
    parked: { type: 'string' },
  },
});
const rounds = Number(values.rounds ?? (values.quick ? 1 : 3));
const parked = Number(values.parked ?? (values.quick ? 1000 : 5000));
const only = values.only ?? (values.quick ? 'fib,jsonenc,pingpong,panic' : '');
const strategies = ['jump-table', ...values.switch.split(',')] as Choice['strategy'][];
const toolchain = await findToolchain();
const folder = await mkdtemp(join(tmpdir(), 'go-wasm-bench-'));
const programs = ['corpus', 'switch'] as const;
type Program = (typeof programs)[number];

/** By strategy: what it took to link the corpus, and its size. */
type Made = Record<string, { linked?: Linked; raw: number; gzip: number }>;

/** One strategy in one host, and what its runs have shown so far: the least of the rounds. */
interface Cell {
  strategy: Choice['strategy'];
  /** Milliseconds, by program of the corpus. */
  corpus: Record<string, number>;
  /** Nanoseconds for one operation. */
  switch: Record<string, number>;
  /** Milliseconds from a process, or a page, to the end of a program that does nothing. */
  start: number;
  /** Bytes that a goroutine which is parked at depth 20 takes. */
  parked: number;
}

interface Host {
  engine: Engine;
  goos: Goos;
  cells: Cell[];
  /** Why a strategy has no cell. */
  missing: Record<string, string>;
}

/** Runs a program to its end. Calls `onParked` with the memory of its process when it says that all are parked. */
type Runner = (
  program: Program,
  args: string[],
  onParked?: (bytes: number) => void,
) => Promise<{ stdout: string; ms: number }>;

/** A program as it was linked for an engine; for `jump-table`, as stock Go makes it. */
function file(program: Program, { engine, goos }: Host, strategy: Choice['strategy']): string {
  const name = strategy === 'jump-table' ? goos : `${engine.name}.${strategy}`;
  return join(folder, `${program}.${name}.wasm`);
}

/** Each program as stock Go makes it, and linked for each strategy of a host. */
async function build(host: Host): Promise<Made> {
  const { engine, goos, cells } = host;
  const made: Made = {};
  for (const program of programs) {
    const stock = file(program, host, 'jump-table');
    await go(toolchain, ['build', '-o', stock, '.'], { goos, cwd: join(root, 'tools/bench', program) });
    for (const { strategy } of cells) {
      const out = file(program, host, strategy);
      const linked =
        strategy === 'jump-table' ? undefined : await linkMeasured(stock, out, optionsOf({ engine, strategy }));
      if (program === 'corpus') made[strategy] = { ...(linked && { linked }), ...(await sizes(out)) };
    }
  }
  return made;
}

function processRunner(host: Host, strategy: Choice['strategy']): Runner {
  const { engine, goos } = host;
  return async (program, args, onParked) => {
    const started = command(engine, goos, file(program, host, strategy), args, toolchain.goroot, folder, strategy);
    const [first = started.file, ...pin] = onParked ? [] : await pinned();
    const words = onParked ? started.args : [...pin, started.file, ...started.args];
    const start = performance.now();
    const child = spawn(first, words, {
      cwd: folder,
      env: { ...process.env, ...started.env },
      stdio: ['ignore', 'pipe', 'inherit'],
    });
    let stdout = '';
    child.stdout.setEncoding('utf8').on('data', (text) => {
      stdout += text;
      if (text.includes('parked')) onParked?.(residentBytes(child.pid!));
    });
    const [code] = await once(child, 'close');
    if (code !== 0) throw new Error(`${engine.name}, -switch=${strategy}: ${program} ${args} ends with ${code}`);
    return { stdout, ms: performance.now() - start };
  };
}

function pageRunner(host: Host, strategy: Choice['strategy']): Runner {
  const { name } = host.engine;
  return async (program, args, onParked) => {
    const visitor = { host: name as 'chromium' | 'firefox', strategy };
    const parked = onParked && (() => onParked(pageBytes()));
    const run = await onOneCore(() =>
      runInPage(file(program, host, strategy), args, toolchain.goroot, visitor, parked),
    );
    if (run.exit !== 0) throw new Error(`${name}, -switch=${strategy}: ${program} ${args}: ${run.stdout}`);
    return run;
  };
}

/** What is started meanwhile stays on the core that the others are pinned to: it inherits that from us. */
async function onOneCore<Result>(run: () => Promise<Result>): Promise<Result> {
  const quiet = $({ quiet: true });
  const [taskset] = await pinned();
  const before = taskset && /list: (\S+)/.exec((await quiet`taskset -cp ${process.pid}`).stdout)![1];
  if (before) await quiet`taskset -cp 0 ${process.pid}`;
  try {
    return await run();
  } finally {
    if (before) await quiet`taskset -cp ${before} ${process.pid}`;
  }
}

async function measure(cell: Cell, run: Runner): Promise<void> {
  least(cell.corpus, (await run('corpus', only ? [only] : [])).stdout);
  least(cell.switch, (await run('switch', [])).stdout);
  cell.start = Math.min(cell.start, (await run('switch', ['nothing'])).ms);
  const grown: number[] = [];
  for (const count of [0, parked]) await run('switch', ['park', String(count)], (bytes) => grown.push(bytes));
  cell.parked = Math.min(cell.parked, (grown[1]! - grown[0]!) / parked);
}

/** Runs all of a host's cells, in turn. */
async function measureHost(host: Host): Promise<void> {
  const { engine, cells } = host;
  const runners = cells.map(({ strategy }) =>
    isBrowser(engine) ? pageRunner(host, strategy) : processRunner(host, strategy),
  );
  for (let round = 0; round < rounds; round++) {
    for (const [i, cell] of cells.entries()) {
      await measure(cell, runners[i]!);
      console.error(`${engine.name}, round ${round + 1} of ${rounds}: ${cell.strategy}`);
    }
  }
}

async function plan(name: EngineName): Promise<Host | string> {
  const engine = await findEngine(name);
  if (!engine) return `${name} is not installed: run \`npm run engines\``;
  const goos = name === 'wasmtime' ? 'wasip1' : 'js';
  const host: Host = { engine, goos, cells: [], missing: {} };
  for (const strategy of strategies) {
    try {
      chooseSwitch(strategy, targetOf(engine), goos);
      host.cells.push({ strategy, corpus: {}, switch: {}, start: Infinity, parked: Infinity });
    } catch (error) {
      host.missing[strategy] = (error as Error).message;
    }
  }
  return host;
}

/** By row: each strategy's value, with its ratio to stock's. */
function rows(host: Host, made: Made): string[][] {
  const stock = host.cells[0]!;
  const cellOf = (strategy: string) => host.cells.find((cell) => cell.strategy === strategy);
  const row = (name: string, of: (cell: Cell) => number, digits: number): string[] => [
    name,
    ...strategies.map((strategy) => {
      const cell = cellOf(strategy);
      return cell ? `${of(cell).toFixed(digits)} (${(of(cell) / of(stock)).toFixed(2)})` : '–';
    }),
  ];
  const names = Object.keys(stock.corpus);
  const quiet = names.filter((name) => !SWITCHING.has(name));
  const mean = (cell: Cell, of: string[]) => geometricMean(of.map((name) => cell.corpus[name]! / stock.corpus[name]!));
  return [
    ['', ...strategies],
    ...names.map((name) => row(`${name}, ms`, (cell) => cell.corpus[name]!, 3)),
    row('all of these, geometric mean', (cell) => mean(cell, names), 3),
    ...(quiet.length > 0 ? [row('those that do not switch', (cell) => mean(cell, quiet), 3)] : []),
    ...Object.keys(stock.switch).map((name) => row(`${name}, ns`, (cell) => cell.switch[name]!, 1)),
    row('a parked goroutine, bytes', (cell) => cell.parked, 0),
    row('start-up, ms', (cell) => cell.start, 1),
    row('size, bytes', ({ strategy }) => made[strategy]!.raw, 0),
    row('gzip, bytes', ({ strategy }) => made[strategy]!.gzip, 0),
    ['link, ms', ...strategies.map((s) => (cellOf(s) ? (made[s]!.linked?.ms.toFixed(0) ?? '0') : '–'))],
    [
      'link, MB of memory',
      ...strategies.map((s) => (cellOf(s) ? ((made[s]!.linked?.maxRssBytes ?? 0) / 1e6).toFixed(0) : '–')),
    ],
  ];
}

/** The programs of the corpus in which goroutines are switched or panic. */
const SWITCHING: ReadonlySet<string> = new Set(['pingpong', 'primesieve', 'spawn', 'panic']);

/** Time against stock's for each host, a bar for each strategy. */
function chart(hosts: Host[]): string {
  use([BarChart, GridComponent, LegendComponent, SVGRenderer, TitleComponent]);
  const [width, height, top] = [960, 300, 60];
  const plot = init(null, null, { renderer: 'svg', ssr: true, width, height: top + height * hosts.length });
  const ratios = ({ cells }: Host, cell: Cell): [string, number][] => {
    const stock = cells[0]!;
    const quiet = Object.keys(stock.corpus).filter((name) => !SWITCHING.has(name));
    return [
      ['other code', geometricMean(quiet.map((name) => cell.corpus[name]! / stock.corpus[name]!))],
      ...Object.keys(stock.switch).map((name): [string, number] => [name, cell.switch[name]! / stock.switch[name]!]),
    ];
  };
  plot.setOption({
    animation: false,
    backgroundColor: '#fff',
    legend: { top: 8, data: strategies.slice(1) },
    title: hosts.map(({ engine }, i) => ({
      text: `${engine.name} ${engine.version}: time against stock Go's`,
      textStyle: { fontSize: 13 },
      left: 8,
      top: top - 24 + i * height,
    })),
    grid: hosts.map((_, i) => ({ left: 48, right: 16, top: top + 12 + i * height, height: height - 90 })),
    xAxis: hosts.map((host, i) => ({
      gridIndex: i,
      type: 'category',
      data: ratios(host, host.cells[0]!).map(([name]) => name),
      axisLabel: { interval: 0, rotate: 20 },
    })),
    yAxis: hosts.map((_, i) => ({ gridIndex: i, type: 'log', logBase: 2, axisLabel: { formatter: '{value} ×' } })),
    series: hosts.flatMap((host, i) =>
      host.cells.slice(1).map((cell) => ({
        type: 'bar',
        name: cell.strategy,
        xAxisIndex: i,
        yAxisIndex: i,
        data: ratios(host, cell).map(([, ratio]) => Number(ratio.toFixed(3))),
        itemStyle: { color: COLORS[cell.strategy] },
      })),
    ),
  });
  const svg = plot.renderToSVGString();
  plot.dispose();
  return svg;
}

const COLORS: Readonly<Record<string, string>> = {
  resume: '#3b6fb6',
  asyncify: '#d98324',
  'stack-switching': '#4a9d5b',
  jspi: '#9a5bb5',
};

try {
  const planned = await Promise.all(values.host.split(',').map((name) => plan(name as EngineName)));
  const hosts = planned.filter((host) => typeof host !== 'string');
  const made: Record<string, Made> = {};
  const text: string[] = [];
  const tell = (...lines: string[]): void => {
    text.push(...lines);
    console.log(lines.join('\n'));
  };
  tell(`${toolchain.version}, best of ${rounds}, in brackets against stock Go (jump-table) in the same host`);
  tell(...planned.filter((host) => typeof host === 'string'));
  for (const host of hosts) {
    const { engine, goos, missing } = host;
    made[engine.name] = await build(host);
    await measureHost(host);
    tell('', `${engine.name} ${engine.version}, ${goos}`, '', table(rows(host, made[engine.name]!)));
    tell(...Object.values(missing).map((reason) => `– ${reason}`));
  }

  await mkdir(results, { recursive: true });
  await writeFile(join(results, 'bench-switch.txt'), `${text.join('\n')}\n`);
  const json = { go: toolchain.version, rounds, parked, made, hosts };
  await writeFile(join(results, 'bench-switch.json'), `${JSON.stringify(json, null, 2)}\n`);
  if (hosts.length > 0) await writeFile(join(results, 'bench-switch.svg'), chart(hosts));
} finally {
  await rm(folder, { recursive: true, force: true });
}
