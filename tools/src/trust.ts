/**
 * `npm run trust`: writes docs/trust.md. The commands that look for mistakes leave what they found in results/trust; it is taken over into
 * docs/trust.json, which is committed, and the page is made from that alone.
 */
import { existsSync } from 'node:fs';
import { readdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { CHOSEN } from './conformance/report.ts';
import { results, root } from './paths.ts';

export const data: string = join(root, 'docs/trust.json');
export const page: string = join(root, 'docs/trust.md');

/** What `writeResult` writes, by the name that it was given. */
export interface Trust {
  conformance?: Conformance;
  fuzz?: {
    date: string;
    command: string;
    inputs: number;
    failures: number;
    memoryMB: number;
    outcomes: Record<string, number>;
    engine: string;
  };
  'fuzz-go'?: {
    date: string;
    command: string;
    functions: number;
    traces: number;
    runs: number;
    places: string[];
    differences: number;
    go: string;
  };
  'limits-js'?: Limits;
  'limits-wasip1'?: Limits;
  soak?: {
    date: string;
    command: string;
    rows: {
      place: string;
      rounds: number;
      callbacksPerSecond: number;
      heapMB: number;
      systemMB: number;
      growth: number;
      problems: string[];
    }[];
  };
}

interface Conformance {
  /** The last one of each setting. */
  runs: {
    date: string;
    suite: string;
    slice: string;
    /** How many settings `--pairs` has, if it is one of them; 0 if not. */
    pairs?: number;
    go: string;
    goos: string;
    engine: string;
    options: Record<string, string>;
    units: number;
    outcomes: number;
    different: number;
    listed: number;
    unlisted: number;
  }[];
}

interface Limits {
  date: string;
  command: string;
  program: string;
  goos: string;
  switch: string;
  inputBytes: number;
  outputBytes: number;
  linkMs: number;
  linkMemoryMB: number;
  functions: number;
  structured: number;
  kept: number;
  same: boolean;
  stockMs: number;
  linkedMs: number;
  engine: string;
  go: string;
}

/** Of a day, whole suites before slices of them, the rest by name. */
function newestFirst(runs: Conformance['runs']): Conformance['runs'] {
  const order = ({ suite, slice, go, goos, engine, options }: Conformance['runs'][number]): string =>
    JSON.stringify([slice !== '1/1', suite, goos, go, engine, Object.values(options)]);
  return runs.toSorted((a, b) => b.date.localeCompare(a.date, 'en') || order(a).localeCompare(order(b), 'en'));
}

/** The settings of `--pairs` of a day, a suite and a number of slices as one run. */
function foldPairs(runs: Conformance['runs']): (Conformance['runs'][number] & { settings: number })[] {
  const groups = new Map<string, Conformance['runs']>();
  for (const run of runs.filter(({ pairs }) => pairs)) {
    const key = JSON.stringify([run.date, run.suite, run.slice.split('/')[1]]);
    groups.set(key, [...(groups.get(key) ?? []), run]);
  }
  return [...groups.values()].map((group) => {
    const sum = (of: 'units' | 'outcomes' | 'different' | 'listed' | 'unlisted'): number =>
      group.reduce((total, run) => total + run[of], 0);
    return {
      ...group[0]!,
      settings: group.length,
      units: sum('units'),
      outcomes: sum('outcomes'),
      different: sum('different'),
      listed: sum('listed'),
      unlisted: sum('unlisted'),
    };
  });
}

const count = (n: number): string => n.toLocaleString('en-US');
const megabytes = (bytes: number): string => `${(bytes / 1e6).toFixed(1)} MB`;
const code = (text: string): string => `\`${text}\``;

/** A table; the first row is its head. */
function table(rows: readonly (readonly (string | number)[])[]): string {
  const line = (cells: readonly (string | number)[]): string => `| ${cells.join(' | ')} |`;
  const [head, ...body] = rows;
  return [line(head!), `|${head!.map((_, k) => (k === 0 ? '---' : '---:')).join('|')}|`, ...body.map(line)].join('\n');
}

const nameOf = ({ suite }: { suite: string }): string => (suite === 'test' ? 'GOROOT/test' : suite);

const figuresOf = (r: Conformance['runs'][number]): (string | number)[] => [
  r.date,
  count(r.units),
  count(r.outcomes),
  r.different,
  r.listed,
  r.unlisted,
];

/** What stands where a command has not been run. */
const missing = (command: string): string => `Not measured yet: ${code(command)}.`;

/** The page. */
export function render(trust: Trust): string {
  const { conformance, fuzz, soak } = trust;
  const programs = trust['fuzz-go'];
  const limits = [trust['limits-js'], trust['limits-wasip1']].filter((one) => one !== undefined);
  const linked = fuzz?.outcomes.linked ?? 0;
  return `# Trust

go-wasm rewrites everybody's program. This page says what is done to find its mistakes first, and what was found. ${code('npm run trust')} makes it from
the results of the commands that it names. How the tests work: [testing.md](testing.md).

## What holds

${table([
  ['promise', 'held by'],
  [
    'stock Go is the oracle: same output, same exit, same panics',
    'conformance, torture, fuzz:go, all tests of programs',
  ],
  [
    'bad input is an error with a code, or what comes out is valid',
    'fuzz, `tools/fuzz.test.ts`, `packages/wasm/test/malformed.test.ts`',
  ],
  ['at a limit a program works, or ends as with stock Go, or the linker says which limit', '`tools/limits.test.ts`'],
  [
    'killed, disk full, read-only, damaged cache, clocks: the old file or the whole new one',
    '`packages/cli/test/safety.test.ts`, `faults.test.ts`, `link-cache.test.ts`',
  ],
  ['nothing is written but the output, the cache and temporary files', '`packages/cli/test/writes.test.ts`'],
  [
    'no shell, no eval, [few dependencies](dependencies.md), the same bytes from every pack',
    '`tools/security.test.ts`',
  ],
  [
    'same input, same bytes: in every Node, with any number of workers',
    '`tools/determinism.test.ts`, `packages/cli/test/workers.test.ts`',
  ],
])}

## Go's own tests

${
  conformance === undefined
    ? missing('npm run conformance')
    : `${code('npm run conformance')}, stock Go and go-wasm in the same place, on the day that is named. What differs in none of three runs is the same; what fails with stock Go,
too, is listed with its reason. A slice of n says that every n-th package or file ran. ${code('--pairs')} runs settings in which any two of a release of Go, a place,
a strategy, a structurer and a level are together that can be. Where a toolchain comes without GOROOT/test, as those
that Go fetches do, the files are those of another release. An earlier day's run is of the passes that there were on that day.

${table([
  ['', 'on', 'packages, files', 'outcomes', 'that differ', 'fail as with stock', 'not listed'],
  ...foldPairs(conformance.runs).map((r) => [
    `${nameOf(r)} by pairs: ${r.settings} of ${r.pairs} settings${r.slice === '1/1' ? '' : `, one of ${r.slice.split('/')[1]} slices in each`}`,
    ...figuresOf(r),
  ]),
  ...newestFirst(conformance.runs.filter(({ pairs }) => !pairs)).map((r) => [
    [
      nameOf(r),
      ...(r.slice === '1/1'
        ? []
        : [r.slice === CHOSEN ? `${r.slice} ${r.suite === 'test' ? 'files' : 'packages'}` : `slice ${r.slice}`]),
      r.go,
      r.goos,
      r.engine,
      ...Object.entries(r.options).map(([name, value]) => (name === 'level' ? `-O${value}` : value)),
    ].join(', '),
    ...figuresOf(r),
  ]),
])}`
}

## Broken and foreign input

${
  fuzz === undefined
    ? missing('npm run fuzz')
    : `${code(fuzz.command)} (${fuzz.date}, ${fuzz.engine}): ${count(fuzz.inputs)} mutated and random modules, ${count(fuzz.failures)} failures. ${count(linked)} were linked, and what came
out is valid; the others got an error of the input's kind, ${Object.keys(fuzz.outcomes).length - (linked > 0 ? 1 : 0)} different ones. Beyond what sound modules take, the linker took ${fuzz.memoryMB} MB at most.`
}

## Generated programs

${
  programs === undefined
    ? missing('npm run fuzz:go')
    : `${code(programs.command)} (${programs.date}, ${programs.go}): ${count(programs.functions)} functions, each with three sets of arguments, ${count(programs.runs)} runs,
${count(programs.differences)} differences from native Go. Places: ${programs.places.join(', ')}.`
}

## A large program

${
  limits.length === 0
    ? missing('npm run limits')
    : table([
        [
          '',
          'stock',
          'linked',
          'link',
          'memory of the link',
          'functions structured',
          'runs, stock',
          'runs, linked',
          'output',
        ],
        ...limits.map((l) => [
          `${l.program}, ${l.goos}, ${l.switch}, ${l.engine}: ${code(l.command)} (${l.date})`,
          megabytes(l.inputBytes),
          megabytes(l.outputBytes),
          `${(l.linkMs / 1000).toFixed(1)} s`,
          `${count(l.linkMemoryMB)} MB`,
          `${count(l.structured)} of ${count(l.functions)}, ${l.kept} kept`,
          `${(l.stockMs / 1000).toFixed(1)} s`,
          `${(l.linkedMs / 1000).toFixed(1)} s`,
          l.same ? 'the same' : 'DIFFERENT',
        ]),
      ])
}

## Long runs

${
  soak === undefined
    ? missing('npm run soak')
    : `${code(soak.command)} (${soak.date}): 100,000 goroutines at once, then channels, timers, select, panics, collections.

${table([
  ['place', 'rounds', 'callbacks a second', 'heap', 'memory', 'last third over the second', 'problems'],
  ...soak.rows.map((r) => [
    r.place,
    count(r.rounds),
    count(r.callbacksPerSecond),
    `${r.heapMB} MB`,
    `${r.systemMB} MB`,
    r.growth.toFixed(2),
    r.problems.length,
  ]),
])}`
}
`;
}

/** Runs of Go's own tests: new ones in the place of older ones of the same setting, and behind all others. */
export function mergeRuns(older: Conformance | undefined, newer: Conformance | undefined): Conformance {
  const key = ({ suite, slice, pairs, go, goos, engine, options }: Conformance['runs'][number]) =>
    JSON.stringify([suite, slice, pairs ?? 0, go, goos, engine, options]);
  const runs = new Map((older?.runs ?? []).map((run) => [key(run), run]));
  for (const run of newer?.runs ?? []) {
    runs.delete(key(run));
    runs.set(key(run), run);
  }
  return { runs: [...runs.values()] };
}

async function main(): Promise<void> {
  const trust: Trust = existsSync(data) ? JSON.parse(await readFile(data, 'utf8')) : {};
  const older = trust.conformance;
  const folder = join(results, 'trust');
  for (const name of existsSync(folder) ? await readdir(folder) : []) {
    if (name.endsWith('.json'))
      Object.assign(trust, {
        [name.slice(0, -'.json'.length)]: JSON.parse(await readFile(join(folder, name), 'utf8')),
      });
  }
  if (trust.conformance) trust.conformance = mergeRuns(older, trust.conformance);
  await writeFile(data, `${JSON.stringify(trust, undefined, 2)}\n`);
  await writeFile(page, render(trust));
}

if (process.argv[1] && import.meta.url === pathToFileURL(process.argv[1]).href) await main();
