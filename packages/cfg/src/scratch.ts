import { Analysis } from './analysis.ts';

/**
 * Memory that a structurer needs while it works, and an {@link Analysis}; pass one `Scratch` to many calls and nothing
 * is allocated again. What a call returns may lie in it and is valid until the next call with the same `Scratch`.
 */
export class Scratch {
  readonly analysis: Analysis = new Analysis();
  #arrays: Int32Array[] = [];

  /** Working array number `slot`: at least `length` entries, with whatever they held before. */
  ints(slot: number, length: number): Int32Array {
    const have = this.#arrays[slot];
    if (have !== undefined && have.length >= length) return have;
    const array = new Int32Array(capacity(length));
    this.#arrays[slot] = array;
    return array;
  }

  /** Working array number `slot` made larger, its contents kept. */
  grow(slot: number, length: number): Int32Array {
    const have = this.#arrays[slot];
    const array = this.ints(slot, length);
    if (have !== undefined && have !== array) array.set(have);
    return array;
  }
}

/** A power of two: growing step by step stays linear. */
function capacity(length: number): number {
  return length <= 64 ? 64 : 2 ** Math.ceil(Math.log2(length));
}
