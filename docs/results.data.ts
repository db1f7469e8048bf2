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

function describe({ go, goos, engine, rounds }: Omit<Bench, 'native' | 'runs'>): string {
  return `${go}, ${goos}, ${engine.name} ${engine.version}, best of ${rounds} rounds`;
}

function withRatio(ms: number, stock: number): string {
  return `${ms.toFixed(2)} (${(stock / ms).toFixed(2)} ×)`;
}

const loader: { watch: string[]; load(files: string[]): Table[] } = {
  watch: ['../results/bench.json', '../results/bench-real.json'],
  load: (files: string[]): Table[] =>
    files.map((file) => {
      const json = JSON.parse(readFileSync(file, 'utf8'));
      return basename(file) === 'bench.json' ? small(json) : real(json);
    }),
};

export default loader;
export declare const data: Table[];
