/**
 * Runs a program as stock Go links it and as go-wasm does, and compares what can be observed. What differs is run again, up to
 * three times in all: some tests depend on time or chance, so a difference is what no run of stock ever showed.
 */
import { createHash } from 'node:crypto';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type LinkOptions, link } from '@go-wasm/linker';
import type { Choice } from '@go-wasm/linker/targets';
import type { Engine, Goos } from '../engines.ts';
import type { Toolchain } from '../go.ts';

/** Under what a suite runs. */
export interface Setting {
  toolchain: Toolchain;
  goos: Goos;
  engine: Engine;
  link: LinkOptions;
  /** For one run of one unit; a Go test binary gets it as `-test.timeout`. */
  timeoutSeconds: number;
  /** Without it, tests get `-test.short`, as in Go's own builders. */
  long: boolean;
}

/** What was observed, by name: a test's `pass`, `fail` or `skip`, a process's exit and its output. */
export type Outcomes = Record<string, string>;

/** The name under which every run has its exit: `exit 0`, `SIGSEGV`, `killed after 600 s`. */
export const exitName = '(exit)';

export interface Run {
  outcomes: Outcomes;
  /** What failed, and what it printed. */
  failures: Record<string, string>;
  ms: number;
}

/** One program to compare: a package's test binary, or a file of GOROOT/test. */
export interface Unit {
  id: string;
  /** Builds with stock Go. @throws Error with go's own words where it cannot be built for this target. */
  build(output: string): Promise<void>;
  /** Runs `wasm`, which switches goroutines in that way; `only` limits it to what is needed for these names, where the unit knows how. */
  run(wasm: string, strategy: Choice['strategy'], only?: string[]): Promise<Run>;
}

export interface Difference {
  name: string;
  /** What each run showed; `absent` where it did not show the name at all. */
  stock: string[];
  ours: string[];
}

export interface Verdict {
  id: string;
  /** `unbuilt`: stock Go does not build it for this target (`note` says why). */
  status: 'same' | 'different' | 'unbuilt';
  note?: string;
  /** How many names were compared. */
  count: number;
  differences: Difference[];
  /** What fails with go-wasm and what it printed: with status `same`, stock fails there too. */
  failures: Record<string, string>;
  /** First run of each, in milliseconds. */
  ms: { stock: number; ours: number };
}

/** Stock's run of a binary, kept by the binary's hash, so that it need not be repeated when only the linker changes. */
export interface StockCache {
  get(hash: string): Run | undefined;
  set(hash: string, run: Run): void;
}

const maxRuns = 3;

/** Names whose outcome in no run of ours is one that stock has shown. */
export function compare(stock: Outcomes[], ours: Outcomes[]): Difference[] {
  const names = new Set([...stock, ...ours].flatMap((outcomes) => Object.keys(outcomes)));
  const differences: Difference[] = [];
  for (const name of names) {
    const show = (outcomes: Outcomes) => outcomes[name] ?? 'absent';
    const shown = new Set(stock.map(show));
    if (!ours.some((outcomes) => shown.has(show(outcomes)))) {
      differences.push({ name, stock: stock.map(show), ours: ours.map(show) });
    }
  }
  return differences;
}

export async function check(unit: Unit, setting: Setting, cache?: StockCache): Promise<Verdict> {
  const verdict: Verdict = {
    id: unit.id,
    status: 'unbuilt',
    count: 0,
    differences: [],
    failures: {},
    ms: { stock: 0, ours: 0 },
  };
  const folder = await mkdtemp(join(tmpdir(), 'go-wasm-conformance-'));
  const stockFile = join(folder, 'stock.wasm');
  const ourFile = join(folder, 'other.wasm'); // as long as the other name: arguments are in the program's memory
  try {
    try {
      await unit.build(stockFile);
    } catch (error) {
      return { ...verdict, note: messageOf(error) };
    }
    const bytes = await readFile(stockFile);
    const hash = createHash('sha256').update(bytes).digest('hex');
    const stock = [cache?.get(hash) ?? (await unit.run(stockFile, 'jump-table'))];
    cache?.set(hash, stock[0]!);
    let strategy: Choice['strategy'];
    try {
      const { bytes: linked, report } = await link(bytes, setting.link);
      strategy = report.switch as Choice['strategy'];
      await writeFile(ourFile, linked);
    } catch (error) {
      const difference = { name: '(link)', stock: ['ok'], ours: [messageOf(error)] };
      return { ...verdict, status: 'different', differences: [difference], ms: { stock: stock[0]!.ms, ours: 0 } };
    }
    const ours = [await unit.run(ourFile, strategy)];

    const outcomes = (runs: Run[]) => runs.map((run) => run.outcomes);
    let differences = compare(outcomes(stock), outcomes(ours));
    while (differences.length > 0 && ours.length < maxRuns) {
      const names = differences.map((d) => d.name);
      ours.push(await unit.run(ourFile, strategy, names));
      stock.push(await unit.run(stockFile, 'jump-table', names));
      // The runs of a part say nothing about the names outside it.
      differences = compare(outcomes(stock), outcomes(ours)).filter((d) => names.includes(d.name));
    }
    return {
      ...verdict,
      status: differences.length > 0 ? 'different' : 'same',
      count: Object.keys(ours[0]!.outcomes).length,
      differences,
      failures: ours[0]!.failures,
      ms: { stock: stock[0]!.ms, ours: ours[0]!.ms },
    };
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

function messageOf(error: unknown): string {
  const text = (error as { stderr?: string }).stderr || (error instanceof Error ? error.message : String(error));
  return text.trim().slice(0, 2000);
}
