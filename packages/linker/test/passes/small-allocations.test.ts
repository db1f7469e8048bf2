import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { type GoProgram, type Lifted, liftProgram, readProgram } from '@go-wasm/lift';
import { Code, Op } from '@go-wasm/wasm';
import { expect, test } from 'vitest';
import { isTurn } from '../../../cfg/test/support/effort.ts';
import { link } from '../../src/index.ts';
import { SmallAllocations } from '../../src/passes/small-allocations.ts';
import { callsFrom } from '../helpers/calls.ts';
import { available, build, type Goos, program, type RunOptions, run, scratchFolder } from '../helpers/go.ts';
import { blocksOf, type Line, loweredOf } from '../helpers/lowered.ts';
import { byStrategies } from '../helpers/strategies.ts';

const folder = await scratchFolder();
const NEW_OBJECT = 'runtime.newobject';
const MALLOC = 'runtime.mallocgc';
const ALLOCATE = 'go_wasm.allocate';

async function stock(goos: Goos, go?: string): Promise<string> {
  const out = join(folder, `${go}.${goos}.wasm`);
  await build(program('allocations'), out, { goos, ...(go && { go }) });
  return out;
}

test.each(available())('objects are as with stock, and so are its books, with %s', { timeout: 240_000 }, async (go) => {
  const file = await stock('js', go);
  const input = readFileSync(file);
  const options: Pick<RunOptions, 'args' | 'env'>[] = [
    {},
    { args: ['all samples'] },
    // What is freed is overwritten, and what has been marked is marked once more.
    { env: { GOGC: '1', GODEBUG: 'clobberfree=1,gccheckmark=1' } },
  ];
  const runs = (wasm: string) => Promise.all(options.map((of) => run(wasm, { goos: 'js', go, ...of })));
  const expected = await runs(file);
  for (const one of expected) expect(one).toMatchObject({ code: 0, stderr: '' });
  const linked = join(folder, `${go}.linked.wasm`);
  // mark-assists has the collector run more often.
  const noPass = ['mark-assists'];
  for await (const { name, bytes } of byStrategies(input, go, { asyncify: 'node20.19' }, { noPass })) {
    expect(callsFrom(bytes, NEW_OBJECT, ALLOCATE), name).toBe(1);
    expect(callsFrom(bytes, MALLOC, ALLOCATE), name).toBe(1);
    if (!['resume', 'asyncify'].includes(name)) continue;
    writeFileSync(linked, bytes);
    expect(await runs(linked), name).toEqual(expected);
  }
});

test.runIf(isTurn('odd'))('and for wasip1', { timeout: 240_000 }, async () => {
  const file = await stock('wasip1');
  const { bytes } = await link(readFileSync(file), { noPass: ['mark-assists'] });
  expect(callsFrom(bytes, MALLOC, ALLOCATE)).toBe(1);
  const linked = join(folder, 'linked.wasm');
  writeFileSync(linked, bytes);
  expect(await run(linked, { goos: 'wasip1' })).toEqual(await run(file, { goos: 'wasip1' }));
});

test.runIf(isTurn('even'))('an allocator that is not known stays as it is', async () => {
  const program = readProgram(readFileSync(await stock('js')));
  const lifted = liftProgram(program);
  const blocks: Line[][] = [[[Op.Nop, 0]]];
  const changes = (of: Partial<GoProgram>, code: Code = lifted.code): boolean => {
    const it = Object.assign(Object.create(Object.getPrototypeOf(lifted)), lifted, { code }) as Lifted;
    const pass = new SmallAllocations({ ...program, ...of }, it, { addFunction: () => 0, define: () => {} });
    const changed = [NEW_OBJECT, MALLOC].map((name) => {
      const lowered = loweredOf(blocks);
      pass.run(lowered, program.names.indexOf(name));
      return blocksOf(lowered).flat().length > 1;
    });
    expect(changed[0]).toBe(changed[1]);
    return changed[0]!;
  };
  expect(changes({})).toBe(true);
  const parts = ['Tiny', 'SmallNoscan', 'SmallScanNoHeader'].map((name) => MALLOC + name);
  for (const name of [NEW_OBJECT, MALLOC, ...parts, 'runtime.(*mspan).writeHeapBitsSmall']) {
    const f = program.names.indexOf(name);
    expect(changes({ names: program.names.with(f, `${name}.other`) }), name).toBe(false);
    // Any other operation, offset or constant; but data may lie anywhere.
    const [first, last] = [lifted.funcBlock[f]!, lifted.funcBlock[f + 1]! - 1];
    const [start, end] = [lifted.blockStart[first]!, lifted.blockEnd[last]!];
    for (let i = start; i < end; i++) {
      const { op, a, b } = lifted.code;
      const isAddress = op[i] === Op.I64Const && b[i] === 0 && a[i]! >= 65_536;
      // What runtime.throw says may lie lower.
      if (op[i] === Op.I64Const && !isAddress && name === MALLOC) continue;
      const word = a.slice();
      word[i]! += 8;
      const other = Object.assign(new Code(0), lifted.code, { a: word });
      expect(changes({}, other), `${name}, word ${i - start}: ${a[i]}`).toBe(isAddress);
      if (i % 7 !== 0) continue;
      const ops = op.slice();
      ops[i] = op[i] === Op.I64Eqz ? Op.I64Ctz : Op.I64Eqz;
      expect(changes({}, Object.assign(new Code(0), lifted.code, { op: ops })), `${name}, ${i - start}`).toBe(false);
    }
  }
});
