import { GraphBuilder } from '@go-wasm/cfg';
import { stackifier } from '@go-wasm/stackifier';
import { ByteWriter, emptyModule, encodeModule, Op, printInstructions, ValType } from '@go-wasm/wasm';
import { expect, test } from 'vitest';
import { randomNumbers } from '../../../cfg/test/support/graphs.ts';
import { Emitter } from '../../src/emit.ts';
import { Lowered, LowOp } from '../../src/lowered.ts';
import { DeadLocals } from '../../src/passes/dead-locals.ts';

type Instruction = readonly [op: number, a?: number, b?: number];
const { I32, I64 } = ValType;
const EMPTY = -0x40;
const sp: Instruction = [Op.LocalGet, 1];
const get = (local: number): Instruction => [Op.LocalGet, local];
const set = (local: number): Instruction => [Op.LocalSet, local];
const i64 = (value: number): Instruction => [Op.I64Const, value, value < 0 ? -1 : 0];
const load = (offset: number): Instruction => [Op.I64Load, offset, 3];
const store = (offset: number): Instruction => [Op.I64Store, offset, 3];

type Exit = number[]; // none: leave; one: goto; two: if

function lowered(blocks: readonly { code: readonly Instruction[]; exit: Exit }[]): Lowered {
  const result = new Lowered();
  const builder = new GraphBuilder();
  result.reserve(blocks.length);
  for (const _ of blocks) builder.addBlock();
  for (const [b, { code, exit }] of blocks.entries()) {
    result.start[b] = result.code.length;
    for (const [op, x, y] of code) result.code.push(op, x, y);
    result.end[b] = result.code.length;
    if (exit.length === 1) builder.goto(b, exit[0]!);
    else if (exit.length === 2) builder.branch(b, exit[0]!, exit[1]!);
  }
  result.hint.fill(0, 0, blocks.length);
  result.graph = builder.build(0);
  return result;
}

function text(...blocks: { code: readonly Instruction[]; exit: Exit }[]): string[] {
  const it = lowered(blocks);
  new DeadLocals().run(it);
  return blocks.map((_, b) =>
    printInstructions(it.code, it.start[b], it.end[b])
      .split('\n')
      .map((line) => line.trim())
      .filter((line) => line !== '')
      .join('; '),
  );
}

test('what is only stored stays on the operand stack', () => {
  const code = [sp, load(8), set(2), sp, get(2), store(16)];
  expect(text({ code, exit: [] })).toEqual(['local.get 1; local.get 1; i64.load offset=8; i64.store offset=16']);
  // By way of another register.
  const through = [sp, load(8), set(2), get(3), [Op.I32WrapI64], get(2), store(0)] as const;
  expect(text({ code: through, exit: [] })).toEqual([
    'local.get 3; i32.wrap_i64; local.get 1; i64.load offset=8; i64.store',
  ]);
  // It is read again, in a block behind.
  expect(text({ code, exit: [1] }, { code: [get(2), set(3), sp, get(3), store(0)], exit: [] })).toEqual([
    'local.get 1; local.get 1; i64.load offset=8; local.tee 2; i64.store offset=16',
    'local.get 1; local.get 2; i64.store',
  ]);
});

test('an address that the value changes is not taken before', () => {
  const code = [i64(8), [Op.LocalTee, 3], set(2), get(3), [Op.I32WrapI64], get(2), store(0)] as const;
  expect(text({ code, exit: [] })[0]).toBe(
    'i64.const 8; local.tee 3; local.set 2; local.get 3; i32.wrap_i64; local.get 2; i64.store',
  );
  const biased = [i64(8), set(2), [LowOp.Sp], get(2), store(0)] as const;
  const it = lowered([{ code: biased, exit: [] }]);
  new DeadLocals().run(it);
  expect(it.code.length).toBe(5);
});

test('what nobody reads is not set, and what may be read in another turn is', () => {
  expect(text({ code: [i64(1), set(2), i64(2), set(2)], exit: [] })).toEqual(['i64.const 1; drop; i64.const 2; drop']);
  const turn = { code: [sp, get(2), store(0), i64(3), set(2), sp, [Op.I32Load, 0, 2]] as const, exit: [0, 1] };
  expect(text({ ...turn }, { code: [], exit: [] })[0]).toContain('local.set 2');
  // Behind a return nothing is read.
  expect(text({ code: [i64(1), set(2), [Op.Return]], exit: [] })).toEqual(['i64.const 1; drop; return']);
  // In an if it is set, or not.
  const maybe = [
    i64(1),
    set(2),
    sp,
    [Op.I32Load, 0, 2],
    [Op.If, EMPTY],
    i64(2),
    set(2),
    [Op.End],
    sp,
    get(2),
    store(0),
  ];
  expect(text({ code: maybe as Instruction[], exit: [] })[0]).toContain('i64.const 1; local.set 2');
});

/** Blocks of statements over four registers, in which control goes anywhere until the fuel is used up. */
function randomBlocks(random: (n: number) => number): { code: Instruction[]; exit: Exit }[] {
  const size = 1 + random(7);
  const register = (): number => 2 + random(4);
  const fuel = 40; // beyond the registers that are looked at
  const value = (depth: number): Instruction[] => {
    switch (random(depth > 2 ? 3 : 6)) {
      case 0:
        return [i64(random(100))];
      case 1:
        return [get(register())];
      case 2:
        return [sp, load(8 * random(8))];
      case 3:
        return [...value(depth + 1), ...value(depth + 1), [Op.I64Add]];
      case 4:
        return [...value(depth + 1), [Op.LocalTee, register()]];
      default:
        return [...value(depth + 1), [Op.I64Eqz], [Op.I64ExtendI32U]];
    }
  };
  const address = (): Instruction[] =>
    random(3) > 0 ? [sp] : [get(register()), i64(248), [Op.I64And], [Op.I32WrapI64]];
  const statements = (n: number, depth: number): Instruction[] => {
    const code: Instruction[] = [];
    for (; n > 0; n--) {
      const r = register();
      switch (random(depth > 1 ? 4 : 6)) {
        case 0:
          code.push(...value(0), set(r));
          break;
        case 1:
          code.push(...address(), ...value(0), store(8 * random(8)));
          break;
        case 2:
          code.push(...value(0), set(r), ...address(), get(r), store(8 * random(8)));
          break;
        case 3: {
          const s = register();
          code.push(...value(0), set(r), ...value(0), set(s), sp, get(r), store(0), sp, get(s), store(8));
          break;
        }
        case 4:
          code.push(...value(0), [Op.I64Eqz], [Op.If, EMPTY], ...statements(1 + random(3), depth + 1));
          if (random(2) === 0) code.push([Op.Else], ...statements(1 + random(3), depth + 1));
          code.push([Op.End]);
          break;
        default:
          // A loop: another turn now and then, as long as there is fuel.
          code.push([Op.Loop, EMPTY], ...statements(1 + random(3), depth + 1));
          code.push(get(fuel), i64(-1), [Op.I64Add], [Op.LocalTee, fuel], i64(3), [Op.I64And], [Op.I64Eqz]);
          code.push(get(fuel), i64(0), [Op.I64GtS], [Op.I32And]);
          code.push([Op.BrIf, 0], [Op.End]);
      }
    }
    return code;
  };
  return Array.from({ length: size }, () => {
    const exit = Array.from({ length: random(3) }, () => random(size));
    const burn = [get(fuel), i64(-1), [Op.I64Add], [Op.LocalTee, fuel], i64(0), [Op.I64LtS]] as const;
    const code: Instruction[] = [...burn, [Op.If, EMPTY], [Op.I32Const, 0], [Op.Return], [Op.End]];
    code.push(...statements(random(6), 0));
    if (exit.length === 2) code.push(...value(0), [Op.I32WrapI64]);
    if (exit.length === 0) code.push([Op.I32Const, 1], [Op.Return]);
    return { code, exit };
  });
}

const PARAMETERS = [I64, I32, ...Array.from({ length: 39 }, () => I64)];

/** What it returns, and what is in memory then. */
function run(it: Lowered, fuel: bigint): unknown {
  const module = emptyModule();
  module.types.push({ kind: 'func', params: PARAMETERS, results: [I32] });
  module.functions.push(0);
  module.memories.push({ min: 1 });
  module.exports.push({ name: 'run', kind: 'func', index: 0 }, { name: 'memory', kind: 'memory', index: 0 });
  const writer = new ByteWriter();
  const options = { locals: { counts: [], types: [] }, parameters: PARAMETERS.length, unwindResult: 0 };
  new Emitter().emit(it, stackifier.structure(it.graph!), options, writer);
  module.bodies.push(writer.take());
  const instance = new WebAssembly.Instance(new WebAssembly.Module(encodeModule(module) as Uint8Array<ArrayBuffer>));
  const { run: call, memory } = instance.exports as { run: (...args: unknown[]) => number; memory: WebAssembly.Memory };
  const bytes = new Uint8Array(memory.buffer, 0, 2048);
  for (let i = 0; i < bytes.length; i++) bytes[i] = (i * 31) & 0xff;
  const registers = PARAMETERS.slice(2).map((_, k) => BigInt(k * 1000));
  registers[40 - 2] = fuel;
  return { result: call(0n, 1024, ...registers), memory: Buffer.from(bytes).toString('latin1') };
}

test('random programs do the same', () => {
  const runs = Number(process.env.GO_WASM_RUNS ?? 400);
  let shorter = 0;
  for (let seed = 1; seed <= runs; seed++) {
    const random = randomNumbers(seed);
    const blocks = randomBlocks((n) => random() % n);
    const before = run(lowered(blocks), 50n);
    const it = lowered(blocks);
    const { length } = it.code;
    new DeadLocals().run(it);
    if (it.code.length < length) shorter++;
    expect(run(it, 50n), `seed ${seed}`).toEqual(before);
  }
  expect(shorter).toBeGreaterThan(runs / 2);
});
