/**
 * Strings across the boundary. Go's are UTF-8 in linear memory, JavaScript's are UTF-16 and cannot be seen from there.
 *
 * Most are short: names of properties and methods, at the same address each time. A call of `TextDecoder` or an allocation
 * costs more than all else for them, so they are compared with what was decoded last from there, or converted here.
 */

/** Strings of so many bytes at most are converted here: where TextDecoder begins to be faster. */
const SHORT = 24;
/** Slots for strings decoded last, by address: two to this power. */
const LOG_SLOTS = 10;
/** Bytes for encoded strings between measuring and copying. */
const SCRATCH = 24 * 1024;

const encoder = new TextEncoder();
// A byte order mark is part of the string.
const decoder = new TextDecoder('utf-8', { ignoreBOM: true });

export interface Text {
  /** Tells where memory is now. */
  reset(memory: Uint8Array): void;
  /** The string of `length` bytes at `pointer`. */
  decode(pointer: number, length: number): string;
  /** Prepares a string to be copied to memory. Returns a number for it; its length in bytes is then in `length`. */
  prepare(text: string): number;
  /** Bytes of the string prepared last. */
  length: number;
  /** Copies a prepared string to memory. */
  copy(prepared: number, pointer: number, length: number): void;
  /** Forgets a prepared string. */
  release(prepared: number): void;
}

export function createText(): Text {
  let u8: Uint8Array = new Uint8Array();
  let buffer: ArrayBufferLike = u8.buffer;

  const cache: string[] = new Array(1 << LOG_SLOTS).fill('');
  /** By length, so that `fromCharCode` gets neither holes nor a new array. */
  const codes: number[][] = Array.from({ length: SHORT + 1 }, (_, n) => new Array(n).fill(0));

  const decodeShort = (pointer: number, length: number): string => {
    const chars = codes[length]!;
    let all = 0;
    for (let k = 0; k < length; k++) all |= chars[k] = u8[pointer + k]!;
    return all < 0x80 ? String.fromCharCode(...chars) : decoder.decode(new Uint8Array(buffer, pointer, length));
  };

  /** A string being prepared, or its bytes when they do not fit in `scratch`. Nearly always there is one at most. */
  const prepared: (string | Uint8Array | undefined)[] = [];
  const free: number[] = [];
  const scratch = new Uint8Array(SCRATCH);
  /** Whose bytes are in `scratch`. */
  let owner = -1;

  const encode = (text: string): number => {
    const { length } = text;
    if (length <= SHORT) {
      let k = 0;
      for (; k < length; k++) {
        const code = text.charCodeAt(k);
        if (code >= 0x80) break;
        scratch[k] = code;
      }
      if (k === length) return length;
    }
    return encoder.encodeInto(text, scratch).written;
  };

  return {
    length: 0,
    reset(memory) {
      u8 = memory;
      ({ buffer } = memory);
    },
    decode(pointer, length) {
      // Quicker than a subarray.
      if (length > SHORT) return decoder.decode(new Uint8Array(buffer, pointer, length));
      // Names in Go's data are side by side, what is made at run time is at multiples of 8 or 16.
      const slot = Math.imul(pointer + length, 0x9e3779b1) >>> (32 - LOG_SLOTS);
      const text = cache[slot]!;
      if (text.length === length) {
        // Of what is not ASCII no byte equals a character: such strings never match.
        let k = 0;
        while (k < length && text.charCodeAt(k) === u8[pointer + k]) k++;
        if (k === length) return text;
      }
      // biome-ignore lint/suspicious/noAssignInExpressions: the slot is filled on the way out
      return (cache[slot] = decodeShort(pointer, length));
    },
    prepare(text) {
      const id = free.pop() ?? prepared.length;
      if (text.length <= SCRATCH / 3) {
        this.length = encode(text);
        owner = id;
        prepared[id] = text;
      } else {
        const bytes = encoder.encode(text);
        this.length = bytes.length;
        prepared[id] = bytes;
      }
      return id;
    },
    copy(id, pointer, length) {
      const text = prepared[id]!;
      if (typeof text !== 'string') {
        u8.set(text, pointer);
      } else if (owner !== id) {
        // Go has switched goroutines in between, and the other one has prepared a string as well.
        encoder.encodeInto(text, u8.subarray(pointer, pointer + length));
      } else if (length <= SHORT) {
        for (let k = 0; k < length; k++) u8[pointer + k] = scratch[k]!;
      } else {
        u8.set(scratch.subarray(0, length), pointer);
      }
    },
    release(id) {
      prepared[id] = undefined;
      free.push(id);
    },
  };
}
