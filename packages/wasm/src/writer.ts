const utf8 = new TextEncoder();

/** Writes `value` (its 32 bits, unsigned) as LEB128 at `p`; returns the position behind it. */
export function putU32(bytes: Uint8Array, p: number, value: number): number {
  let rest = value >>> 0;
  while (rest >= 0x80) {
    bytes[p++] = rest | 0x80;
    rest >>>= 7;
  }
  bytes[p++] = rest;
  return p;
}

/** Writes `value` (its 32 bits, signed) as LEB128 at `p`; returns the position behind it. */
export function putS32(bytes: Uint8Array, p: number, value: number): number {
  let rest = value | 0;
  while (rest < -0x40 || rest > 0x3f) {
    bytes[p++] = rest | 0x80;
    rest >>= 7;
  }
  bytes[p++] = rest & 0x7f;
  return p;
}

/** Writes the signed 64-bit number of two 32-bit words as LEB128 at `p`; returns the position behind it. */
export function putS64(bytes: Uint8Array, p: number, low: number, high: number): number {
  low |= 0;
  high |= 0;
  while (high !== low >> 31) {
    bytes[p++] = low | 0x80;
    low = (low >>> 7) | (high << 25);
    high >>= 7;
  }
  return putS32(bytes, p, low);
}

/** Writes the unsigned 64-bit number of two 32-bit words as LEB128 at `p`; returns the position behind it. */
export function putU64(bytes: Uint8Array, p: number, low: number, high: number): number {
  low >>>= 0;
  high >>>= 0;
  while (high !== 0) {
    bytes[p++] = low | 0x80;
    low = ((low >>> 7) | (high << 25)) >>> 0;
    high >>>= 7;
  }
  return putU32(bytes, p, low);
}

/** Copies `from[start .. end)` to `to`, from index `at` on; short pieces without a view of their own, which takes longer than they do. */
export function copyBytes(from: Uint8Array, start: number, end: number, to: Uint8Array, at: number): void {
  if (end - start > 64) to.set(from.subarray(start, end), at);
  else for (let i = start; i < end; i++) to[at + i - start] = from[i]!;
}

/** A growing byte buffer with the scalars of the binary format, all LEBs in their shortest form. */
export class ByteWriter {
  bytes: Uint8Array<ArrayBuffer>;
  /** How many of `bytes` are written. */
  length = 0;

  constructor(capacity = 1024) {
    this.bytes = new Uint8Array(capacity);
  }

  clear(): void {
    this.length = 0;
  }

  /** Makes room for `n` more bytes. */
  reserve(n: number): void {
    const needed = this.length + n;
    if (needed <= this.bytes.length) return;
    const bigger = new Uint8Array(Math.max(needed, this.bytes.length * 2));
    bigger.set(this.bytes.subarray(0, this.length));
    this.bytes = bigger;
  }

  /** A copy of what is written. */
  take(): Uint8Array<ArrayBuffer> {
    return this.bytes.slice(0, this.length);
  }

  u8(value: number): void {
    this.reserve(1);
    this.bytes[this.length++] = value;
  }

  u32(value: number): void {
    this.reserve(5);
    this.length = putU32(this.bytes, this.length, value);
  }

  s32(value: number): void {
    this.reserve(5);
    this.length = putS32(this.bytes, this.length, value);
  }

  u64(low: number, high: number): void {
    this.reserve(10);
    this.length = putU64(this.bytes, this.length, low, high);
  }

  s64(low: number, high: number): void {
    this.reserve(10);
    this.length = putS64(this.bytes, this.length, low, high);
  }

  /** An unsigned integer up to 2^53. */
  size(value: number): void {
    this.u64(value, Math.floor(value / 0x1_0000_0000));
  }

  /** Four bytes, the least significant first. */
  word(value: number): void {
    this.reserve(4);
    const { bytes, length: p } = this;
    bytes[p] = value;
    bytes[p + 1] = value >> 8;
    bytes[p + 2] = value >> 16;
    bytes[p + 3] = value >> 24;
    this.length = p + 4;
  }

  raw(bytes: Uint8Array): void {
    this.reserve(bytes.length);
    this.bytes.set(bytes, this.length);
    this.length += bytes.length;
  }

  /** Bytes `[start, end)` of `from`; short pieces without a view of their own. */
  copy(from: Uint8Array, start: number, end: number): void {
    this.reserve(end - start);
    copyBytes(from, start, end, this.bytes, this.length);
    this.length += end - start;
  }

  byteVector(bytes: Uint8Array): void {
    this.u32(bytes.length);
    this.raw(bytes);
  }

  name(name: string): void {
    this.byteVector(utf8.encode(name));
  }

  /** A heap type, a block type or a one-byte value type: all are signed LEBs. */
  heapType(type: number): void {
    this.s32(type);
  }

  /** A value type or a field's type. */
  valType(type: number): void {
    // The one-byte types are those whose 30 bits of heap type are negative and which are nullable.
    if (type >= -0x40) {
      this.u8(type & 0x7f);
      return;
    }
    this.u8((type & 0x4000_0000) !== 0 ? 0x63 : 0x64);
    this.s32((type << 2) >> 2);
  }

  /** A block type: empty, a value type, or a type index. */
  blockType(type: number): void {
    if (type >= 0) this.s32(type);
    else this.valType(type);
  }

  /** Starts something with its size in front of it: pass the result to {@link endSized}. */
  beginSized(): number {
    this.reserve(5);
    this.length += 5;
    return this.length;
  }

  /** Puts the size of what was written since {@link beginSized} in front of it. */
  endSized(start: number): void {
    const size = this.length - start;
    const from = putU32(this.bytes, start - 5, size);
    this.bytes.copyWithin(from, start, this.length);
    this.length = from + size;
  }
}
