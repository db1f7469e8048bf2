/**
 * A sequence of instructions as a structure of arrays: no object per instruction, cheap to read, copy and rewrite.
 *
 * `op[i]` is the opcode id ({@link opcodes}); `a[i]` and `b[i]` are its immediates:
 *
 * | immediate               | a                        | b                                            |
 * |-------------------------|--------------------------|----------------------------------------------|
 * | none                    | 0                        | 0                                            |
 * | block type              | s33 value (−64 = empty)  | 0                                            |
 * | label, function, local, global, table, tag, type, data, element, lane | index | 0 or the second index       |
 * | call_indirect           | type index               | table index                                  |
 * | br_table                | pool offset of `n` labels| n (the last label is the default)            |
 * | memory access           | offset, low 32 bits      | align exponent, memory index << 8; bit 31: the offset's high 32 bits are in `pool` (see decoder) |
 * | i32.const, f32.const    | value / bits             | 0                                            |
 * | i64.const, f64.const    | low 32 bits              | high 32 bits                                 |
 * | others (v128, typed select, try_table …) | pool offset | number of pool words                       |
 */
export class Code {
  length = 0;
  op: Uint16Array;
  a: Int32Array;
  b: Int32Array;
  /** Byte offset of each instruction in the module it was decoded from; 0 where it was made by a pass. */
  offset: Uint32Array;
  /** Immediates that do not fit into two words. */
  pool: Int32Array;
  poolLength = 0;

  constructor(capacity = 256) {
    this.op = new Uint16Array(capacity);
    this.a = new Int32Array(capacity);
    this.b = new Int32Array(capacity);
    this.offset = new Uint32Array(capacity);
    this.pool = new Int32Array(64);
  }

  clear(): void {
    this.length = 0;
    this.poolLength = 0;
  }

  /** Makes room for `n` instructions in all. */
  reserve(n: number): void {
    if (n <= this.op.length) return;
    const capacity = Math.max(n, this.op.length * 2);
    const grow = <T extends Uint16Array | Int32Array | Uint32Array>(to: T, from: T): T => {
      to.set(from);
      return to;
    };
    this.op = grow(new Uint16Array(capacity), this.op);
    this.a = grow(new Int32Array(capacity), this.a);
    this.b = grow(new Int32Array(capacity), this.b);
    this.offset = grow(new Uint32Array(capacity), this.offset);
  }

  /** Appends one instruction. */
  push(op: number, a = 0, b = 0, offset = 0): void {
    const i = this.length;
    if (i === this.op.length) this.reserve(i + 1);
    this.op[i] = op;
    this.a[i] = a;
    this.b[i] = b;
    this.offset[i] = offset;
    this.length = i + 1;
  }

  /** Appends instruction `i` of `from`, except that pooled immediates are not copied: see {@link pushFrom}. */
  poolPush(word: number): void {
    if (this.poolLength === this.pool.length) {
      const bigger = new Int32Array(this.pool.length * 2);
      bigger.set(this.pool);
      this.pool = bigger;
    }
    this.pool[this.poolLength++] = word;
  }
}
