import type { GoProgram } from '@go-wasm/lift';
import { emptyModule, Op, ValType } from '@go-wasm/wasm';
import { expect, test } from 'vitest';
import { LowOp } from '../../src/lowered.ts';
import { WriteBarriers } from '../../src/passes/write-barriers.ts';
import type { Lowering } from '../../src/strategies/strategy.ts';
import { blocksOf, type Line, loweredOf } from '../helpers/lowered.ts';

const IMPORTS = 3;
const ADDED = 100;
const names = ['runtime.gcWriteBarrier2', 'memchr', 'runtime.gcWriteBarrier9', 'main.f'];
const [BARRIER, OTHER, ODD] = [IMPORTS, IMPORTS + 1, IMPORTS + 2];

/** A helper's call, and SP set behind it by `last`. */
function call(callee: number, last: Line): Line[] {
  return [
    [LowOp.Sp, 0],
    [Op.GlobalSet, 0],
    [Op.Call, callee],
    [Op.GlobalGet, 0],
    [Op.I32Const, -8],
    [Op.I32Add, 0],
    last,
  ];
}

function run(...blocks: Line[][]): { code: Line[][]; added: string[] } {
  const lowered = loweredOf(blocks);
  const module = emptyModule();
  // The third has a parameter, as none of Go's has.
  module.types.push({ kind: 'func', params: [], results: [ValType.I64] });
  module.types.push({ kind: 'func', params: [ValType.I64], results: [ValType.I64] });
  module.functions.push(0, 0, 1, 0);
  const added: string[] = [];
  const lowering = { addFunction: (name: string) => ADDED + added.push(name) - 1, define: () => {} };
  const program = { module, imports: IMPORTS, functions: names.length, names, isGo: [0, 0, 0, 1] };
  new WriteBarriers(program as unknown as GoProgram, lowering as unknown as Lowering).run(lowered);
  return { code: blocksOf(lowered), added };
}

const short: Line[] = [
  [Op.LocalGet, 1],
  [Op.Call, ADDED],
];

test('a write barrier gets SP by a function of its own, and leaves it as it is', () => {
  const { code, added } = run(
    [[Op.Nop, 0], ...call(BARRIER, [Op.LocalSet, 1]), [Op.LocalSet, 2], ...call(BARRIER, [Op.LocalTee, 1])],
    call(BARRIER, [LowOp.TeeSp, 1]),
  );
  expect(code).toEqual([
    [[Op.Nop, 0], ...short, [Op.LocalSet, 2], ...short, [Op.LocalGet, 1]],
    [...short, [LowOp.Sp, 1]],
  ]);
  expect(added).toEqual(['runtime.gcWriteBarrier2.at']);
});

test('other helpers, and what looks different, stay as they are', () => {
  const others = [call(OTHER, [Op.LocalSet, 1]), call(ODD, [Op.LocalSet, 1]), call(BARRIER, [Op.LocalSet, 2])];
  // SP is not biased.
  others.push([
    [Op.LocalGet, 1],
    [Op.GlobalSet, 0],
    [Op.Call, BARRIER],
    [Op.GlobalGet, 0],
    [Op.LocalSet, 1],
  ]);
  others.push([[Op.Call, BARRIER]]);
  expect(run(...others).code).toEqual(others);
});
