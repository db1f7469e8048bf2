import { bytesOf, decodeModule, emptyNames, encodeModule, importCount, setCustom, writeNames } from '@go-wasm/wasm';
import { describe, expect, test } from 'vitest';
import { analyze, asyncify } from '../src/index.ts';
import { assemble, hasMultiMemory, runPlain, runUnwinding } from './host.ts';
import { randomModule } from './random-module.ts';

const chain = `(module
  (type $t (func (param i32) (result i32)))
  (type $other (func))
  (import "env" "yield" (func (param i32) (result i32)))
  (import "env" "log" (func (param i32) (result i32)))
  (memory (export "memory") 2)
  (table 4 funcref)
  (elem (i32.const 0) 4 6)
  (func (type $t) (call 3 (local.get 0)))                                   ;; 2 → 3
  (func (type $t) (call_indirect (type $t) (local.get 0) (i32.const 0)))    ;; 3 → $t
  (func (type $t) (i32.add (call 0 (local.get 0)) (i32.const 1)))           ;; 4 → yield
  (func (type $t) (call 1 (local.get 0)))                                   ;; 5 → log
  (func (type $other))                                                      ;; 6
  (func (type $t) (call_indirect (type $other) (i32.const 1)) (i32.const 7));; 7 → $other
  (export "main" (func 2)))`;

/** The chain's reasons as text. */
function why(bytes: Uint8Array, options: Parameters<typeof analyze>[1], index: number): string {
  return analyze(decodeModule(bytes), options)
    .why(index)
    .map(({ name, reason }) => `${name} ${reason}`)
    .join(', ');
}

describe('the analysis', () => {
  const bytes = assemble(chain);
  const imports = ['env.yield'];

  test('gives the shortest chain, by the signatures of indirect calls', () => {
    expect(why(bytes, { imports }, 2)).toBe('2 call, 3 indirect, 4 call, env.yield import');
    expect([...analyze(decodeModule(bytes), { imports }).switchable]).toEqual([1, 0, 1, 1, 1, 0, 0, 0]);
    expect([...analyze(decodeModule(bytes)).switchable]).toEqual([1, 1, 1, 1, 1, 1, 0, 0]);
    expect(why(bytes, { imports: ['env.*'] }, 5)).toBe('5 call, env.log import');
  });

  test('takes lists into account', () => {
    const switchable = (options: Parameters<typeof analyze>[1]): string =>
      [...analyze(decodeModule(bytes), { imports, ...options }).switchable].join('');
    expect(switchable({ ignoreIndirect: true })).toBe('10001000');
    expect(switchable({ remove: [4] })).toBe('10000000');
    expect(switchable({ add: [7] })).toBe('10111001');
    expect(switchable({ only: [5, '6'] })).toBe('00000110');
    expect(switchable({ imports: [], starts: [3] })).toBe('00110000');
    expect(switchable({ ignoreCall: (caller, callee) => caller === 2 && callee === 3 })).toBe('10011000');
    expect(() => switchable({ add: ['none'] })).toThrow("there is no function 'none'");
  });

  test('counts all indirect calls where the host can write to a table', () => {
    const open = assemble(chain.replace('(table 4', '(table (export "table") 4'));
    expect(why(open, { imports }, 7)).toBe('7 host');
    expect(why(open, { imports, ignoreIndirect: true }, 7)).toBe('');
  });
});

describe('an instrumented module', () => {
  const memories = hasMultiMemory ? (['own', 'secondary'] as const) : (['own'] as const);
  test.each(memories)('goes on where it was: buffers in %s memory', async (memory) => {
    const input = assemble(chain);
    const { bytes, report } = await asyncify(input, { imports: ['env.yield'], memory });
    const run = await runUnwinding(bytes, memory === 'own' ? 'memory' : 'asyncify_memory', 5);
    expect(run).toMatchObject(await runPlain(input, 5).then(({ used: _, ...plain }) => plain));
    expect(run.used).toHaveLength(1);
    expect(report.instrumented).toBe(3);
    expect(run.used[0]).toBeLessThanOrEqual([2, 3, 4].reduce((n, f) => n + report.frames[f]!, 0));
    expect(run.used[0]).toBeGreaterThanOrEqual(3 * 4);
  });

  test('leaves what is not instrumented as it is', async () => {
    const before = decodeModule(assemble(chain));
    setCustom(before, 'mine', Uint8Array.of(1, 2, 3));
    const names = emptyNames();
    names.functions.set(4, 'four');
    writeNames(before, names);
    const input = encodeModule(before);
    const { bytes } = await asyncify(input, { imports: ['env.yield'] });
    const after = decodeModule(bytes);
    for (const part of ['imports', 'tables', 'elements', 'memories'] as const) {
      expect(after[part], part).toEqual(before[part]);
    }
    const contents = ({ customs }: typeof after) => customs.map(({ name, payload }) => ({ name, payload }));
    expect(contents(after)).toEqual(contents(before));
    for (const f of [5, 6, 7]) {
      const k = f - importCount(after, 'func');
      expect(bytesOf(after, after.bodies[k]!)).toEqual(bytesOf(before, before.bodies[k]!));
    }
    expect(after.exports.slice(0, before.exports.length)).toEqual(before.exports);
    expect(after.exports.map(({ name }) => name)).toContain('asyncify_get_state');
  });

  test('is the same each time, whatever came before', async () => {
    const input = assemble(randomModule(7));
    const first = await asyncify(input);
    await asyncify(assemble(chain), { optimize: 2 });
    expect((await asyncify(input)).bytes).toEqual(first.bytes);
  });

  test('does the same as one that does not unwind: random functions', { timeout: 120_000 }, async () => {
    let unwound = 0;
    for (let seed = 1; seed <= 60; seed++) {
      const input = assemble(randomModule(seed));
      const optimize = seed % 3;
      const memory = memories[seed % memories.length]!;
      const progress: number[] = [];
      const { bytes, report } = await asyncify(input, {
        imports: ['env.yield'],
        memory,
        optimize,
        onProgress: (done) => progress.push(done),
      });
      const text = `seed ${seed}`;
      expect(progress.at(-1) ?? 0, text).toBe(report.instrumented);
      const plain = await runPlain(input, seed);
      const run = await runUnwinding(bytes, memory === 'own' ? 'memory' : 'asyncify_memory', seed);
      expect({ ...run, used: [] }, text).toEqual(plain);
      const deepest = report.frames.reduce((a, b) => a + b, 0); // no recursion
      for (const used of run.used) expect(used, text).toBeLessThanOrEqual(deepest);
      unwound += run.used.length;
    }
    expect(unwound).toBeGreaterThan(200);
  });
});

describe('what cannot be instrumented', () => {
  const withTry = `(module (import "env" "yield" (func $yield)) (tag $t)
    (func (export "main") (block $b (try_table (catch_all $b) (call $yield)))))`;

  test('is refused with the name of the function', async () => {
    await expect(asyncify(assemble(withTry))).rejects.toMatchObject({ code: 'GW2202', where: { function: '1' } });
  });

  test('is no matter where it is not instrumented', async () => {
    const input = assemble(withTry);
    const { report } = await asyncify(input, { imports: [] });
    expect(report.instrumented).toBe(0);
  });
});
