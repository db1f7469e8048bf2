import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { GoProgram, Lifted } from '@go-wasm/lift';
import { Code, emptyModule, encodeModule, Op } from '@go-wasm/wasm';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { LowOp } from '../../src/lowered.ts';
import { FinalizerSearch } from '../../src/passes/finalizer-search.ts';
import type { Lowering } from '../../src/strategies/strategy.ts';
import { callsFrom } from '../helpers/calls.ts';
import { available, build, program, run, scratchFolder } from '../helpers/go.ts';
import { blocksOf, type Line, loweredOf } from '../helpers/lowered.ts';
import { byStrategies } from '../helpers/strategies.ts';

const names = ['runtime.addspecial', 'runtime.removespecial', 'runtime.(*sweepLocked).sweep', 'runtime.addfinalizer'];
const FINALIZER = 2;
const SPLICE_POINT = 0;

/** The pass for a program of these functions, and the module that it adds to. */
function start(kept?: string) {
  const code = new Code();
  code.push(Op.I64Const, FINALIZER);
  code.push(Op.I64Store8, 16);
  const lifted = {
    isLifted: (f: number) => names[f] !== kept,
    funcBlock: [0, 0, 0, 0, 1],
    blockStart: [0],
    blockEnd: [2],
    code,
  };
  const module = emptyModule();
  const lowering = {
    addFunction: (_: string, type: number) => {
      module.exports.push({ name: 'splicePoint', kind: 'func', index: SPLICE_POINT });
      return module.functions.push(type) - 1;
    },
    define: (_: number, body: Uint8Array) => module.bodies.push(body),
  };
  const pass = new FinalizerSearch(
    { module, names } as unknown as GoProgram,
    lifted as unknown as Lifted,
    lowering as unknown as Lowering,
  );
  return { pass, module };
}

/** What becomes of a function. */
function change(name: string, blocks: readonly Line[][], pass = start().pass): Line[][] {
  const lowered = loweredOf(blocks);
  pass.run(lowered, names.indexOf(name));
  return blocksOf(lowered);
}

/** `iter = span + specials; offset = …; kind = …` and the loop, as Go's compiler has them. */
function search(sp: Line, kind = 16): Line[][] {
  const lines = (...all: Line[]): Line[] => all;
  const record = (load: number, field: number): Line[] =>
    lines([Op.LocalGet, 5], [Op.I32WrapI64, 0], [load, field], [Op.Drop, 0]);
  return [
    lines(
      [Op.Nop, 0],
      ...lines(sp, [Op.I64Load, 24], [Op.I64Const, 128], [Op.I64Add, 0], [Op.LocalSet, 2]),
      ...lines(sp, [Op.I64Load, 32], [Op.LocalSet, 3], sp, [Op.I64Load8U, 22], [Op.LocalSet, 4]),
    ),
    lines(
      ...lines([Op.LocalGet, 2], [Op.I32WrapI64, 0], [Op.I64Load, 0], [Op.LocalTee, 5], [Op.Drop, 0]),
      ...record(Op.I64Load, 8),
      ...record(Op.I64Load8U, kind),
    ),
    lines([Op.Nop, 0]),
  ];
}

test.each([[LowOp.Sp, 0] as const, [Op.LocalGet, 1] as const])(
  'the walk starts where the last one ended: %o',
  (...sp) => {
    const before = search(sp);
    const [front, ...loop] = before;
    const added: Line[] = [
      [Op.LocalGet, 2],
      [Op.LocalGet, 3],
      [Op.Call, SPLICE_POINT],
      [Op.LocalSet, 2],
    ];
    expect(change('runtime.addspecial', before)).toEqual([[...front!, ...added], ...loop]);
  },
);

test.each(['runtime.removespecial', 'runtime.(*sweepLocked).sweep'])('%s forgets it', (name) => {
  const [first, ...rest] = change(name, search([LowOp.Sp, 0]));
  expect(first!.slice(0, 3)).toEqual([
    [Op.I32Const, 0],
    [Op.GlobalSet, 0],
    [Op.Nop, 0],
  ]);
  expect(rest).toEqual(search([LowOp.Sp, 0]).slice(1));
});

test('what looks different stays as it is, and so does all if a function is not understood', () => {
  const odd = search([LowOp.Sp, 0], 24);
  expect(change('runtime.addspecial', odd)).toEqual(odd);
  const blocks = search([LowOp.Sp, 0]);
  for (const kept of names) {
    const { pass, module } = start(kept);
    for (const name of names) expect(change(name, blocks, pass)).toEqual(blocks);
    expect(module.functions).toEqual([]);
  }
});

describe('the search', () => {
  const [NEXT, OFFSET, KIND, SIZE] = [0, 8, 16, 24];
  const LISTS = 3;
  /** Adds a record of a kind to a list, removes the n-th one of a kind, or sweeps. */
  const step = fc.oneof(
    fc.record({ list: fc.nat(LISTS - 1), offset: fc.nat(40), kind: fc.constantFrom(1, FINALIZER, FINALIZER, 3) }),
    fc.record({ list: fc.nat(LISTS - 1), up: fc.integer({ min: 1, max: 3 }) }),
    fc.record({ remove: fc.nat(100) }),
  );

  test('gives the place that a walk from the start gives, whatever has been added and removed', () => {
    const { module } = start();
    module.memories.push({ min: 1, shared: false });
    module.exports.push({ name: 'memory', kind: 'memory', index: 0 }, { name: 'last', kind: 'global', index: 0 });
    const compiled = new WebAssembly.Module(encodeModule(module));
    fc.assert(
      fc.property(fc.array(step, { minLength: 20, maxLength: 80 }), (steps) => {
        const { memory, splicePoint, last } = new WebAssembly.Instance(compiled).exports as {
          memory: WebAssembly.Memory;
          splicePoint: (list: bigint, offset: bigint) => bigint;
          last: WebAssembly.Global;
        };
        const view = new DataView(memory.buffer);
        const word = (at: number): number => Number(view.getBigUint64(at, true));
        const set = (at: number, value: number): void => view.setBigUint64(at, BigInt(value), true);
        const head = (list: number): number => 8 + 64 * list;
        // What is given back is used again, the last one first, and has another link meanwhile, as runtime.fixalloc has it.
        const free: number[] = [];
        let fresh = 1024;
        let highest = 0;
        for (const one of steps) {
          if ('remove' in one) {
            const found: number[] = [];
            for (let list = 0; list < LISTS; list++) {
              for (let at = head(list); word(at) !== 0; at = word(at)) found.push(at);
            }
            if (found.length === 0) continue;
            const at = found[one.remove % found.length]!;
            const record = word(at);
            // removespecial and sweep; other records may go without notice.
            if (view.getUint8(record + KIND) === FINALIZER) last.value = 0;
            set(at, word(record));
            set(record + NEXT, free.at(-1) ?? 0);
            free.push(record);
            continue;
          }
          const offset = 'up' in one ? highest + one.up : one.offset;
          const kind = 'up' in one ? FINALIZER : one.kind;
          highest = offset;
          let expected = head(one.list);
          while (word(expected) !== 0 && word(word(expected) + OFFSET) < offset) expected = word(expected);
          expect(Number(splicePoint(BigInt(head(one.list)), BigInt(offset)))).toBe(expected);
          const record = free.pop() ?? fresh;
          if (record === fresh) fresh += SIZE;
          set(record + OFFSET, offset);
          view.setUint8(record + KIND, kind);
          set(record + NEXT, word(expected));
          set(expected, record);
        }
      }),
      { numRuns: 2000 },
    );
  });
});

const folder = await scratchFolder();

/** Whether runtime.addspecial calls what searches. */
function searches(bytes: Uint8Array): boolean {
  return callsFrom(bytes, 'runtime.addspecial', 'go_wasm.splice_point') > 0;
}

test.each(available())('finalizers run as with stock, with %s', { timeout: 240_000 }, async (go) => {
  const stock = join(folder, `${go}.wasm`);
  await build(program('finalizers'), stock, { goos: 'js', ...(go && { go }) });
  const input = readFileSync(stock);
  for await (const { name, bytes } of byStrategies(input, go)) {
    expect(searches(bytes), name).toBe(true);
    if (name !== 'resume') continue;
    const linked = join(folder, `${go}.linked.wasm`);
    writeFileSync(linked, bytes);
    expect(await run(linked, { goos: 'js', go })).toEqual(await run(stock, { goos: 'js', go }));
  }
});
