/**
 * `npm run conformance -- [std] [test]`: runs Go's own tests with stock and with go-wasm, and compares the result of each.
 *
 *   std                        the standard library's packages
 *   test                       GOROOT/test's `// run` files; without either word, both
 *   --packages a,b/...         these packages alone
 *   --files 'switch*,chan/*'   these files of GOROOT/test alone
 *   --goos js,wasip1           targets (js)
 *   --host NAME                node, node26, chromium or wasmtime; default node for js, wasmtime for wasip1
 *   --go go1.24.13             another toolchain than the one in PATH
 *   --switch S --structure S   the linker's options
 *   --verify                   check the module after each stage
 *   --slice i/n                every n-th unit, from the i-th (1/4 … 4/4): for several machines
 *   --jobs N                   at a time (number of cores)
 *   --timeout SECONDS          for one run of one unit (600; GOROOT/test: 120)
 *   --long                     without -test.short
 *   --fresh                    forget what an earlier run found
 *
 * What was found is kept in results/conformance: a stopped run goes on where it was, and when only the linker has changed,
 * stock's runs are not repeated. Exit code 1: something differs, or fails without being listed in tools/conformance/expected.json.
 */
import { rmSync, writeFileSync } from 'node:fs';
import { availableParallelism } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import type { LinkOptions } from '@go-wasm/linker';
import { chooseSwitch, type SwitchName } from '@go-wasm/linker/targets';
import { defaultEngine, type EngineName, type Goos, needEngine, targetOf } from '../engines.ts';
import { findToolchain } from '../go.ts';
import { table } from '../measure.ts';
import { results } from '../paths.ts';
import { check, type Setting, type Unit, type Verdict } from './check.ts';
import { unexpectedFailures } from './expected.ts';
import { State } from './state.ts';
import { packages, recipes } from './suites.ts';

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    packages: { type: 'string' },
    files: { type: 'string' },
    goos: { type: 'string', default: 'js' },
    host: { type: 'string' },
    go: { type: 'string' },
    switch: { type: 'string' },
    structure: { type: 'string' },
    verify: { type: 'boolean', default: false },
    slice: { type: 'string', default: '1/1' },
    jobs: { type: 'string', default: String(availableParallelism()) },
    timeout: { type: 'string' },
    long: { type: 'boolean', default: false },
    fresh: { type: 'boolean', default: false },
  },
});

const suites = positionals.length > 0 ? positionals : chosenSuites();
const toolchain = await findToolchain(values.go);
const link = { switch: values.switch, structure: values.structure, verify: values.verify };
let failed = false;

for (const goos of values.goos.split(',') as Goos[]) {
  const engine = await needEngine((values.host as EngineName | undefined) ?? defaultEngine(goos));
  for (const suite of suites) {
    const timeoutSeconds = Number(values.timeout ?? (suite === 'test' ? 120 : 600));
    // Options that were not given are left out: the linker's defaults are its own.
    const options = { ...link, target: values.switch && targetOf(engine).text };
    const given = Object.fromEntries(Object.entries(options).filter(([, value]) => value)) as LinkOptions;
    if (values.switch) chooseSwitch(values.switch as SwitchName, targetOf(engine), goos);
    const setting: Setting = { toolchain, goos, engine, link: given, timeoutSeconds, long: values.long };
    const units =
      suite === 'test'
        ? await recipes(setting, values.files?.split(',') ?? [])
        : await packages(setting, values.packages?.split(',') ?? ['std']);
    failed = !(await runSuite(suite, units, setting)) || failed;
  }
}
process.exitCode = failed ? 1 : 0;

function chosenSuites(): string[] {
  const named = [...(values.packages ? ['std'] : []), ...(values.files ? ['test'] : [])];
  return named.length > 0 ? named : ['std', 'test'];
}

/** Runs a suite, prints what it finds and writes the reports. Returns whether all is well. */
async function runSuite(suite: string, allUnits: Unit[], setting: Setting): Promise<boolean> {
  const [index, slices] = values.slice.split('/').map(Number) as [number, number];
  const units = allUnits.filter((_, i) => i % slices === index - 1);
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
  const text = report(title, verdicts, setting);
  console.log(text);
  // Stock's runs are kept for all strategies; each has a report of its own.
  const name = setting.link.switch ? `${file}-${setting.link.switch}` : file;
  writeFileSync(`${name}.txt`, text);
  writeFileSync(`${name}.json`, `${JSON.stringify({ ...setting, verdicts }, null, 1)}\n`);
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

function report(title: string, verdicts: Verdict[], setting: Setting): string {
  const built = verdicts.filter((v) => v.status !== 'unbuilt');
  const different = built.filter((v) => v.status === 'different');
  const unlisted = verdicts.flatMap((v) => unexpectedFailures(v, setting).map((name) => ({ v, name })));
  const sum = (of: (v: Verdict) => number) => built.reduce((total, v) => total + of(v), 0);
  const lines = [
    '',
    title,
    table([
      ['units built and run', String(built.length)],
      ['not for this target, or without tests', String(verdicts.length - built.length)],
      ['outcomes compared', String(sum((v) => v.count))],
      ['units that differ', String(different.length)],
      ['failures as with stock, listed', String(sum((v) => Object.keys(v.failures).length) - unlisted.length)],
      ['failures that are not listed', String(unlisted.length)],
      ['time of stock, s', (sum((v) => v.ms.stock) / 1000).toFixed(1)],
      ['time of go-wasm, s', (sum((v) => v.ms.ours) / 1000).toFixed(1)],
    ]),
  ];
  for (const v of different) {
    lines.push('', `${v.id}: ${v.differences.length} differ`);
    for (const { name, stock, ours } of v.differences.slice(0, 20)) {
      lines.push(`  ${name}`, `    stock:   ${distinct(stock)}`, `    go-wasm: ${distinct(ours)}`);
      if (v.failures[name]) lines.push(indent(v.failures[name]));
    }
  }
  for (const { v, name } of unlisted) lines.push('', `${v.id} ${name} fails`, indent(v.failures[name]!));
  return `${lines.join('\n')}\n`;
}

/** What several runs showed, each once. */
function distinct(outcomes: string[]): string {
  return [...new Set(outcomes)].join(' | ');
}

function indent(text: string): string {
  return text.trimEnd().replaceAll(/^/gm, '      ');
}
