import { GraphBuilder } from '@go-wasm/cfg';
import { ByteWriter, Code, emptyModule, encodeBody, encodeModule, Op, printInstructions, ValType } from '@go-wasm/wasm';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { Lowered, LowOp } from '../../src/lowered.ts';
import { Simplifier } from '../../src/passes/simplify.ts';

type Instruction = [op: number, a?: number, b?: number];

/** One block with the given code; a condition at its end if `branches`. */
function lowered(instructions: readonly Instruction[], branches = false): Lowered {
  const result = new Lowered();
  const builder = new GraphBuilder();
  const block = builder.addBlock();
  if (branches) builder.branch(block, builder.addBlock(), builder.addBlock());
  for (const [op, a, b] of instructions) result.code.push(op, a, b);
  result.end[0] = result.code.length;
  result.start.fill(result.code.length, 1, 3);
  result.end.fill(result.code.length, 1, 3);
  result.graph = builder.build(block);
  return result;
}

function simplify(instructions: readonly Instruction[], branches = false): string[] {
  const it = lowered(instructions, branches);
  new Simplifier().run(it);
  return printInstructions(it.code, it.start[0], it.end[0])
    .split('\n')
    .map((line) => line.trim())
    .filter((line) => line !== '');
}

const sp: Instruction = [Op.LocalGet, 1];
const i64 = (value: number): Instruction => [Op.I64Const, value, value < 0 ? -1 : 0];

describe('simplify', () => {
  test('addresses in the frame go into the offset of the access', () => {
    expect(
      simplify([sp, [Op.I64ExtendI32U], i64(8), [Op.I64Add], [Op.I32WrapI64], [Op.I64Load, 4, 3], [Op.Drop]]),
    ).toEqual(['local.get 1', 'i64.load offset=12', 'drop']);
    expect(
      simplify([
        sp,
        [Op.I64ExtendI32U],
        i64(40),
        [Op.I64Add],
        [Op.I32WrapI64],
        sp,
        [Op.I64Load, 16, 3],
        [Op.I64Store, 0, 3],
      ]),
    ).toEqual(['local.get 1', 'local.get 1', 'i64.load offset=16', 'i64.store offset=40']);
  });

  test('an address that is not SP keeps its addition: it might wrap around', () => {
    expect(simplify([[Op.LocalGet, 2], i64(8), [Op.I64Add], [Op.I32WrapI64], [Op.I64Load, 0, 3], [Op.Drop]])).toEqual([
      'local.get 2',
      'i64.const 8',
      'i64.add',
      'i32.wrap_i64',
      'i64.load',
      'drop',
    ]);
    expect(simplify([sp, [Op.I32Const, -8], [Op.I32Add], [Op.I64Load, 0, 3], [Op.Drop]])).toEqual([
      'local.get 1',
      'i32.const -8',
      'i32.add',
      'i64.load',
      'drop',
    ]);
  });

  test('behind a call nothing is known of the operands', () => {
    const instructions: Instruction[] = [sp, [Op.I32Const, 8], [Op.I32Add], [Op.Call, 0], [Op.I64Store, 0, 3]];
    expect(simplify(instructions)).toContain('i32.add');
  });

  test('conditions lose their detours', () => {
    const eqz: Instruction = [Op.I32Eqz];
    expect(simplify([[Op.LocalGet, 2], [Op.I64Eqz], [Op.I64ExtendI32U], [Op.I64Eqz], eqz], true)).toEqual([
      'local.get 2',
      'i64.eqz',
    ]);
    expect(simplify([[Op.LocalGet, 2], i64(5), [Op.I64LtS], eqz], true)).toEqual([
      'local.get 2',
      'i64.const 5',
      'i64.ge_s',
    ]);
    // NaN: the inverse of < is not ≥.
    expect(simplify([[Op.LocalGet, 3], [Op.LocalGet, 3], [Op.F64Lt], eqz], true)).toContain('i32.eqz');
    // Not a condition: 2 eqz eqz is 1.
    expect(simplify([[Op.LocalGet, 0], eqz, eqz, [Op.Drop]])).toHaveLength(4);
  });

  test('whether a narrow load is zero is seen in 32 bits', () => {
    const condition: Instruction[] = [[Op.I64Eqz], [Op.I32Eqz]];
    expect(simplify([sp, [Op.I64Load32U, 4, 2], ...condition], true)).toEqual(['local.get 1', 'i32.load offset=4']);
    expect(simplify([sp, [Op.I64Load16S, 4, 1], [Op.I64Eqz]], true)).toEqual([
      'local.get 1',
      'i32.load16_s offset=4',
      'i32.eqz',
    ]);
    expect(simplify([sp, [Op.I64Load, 4, 3], [Op.I64Eqz]], true)).toEqual([
      'local.get 1',
      'i64.load offset=4',
      'i64.eqz',
    ]);
  });

  test('SP is counted up once in front of a return', () => {
    expect(
      simplify([
        sp,
        [Op.I32Const, 24],
        [Op.I32Add],
        [Op.LocalSet, 1],
        sp,
        [Op.I32Const, 8],
        [Op.I32Add],
        [Op.LocalSet, 1],
        sp,
        [Op.Return],
      ]),
    ).toEqual(['local.get 1', 'i32.const 32', 'i32.add', 'return']);
  });

  test('where the local holds SP − 8, that is made up for in offsets and constants', () => {
    const biased: Instruction = [LowOp.Sp];
    expect(simplify([biased, biased, [Op.I64Load, 16, 3], [Op.I64Store, 0, 3]])).toEqual([
      'local.get 1',
      'local.get 1',
      'i64.load offset=24',
      'i64.store offset=8',
    ]);
    expect(simplify([biased, [Op.I64ExtendI32U], i64(40), [Op.I64Add], [Op.LocalSet, 2]])).toEqual([
      'local.get 1',
      'i64.extend_i32_u',
      'i64.const 48',
      'i64.add',
      'local.set 2',
    ]);
    // A frame is freed, and SP returned less 8.
    const minus8: Instruction[] = [[Op.I32Const, 8], [Op.I32Sub]];
    const free: Instruction[] = [biased, [Op.I32Const, 24], [Op.I32Add], ...minus8, [Op.LocalSet, 1]];
    expect(simplify([...free, biased, [Op.Return]])).toEqual(['local.get 1', 'i32.const 32', 'i32.add', 'return']);
    // A frame is allocated, and used.
    const allocate: Instruction[] = [sp, [Op.I32Const, 24], [Op.I32Sub], ...minus8, [Op.LocalSet, 1]];
    expect(simplify([...allocate, biased, [Op.I64Load, 8, 3], [Op.Drop]])).toEqual([
      'local.get 1',
      'i32.const -32',
      'i32.add',
      'local.tee 1',
      'i64.load offset=16',
      'drop',
    ]);
  });

  test('random straight-line code does the same', () => {
    fc.assert(
      fc.property(program, ({ instructions, locals }) => {
        const it = lowered(instructions);
        const before = run(it.code, locals);
        new Simplifier().run(it);
        expect(run(it.code, locals)).toEqual(before);
      }),
      { numRuns: Number(process.env.GO_WASM_RUNS ?? 300) },
    );
  });
});

/** Instructions that can follow a stack of operands, so that a random program is valid. */
interface Step {
  needs: readonly number[];
  gives: readonly number[];
  code: fc.Arbitrary<Instruction>;
}
const { I32, I64 } = ValType;
const fixed = (needs: readonly number[], gives: readonly number[], ...ops: number[]): Step => ({
  needs,
  gives,
  code: fc.constantFrom(...ops).map((op): Instruction => [op]),
});
// Addresses stay in the one page of memory: SP is small, and loads mask what they get by the offset alone.
const offset = fc.integer({ min: 0, max: 64 }).map((n) => n * 8);
const steps: readonly Step[] = [
  { needs: [], gives: [I32], code: fc.constantFrom<Instruction>(sp, [LowOp.Sp]) },
  { needs: [], gives: [I64], code: fc.constantFrom<Instruction>([Op.LocalGet, 2], [Op.LocalGet, 3]) },
  { needs: [], gives: [I32], code: fc.integer({ min: 0, max: 200 }).map((n): Instruction => [Op.I32Const, n]) },
  { needs: [], gives: [I64], code: fc.integer({ min: -5, max: 200 }).map((n): Instruction => i64(n)) },
  { needs: [I64], gives: [], code: fc.constantFrom<Instruction>([Op.LocalSet, 2], [Op.LocalSet, 3]) },
  { needs: [I64], gives: [I64], code: fc.constantFrom<Instruction>([Op.LocalTee, 2], [Op.LocalTee, 3]) },
  fixed([I32], [I64], Op.I64ExtendI32U),
  fixed([I64], [I32], Op.I32WrapI64, Op.I64Eqz),
  fixed([I32], [I32], Op.I32Eqz),
  fixed([], [], Op.Nop),
  fixed([I64, I64], [I64], Op.I64Add, Op.I64Add, Op.I64Sub),
  fixed([I32, I32], [I32], Op.I32Add, Op.I32Add, Op.I32Sub),
  fixed([I64, I64], [I32], Op.I64Eq, Op.I64Ne, Op.I64LtS, Op.I64LtU, Op.I64GeS, Op.I64GtU),
  fixed([I32, I32], [I32], Op.I32Eq, Op.I32LeU, Op.I32GtS),
];
const access: readonly Step[] = [
  {
    needs: [I32],
    gives: [I64],
    code: fc
      .tuple(fc.constantFrom(Op.I64Load, Op.I64Load8U, Op.I64Load16S, Op.I64Load32U), offset)
      .map(([op, at]): Instruction => [op, at, 0]),
  },
  {
    needs: [I32, I64],
    gives: [],
    code: fc
      .tuple(fc.constantFrom(Op.I64Store, Op.I64Store8, Op.I64Store16, Op.I64Store32), offset)
      .map(([op, at]): Instruction => [op, at, 0]),
  },
];

const program = fc
  .tuple(
    fc.infiniteStream(fc.nat()),
    fc.integer({ min: 1, max: 60 }),
    fc.array(fc.bigInt({ min: -4n, max: 5000n }), { minLength: 2, maxLength: 2 }),
    fc.gen(),
  )
  .map(([choices, length, locals, gen]) => {
    const instructions: Instruction[] = [];
    const stack: number[] = [];
    const all = [...steps, ...access];
    for (let k = 0; k < length; k++) {
      const fitting = all.filter(({ needs }) => needs.every((t, i) => stack[stack.length - needs.length + i] === t));
      const step = fitting[choices.next().value! % fitting.length]!;
      instructions.push(gen(() => step.code));
      stack.length -= step.needs.length;
      stack.push(...step.gives);
    }
    while (stack.length > 0) {
      // What is left over is kept in memory, where it shows.
      const type = stack.pop();
      if (type === I32) instructions.push([Op.I64ExtendI32U]);
      instructions.push([Op.LocalSet, 2]);
    }
    return { instructions, locals };
  });

/** Runs code with SP = 1024; returns the i64 locals, the memory, or that it trapped. */
function run(code: Code, [x, y]: bigint[]): unknown {
  const module = emptyModule();
  module.types.push({ kind: 'func', params: [I32, I32, I64, I64], results: [I64] });
  module.functions.push(0);
  module.memories.push({ min: 1 });
  module.exports.push({ name: 'run', kind: 'func', index: 0 }, { name: 'memory', kind: 'memory', index: 0 });
  const whole = new Code(code.length + 8);
  for (let i = 0; i < code.length; i++) {
    if (code.op[i] === LowOp.Sp) for (const [op, a] of [sp, [Op.I32Const, 8], [Op.I32Add]]) whole.push(op!, a);
    else whole.push(code.op[i]!, code.a[i], code.b[i]);
  }
  for (const [op, a] of [[Op.LocalGet, 2], [Op.LocalGet, 3], [Op.I64Xor], [Op.End]] as const) whole.push(op, a);
  const writer = new ByteWriter();
  encodeBody({ counts: [], types: [] }, whole, 0, whole.length, writer);
  module.bodies.push(writer.take());
  const instance = new WebAssembly.Instance(new WebAssembly.Module(encodeModule(module) as Uint8Array<ArrayBuffer>));
  const { run: call, memory } = instance.exports as { run: (...args: unknown[]) => bigint; memory: WebAssembly.Memory };
  const bytes = new Uint8Array(memory.buffer);
  for (let i = 0; i < bytes.length; i++) bytes[i] = (i * 31) & 0xff;
  try {
    return { result: call(0, 1024, x, y), memory: Buffer.from(bytes).toString('latin1') };
  } catch {
    // Out of bounds: which of two bad accesses traps first is not kept.
    return 'trap';
  }
}
