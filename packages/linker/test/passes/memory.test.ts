/** small-copies and word-helpers: what they put in place does what it stands for, at every length and place. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { GraphBuilder } from '@go-wasm/cfg';
import { type GoProgram, readProgram } from '@go-wasm/lift';
import { bytesOf, emptyModule, encodeModule, type Module, Op, printInstructions, ValType } from '@go-wasm/wasm';
import fc from 'fast-check';
import { beforeAll, describe, expect, test } from 'vitest';
import { assemble, type Instruction } from '../../src/assemble.ts';
import { Lowered } from '../../src/lowered.ts';
import { SmallCopies } from '../../src/passes/small-copies.ts';
import { replaceByWords } from '../../src/passes/word-helpers.ts';
import type { Lowering } from '../../src/strategies/strategy.ts';
import { build, program, scratchFolder } from '../helpers/go.ts';

const { I32, I64 } = ValType;
const PAGE = 65536;

interface Instance {
  /** Calls a function of the module by its index. */
  call(index: number, ...args: (number | bigint)[]): unknown;
  /** Puts bytes at the very end of the memory. Returns where. */
  put(bytes: Uint8Array): number;
  memory: Uint8Array;
}

/** The module with a page of memory, and all that it defines exported. */
function instantiate(module: Module): Instance {
  module.memories.push({ min: 1, shared: false });
  module.exports = module.functions.map((_, index) => ({ name: String(index), kind: 'func', index }));
  module.exports.push({ name: 'memory', kind: 'memory', index: 0 });
  const compiled = new WebAssembly.Module(encodeModule(module));
  const { memory, ...functions } = new WebAssembly.Instance(compiled).exports;
  const view = new Uint8Array((memory as WebAssembly.Memory).buffer);
  return {
    call: (index, ...args) => (functions[index] as (...args: unknown[]) => unknown)(...args),
    put: (bytes) => {
      view.set(bytes, PAGE - bytes.length);
      return PAGE - bytes.length;
    },
    memory: view,
  };
}

/** Bytes of which many are the same, the last of them the last one of the memory. */
const bytes = fc.uint8Array({ minLength: 160, maxLength: 160, max: 2 });
const place = fc.nat(80);
const length = fc.nat(80);

describe.each([false, true])('word-helpers, vectors: %s', (simd) => {
  const helpers = { memeqbody: [I64, I64, I64], memcmp: [I32, I32, I32], memchr: [I32, I32, I32] };
  let go: GoProgram;
  let instance: Instance;

  // Go's own first, ours behind them.
  beforeAll(async () => {
    const file = join(await scratchFolder(), 'std.wasm');
    await build(program('std'), file, { goos: 'js' });
    go = readProgram(readFileSync(file));
    const own = Object.keys(helpers).map((name) => bytesOf(go.module, go.module.bodies[go.names.indexOf(name)]!));
    const added: Uint8Array[] = [];
    replaceByWords(
      go,
      {
        addFunction: () => 2 * own.length + added.push(new Uint8Array()) - 1,
        define: (index, body) => {
          added[index - 2 * own.length] = body;
        },
      },
      simd,
    );
    const module = emptyModule();
    for (const params of Object.values(helpers)) {
      module.types.push({ kind: 'func', params, results: [params[0]!] });
    }
    const ours = Object.keys(helpers).map((name) => bytesOf(go.module, go.module.bodies[go.names.indexOf(name)]!));
    for (const bodies of [own, ours]) {
      bodies.forEach((body, type) => {
        module.functions.push(type);
        module.bodies.push(body);
      });
    }
    // What comes beside memeqbody.
    expect(added).toHaveLength(1);
    module.functions.push(0);
    module.bodies.push(added[0]!);
    instance = instantiate(module);
  }, 120_000);

  test('memeqbody', () => {
    fc.assert(
      fc.property(bytes, place, place, length, (data, p, q, n) => {
        const at = instance.put(data);
        const args = [BigInt(at + p), BigInt(at + q), BigInt(n)];
        expect(instance.call(3, ...args)).toBe(instance.call(0, ...args));
      }),
      { numRuns: 3000 },
    );
  });

  test('memeqbody where all but one byte are the same', () => {
    fc.assert(
      fc.property(length, fc.option(place), (n, other) => {
        const data = new Uint8Array(160).fill(7);
        if (other !== null) data[80 + other] = 8;
        const at = instance.put(data);
        const same = other === null || other >= n ? 1n : 0n;
        expect(instance.call(3, BigInt(at), BigInt(at + 80), BigInt(n))).toBe(same);
      }),
      { numRuns: 3000 },
    );
  });

  test('memcmp', () => {
    fc.assert(
      fc.property(bytes, fc.nat(255), place, place, length, (data, high, a, b, n) => {
        const at = instance.put(data.map((byte) => (byte === 2 ? high : byte)));
        expect(instance.call(4, at + a, at + b, n)).toBe(instance.call(1, at + a, at + b, n));
      }),
      { numRuns: 3000 },
    );
  });

  test('memchr', () => {
    fc.assert(
      fc.property(bytes, fc.nat(255), fc.nat(255), place, length, (data, c, other, p, n) => {
        const at = instance.put(data.map((byte, k) => (k % 9 === 0 ? other : byte + (c & 0xfe))));
        expect(instance.call(5, at + p, c, n)).toBe(instance.call(2, at + p, c, n));
      }),
      { numRuns: 3000 },
    );
  });

  test('a helper with other bytes, or none, is left alone', () => {
    const replaced = (bytes: Uint8Array, names?: readonly string[]): string[] => {
      const program = readProgram(bytes);
      const before = [...program.module.bodies];
      replaceByWords({ ...program, names: names ?? program.names }, { addFunction: () => 0, define: () => {} }, simd);
      return go.names.filter((_, f) => program.module.bodies[f] !== before[f]).sort();
    };
    const changed = Uint8Array.from(go.module.bytes);
    changed[readProgram(changed).bodies[go.names.indexOf('memcmp')]!.end - 2]! ^= 1;
    expect(replaced(go.module.bytes)).toEqual(['memchr', 'memcmp', 'memeqbody']);
    expect(replaced(changed)).toEqual(['memchr', 'memeqbody']);
    expect(replaced(go.module.bytes, [])).toEqual([]);
  });
});

describe('small-copies', () => {
  const params = [I32, I32, I32];
  const get = (local: number): Instruction => [Op.LocalGet, local];

  /** What the pass makes of a block, and the functions that it adds. */
  function run(...code: Instruction[]): { text: string; added: { name: string; body: Uint8Array }[] } {
    const lowered = new Lowered();
    for (const [op, a, b] of code) lowered.code.push(op, a as number, b);
    const builder = new GraphBuilder();
    lowered.graph = builder.build(builder.addBlock());
    lowered.end[0] = lowered.code.length;
    const added: { name: string; body: Uint8Array }[] = [];
    const lowering = {
      addFunction: (name: string) => added.push({ name, body: new Uint8Array() }) - 1,
      define: (index: number, body: Uint8Array) => Object.assign(added[index]!, { body }),
    } as unknown as Lowering;
    new SmallCopies(emptyModule(), lowering).run(lowered);
    return {
      text: printInstructions(lowered.code)
        .trim()
        .split(/\s*\n\s*/)
        .join('; '),
      added,
    };
  }

  const added = run(get(0), get(1), get(2), [Op.MemoryCopy], get(0), get(1), get(2), [Op.MemoryFill]);
  const module = emptyModule();
  module.types.push({ kind: 'func', params, results: [] });
  const engine = [Op.MemoryCopy, Op.MemoryFill].map((op) => assemble([], [get(0), get(1), get(2), [op]]));
  for (const body of [...engine, ...added.added.map(({ body }) => body)]) {
    module.functions.push(0);
    module.bodies.push(body);
  }
  const instance = instantiate(module);

  test('copies and fills of unknown length become calls, others stay', () => {
    expect(added.text).toBe(
      'local.get 0; local.get 1; local.get 2; call 0; local.get 0; local.get 1; local.get 2; call 1',
    );
    expect(added.added.map(({ name }) => name)).toEqual(['go_wasm.copy', 'go_wasm.fill']);
    const constant = run(get(0), get(1), [Op.I32Const, 40], [Op.MemoryCopy]);
    expect(constant.text).toBe('local.get 0; local.get 1; i32.const 40; memory.copy');
  });

  test.each([
    ['copy', 0],
    ['fill', 1],
  ])('%s', (_, index) => {
    fc.assert(
      fc.property(fc.uint8Array({ minLength: 160, maxLength: 160 }), place, place, length, (data, to, from, n) => {
        const at = instance.put(data);
        const argument = index === 0 ? at + from : from * 7;
        instance.call(index, at + to, argument, n);
        const expected = instance.memory.slice();
        instance.put(data);
        instance.call(index + 2, at + to, argument, n);
        expect(Buffer.compare(instance.memory, expected)).toBe(0);
      }),
      { numRuns: 3000 },
    );
  });
});
