import { FIRST_POOLED, Imm, immediateKind } from './opcodes.ts';

/** In `b` of a memory access: the offset needs 64 bits, and `a` is the pool offset of its low and its high word. */
export const WIDE_OFFSET: number = 1 << 31;

/** Instructions one behind the other: the opcode of each, and its `a` where that matters. */
export type Pattern = readonly (readonly [op: number, a?: number])[];

/**
 * A sequence of instructions as a structure of arrays: no object per instruction, cheap to read, copy and rewrite.
 *
 * `op[i]` is the opcode id ({@link Op}); `a[i]` and `b[i]` are its immediates, by {@link immediateKind}:
 *
 * | immediate               | a                        | b                                            |
 * |-------------------------|--------------------------|----------------------------------------------|
 * | none                    | 0                        | 0                                            |
 * | block type              | −64 = empty, a value type, or a type index | 0                          |
 * | heap type               | negative, or a type index | 0                                           |
 * | label, function, local, global, table, memory, tag, type, data, element, lane | index | 0 or the second index |
 * | call_indirect           | type index               | table index                                  |
 * | memory access           | offset, 32 bits          | alignment exponent, memory index << 8, lane << 16; {@link WIDE_OFFSET} |
 * | i32.const, f32.const    | value / bits             | 0                                            |
 * | i64.const, f64.const    | low 32 bits              | high 32 bits                                 |
 * | br_table                | pool offset of the labels| number of labels; the last one is the default|
 * | others (v128, select_typed, try_table …) | pool offset | number of pool words; their layout: {@link Imm} |
 *
 * Indices and offsets are unsigned; `a` and `b` hold their 32 bits as signed words.
 */
export class Code {
  length = 0;
  op: Uint16Array;
  a: Int32Array;
  b: Int32Array;
  /** Byte offset of each instruction in the bytes it was decoded from; 0 where it was made by a pass. */
  offset: Uint32Array;
  /** Immediates that do not fit into two words. */
  pool: Int32Array;
  poolLength = 0;

  /** @param shared whether other threads can read it: its arrays are in shared memory. */
  constructor(capacity = 256, shared = false) {
    const buffer = (words: number): ArrayBufferLike =>
      shared ? new SharedArrayBuffer(4 * words) : new ArrayBuffer(4 * words);
    this.op = new Uint16Array(buffer(Math.ceil(capacity / 2)), 0, capacity);
    this.a = new Int32Array(buffer(capacity));
    this.b = new Int32Array(buffer(capacity));
    this.offset = new Uint32Array(buffer(capacity));
    this.pool = new Int32Array(buffer(64));
  }

  clear(): void {
    this.length = 0;
    this.poolLength = 0;
  }

  /** Makes room for `n` instructions in all. */
  reserve(n: number): void {
    if (n <= this.op.length) return;
    const capacity = Math.max(n, this.op.length * 2);
    this.op = grown(this.op, capacity);
    this.a = grown(this.a, capacity);
    this.b = grown(this.b, capacity);
    this.offset = grown(this.offset, capacity);
  }

  /** Makes room for `n` pool words in all. */
  reservePool(n: number): void {
    if (n > this.pool.length) this.pool = grown(this.pool, Math.max(n, this.pool.length * 2));
  }

  /** Appends one instruction. */
  push(op: number, a = 0, b = 0, offset = 0): void {
    const i = this.length;
    if (i === this.op.length) this.reserve(i + 1);
    this.set(i, op, a, b, offset);
    this.length = i + 1;
  }

  /** Makes room for `n` instructions in front of instruction `at`. What is there must be set. */
  makeRoom(at: number, n: number): void {
    this.reserve(this.length + n);
    for (const words of [this.op, this.a, this.b, this.offset]) words.copyWithin(at + n, at, this.length);
    this.length += n;
  }

  /** Sets instruction `i`. */
  set(i: number, op: number, a = 0, b = 0, offset = 0): void {
    this.op[i] = op;
    this.a[i] = a;
    this.b[i] = b;
    this.offset[i] = offset;
  }

  /** Puts instruction `from` into the place of instruction `to`; its pooled immediates stay where they are. */
  move(from: number, to: number): void {
    this.op[to] = this.op[from]!;
    this.a[to] = this.a[from]!;
    this.b[to] = this.b[from]!;
    this.offset[to] = this.offset[from]!;
  }

  /** Whether the instructions from `at` on are those of a pattern. */
  matches(at: number, pattern: Pattern): boolean {
    for (let k = 0; k < pattern.length; k++) {
      const [op, a] = pattern[k]!;
      if (this.op[at + k] !== op || (a !== undefined && this.a[at + k] !== a)) return false;
    }
    return true;
  }

  /** Appends one word to the pool. */
  poolPush(word: number): void {
    if (this.poolLength === this.pool.length) this.reservePool(this.poolLength + 1);
    this.pool[this.poolLength++] = word;
  }

  /** Appends instruction `i` of `from`, with its pooled immediates. */
  pushFrom(from: Code, i: number): void {
    const words = from.pooledWords(i);
    let a = from.a[i]!;
    if (words > 0) {
      const start = this.poolLength;
      this.reservePool(start + words);
      this.pool.set(from.pool.subarray(a, a + words), start);
      this.poolLength = start + words;
      a = start;
    }
    this.push(from.op[i]!, a, from.b[i]!, from.offset[i]!);
  }

  /** How many words of the pool, from `a[i]` on, belong to instruction `i`; 0 if `a` is not a pool offset. */
  pooledWords(i: number): number {
    const kind = immediateKind[this.op[i]!]!;
    const b = this.b[i]!;
    if (kind >= FIRST_POOLED) return b;
    return (kind === Imm.memarg || kind === Imm.memargLane) && (b & WIDE_OFFSET) !== 0 ? 2 : 0;
  }
}

/** An array of `length` in the same kind of memory as `from`, with its content at the start. */
function grown<T extends Uint16Array | Int32Array | Uint32Array>(from: T, length: number): T {
  const Memory = from.buffer.constructor as new (bytes: number) => ArrayBufferLike;
  const Words = from.constructor as new (buffer: ArrayBufferLike) => T;
  const to = new Words(new Memory(length * from.BYTES_PER_ELEMENT));
  to.set(from);
  return to;
}
