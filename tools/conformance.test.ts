/** Go's own tests, with stock and with go-wasm: the part of `npm run conformance` that runs with every change. */
import type { LinkOptions } from '@go-wasm/linker';
import { describe, expect, test } from 'vitest';
import { check, compare, type Setting, type Unit } from './src/conformance/check.ts';
import { unexpectedFailures } from './src/conformance/expected.ts';
import { packages, recipes } from './src/conformance/suites.ts';
import { findEngine, type Goos, needEngine } from './src/engines.ts';
import { findToolchain } from './src/go.ts';

interface Suite {
  goos: Goos;
  /** The oldest and the newest that are supported, on less than the one in PATH. */
  go?: string;
  link?: LinkOptions;
  units: (setting: Setting) => Promise<Unit[]>;
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

const suites: Suite[] = [
  {
    goos: 'js',
    units: std(
      'fmt strconv sort strings bytes regexp encoding/json reflect sync context errors text/template time math/big compress/flate runtime',
    ),
  },
  { goos: 'js', units: (setting) => recipes(setting, controlFlow) },
  { goos: 'js', link: { structure: 'relooper' }, units: std('fmt sort sync compress/flate') },
  { goos: 'wasip1', units: std('fmt strconv sort sync context errors time compress/flate runtime') },
  { goos: 'js', go: 'go1.24.13', units: std('fmt sort errors sync compress/flate') },
  { goos: 'js', go: 'go1.27.3', units: std('fmt sort errors sync compress/flate') },
  { goos: 'wasip1', go: 'go1.24.13', units: std('sort errors') },
  { goos: 'wasip1', go: 'go1.27.3', units: std('sort errors') },
];

for (const suite of suites) {
  const prepared = await prepare(suite).catch((error: Error) => error);
  const title = `${suite.goos}, ${suite.go ?? 'the Go in PATH'}`;
  if (prepared instanceof Error) {
    console.warn(`${title}: skipped, ${prepared.message}`);
    test.skip(`${title}: ${prepared.message}`, () => {});
    continue;
  }
  const { setting, list } = prepared;
  const { toolchain, goos, engine, link } = setting;
  describe([goos, toolchain.version, engine.name, ...Object.values(link)].join(', '), { timeout: 900_000 }, () => {
    for (const unit of list) {
      test.concurrent(unit.id, async () => {
        const verdict = await check(unit, setting);
        expect(verdict.note).toBeUndefined();
        expect(verdict.differences).toEqual([]);
        expect(unexpectedFailures(verdict, setting)).toEqual([]);
      });
    }
  });
}

async function prepare({ goos, go, link = {}, units }: Suite) {
  const toolchain = await findToolchain(go);
  const engine = (goos === 'wasip1' && (await findEngine('wasmtime'))) || (await needEngine('node'));
  const setting: Setting = { toolchain, goos, engine, link, timeoutSeconds: 600, long: false };
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
