/**
 * `npm run conformance -- [std] [test]`: runs Go's own tests with stock and with go-wasm, and compares the result of each.
 *
 *   std                        the standard library's packages
 *   test                       GOROOT/test's `// run` files, of the Go in PATH if another one has none; without either word, both
 *   --packages a,b/...         these packages alone
 *   --files 'switch*,chan/*'   these files of GOROOT/test alone
 *   --goos js,wasip1           targets (js)
 *   --host a,b                 node, node26, chromium or wasmtime; default node for js, wasmtime for wasip1
 *   --go go1.24.13,go1.27.3    other toolchains than the one in PATH
 *   --switch a,b --structure a,b --level a,b   the linker's options
 *   --matrix                   all of these: every Go, target, host, strategy and structurer, -O0 and the default
 *   --pairs                    of every Go, target, host, strategy, structurer and level, settings in which any two are together
 *   --verify                   check the module after each stage
 *   --slice i/n                every n-th unit, from the i-th (1/4 … 4/4): for several machines; with --pairs, from another one in each setting
 *   --jobs N                   at a time (number of cores)
 *   --timeout SECONDS          for one run of one unit (600; GOROOT/test: 120)
 *   --long                     without -test.short
 *   --fresh                    forget what an earlier run found
 *
 * Of lists, all combinations run; those that cannot be are named, with the reason. What was found is kept in results/conformance:
 * a stopped run goes on where it was, and when only the linker has changed, stock's runs are not repeated. results/conformance/report.html
 * and report.json have what all runs have found. Exit code 1: something differs, or fails without being listed in
 * tools/conformance/expected.json.
 */
import { rmSync, writeFileSync } from 'node:fs';
import { availableParallelism } from 'node:os';
import { join } from 'node:path';
import type { LinkOptions } from '@go-wasm/linker';
import { chooseSwitch, requirements, type StrategyName, type Target } from '@go-wasm/linker/targets';
import { defaultEngine, type Engine, type EngineName, type Goos, needEngine, targetOf } from '../engines.ts';
import { findToolchain, releases, type Toolchain } from '../go.ts';
import { parseOptions } from '../options.ts';
import { results } from '../paths.ts';
import { check, type Setting, type Unit, type Verdict } from './check.ts';
import { unexpectedFailures } from './expected.ts';
import { coverPairs } from './pairs.ts';
import { CHOSEN, report, type SuiteRun, writeReports } from './report.ts';
import { State } from './state.ts';
import { NoTestFolderError, packages, recipes } from './suites.ts';

const { values, positionals } = parseOptions(import.meta.url, {
  allowPositionals: true,
  options: {
    packages: { type: 'string' },
    files: { type: 'string' },
    goos: { type: 'string', default: 'js' },
    host: { type: 'string', default: '' },
    go: { type: 'string', default: '' },
    switch: { type: 'string', default: '' },
    structure: { type: 'string', default: '' },
    level: { type: 'string', default: '' },
    matrix: { type: 'boolean', default: false },
    pairs: { type: 'boolean', default: false },
    verify: { type: 'boolean', default: false },
    slice: { type: 'string', default: '1/1' },
    jobs: { type: 'string', default: String(availableParallelism()) },
    timeout: { type: 'string' },
    long: { type: 'boolean', default: false },
    fresh: { type: 'boolean', default: false },
  },
});

/** Where a program is made and run, and how it is linked. An empty text stands for the default. */
interface Asked {
  go: string;
  goos: Goos;
  host: EngineName | '';
  link: LinkOptions;
}

const hosts: readonly EngineName[] = ['node', 'node26', 'chromium', 'wasmtime'];
const strategies = Object.keys(requirements) as StrategyName[];

const suites = positionals.length > 0 ? positionals : chosenSuites();
const [index, slices] = values.slice.split('/').map(Number) as [number, number];
let failed = false;
const all = await settings();
for (const [k, { go, goos, host, link }] of all.entries()) {
  const toolchain = await findToolchain(go || undefined);
  const engine = await needEngine(host || defaultEngine(goos));
  const slice = values.pairs ? ((index - 1 + k) % slices) + 1 : index;
  failed = !(await runAll(toolchain, goos, engine, link, slice)) || failed;
}
await writeReports();
process.exitCode = failed ? 1 : 0;

async function settings(): Promise<Asked[]> {
  if (values.pairs) return inPairs();
  if (values.matrix) {
    // Levels and structurers matter to what the strategies share.
    const link: LinkOptions[] = [
      { switch: 'resume', level: '0' },
      { switch: 'resume', structure: 'relooper' },
      ...strategies.map((name) => ({ switch: name })),
    ];
    return product({ go: releases, goos: ['js', 'wasip1'], host: hosts, link });
  }
  const link = product({
    switch: values.switch.split(','),
    structure: values.structure.split(','),
    level: values.level.split(','),
  });
  const { go, goos, host } = values;
  return product({ go: go.split(','), goos: goos.split(','), host: host.split(','), link }) as Asked[];
}

/** The default level and structurer are named, too. */
async function inPairs(): Promise<Asked[]> {
  const targets = new Map(
    await Promise.all(hosts.map(async (host) => [host, targetOf(await needEngine(host))] as const)),
  );
  const rows = product({
    go: releases,
    place: product({ goos: ['js', 'wasip1'], host: hosts }),
    switch: strategies,
    structure: ['stackifier', 'relooper'],
    level: ['0', '1', '2', '3', 's'],
  });
  return coverPairs(rows.filter(({ switch: name, place }) => !impossible(name, targets.get(place.host)!, place.goos)))
    .map(({ go, place, ...link }) => ({ go, ...place, link }) as Asked)
    .sort((a, b) => JSON.stringify(a).localeCompare(JSON.stringify(b), 'en'));
}

/** One of each list, in all combinations. */
function product<const T extends Record<string, readonly unknown[]>>(lists: T): { [K in keyof T]: T[K][number] }[] {
  let rows: Record<string, unknown>[] = [{}];
  for (const [key, list] of Object.entries(lists))
    rows = rows.flatMap((row) => list.map((value) => ({ ...row, [key]: value })));
  return rows as { [K in keyof T]: T[K][number] }[];
}

/** Why a strategy does not run there, if it does not. */
function impossible(name: LinkOptions['switch'], target: Target, goos: Goos): string | undefined {
  try {
    chooseSwitch(name ?? 'resume', target, goos);
    return undefined;
  } catch (error) {
    return (error as Error).message;
  }
}

/** Runs the suites that were asked for under one setting. Returns whether all is well. */
async function runAll(
  toolchain: Toolchain,
  goos: Goos,
  engine: Engine,
  options: LinkOptions,
  slice: number,
): Promise<boolean> {
  const target = targetOf(engine);
  // Options that were not given are left out: the linker's defaults are its own.
  const wanted = { ...options, verify: values.verify, target: options.switch && target.text };
  const link = Object.fromEntries(Object.entries(wanted).filter(([, value]) => value)) as LinkOptions;
  const reason = impossible(link.switch, target, goos);
  if (reason !== undefined) {
    console.log(`skipped: ${goos}, ${engine.name}, ${link.switch ?? 'resume'}: ${reason}`);
    return true;
  }
  let well = true;
  for (const suite of suites) {
    const timeoutSeconds = Number(values.timeout ?? (suite === 'test' ? 120 : 600));
    const setting: Setting = { toolchain, goos, engine, link, timeoutSeconds, long: values.long };
    try {
      const units =
        suite === 'test'
          ? await recipes(setting, values.files?.split(',') ?? [])
          : await packages(setting, values.packages?.split(',') ?? ['std']);
      well = (await runSuite(suite, units, setting, slice)) && well;
    } catch (error) {
      if (!(error instanceof NoTestFolderError)) throw error;
      console.log(`skipped: ${suite}, ${error.message}`);
    }
  }
  return well;
}

function chosenSuites(): string[] {
  const named = [...(values.packages ? ['std'] : []), ...(values.files ? ['test'] : [])];
  return named.length > 0 ? named : ['std', 'test'];
}

/** Runs a suite, prints what it finds and writes the reports. Returns whether all is well. */
async function runSuite(suite: string, allUnits: Unit[], setting: Setting, slice: number): Promise<boolean> {
  const units = allUnits.filter((_, i) => i % slices === slice - 1);
  const title = [suite, setting.goos, setting.toolchain.version, setting.engine.name].join('-');
  const file = join(results, 'conformance', title);
  if (values.fresh) rmSync(`${file}.jsonl`, { force: true });
  const state = await State.open(`${file}.jsonl`, setting);

  const waiting = units.filter((unit) => !state.verdict(unit.id));
  console.log(`${title}: ${units.length} units, ${units.length - waiting.length} done before`);
  let done = units.length - waiting.length;
  const work = async () => {
    for (let unit = waiting.shift(); unit; unit = waiting.shift()) {
      const verdict = await check(unit, setting, state);
      state.add(verdict);
      console.log(`${String(++done).padStart(5)}/${units.length}  ${lineOf(verdict, setting)}`);
    }
  };
  await Promise.all(Array.from({ length: Number(values.jobs) }, work));

  const verdicts = units.map((unit) => state.verdict(unit.id)!);
  const text = report([title, ...Object.values(setting.link)].join(' '), verdicts, setting);
  console.log(text);
  // Stock's runs are kept for all strategies; each has a report of its own.
  const { target: _, verify, ...link } = setting.link;
  const name = [file, ...Object.values(link), ...(verify ? ['verify'] : []), ...(values.pairs ? ['pairs'] : [])].join(
    '-',
  );
  writeFileSync(`${name}.txt`, text);
  const part = (suite === 'test' ? values.files : values.packages) === undefined ? `${slice}/${slices}` : CHOSEN;
  const found: SuiteRun = { suite, slice: part, pairs: values.pairs ? all.length : 0, ...setting, verdicts };
  writeFileSync(`${name}.run.json`, `${JSON.stringify(found, null, 1)}\n`);
  return verdicts.every((v) => v.status !== 'different' && unexpectedFailures(v, setting).length === 0);
}

function lineOf(verdict: Verdict, setting: Setting): string {
  const { id, status, note, count, differences, failures, ms } = verdict;
  const seconds = `${(ms.stock / 1000).toFixed(1)} s → ${(ms.ours / 1000).toFixed(1)} s`;
  if (status === 'unbuilt') return `${id}: ${note?.split('\n')[0]}`;
  if (status === 'different')
    return `${id}: ${differences.length} of ${count} DIFFERENT (${differences[0]!.name}), ${seconds}`;
  const failing = Object.keys(failures).length;
  const listed = unexpectedFailures(verdict, setting).length === 0 ? 'all listed' : 'NOT LISTED';
  return `${id}: ${count} the same${failing > 0 ? `, ${failing} fail as with stock (${listed})` : ''}, ${seconds}`;
}
