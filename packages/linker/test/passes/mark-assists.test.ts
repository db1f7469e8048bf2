import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { type GoProgram, type Lifted, liftProgram, readProgram } from '@go-wasm/lift';
import { Code, Op } from '@go-wasm/wasm';
import { expect, test } from 'vitest';
import { link } from '../../src/index.ts';
import { MarkAssists } from '../../src/passes/mark-assists.ts';
import { GoRuntime } from '../../src/strategies/go-runtime.ts';
import { codeOf } from '../helpers/calls.ts';
import { available, build, program, run, scratchFolder } from '../helpers/go.ts';
import { blocksOf, type Line, loweredOf } from '../helpers/lowered.ts';
import { strategiesFor } from '../helpers/strategies.ts';

const folder = await scratchFolder();
const REFILL = 'runtime.(*mcache).refill';

async function stock(name: string, go?: string, goos: 'js' | 'wasip1' = 'js'): Promise<string> {
  const out = join(folder, `${name}.${go}.${goos}.wasm`);
  await build(program(name), out, { goos, ...(go && { go }) });
  return out;
}

test.each(available())(
  'who computes ends the phase in which garbage is marked, with %s',
  { timeout: 240_000 },
  async (go) => {
    const file = await stock('marking', go);
    const megabytes = async (wasm: string): Promise<number> => {
      const { stderr, code } = await run(wasm, { goos: 'js', go });
      expect(code).toBe(0);
      return Number(stderr);
    };
    const linked = async (noPass: string[]): Promise<number> => {
      const out = join(folder, 'linked.wasm');
      writeFileSync(out, (await link(readFileSync(file), { noPass })).bytes);
      return megabytes(out);
    };
    // At most four are in use; native Go takes 10 to 15, stock wasm more than a hundred.
    expect(await linked([])).toBeLessThan(32);
    // The program is of collections that begin at 4 MB.
    expect(await linked(['heap-minimum'])).toBeLessThan(32);
    expect(await linked(['heap-minimum', 'mark-assists'])).toBeGreaterThan(64);
    expect(await megabytes(file)).toBeGreaterThan(64);
  },
);

// The collector's limiter forbids helping then, and would for ever: it looks at the clock when a goroutine yields.
test('memory stays where the collector has more than half of the time', { timeout: 240_000 }, async () => {
  const file = await stock('collecting');
  const out = join(folder, 'collecting.linked.wasm');
  writeFileSync(out, (await link(readFileSync(file))).bytes);
  const { stderr, code } = await run(out, { goos: 'js' });
  expect(code).toBe(0);
  // 28 are in use, so that collections begin at 56. Hundreds, where nobody yields.
  expect(Number(stderr)).toBeLessThan(128);
});

test.each(['js', 'wasip1'] as const)('strategies have it, for %s', { timeout: 240_000 }, async (goos) => {
  const input = readFileSync(await stock('switches', undefined, goos));
  const program = readProgram(input);
  const credit = new GoRuntime(program, liftProgram(program)).assistCredit()!;
  for (const name of strategiesFor(undefined)) {
    if (name === 'jspi' && goos === 'wasip1') continue;
    const { bytes } = await link(input, {
      switch: name,
      verify: name === 'resume',
      ...(name === 'asyncify' && { target: 'node20.19' }),
    });
    const { op, a, length } = codeOf(bytes, 'runtime.__mcache_.refill').code;
    const at = op.subarray(0, length).findIndex((o, i) => o === Op.I64Store && a[i] === credit);
    expect(op[at - 1], name).toBe(Op.I64Const);
    expect(a[at - 1], name).toBe(0);
  }
});

test('one function is changed, where all that must be known is', async () => {
  const program = readProgram(readFileSync(await stock('switches')));
  const lifted = liftProgram(program);
  const blocks: Line[][] = [[[Op.Nop, 0]]];
  interface Changes {
    program?: Partial<GoProgram>;
    lifted?: Partial<Lifted>;
  }
  const change = (name: string, of: Changes = {}, before = blocks): Line[][] => {
    const isLifted = (f: number): boolean => lifted.isLifted(f);
    const changed = { ...lifted, isLifted, ...of.lifted } as Lifted;
    const pass = new MarkAssists({ ...program, ...of.program } as GoProgram, changed);
    const lowered = loweredOf(before);
    pass.run(lowered, program.names.indexOf(name));
    return blocksOf(lowered);
  };
  expect(change(REFILL)).not.toEqual(blocks);
  expect(change('runtime.mallocgc')).toEqual(blocks);
  const without = (name: string) => ({ isLifted: (f: number) => program.names[f] !== name && lifted.isLifted(f) });
  for (const name of [REFILL, 'runtime.deductAssistCredit', 'runtime.gcAssistAlloc']) {
    expect(change(REFILL, { lifted: without(name) }), name).toEqual(blocks);
  }
  // deductAssistCredit calls something else; gcAssistAlloc is another function, which does not look at the credit.
  const renamed = (from: string, to: string) => ({ names: program.names.map((of) => (of === from ? to : of)) });
  expect(change(REFILL, { program: renamed('runtime.gcAssistAlloc', 'runtime.other') })).toEqual(blocks);
  const f = program.names.indexOf('runtime.gcAssistAlloc');
  const funcBlock = lifted.funcBlock.slice();
  funcBlock[f + 1] = funcBlock[f]!;
  expect(change(REFILL, { lifted: { funcBlock } })).toEqual(blocks);

  // How much is marked at a time, where it is the only number of that size that is used so.
  const amount: Line[][] = [[[Op.I64Const, 64 << 10]]];
  const assist = 'runtime.gcAssistAlloc';
  expect(change(assist, {}, amount)).toEqual([[[Op.I64Const, 2 << 20]]]);
  expect(change(REFILL, {}, amount).flat()).toContainEqual([Op.I64Const, 64 << 10]);
  const [start, end] = [lifted.blockStart[lifted.funcBlock[f]!]!, lifted.blockEnd[lifted.funcBlock[f + 1]! - 1]!];
  const { op, a } = lifted.code;
  for (const constant of [Op.I64Const, Op.F64Const]) {
    const high = new Float64Array([64 << 10]);
    const isAmount = (i: number) =>
      constant === Op.I64Const ? a[i] === 64 << 10 : lifted.code.b[i] === new Int32Array(high.buffer)[1];
    const at = Array.from({ length: end - start }, (_, k) => start + k).find((i) => op[i] === constant && isAmount(i))!;
    const code = Object.assign(new Code(0), lifted.code, { op: op.with(at, Op.Nop) });
    expect(change(assist, { lifted: { code } }, amount), `${constant}`).toEqual(amount);
  }

  // Who is told to yield, where the limiter is known.
  const yields = (of?: Changes): boolean => change(REFILL, of).some((block) => block.some(([o]) => o === Op.I32Store8));
  expect(yields()).toBe(true);
  for (const name of ['runtime.gcDrainN', 'runtime.execute', 'internal/runtime/atomic.Load8']) {
    expect(yields({ program: renamed(name, 'runtime.other') }), name).toBe(false);
    expect(change(REFILL, { program: renamed(name, 'runtime.other') }), name).not.toEqual(blocks);
  }
});
