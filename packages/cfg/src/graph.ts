/** A block's number: 0 ≤ id < graph.size. */
export type BlockId = number;

/**
 * How a block ends. `Leave` is a return, a tail call, an unwind or a trap: control never comes back into this graph.
 *
 * @enum
 */
export const Exit = { Goto: 0, If: 1, Switch: 2, Leave: 3 } as const;
export type Exit = (typeof Exit)[keyof typeof Exit];

/**
 * A control-flow graph: blocks with dense ids, each with one exit. The graph knows nothing of what a block does; the
 * meaning of blocks and conditions lives with the caller, under the same ids (see {@link Cfg}).
 *
 * Shape: flat typed arrays. `succ[succStart[b] .. succStart[b + 1])` are the successors of block `b`, in the order that
 * its exit kind fixes:
 *
 * | kind   | successors            |
 * |--------|-----------------------|
 * | Goto   | `[to]`                |
 * | If     | `[then, else]`        |
 * | Switch | `[case 0, …, default]`|
 * | Leave  | `[]`                  |
 */
export interface Graph {
  /** How many blocks there are. */
  readonly size: number;
  /** The block that control starts in. */
  readonly entry: BlockId;
  /** The exit kind of each block ({@link Exit}). */
  readonly kind: Uint8Array;
  /** `size + 1` offsets into `succ`. */
  readonly succStart: Uint32Array;
  /** All blocks' successors, one block's after the other's. */
  readonly succ: Uint32Array;
}

/** A graph with its contents: straight-line code of type `S` for each block, a condition or index of type `E` for each If and Switch. */
export interface Cfg<S, E> {
  /** The blocks and how they are connected. */
  readonly graph: Graph;
  /** What block `b` does. */
  readonly code: readonly S[];
  /** What block `b` decides on; undefined where the exit is Goto or Leave. */
  readonly on: readonly (E | undefined)[];
}
