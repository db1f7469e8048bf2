import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { type GoProgram, type Lifted, liftProgram, readProgram } from '@go-wasm/lift';
import { Code, Op } from '@go-wasm/wasm';
import { expect, test } from 'vitest';
import { ItabSearch } from '../../src/passes/itab-search.ts';
import { GoRuntime } from '../../src/strategies/go-runtime.ts';
import { callsFrom } from '../helpers/calls.ts';
import { available, build, program, run, scratchFolder } from '../helpers/go.ts';
import { blocksOf, type Line, loweredOf } from '../helpers/lowered.ts';
import { byStrategies } from '../helpers/strategies.ts';

const folder = await scratchFolder();

async function stock(go?: string): Promise<string> {
  const out = join(folder, `${go}.wasm`);
  await build(program('interfaces'), out, { goos: 'js', ...(go && { go }) });
  return out;
}

test.each(available())('itabs are found as with stock, with %s', { timeout: 240_000 }, async (go) => {
  const file = await stock(go);
  const input = readFileSync(file);
  const expected = await run(file, { goos: 'js', go });
  expect(expected.code).toBe(2);
  expect(expected.stdout).toContain('interface conversion: main.plain is not main.both: missing method Read');
  for await (const { name, bytes } of byStrategies(input, go, { asyncify: 'node20.19' })) {
    expect(callsFrom(bytes, 'runtime.getitab', 'go_wasm.find_itab'), name).toBe(1);
    if (!['resume', 'asyncify'].includes(name)) continue;
    const linked = join(folder, `${go}.${name}.wasm`);
    writeFileSync(linked, bytes);
    expect(await run(linked, { goos: 'js', go })).toEqual(expected);
  }
});

test('what looks different stays as it is', async () => {
  const program = readProgram(readFileSync(await stock()));
  const blocks: Line[][] = [[[Op.Nop, 0]]];
  const lifted = liftProgram(program);
  const change = (name: string, of: Partial<GoProgram>): Line[][] => {
    const pass = new ItabSearch({ ...program, ...of }, lifted, { addFunction: () => 0, define: () => {} });
    const lowered = loweredOf(blocks);
    pass.run(lowered, program.names.indexOf(name));
    return blocksOf(lowered);
  };
  const getitab = 'runtime.getitab';
  expect(change(getitab, {})).not.toEqual(blocks);
  expect(change('runtime.itabAdd', {})).toEqual(blocks);
  for (const callee of [getitab, 'runtime.(*itabTableType).find', 'internal/runtime/atomic.Loadp']) {
    const names = program.names.map((of) => (of === callee ? `${of}.other` : of));
    expect(change(getitab, { names }), callee).toEqual(blocks);
  }
  // Any other offset of what both functions read, and any other operation.
  const { code, blockStart, blockEnd, funcBlock } = lifted;
  const instructions = function* (name: string): Iterable<number> {
    const f = program.names.indexOf(name);
    for (let b = funcBlock[f]!; b < funcBlock[f + 1]!; b++) {
      for (let i = blockStart[b]!; i < blockEnd[b]!; i++) yield i;
    }
  };
  const known = (words: Partial<Pick<Code, 'op' | 'a'>>): boolean => {
    const other = Object.assign(new Code(0), code, words);
    const it = Object.assign(Object.create(Object.getPrototypeOf(lifted)), lifted, { code: other }) as Lifted;
    return new GoRuntime(program, it).itabTable() !== undefined;
  };
  expect(known({})).toBe(true);
  const loads = [...instructions('runtime.(*itabTableType).find')].filter(
    (i) => code.op[i - 1] === Op.I32WrapI64 && (code.op[i] === Op.I64Load || code.op[i] === Op.I64Load32U),
  );
  // Of these the result of Loadp alone is read where it lies on the stack.
  const fields = loads.filter((i) => code.op[i - 2] !== Op.I64Add);
  expect(fields.length).toBe(5);
  for (const i of fields) {
    const a = code.a.slice();
    a[i]! += 8;
    expect(known({ a }), `field ${code.a[i]}`).toBe(false);
  }
  for (const i of instructions('runtime.(*itabTableType).find')) {
    if (code.op[i] !== Op.I64Xor && code.op[i] !== Op.I64Eq) continue;
    const op = code.op.slice();
    op[i] = Op.I64Or;
    expect(known({ op }), `operation ${code.op[i]}`).toBe(false);
  }
});
