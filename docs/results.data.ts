/** The tables of results.md: what the benchmarks have written to the folder results. */
import { readFileSync } from 'node:fs';
import { basename } from 'node:path';

interface Table {
  title: string;
  note: string;
  head: string[];
  rows: string[][];
}

/** results/bench.json: times in milliseconds. */
interface Bench {
  go: string;
  goos: string;
  engine: { name: string; version: string };
  rounds: number;
  native: Record<string, number>;
  runs: { name: string; times: Record<string, number>; speedUp: number }[];
}

/** results/bench-real.json: processor time in milliseconds. The first form is native, the second stock. */
interface Real extends Omit<Bench, 'native' | 'runs'> {
  programs: { program: string; forms: { name: string; cpu: number }[] }[];
}

function small({ native, runs, ...setting }: Bench): Table {
  const stock = runs[0]!.times;
  return {
    title: 'Small programs',
    note: `${describe(setting)}, milliseconds, and how many times faster than stock`,
    head: ['', 'native', ...runs.map(({ name }) => name || 'go-wasm')],
    rows: [
      ...Object.keys(native).map((name) => [
        name,
        native[name]!.toFixed(2),
        ...runs.map(({ times }) => withRatio(times[name]!, stock[name]!)),
      ]),
      ['geometric mean', '', ...runs.map(({ speedUp }) => `${speedUp.toFixed(2)} ×`)],
    ],
  };
}

function real({ programs, ...setting }: Real): Table {
  return {
    title: 'Real programs',
    note: `${describe(setting)}, processor time in milliseconds, and how many times faster than stock`,
    head: ['', ...(programs[0]?.forms.map(({ name }) => name || 'go-wasm') ?? [])],
    rows: programs.map(({ program, forms }) => [program, ...forms.map(({ cpu }) => withRatio(cpu, forms[1]!.cpu))]),
  };
}

/** results/bench-switch.json: in each host, milliseconds by program, nanoseconds by operation. The first cell is stock Go's. */
interface Switch {
  go: string;
  rounds: number;
  hosts: {
    engine: { name: string; version: string };
    goos: string;
    cells: { strategy: string; corpus: Record<string, number>; switch: Record<string, number> }[];
  }[];
}

function switching({ go, rounds, hosts }: Switch): Table[] {
  return hosts.map(({ engine, goos, cells }) => {
    const row = (unit: string, name: string, of: (cell: Switch['hosts'][number]['cells'][number]) => number) => [
      `${name}, ${unit}`,
      ...cells.map((cell) => withRatio(of(cell), of(cells[0]!))),
    ];
    return {
      title: `Switch strategies: ${engine.name}`,
      note: `${describe({ go, goos, engine, rounds })}, and how many times faster than jump-table, which is stock Go's`,
      head: ['', ...cells.map(({ strategy }) => strategy)],
      rows: [
        ...Object.keys(cells[0]!.corpus).map((name) => row('ms', name, ({ corpus }) => corpus[name]!)),
        ...Object.keys(cells[0]!.switch).map((name) => row('ns', name, (cell) => cell.switch[name]!)),
      ],
    };
  });
}

/** results/bench-runtime-HOST.json: nanoseconds. Go's glue and this runtime with stock's module, and with a linked one. */
interface Boundary {
  go: string;
  engine: string;
  rounds: number;
  columns: string[];
  times: Record<string, number>[];
}

function boundary({ go, engine, rounds, columns, times }: Boundary): Table {
  return {
    title: `Between Go and JavaScript: ${engine}`,
    note: `${go}, best of ${rounds} rounds, nanoseconds, and how many times faster than wasm_exec.js with the same module`,
    head: ['', ...columns],
    rows: Object.keys(times[0]!).map((name) => [
      name,
      ...times.map((of, k) => withRatio(of[name]!, times[k & ~1]![name]!)),
    ]),
  };
}

function describe({ go, goos, engine, rounds }: Omit<Bench, 'native' | 'runs'>): string {
  return `${go}, ${goos}, ${engine.name} ${engine.version}, best of ${rounds} rounds`;
}

function withRatio(ms: number, stock: number): string {
  return `${ms.toFixed(2)} (${(stock / ms).toFixed(2)} ×)`;
}

const tables: readonly [name: RegExp, of: (json: never) => Table | Table[]][] = [
  [/^bench\.json$/, small],
  [/^bench-real\.json$/, real],
  [/^bench-switch\.json$/, switching],
  [/^bench-runtime-\w+\.json$/, boundary],
];

const loader: { watch: string[]; load(files: string[]): Table[] } = {
  watch: ['../results/bench.json', '../results/bench-*.json'],
  load: (files: string[]): Table[] =>
    tables.flatMap(([name, of]) =>
      files
        .filter((file) => name.test(basename(file)))
        .flatMap((file) => of(JSON.parse(readFileSync(file, 'utf8')) as never)),
    ),
};

export default loader;
export declare const data: Table[];
