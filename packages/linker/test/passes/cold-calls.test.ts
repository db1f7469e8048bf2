import { GraphBuilder } from '@go-wasm/cfg';
import { GoOp, type GoProgram, Lifted } from '@go-wasm/lift';
import { emptyModule, Op, printInstructions, ValType } from '@go-wasm/wasm';
import { expect, test } from 'vitest';
import { Lowered } from '../../src/lowered.ts';
import { ColdCalls } from '../../src/passes/cold-calls.ts';
import type { Lowering } from '../../src/strategies/strategy.ts';

const IMPORTS = 3;
const PANIC = IMPORTS + 1; // the second function that is defined here never returns
const neverReturns = new Uint8Array([0, 1]);

/** The code that calls `callee` from SP, where that is not biased, with what follows. */
function call(callee: number, next: number): [op: number, a?: number, b?: number][] {
  return [[Op.I64Const, 0x1001_0007, 0], [Op.LocalGet, 1], [Op.I32Const, -8], [Op.I32Add], [Op.Call, callee], [next]];
}

function run(...blocks: [op: number, a?: number, b?: number][][]): { text: string[]; added: string[] } {
  const lowered = new Lowered();
  const builder = new GraphBuilder();
  for (const [b, instructions] of blocks.entries()) {
    builder.addBlock();
    lowered.start[b] = lowered.code.length;
    for (const [op, x, y] of instructions) lowered.code.push(op, x, y);
    lowered.end[b] = lowered.code.length;
  }
  lowered.graph = builder.build(0);
  const added: string[] = [];
  const lowering = {
    addFunction: (name: string) => 100 + added.push(name) - 1,
    define: () => {},
  } as unknown as Lowering;
  const module = emptyModule();
  module.types.push({ kind: 'func', params: [ValType.I32], results: [ValType.I32] });
  const program = { module, imports: IMPORTS, functions: 2, names: ['main.f', 'runtime.panicIndex'] };
  const lifted = new Lifted(2);
  lifted.funcBlock.set([0, 1, 2]);
  for (const index of [IMPORTS, PANIC, PANIC]) lifted.pushGoOp(GoOp.Call, index, 0, 0);
  const pass = new ColdCalls(program as unknown as GoProgram, lifted, lowering, neverReturns);
  pass.run(lowered);
  const text = blocks.map((_, b) =>
    printInstructions(lowered.code, lowered.start[b], lowered.end[b])
      .split('\n')
      .map((line) => line.trim())
      .filter((line) => line !== '')
      .join('; '),
  );
  return { text, added };
}

const short = `i64.const ${0x1001_0007}; local.get 1; call 100`;

test('calls that never return move SP in one function for each callee', () => {
  const { text, added } = run(call(PANIC, Op.Return), [[Op.Nop], ...call(PANIC, Op.Return), ...call(PANIC, Op.Drop)]);
  expect(text).toEqual([`${short}; return`, `nop; ${short}; return; ${short}; drop`]);
  expect(added).toEqual(['runtime.panicIndex.at']);
});

test('other calls, and results that are used, stay as they are', () => {
  const before = call(IMPORTS, Op.Return).length;
  expect(run(call(IMPORTS, Op.Return)).text[0]!.split('; ')).toHaveLength(before);
  expect(run(call(PANIC, Op.I32Eqz)).text[0]!.split('; ')).toHaveLength(before);
});
