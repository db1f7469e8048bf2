import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { liftProgram, readProgram } from '@go-wasm/lift';
import { emptyModule, encodeModule, Op, ValType } from '@go-wasm/wasm';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { ByteCount, countByte } from '../../src/passes/byte-count.ts';
import { callsFrom } from '../helpers/calls.ts';
import { available, build, program, run, scratchFolder } from '../helpers/go.ts';
import { blocksOf, type Line, loweredOf } from '../helpers/lowered.ts';
import { byStrategies } from '../helpers/strategies.ts';

const folder = await scratchFolder();
const { I32 } = ValType;

describe.each([false, true])('vectors: %s', (simd) => {
  const module = emptyModule();
  module.types.push({ kind: 'func', params: [I32, I32, I32], results: [I32] });
  module.functions.push(0);
  module.bodies.push(countByte(simd));
  module.memories.push({ min: 1, shared: false });
  module.exports.push({ name: 'memory', kind: 'memory', index: 0 }, { name: 'count', kind: 'func', index: 0 });
  const { exports } = new WebAssembly.Instance(new WebAssembly.Module(encodeModule(module)));
  const memory = new Uint8Array((exports.memory as WebAssembly.Memory).buffer);
  const count = exports.count as (p: number, n: number, c: number) => number;

  test('as many as there are, at every length and place', () => {
    // The last byte is the last one of the memory.
    const bytes = fc.uint8Array({ minLength: 160, maxLength: 160, max: 3 });
    fc.assert(
      fc.property(bytes, fc.nat(255), fc.nat(255), fc.nat(80), fc.nat(80), (data, c, other, p, n) => {
        const mixed = data.map((byte) => (byte === 0 ? c : byte === 1 ? c ^ 0x80 : byte === 2 ? c ^ 1 : other));
        memory.set(mixed, memory.length - mixed.length);
        const at = memory.length - n - p;
        expect(count(at, n, c)).toBe(memory.subarray(at, at + n).filter((byte) => byte === c).length);
      }),
      { numRuns: 5000 },
    );
  });
});

async function stock(go?: string): Promise<string> {
  const out = join(folder, `${go}.wasm`);
  await build(program('counts'), out, { goos: 'js', ...(go && { go }) });
  return out;
}

test.each(available())('strings.Count and bytes.Count do as with stock, with %s', { timeout: 240_000 }, async (go) => {
  const file = await stock(go);
  const input = readFileSync(file);
  const expected = await run(file, { goos: 'js', go });
  expect(expected).toMatchObject({ code: 0, stderr: '' });
  expect(expected.stdout).toMatch(/^0 \d+\n/);
  for await (const { name, bytes } of byStrategies(input, go, { asyncify: 'node20.19', resume: 'node26' })) {
    for (const counts of ['strings.Count', 'bytes.Count']) {
      expect(callsFrom(bytes, counts, 'go_wasm.count_byte'), `${name} ${counts}`).toBe(1);
    }
    if (!['resume', 'asyncify'].includes(name)) continue;
    const linked = join(folder, `${go}.${name}.wasm`);
    writeFileSync(linked, bytes);
    expect(await run(linked, { goos: 'js', go })).toEqual(expected);
  }
});

test('other functions stay as they are, and no helper comes where nothing counts', async () => {
  const program = readProgram(readFileSync(await stock()));
  const blocks: Line[][] = [[[Op.Nop, 0]]];
  const added: string[] = [];
  const lowering = { addFunction: (name: string) => added.push(name), define: () => {} };
  const change = (name: string, names = program.names): Line[][] => {
    const pass = new ByteCount({ ...program, names }, liftProgram(program), lowering, false);
    const lowered = loweredOf(blocks);
    pass.run(lowered, program.names.indexOf(name));
    return blocksOf(lowered);
  };
  expect(change('strings.Count')).not.toEqual(blocks);
  expect(change('strings.Index')).toEqual(blocks);
  expect(added).toHaveLength(2);
  const others = program.names.map((name) => (name.endsWith('s.Count') ? `${name}.other` : name));
  expect(change('strings.Count', others)).toEqual(blocks);
  expect(added).toHaveLength(2);
});
