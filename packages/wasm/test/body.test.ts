import { describe, expect, test } from 'vitest';
import {
  ByteWriter,
  Code,
  decodeBody,
  encodeBody,
  encodeInstructions,
  Imm,
  immediateKind,
  MalformedError,
  Op,
  opcodes,
  opName,
  Reader,
  refType,
  ValType,
  WIDE_OFFSET,
} from '../src/index.ts';

/** Immediates of every width for a kind, so that a swapped or lost word shows: `[a, b]`, or the words of the pool. */
function sample(kind: number): { ab: [number, number] } | { pool: number[] } {
  switch (kind) {
    case Imm.none:
    case Imm.zero:
      return { ab: [0, 0] };
    case Imm.block:
    case Imm.heap:
      return { ab: [0x1234, 0] };
    case Imm.lane:
      return { ab: [7, 0] };
    case Imm.i32:
    case Imm.f32:
      return { ab: [-0x1234567, 0] };
    case Imm.i64:
    case Imm.f64:
      return { ab: [0x1234567, -0x7654321] };
    case Imm.memarg:
      return { ab: [0x12345, 2 | (5 << 8)] };
    case Imm.memargLane:
      return { ab: [0x12345, 2 | (5 << 8) | (3 << 16)] };
    case Imm.brTable:
      return { pool: [0, 300, 2, 1] };
    case Imm.types:
      return { pool: [ValType.I64, refType(77, true), refType(-0x10, false)] };
    case Imm.v128:
      return { pool: [0x03020100, 0x07060504, 0x0b0a0908, -1] };
    case Imm.cast:
      return { pool: [200, refType(-0x12, true), refType(5, false)] };
    case Imm.tryTable:
      return { pool: [ValType.I32, 0, 300, 1, 1, 2, 3, 2, 0, 4, 3, 0, 5] };
    case Imm.resume:
      return { pool: [9, 0, 300, 1, 1, 4, 0] };
    case Imm.resumeThrow:
      return { pool: [9, 8, 0, 300, 1, 1, 4, 0] };
    default:
      // One index, or two.
      return { ab: [0x4321, kind <= Imm.elem ? 0 : 0x321] };
  }
}

function pushSample(code: Code, id: number): void {
  const immediates = sample(immediateKind[id]!);
  if ('ab' in immediates) {
    code.push(id, ...immediates.ab);
    return;
  }
  const start = code.poolLength;
  for (const word of immediates.pool) code.poolPush(word);
  code.push(id, start, immediates.pool.length);
}

/** The instructions of a code as plain values, pools resolved. */
function plain(code: Code): unknown[] {
  return Array.from({ length: code.length }, (_, i) => {
    const words = code.pooledWords(i);
    const a = code.a[i]!;
    return [opName(code.op[i]!), words > 0 ? [...code.pool.subarray(a, a + words)] : a, code.b[i]];
  });
}

function encode(code: Code): Uint8Array {
  const writer = new ByteWriter(1);
  encodeBody({ counts: [], types: [] }, code, 0, code.length, writer);
  return writer.take();
}

const opens = new Set<number>([Imm.block, Imm.tryTable]);

describe('every opcode', () => {
  test.each(opcodes.map((id) => [opName(id), id] as const))('%s', (_, id) => {
    const code = new Code(1);
    if (id === Op.Delegate) code.push(Op.Try, ValType.F64);
    if (id !== Op.End) pushSample(code, id);
    if (opens.has(immediateKind[id]!)) code.push(Op.End);
    code.push(Op.End);

    const bytes = encode(code);
    const again = new Code(1);
    decodeBody(bytes, 0, bytes.length, again);
    expect(plain(again)).toEqual(plain(code));
    expect(encode(again)).toEqual(bytes);

    // Every shorter input is an error at the place where the input stops.
    for (let end = 0; end < bytes.length; end++) {
      expect(() => decodeBody(bytes.slice(0, end), 0, end, again)).toThrow(MalformedError);
      expect(() => decodeBody(bytes, 0, end, again)).toThrow(MalformedError);
    }
  });

  test('names and ids are unique', () => {
    expect(new Set(opcodes).size).toBe(opcodes.length);
    expect(new Set(opcodes.map(opName)).size).toBe(opcodes.length);
    expect(Object.keys(Op).length).toBe(opcodes.length);
  });

  test('unknown ones are errors with their offset', () => {
    const known = new Set(opcodes);
    const tryOne = (bytes: number[]): unknown => {
      try {
        decodeBody(Uint8Array.from([0, Op.Nop, ...bytes, Op.End]), 0, bytes.length + 3, new Code());
      } catch (error) {
        return error;
      }
      return undefined;
    };
    for (let byte = 0; byte < 0x100; byte++) {
      if (known.has(byte) || (byte >= 0xfb && byte <= 0xfe)) continue;
      expect(tryOne([byte])).toMatchObject({ code: 'GW1009', where: { offset: 2 } });
    }
    for (const prefix of [0xfb, 0xfc, 0xfd, 0xfe]) {
      for (let sub = 0; sub < 0x210; sub++) {
        if (sub < 0x200 && known.has(((prefix - 0xfa) << 9) | sub)) continue;
        expect(tryOne([prefix, (sub & 0x7f) | 0x80, sub >> 7])).toMatchObject({ code: 'GW1009', where: { offset: 2 } });
      }
    }
  });
});

describe('numbers', () => {
  const roundTrip = (id: number, a: number, b: number): [number, number, number] => {
    const code = new Code();
    code.push(id, a, b);
    code.push(Op.End);
    const bytes = encode(code);
    decodeBody(bytes, 0, bytes.length, code);
    return [code.a[0]!, code.b[0]!, bytes.length - 3];
  };
  const edges = [0, 6, 7, 13, 14, 20, 21, 27, 28, 31, 32, 34, 35, 41, 42, 48, 49, 55, 56, 62, 63].flatMap((bit) =>
    [-1n, 0n, 1n].flatMap((d) => [(1n << BigInt(bit)) + d, -(1n << BigInt(bit)) + d]),
  );

  test('i64 in the shortest form at every edge', () => {
    for (const edge of edges) {
      const value = BigInt.asIntN(64, edge);
      const low = Number(BigInt.asIntN(32, value));
      const high = Number(value >> 32n);
      let bits = 1;
      while (BigInt.asIntN(bits, value) !== value) bits++;
      expect([value, roundTrip(Op.I64Const, low, high)]).toEqual([value, [low, high, Math.ceil(bits / 7)]]);
    }
  });

  test('i32 in the shortest form at every edge', () => {
    for (const edge of edges) {
      const value = Number(BigInt.asIntN(32, edge));
      let bits = 1;
      while (BigInt.asIntN(bits, BigInt(value)) !== BigInt(value)) bits++;
      expect([value, roundTrip(Op.I32Const, value, 0)]).toEqual([value, [value, 0, Math.ceil(bits / 7)]]);
    }
  });

  test('indices and offsets up to 2^32 − 1', () => {
    for (const value of [0, 127, 128, 16383, 16384, 2 ** 31 - 1, 2 ** 31, 2 ** 32 - 1]) {
      expect(roundTrip(Op.LocalGet, value, 0).slice(0, 2)).toEqual([value | 0, 0]);
      expect(roundTrip(Op.I64Load, value, 3).slice(0, 2)).toEqual([value | 0, 3]);
    }
  });

  test('offsets of 64 bits', () => {
    const code = new Code();
    code.poolPush(-2);
    code.poolPush(0x7fff_ffff);
    code.push(Op.I64Load, 0, 3 | WIDE_OFFSET);
    code.push(Op.End);
    const bytes = encode(code);
    const again = new Code();
    decodeBody(bytes, 0, bytes.length, again);
    expect(plain(again)).toEqual(plain(code));
  });

  test.each([
    ['u32 with bits beyond 32', [Op.LocalGet, 0x80, 0x80, 0x80, 0x80, 0x10], 6],
    ['u32 of six bytes', [Op.LocalGet, 0x80, 0x80, 0x80, 0x80, 0x80, 0x00], 6],
    ['s32 with bits beyond 32', [Op.I32Const, 0x80, 0x80, 0x80, 0x80, 0x08], 6],
    ['s32 with a broken sign', [Op.I32Const, 0xff, 0xff, 0xff, 0xff, 0x4f], 6],
    ['s64 with a broken sign', [Op.I64Const, ...new Array(9).fill(0xff), 0x01], 11],
    ['s64 of eleven bytes', [Op.I64Const, ...new Array(10).fill(0x80), 0x00], 11],
  ])('%s is an error', (_, instruction, offset) => {
    const bytes = Uint8Array.from([0, ...instruction, Op.End]);
    let error: unknown;
    try {
      decodeBody(bytes, 0, bytes.length, new Code());
    } catch (e) {
      error = e;
    }
    expect(error).toMatchObject({ code: 'GW1002', where: { offset } });
  });

  test('padded LEBs are read, and written in their shortest form', () => {
    const bytes = Uint8Array.from([0, Op.I32Const, 0xff, 0xff, 0xff, 0xff, 0x7f, Op.Drop, Op.End]);
    const code = new Code();
    decodeBody(bytes, 0, bytes.length, code);
    expect(code.a[0]).toBe(-1);
    expect(encode(code)).toEqual(Uint8Array.of(0, Op.I32Const, 0x7f, Op.Drop, Op.End));
  });
});

describe('Code', () => {
  test('pushFrom copies pooled immediates', () => {
    const from = new Code(1);
    for (const id of opcodes) pushSample(from, id);
    from.push(Op.I64Load, from.poolLength, WIDE_OFFSET | 3);
    from.poolPush(5);
    from.poolPush(6);
    const to = new Code(1);
    to.poolPush(42);
    for (let i = 0; i < from.length; i++) to.pushFrom(from, i);
    expect(plain(to)).toEqual(plain(from));
  });

  test('an unknown opcode is not encoded', () => {
    const code = new Code();
    code.push(Op.Nop);
    code.push(0xff);
    expect(() => encode(code)).toThrow(expect.objectContaining({ code: 'GW9001' }));
  });

  test('offsets are those of the opcodes', () => {
    const code = new Code();
    const writer = new ByteWriter();
    code.push(Op.I32Const, 1000);
    code.push(Op.MemoryCopy);
    code.push(Op.End);
    encodeInstructions(code, 0, 3, writer);
    const bytes = Uint8Array.from([9, 9, 0, ...writer.take()]);
    decodeBody(bytes, 2, bytes.length, code);
    expect([...code.offset.subarray(0, 3)]).toEqual([3, 6, 10]);
  });

  test('a reader knows no byte beyond its end', () => {
    const reader = new Reader(Uint8Array.of(0x7f, 0x40, 0x10), 1, 1);
    for (const read of [
      () => reader.u8(),
      () => reader.u32(),
      () => reader.s32(),
      () => reader.s64(),
      () => reader.valType(),
      () => reader.blockType(),
      () => reader.heapType(),
      () => reader.name(),
    ]) {
      expect(read).toThrow(MalformedError);
    }
    expect(reader.pos).toBe(1);
  });
});
