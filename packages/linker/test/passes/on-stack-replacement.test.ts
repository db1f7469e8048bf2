import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { type Lifted, liftProgram, readProgram } from '@go-wasm/lift';
import { Op } from '@go-wasm/wasm';
import { expect, test } from 'vitest';
import { link } from '../../src/index.ts';
import { OnStackReplacement } from '../../src/passes/on-stack-replacement.ts';
import type { Lowering } from '../../src/strategies/strategy.ts';
import { callsFrom } from '../helpers/calls.ts';
import { available, build, program, run, scratchFolder } from '../helpers/go.ts';
import { blocksOf, type Line, loweredOf } from '../helpers/lowered.ts';

const folder = await scratchFolder();
const REFILL = 'runtime.(*mcache).refill';

async function stock(name: string, go?: string): Promise<string> {
  const out = join(folder, `${name}.${go}.wasm`);
  await build(program(name), out, { goos: 'js', ...(go && { go }) });
  return out;
}

test.each(available())('callers of what runs for long have no frames, with %s', { timeout: 240_000 }, async (go) => {
  const file = await stock('long-running', go);
  const frames = async (noPass: string[]): Promise<string> => {
    const linked = join(folder, 'linked.wasm');
    writeFileSync(linked, (await link(readFileSync(file), { noPass })).bytes);
    const { stderr, code } = await run(linked, { goos: 'js', go, script: 'run-counting-frames.mjs' });
    expect(code).toBe(0);
    return stderr;
  };
  expect(await frames([])).toBe('1 0\n');
  expect(await frames(['on-stack-replacement'])).toBe('1 1\n');
});

test('strategies that throw no frames away have nothing of it', { timeout: 240_000 }, async () => {
  const input = readFileSync(await stock('switches'));
  const counts = async (name: 'resume' | 'asyncify' | 'stack-switching' | 'jspi'): Promise<boolean> => {
    const { bytes } = await link(input, { switch: name, ...(name === 'asyncify' && { target: 'node20.19' }) });
    return callsFrom(bytes, 'runtime.__mcache_.refill', 'go_wasm.count_refills') > 0;
  };
  expect(await counts('resume')).toBe(true);
  for (const name of ['asyncify', 'stack-switching', 'jspi'] as const) expect(await counts(name), name).toBe(false);
});

test('one function is changed, and none that was not understood', async () => {
  const program = readProgram(readFileSync(await stock('switches')));
  const lifted = liftProgram(program);
  const lowering = { reentry: () => 7, addFunction: () => 8, define: () => {} } as unknown as Lowering;
  const blocks: Line[][] = [[[Op.Nop, 0]]];
  const change = (name: string, of: Partial<Lifted>): Line[][] => {
    const pass = new OnStackReplacement(program, { ...lifted, ...of } as Lifted, lowering);
    const lowered = loweredOf(blocks);
    pass.run(lowered, program.names.indexOf(name));
    return blocksOf(lowered);
  };
  const isLifted = (f: number): boolean => lifted.isLifted(f);
  expect(change(REFILL, { isLifted })).toEqual([[[Op.Call, 8], ...blocks[0]!]]);
  expect(change('runtime.mallocgc', { isLifted })).toEqual(blocks);
  expect(change(REFILL, { isLifted: (f) => program.names[f] !== REFILL && lifted.isLifted(f) })).toEqual(blocks);
});
