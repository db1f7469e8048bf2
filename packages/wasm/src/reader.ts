import { LimitError, MalformedError } from './errors.ts';
import { BlockType, MAX_TYPE_INDEX, refType, ValType } from './opcodes.ts';

/** A {@link MalformedError} at a byte offset. */
export function malformed(code: string, message: string, offset: number): MalformedError {
  return new MalformedError(code, message, { where: { offset } });
}

const utf8 = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true });

/**
 * Reads the scalars of the binary format from `bytes`, from `pos` up to `end`. Every method moves `pos` behind what it
 * read, and throws a {@link MalformedError} with the offset instead of reading beyond `end`.
 */
export class Reader {
  readonly bytes: Uint8Array;
  pos: number;
  end: number;
  /** High 32 bits, signed, of what {@link u64} or {@link s64} read last. */
  high = 0;

  constructor(bytes: Uint8Array, pos = 0, end: number = bytes.length) {
    this.bytes = bytes;
    this.pos = pos;
    this.end = end;
  }

  /** The error for an input that stops too early. */
  truncated(): MalformedError {
    return malformed('GW1001', 'unexpected end', this.end);
  }

  /** One byte. */
  u8(): number {
    if (this.pos >= this.end) throw this.truncated();
    return this.bytes[this.pos++]!;
  }

  /** Unsigned LEB128, up to 32 bits. */
  u32(): number {
    let byte = this.u8();
    let value = byte & 0x7f;
    for (let shift = 7; byte >= 0x80; shift += 7) {
      byte = this.u8();
      if (shift === 28 && byte > 0x0f) throw malformed('GW1002', 'integer does not fit into 32 bits', this.pos - 1);
      value |= (byte & 0x7f) << shift;
    }
    return value >>> 0;
  }

  /** Signed LEB128, up to 32 bits. */
  s32(): number {
    let value = 0;
    for (let shift = 0; ; shift += 7) {
      const byte = this.u8();
      value |= (byte & 0x7f) << shift;
      if (shift === 28) {
        // Four bits are left; the rest of the last byte repeats the sign.
        if (byte > 0x7f || (byte > 0x07 && byte < 0x78)) {
          throw malformed('GW1002', 'integer does not fit into 32 bits', this.pos - 1);
        }
        return value;
      }
      if (byte < 0x80) return (value << (25 - shift)) >> (25 - shift);
    }
  }

  /** Unsigned LEB128, up to 64 bits: returns the low 32 bits (signed), leaves the others in {@link high}. */
  u64(): number {
    return this.#long(false);
  }

  /** Signed LEB128, up to 64 bits: returns the low 32 bits (signed), leaves the others in {@link high}. */
  s64(): number {
    return this.#long(true);
  }

  #long(signed: boolean): number {
    let low = 0;
    let high = 0;
    for (let shift = 0; ; shift += 7) {
      const byte = this.u8();
      const bits = byte & 0x7f;
      if (shift < 28) low |= bits << shift;
      else if (shift === 28) {
        low |= bits << 28;
        high = bits >> 4;
      } else high |= bits << (shift - 32);
      // The tenth byte holds one bit, which is also the sign.
      if (shift === 63 && byte !== 0 && byte !== (signed ? 0x7f : 0x01)) {
        throw malformed('GW1002', 'integer does not fit into 64 bits', this.pos - 1);
      }
      if (byte >= 0x80) continue;
      if (signed && byte >= 0x40 && shift < 63) {
        if (shift < 28) {
          low |= -0x80 << shift;
          high = -1;
        } else high |= -1 << (shift - 25);
      }
      this.high = high;
      return low;
    }
  }

  /** Unsigned LEB128 of up to 64 bits as a number. */
  size(): number {
    const at = this.pos;
    const low = this.u64() >>> 0;
    const value = (this.high >>> 0) * 0x1_0000_0000 + low;
    if (!Number.isSafeInteger(value)) {
      throw new LimitError('GW3001', `size ${value} is beyond 2^53`, { where: { offset: at } });
    }
    return value;
  }

  /** A heap type: a type index, or a negative one-byte {@link HeapType}. */
  heapType(): number {
    const at = this.pos;
    const byte = this.bytes[at];
    if (byte !== undefined && byte >= 0x40 && byte < 0x80) {
      this.u8();
      // Before u8 a byte beyond `end` is not seen.
      if (byte >= 0x68 && byte <= 0x75) return byte - 0x80;
      throw malformed('GW1003', `unknown heap type 0x${byte.toString(16)}`, at);
    }
    const low = this.s64();
    if (this.high < 0) throw malformed('GW1003', 'negative type index', at);
    if (this.high !== 0 || low < 0 || low > MAX_TYPE_INDEX) {
      throw new LimitError('GW3002', 'type index is too large', { where: { offset: at } });
    }
    return low;
  }

  /** A value type, or a packed type of a field. */
  valType(): number {
    const at = this.pos;
    const byte = this.u8();
    if (byte === 0x63 || byte === 0x64) return refType(this.heapType(), byte === 0x63);
    const isNumber = byte >= 0x7b && byte <= 0x7f;
    const isRef = byte >= 0x68 && byte <= 0x75;
    if (!isNumber && !isRef) throw malformed('GW1003', `unknown value type 0x${byte.toString(16)}`, at);
    return byte - 0x80;
  }

  /** A field's type: a value type, i8 or i16. */
  storageType(): number {
    const byte = this.bytes[this.pos];
    if (byte === 0x78 || byte === 0x77) {
      this.u8();
      return byte === 0x78 ? ValType.I8 : ValType.I16;
    }
    return this.valType();
  }

  /** A block type: {@link BlockType}, a value type or a type index. */
  blockType(): number {
    const byte = this.bytes[this.pos];
    if (byte === 0x40) {
      this.u8();
      return BlockType.Empty;
    }
    return byte !== undefined && byte > 0x40 && byte < 0x80 ? this.valType() : this.heapType();
  }

  /** The length of a vector whose items have at least `itemSize` bytes: never more than the rest of the input can hold. */
  count(itemSize = 1): number {
    const at = this.pos;
    const count = this.u32();
    if (count * itemSize > this.end - this.pos) {
      throw malformed('GW1004', `count ${count} exceeds the ${this.end - this.pos} bytes that are left`, at);
    }
    return count;
  }

  /** The next `length` bytes, not copied. */
  view(length: number): Uint8Array {
    if (length > this.end - this.pos) throw this.truncated();
    this.pos += length;
    return this.bytes.subarray(this.pos - length, this.pos);
  }

  /** A byte vector, not copied. */
  byteVector(): Uint8Array {
    return this.view(this.u32());
  }

  /** A name: a byte vector in UTF-8. */
  name(): string {
    const at = this.pos;
    const view = this.byteVector();
    try {
      return utf8.decode(view);
    } catch {
      throw malformed('GW1005', 'name is not UTF-8', at);
    }
  }
}
