import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { type Lifted, liftProgram, readProgram } from '@go-wasm/lift';
import { Code, Op } from '@go-wasm/wasm';
import { expect, test } from 'vitest';
import { HeapMinimum } from '../../src/passes/heap-minimum.ts';
import { available, build, program, run, scratchFolder } from '../helpers/go.ts';
import { blocksOf, loweredOf } from '../helpers/lowered.ts';
import { byStrategies } from '../helpers/strategies.ts';

const folder = await scratchFolder();
const SETTER = 'runtime.(*gcControllerState).setGCPercent';

async function stock(go?: string): Promise<string> {
  const out = join(folder, `${go}.wasm`);
  await build(program('heap'), out, { goos: 'js', ...(go && { go }) });
  return out;
}

/** What the program has said, by what it is about. */
async function said(wasm: string, go?: string, env = {}): Promise<Record<string, string>> {
  const { stdout, stderr, code } = await run(wasm, { goos: 'js', go, env });
  expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
  const lines = stdout.trimEnd().split('\n');
  return Object.fromEntries(lines.map((line) => /^(.*) (.*?)$/.exec(line)!.slice(1)));
}

test.each(available())(
  'collections begin at 16 MB, and go by GOGC and the limit as ever, with %s',
  { timeout: 240_000 },
  async (go) => {
    const file = await stock(go);
    const input = readFileSync(file);
    const MB = 2 ** 20;
    const few = (most: number, least = 1) => ({
      asymmetricMatch: (text: string) => Number(text) <= most && Number(text) >= least,
    });
    const from = (minimum: number, collections: object) => ({
      'at first': `${minimum}`,
      100: `${minimum}`,
      10: `${Math.trunc(minimum / 10)}`,
      250: `${2.5 * minimum}`,
      '-1': expect.stringMatching(/^\d{19,20}$/),
      'twice what is in use': expect.stringMatching(/^8\d$/),
      'by the limit': 'true',
      collections,
    });
    expect(await said(file, go)).toMatchObject(from(4 * MB, few(60, 20)));
    for await (const { name, bytes } of byStrategies(input, go, { asyncify: 'node20.19' })) {
      if (!['resume', 'asyncify'].includes(name)) continue;
      const linked = join(folder, 'linked.wasm');
      writeFileSync(linked, bytes);
      expect(await said(linked, go), name).toMatchObject(from(16 * MB, few(10)));
      expect(await said(linked, go, { GOGC: '25' })).toMatchObject({ 'at first': `${4 * MB}` });
    }
  },
);

test('a function that computes something else stays as it is', async () => {
  const program = readProgram(readFileSync(await stock()));
  const lifted = liftProgram(program);
  const f = program.names.indexOf(SETTER);
  const shift: [number, number][] = [
    [Op.I64Const, 22],
    [Op.I64Shl, 0],
  ];
  const changed = (code: Code = lifted.code, at = f): boolean => {
    const it = Object.assign(Object.create(Object.getPrototypeOf(lifted)), lifted, { code }) as Lifted;
    const lowered = loweredOf([shift]);
    new HeapMinimum(program, it).run(lowered, at);
    return blocksOf(lowered)[0]![0]![1] !== 22;
  };
  expect(changed()).toBe(true);
  expect(changed(lifted.code, f + 1)).toBe(false);
  const [start, end] = [lifted.blockStart[lifted.funcBlock[f]!]!, lifted.blockEnd[lifted.funcBlock[f + 1]! - 1]!];
  const { op, a } = lifted.code;
  const at = op.subarray(start, end).findIndex((o, k) => o === Op.I64Const && a[start + k] === 22) + start;
  const other = (change: (op: Code['op'], a: Code['a']) => void): Code => {
    const copy = Object.assign(new Code(0), lifted.code, { op: op.slice(), a: a.slice() });
    change(copy.op, copy.a);
    return copy;
  };
  expect(changed(other((_, a) => a.fill(21, at, at + 1)))).toBe(false);
  expect(changed(other((op) => op.fill(Op.I64Mul, at + 1, at + 2)))).toBe(false);
  // Two of them.
  expect(
    changed(
      other((op, a) => {
        op.set([Op.I64Const, Op.I64Shl], end - 2);
        a.fill(22, end - 2, end - 1);
      }),
    ),
  ).toBe(false);
});
