import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { type GoProgram, type Lifted, liftProgram, readProgram } from '@go-wasm/lift';
import { Op } from '@go-wasm/wasm';
import { expect, test } from 'vitest';
import { link } from '../../src/index.ts';
import { NothingToWake } from '../../src/passes/nothing-to-wake.ts';
import { GoRuntime } from '../../src/strategies/go-runtime.ts';
import { codeOf } from '../helpers/calls.ts';
import { available, build, program, run, scratchFolder } from '../helpers/go.ts';
import { blocksOf, type Line, loweredOf } from '../helpers/lowered.ts';
import { byStrategies } from '../helpers/strategies.ts';

const folder = await scratchFolder();

async function stock(name: string, go?: string, goos: 'js' | 'wasip1' = 'js'): Promise<string> {
  const out = join(folder, `${name}.${go}.${goos}.wasm`);
  await build(program(name), out, { goos, flags: ['-ldflags=-checklinkname=0'], ...(go && { go }) });
  return out;
}

/** The constants that a function has in front of its first call. */
function constants(bytes: Uint8Array, name: string): number[] {
  const { op, a, length } = codeOf(bytes, name).code;
  const found: number[] = [];
  for (let i = 0; i < length && op[i] !== Op.Call; i++) if (op[i] === Op.I32Const) found.push(a[i]!);
  return found;
}

test.each(available())(
  'what waits until a deadline is woken as with stock, with %s',
  { timeout: 240_000 },
  async (go) => {
    const file = await stock('timeouts', go);
    const input = readFileSync(file);
    const expected = await run(file, { goos: 'js', go });
    expect(expected).toMatchObject({ code: 0, stderr: '' });
    expect(expected.stdout).toContain('once more: woken false, time over true');

    const program = readProgram(input);
    const runtime = new GoRuntime(program, liftProgram(program));
    const notes = runtime.deadlineNotes()!;
    const { spinning, idleList, needSpinning } = runtime.idleProcessors()!;
    for await (const { name, bytes } of byStrategies(input, go, { asyncify: 'node20.19' })) {
      expect(constants(bytes, 'runtime.checkTimeouts'), name).toContain(notes);
      expect(constants(bytes, 'runtime.wakep'), name).toEqual(
        expect.arrayContaining([spinning, idleList, needSpinning]),
      );
      if (!['resume', 'asyncify'].includes(name)) continue;
      const linked = join(folder, `${go}.${name}.wasm`);
      writeFileSync(linked, bytes);
      expect(await run(linked, { goos: 'js', go })).toEqual(expected);
    }
  },
);

test('nobody asks for the time at a switch', { timeout: 240_000 }, async () => {
  const file = await stock('switches');
  const linked = join(folder, 'switches.linked.wasm');
  writeFileSync(linked, (await link(readFileSync(file))).bytes);
  const calls = async (wasm: string): Promise<number> =>
    Number((await run(wasm, { goos: 'js', script: 'run-counting-clock.mjs' })).stdout);
  // 20,000 exchanges: four times somebody parks, and of eight switches one is timed.
  expect(await calls(file)).toBeGreaterThan(40_000);
  expect(await calls(linked)).toBeLessThan(15_000);
});

test('under wasip1 there is nothing to ask for', { timeout: 240_000 }, async () => {
  const file = await stock('switches', undefined, 'wasip1');
  const program = readProgram(readFileSync(file));
  const runtime = new GoRuntime(program, liftProgram(program));
  expect(runtime.deadlineNotes()).toBeUndefined();
  const { bytes } = await link(readFileSync(file));
  expect(constants(bytes, 'runtime.wakep')).toContain(runtime.idleProcessors()!.needSpinning);
});

test('what looks different stays as it is', async () => {
  const file = await stock('switches');
  const program = readProgram(readFileSync(file));
  const lifted = liftProgram(program);
  const blocks: Line[][] = [[[Op.Nop, 0]]];
  const change = (name: string, of: { program?: Partial<GoProgram>; lifted?: Partial<Lifted> }): Line[][] => {
    const pass = new NothingToWake({ ...program, ...of.program } as GoProgram, { ...lifted, ...of.lifted } as Lifted);
    const lowered = loweredOf(blocks);
    pass.run(lowered, program.names.indexOf(name));
    return blocksOf(lowered);
  };
  const isLifted = (f: number): boolean => lifted.isLifted(f);
  for (const name of ['runtime.checkTimeouts', 'runtime.wakep']) {
    expect(change(name, { lifted: { isLifted } })).not.toEqual(blocks);
    expect(change('runtime.gopark', { lifted: { isLifted } })).toEqual(blocks);
  }
  const without = (name: string) => ({ isLifted: (f: number) => program.names[f] !== name && lifted.isLifted(f) });
  expect(change('runtime.checkTimeouts', { lifted: without('runtime.checkTimeouts') })).toEqual(blocks);
  for (const name of ['runtime.wakep', 'runtime.pidlegetSpinning', 'runtime.pidleget']) {
    expect(change('runtime.wakep', { lifted: without(name) })).toEqual(blocks);
  }
  // Calls of something else than what is expected.
  for (const [name, callee] of [
    ['runtime.checkTimeouts', 'runtime.nanotime1'],
    ['runtime.wakep', 'internal/runtime/atomic.Casint32'],
    ['runtime.wakep', 'runtime.pidlegetSpinning'],
    ['runtime.wakep', 'runtime.pidleget'],
  ]) {
    const names = program.names.map((of) => (of === callee ? `${of}.other` : of));
    expect(change(name!, { program: { names }, lifted: { isLifted } }), callee).toEqual(blocks);
  }
});
