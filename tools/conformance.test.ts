/**
 * Go's own tests, with stock and with go-wasm: the part of `npm run conformance` that runs with every change. Of what leans on
 * the runtime, of the control flow's files and of all the others, in every strategy, a slice that is another
 * one each day: `SLICE=n` repeats it.
 */
import type { LinkOptions } from '@go-wasm/linker';
import { chooseSwitch } from '@go-wasm/linker/targets';
import { describe, expect, test } from 'vitest';
import { ofToday } from '../packages/cfg/test/support/effort.ts';
import { otherReleases } from '../packages/linker/test/helpers/go.ts';
import { check, compare, type Setting, type Unit } from './src/conformance/check.ts';
import { unexpectedFailures } from './src/conformance/expected.ts';
import { packages, recipes } from './src/conformance/suites.ts';
import { defaultEngine, type EngineName, findEngine, type Goos, needEngine, targetOf } from './src/engines.ts';
import { findToolchain } from './src/go.ts';

interface Suite {
  goos: Goos;
  /** Another one than that in PATH. */
  go?: string;
  engine?: EngineName;
  link?: LinkOptions;
  units: (setting: Setting) => Promise<readonly Unit[]>;
}

const std =
  (names: string): Suite['units'] =>
  (setting) =>
    packages(setting, names.split(' '));

const controlFlow = [
  'blank.go chan/*.go closure*.go cmplx*.go defer*.go escape*.go for.go func*.go gc*.go goprint.go initloop.go ken/*.go',
  'mallocfin.go nilptr*.go nul1.go peano.go range*.go recover*.go sieve.go stack.go switch*.go typeswitch*.go zerodivide.go',
]
  .join(' ')
  .split(' ');

/** `count` of all units, others each day; `offset` has suites of the same day take others. */
const some =
  (count: number, offset: number, units: Suite['units']): Suite['units'] =>
  async (setting) => {
    const all = await units(setting);
    return ofToday([...all.slice(offset), ...all.slice(0, offset)], { count });
  };

/** What leans on the runtime: three of these a day. As wasip1 in Node, where large modules start sooner than in wasmtime. */
const runtime: Suite[] = [
  { goos: 'js', units: std('runtime') },
  { goos: 'wasip1', engine: 'node', units: std('sync') },
  { goos: 'js', link: { structure: 'relooper' }, units: std('compress/flate') },
  { goos: 'js', units: std('sync fmt') },
  ...otherReleases().map((go): Suite => ({ goos: 'wasip1', engine: 'node', go, units: std('sync') })),
  { goos: 'js', units: std('compress/flate') },
  { goos: 'wasip1', engine: 'node', units: std('compress/flate errors') },
  ...otherReleases().map((go): Suite => ({ goos: 'js', go, units: std('sync') })),
];

const suites: Suite[] = [
  ...ofToday(runtime, { count: 3 }),
  { goos: 'js', units: some(20, 0, (setting) => recipes(setting, controlFlow)) },
  { goos: 'js', units: some(12, 0, (setting) => recipes(setting, [])) },
  { goos: 'js', units: some(1, 0, std('std')) },
  { goos: 'js', engine: 'node26', link: { switch: 'jspi' }, units: some(1, 60, std('std')) },
  { goos: 'js', engine: 'node26', link: { switch: 'stack-switching' }, units: some(1, 120, std('std')) },
  { goos: 'wasip1', units: some(1, 180, std('std')) },
];

for (const suite of suites) {
  const prepared = await prepare(suite).catch((error: Error) => error);
  const title = [suite.goos, suite.go ?? 'the Go in PATH', ...Object.values(suite.link ?? {})].join(', ');
  if (prepared instanceof Error) {
    console.warn(`${title}: skipped, ${prepared.message}`);
    test.skip(`${title}: ${prepared.message}`, () => {});
    continue;
  }
  const { setting, list } = prepared;
  const { toolchain, goos, engine, link } = setting;
  describe([goos, toolchain.version, engine.name, ...Object.values(link)].join(', '), { timeout: 900_000 }, () => {
    for (const unit of list) {
      test.concurrent(unit.id, async ({ skip }) => {
        const verdict = await check(unit, setting);
        if (verdict.status === 'unbuilt') skip(`stock Go does not build it: ${verdict.note}`);
        expect(verdict.differences).toEqual([]);
        expect(unexpectedFailures(verdict, setting)).toEqual([]);
      });
    }
  });
}

async function prepare({ goos, go, engine: name, link = {}, units }: Suite) {
  const toolchain = await findToolchain(go);
  // Where there is no wasmtime, Node's WASI is.
  const engine = (await findEngine(name ?? defaultEngine(goos))) ?? (await needEngine(name ?? 'node'));
  const target = link.switch && targetOf(engine).text;
  if (link.switch) chooseSwitch(link.switch, targetOf(engine), goos);
  const setting: Setting = {
    toolchain,
    goos,
    engine,
    link: { ...link, ...(target && { target }) },
    timeoutSeconds: 600,
    long: false,
  };
  return { setting, list: await units(setting) };
}

describe('compare', () => {
  test('finds what no run of stock has shown', () => {
    expect(compare([{ a: 'pass', b: 'pass' }], [{ a: 'pass', b: 'fail' }])).toEqual([
      { name: 'b', stock: ['pass'], ours: ['fail'] },
    ]);
  });

  test('takes a flaky test for the same once both have shown one outcome', () => {
    expect(compare([{ a: 'pass' }, { a: 'fail' }], [{ a: 'fail' }])).toEqual([]);
    expect(compare([{ a: 'pass' }], [{ a: 'fail' }, { a: 'pass' }])).toEqual([]);
  });

  test('counts what is missing as an outcome', () => {
    expect(compare([{ a: 'pass', b: 'pass' }], [{ a: 'pass' }])).toEqual([
      { name: 'b', stock: ['pass'], ours: ['absent'] },
    ]);
    expect(compare([{}], [{ b: 'pass' }])).toEqual([{ name: 'b', stock: ['absent'], ours: ['pass'] }]);
  });
});
