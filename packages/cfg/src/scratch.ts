import { Analysis } from './analysis.ts';

/**
 * Memory that is kept from call to call: pass one `Scratch` to many calls and nothing is allocated again. What a call
 * returns may lie in it and is valid until the next call of the same function with the same `Scratch`.
 */
export class Scratch {
  /** The analysis of the graph in work. */
  readonly analysis: Analysis = new Analysis();
  #arrays: Int32Array[] = [];

  /**
   * Working array number `slot`: at least `length` entries, with whatever they held before. Slot 0 holds the tokens of
   * the last structured program; 1–31 belong to this package, 32 and up to the structurers.
   */
  ints(slot: number, length: number): Int32Array {
    const have = this.#arrays[slot];
    if (have !== undefined && have.length >= length) return have;
    const array = new Int32Array(length <= 64 ? 64 : 2 ** Math.ceil(Math.log2(length)));
    this.#arrays[slot] = array;
    return array;
  }
}
