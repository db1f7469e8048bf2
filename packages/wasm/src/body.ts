/**
 * Function bodies and constant expressions: bytes ⇄ {@link Code}.
 *
 * This is the hot path of everything: one loop without calls for the common instructions. What is rare (long LEBs,
 * pooled immediates) goes through {@link Reader}, which also reports what is malformed. Instructions are decoded, not
 * validated: only the nesting of blocks is checked, as far as it tells where the body ends.
 */
import { type Code, WIDE_OFFSET } from './code.ts';
import { InternalError, LimitError } from './errors.ts';
import {
  FIRST_POOLED,
  heapTypeOf,
  Imm,
  immediateKind,
  isNullable,
  LAST_INDEX,
  LAST_INDEX_PAIR,
  Op,
  opName,
  refType,
} from './opcodes.ts';
import { malformed, Reader } from './reader.ts';
import { type ByteWriter, putS32, putS64, putU32, putU64 } from './writer.ts';

/** Local variables in runs: `counts[i]` locals of value type `types[i]`, after the parameters. */
export interface Locals {
  counts: number[];
  types: number[];
}

/**
 * Decodes the function body in `bytes[start, end)`, that is local declarations and instructions with the final `end`,
 * into `code`, which is cleared first.
 *
 * @throws MalformedError with the offset in `bytes`.
 */
export function decodeBody(bytes: Uint8Array, start: number, end: number, code: Code): Locals {
  const reader = new Reader(bytes, start, end);
  const locals: Locals = { counts: [], types: [] };
  let total = 0;
  for (let n = reader.count(2); n > 0; n--) {
    const at = reader.pos;
    const count = reader.u32();
    total += count;
    if (total > 0xffff_ffff) throw malformed('GW1006', 'too many locals', at);
    locals.counts.push(count);
    locals.types.push(reader.valType());
  }
  code.clear();
  decodeExpression(reader, code);
  if (reader.pos !== end) throw malformed('GW1007', 'bytes after the end of the function body', reader.pos);
  return locals;
}

/**
 * Appends the instructions from `reader.pos` up to and with the `end` that closes them to `code`; leaves the reader behind it.
 *
 * @throws MalformedError with the offset.
 */
export function decodeExpression(reader: Reader, code: Code): void {
  const { bytes, end } = reader;
  let { op, a: as, b: bs, offset } = code;
  let capacity = op.length;
  let n = code.length;
  let p = reader.pos;
  let depth = 1;
  while (depth > 0) {
    if (p >= end) throw reader.truncated();
    const at = p;
    let id = bytes[p++]!;
    let kind = immediateKind[id]!;
    let a = 0;
    let b = 0;
    if (kind === Imm.none) {
      if (id === Op.End) depth--;
    } else if (kind <= LAST_INDEX) {
      a = bytes[p++]!;
      if (a >= 0x80) {
        reader.pos = p - 1;
        a = reader.u32();
        p = reader.pos;
      }
      if (id === Op.Delegate && --depth === 0) throw malformed('GW1008', 'delegate outside of try', at);
    } else if (kind === Imm.i32) {
      a = bytes[p++]!;
      if (a < 0x80) a = (a << 25) >> 25;
      else {
        reader.pos = p - 1;
        a = reader.s32();
        p = reader.pos;
      }
    } else if (kind === Imm.memarg) {
      b = bytes[p++]!;
      a = bytes[p++]!;
      // One-byte alignment without a memory index, one-byte offset.
      if (b >= 0x40 || a >= 0x80) {
        reader.pos = at + 1;
        b = readMemarg(reader, code);
        a = reader.high;
        p = reader.pos;
      }
    } else if (kind === Imm.i64) {
      a = bytes[p++]!;
      if (a < 0x80) {
        a = (a << 25) >> 25;
        b = a >> 31;
      } else {
        reader.pos = p - 1;
        a = reader.s64();
        b = reader.high;
        p = reader.pos;
      }
    } else if (kind === Imm.block && bytes[p] === 0x40) {
      a = -0x40;
      p++;
      depth++;
    } else {
      // The uncommon ones.
      reader.pos = p;
      if (id >= 0xfb && id <= 0xfe) {
        const sub = reader.u32();
        id = sub < 0x200 ? ((id - 0xfa) << 9) | sub : id;
        kind = immediateKind[id]!;
        if (kind === Imm.unknown)
          throw malformed('GW1009', `unknown opcode 0x${bytes[at]!.toString(16)} 0x${sub.toString(16)}`, at);
      } else if (kind === Imm.unknown) throw malformed('GW1009', `unknown opcode 0x${id.toString(16)}`, at);
      if (kind !== Imm.none) {
        if (kind >= FIRST_POOLED) {
          a = code.poolLength;
          readPooled(reader, kind, code);
          b = code.poolLength - a;
        } else if (kind === Imm.memarg || kind === Imm.memargLane) {
          b = readMemarg(reader, code);
          a = reader.high;
          if (kind === Imm.memargLane) b |= reader.u8() << 16;
        } else {
          a = readPlain(reader, kind);
          b = reader.high;
        }
        if (kind === Imm.block || kind === Imm.tryTable) depth++;
      }
      p = reader.pos;
    }
    if (p > end) throw reader.truncated();
    if (n === capacity) {
      code.length = n;
      code.reserve(n + 1);
      ({ op, a: as, b: bs, offset } = code);
      capacity = op.length;
    }
    op[n] = id;
    as[n] = a;
    bs[n] = b;
    offset[n] = at;
    n++;
  }
  code.length = n;
  reader.pos = p;
}

/** Alignment, memory and offset: returns `b`, leaves `a` in `reader.high`. */
function readMemarg(reader: Reader, code: Code): number {
  const at = reader.pos;
  const flags = reader.u32();
  if (flags >= 0x80) throw malformed('GW1010', 'alignment of a memory access is too large', at);
  let b = flags & 0x3f;
  if (flags >= 0x40) {
    const memory = reader.u32();
    if (memory > 0xff)
      throw new LimitError('GW3003', `memory index ${memory} is beyond 255`, { where: { offset: at } });
    b |= memory << 8;
  }
  const low = reader.u64();
  if (reader.high === 0) reader.high = low;
  else {
    code.poolPush(low);
    code.poolPush(reader.high);
    reader.high = code.poolLength - 2;
    b |= WIDE_OFFSET;
  }
  return b;
}

/** Immediates of one or two words: returns `a`, leaves `b` in `reader.high`. */
function readPlain(reader: Reader, kind: number): number {
  reader.high = 0;
  if (kind <= LAST_INDEX) return reader.u32();
  if (kind <= LAST_INDEX_PAIR) {
    const a = reader.u32();
    reader.high = reader.u32();
    return a;
  }
  const at = reader.pos;
  switch (kind) {
    case Imm.block: {
      const a = reader.blockType();
      reader.high = 0;
      return a;
    }
    case Imm.heap: {
      const a = reader.heapType();
      reader.high = 0;
      return a;
    }
    case Imm.lane:
      return reader.u8();
    case Imm.zero:
      if (reader.u8() !== 0) throw malformed('GW1011', 'reserved byte is not zero', at);
      return 0;
    case Imm.f32:
      return word(reader);
    case Imm.f64: {
      const a = word(reader);
      reader.high = word(reader);
      return a;
    }
    default:
      throw new InternalError('GW9001', `immediate kind ${kind} has no decoder`);
  }
}

/** Four bytes, the least significant first. */
function word(reader: Reader): number {
  return reader.u8() | (reader.u8() << 8) | (reader.u8() << 16) | (reader.u8() << 24);
}

/** Appends immediates to the pool. */
function readPooled(reader: Reader, kind: number, code: Code): void {
  switch (kind) {
    case Imm.brTable:
      // The count leaves out the default.
      for (let n = reader.count() + 1; n > 0; n--) code.poolPush(reader.u32());
      break;
    case Imm.types:
      for (let n = reader.count(); n > 0; n--) code.poolPush(reader.valType());
      break;
    case Imm.v128:
      for (let n = 4; n > 0; n--) code.poolPush(word(reader));
      break;
    case Imm.cast: {
      const at = reader.pos;
      const flags = reader.u8();
      if (flags > 3) throw malformed('GW1012', 'unknown flags of a branch on cast', at);
      code.poolPush(reader.u32());
      code.poolPush(refType(reader.heapType(), (flags & 1) !== 0));
      code.poolPush(refType(reader.heapType(), (flags & 2) !== 0));
      break;
    }
    case Imm.tryTable: {
      code.poolPush(reader.blockType());
      for (let n = reader.count(2); n > 0; n--) {
        const at = reader.pos;
        const catchKind = reader.u8();
        if (catchKind > 3) throw malformed('GW1013', `unknown catch kind ${catchKind}`, at);
        code.poolPush(catchKind);
        // catch and catch_ref name a tag, catch_all and catch_all_ref do not.
        code.poolPush(catchKind < 2 ? reader.u32() : 0);
        code.poolPush(reader.u32());
      }
      break;
    }
    case Imm.resume:
    case Imm.resumeThrow:
      code.poolPush(reader.u32());
      if (kind === Imm.resumeThrow) code.poolPush(reader.u32());
      for (let n = reader.count(2); n > 0; n--) {
        const at = reader.pos;
        const handler = reader.u8();
        if (handler > 1) throw malformed('GW1014', `unknown handler kind ${handler}`, at);
        code.poolPush(handler);
        code.poolPush(reader.u32());
        code.poolPush(handler === 0 ? reader.u32() : 0);
      }
      break;
    default:
      throw new InternalError('GW9001', `immediate kind ${kind} has no decoder`);
  }
}

/** Appends local declarations and the instructions `[from, to)` of `code`, which end with `end`: a body without its size. */
export function encodeBody(locals: Locals, code: Code, from: number, to: number, writer: ByteWriter): void {
  const { counts, types } = locals;
  writer.u32(counts.length);
  for (let i = 0; i < counts.length; i++) {
    writer.u32(counts[i]!);
    writer.valType(types[i]!);
  }
  encodeInstructions(code, from, to, writer);
}

/** Appends the instructions `[from, to)` of `code`, every LEB in its shortest form. */
export function encodeInstructions(code: Code, from: number, to: number, writer: ByteWriter): void {
  const { op, a: as, b: bs, pool } = code;
  let { bytes, length: p } = writer;
  let limit = bytes.length - MAX_PLAIN;
  for (let i = from; i < to; i++) {
    if (p > limit) {
      writer.length = p;
      writer.reserve(MAX_PLAIN);
      bytes = writer.bytes;
      limit = bytes.length - MAX_PLAIN;
    }
    const id = op[i]!;
    const kind = immediateKind[id]!;
    if (id < 0x100) bytes[p++] = id;
    else {
      bytes[p++] = 0xfa + (id >> 9);
      p = putU32(bytes, p, id & 0x1ff);
    }
    if (kind === Imm.none) continue;
    const a = as[i]!;
    if (kind <= LAST_INDEX) p = putU32(bytes, p, a);
    else if (kind === Imm.i32) p = putS32(bytes, p, a);
    else if (kind === Imm.memarg || kind === Imm.memargLane) {
      const b = bs[i]!;
      const memory = (b >> 8) & 0xff;
      bytes[p++] = (b & 0x3f) | (memory === 0 ? 0 : 0x40);
      if (memory !== 0) p = putU32(bytes, p, memory);
      p = b < 0 ? putU64(bytes, p, pool[a]!, pool[a + 1]!) : putU32(bytes, p, a);
      if (kind === Imm.memargLane) bytes[p++] = b >> 16;
    } else if (kind === Imm.i64) p = putS64(bytes, p, a, bs[i]!);
    else if (kind <= LAST_INDEX_PAIR) {
      p = putU32(bytes, p, a);
      p = putU32(bytes, p, bs[i]!);
    } else {
      writer.length = p;
      writeRare(writer, kind, code, i);
      ({ bytes, length: p } = writer);
      limit = bytes.length - MAX_PLAIN;
    }
  }
  writer.length = p;
}

/** No instruction without pooled immediates is longer: three bytes of opcode, alignment, memory, 64-bit offset, lane. */
const MAX_PLAIN = 32;

function writeRare(writer: ByteWriter, kind: number, code: Code, i: number): void {
  const a = code.a[i]!;
  const b = code.b[i]!;
  const { pool } = code;
  switch (kind) {
    case Imm.block:
      writer.blockType(a);
      break;
    case Imm.heap:
      writer.heapType(a);
      break;
    case Imm.lane:
    case Imm.zero:
      writer.u8(a);
      break;
    case Imm.f32:
      writer.word(a);
      break;
    case Imm.f64:
      writer.word(a);
      writer.word(b);
      break;
    case Imm.brTable:
      writer.u32(b - 1);
      for (let k = a; k < a + b; k++) writer.u32(pool[k]!);
      break;
    case Imm.types:
      writer.u32(b);
      for (let k = a; k < a + b; k++) writer.valType(pool[k]!);
      break;
    case Imm.v128:
      for (let k = a; k < a + 4; k++) writer.word(pool[k]!);
      break;
    case Imm.cast: {
      const from = pool[a + 1]!;
      const to = pool[a + 2]!;
      writer.u8((isNullable(from) ? 1 : 0) | (isNullable(to) ? 2 : 0));
      writer.u32(pool[a]!);
      writer.heapType(heapTypeOf(from));
      writer.heapType(heapTypeOf(to));
      break;
    }
    case Imm.tryTable:
      writer.blockType(pool[a]!);
      writer.u32((b - 1) / 3);
      for (let k = a + 1; k < a + b; k += 3) {
        const catchKind = pool[k]!;
        writer.u8(catchKind);
        if (catchKind < 2) writer.u32(pool[k + 1]!);
        writer.u32(pool[k + 2]!);
      }
      break;
    case Imm.resume:
    case Imm.resumeThrow: {
      const fixed = kind === Imm.resume ? 1 : 2;
      for (let k = a; k < a + fixed; k++) writer.u32(pool[k]!);
      writer.u32((b - fixed) / 3);
      for (let k = a + fixed; k < a + b; k += 3) {
        const handler = pool[k]!;
        writer.u8(handler);
        writer.u32(pool[k + 1]!);
        if (handler === 0) writer.u32(pool[k + 2]!);
      }
      break;
    }
    default:
      throw new InternalError('GW9001', `no encoding for ${opName(code.op[i]!)} at instruction ${i}`);
  }
}
