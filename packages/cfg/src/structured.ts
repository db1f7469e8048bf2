import type { Graph } from './graph.ts';
import type { Scratch } from './scratch.ts';

/**
 * A structured program: WebAssembly's control constructs as one flat list of tokens in program order, so that nothing
 * that makes, reads, checks or emits it recurses over blocks.
 *
 * Shape: `tokens` holds records of varying length, a {@link Tok} followed by its operands:
 *
 * | token                   | operands              | meaning                                                        |
 * |-------------------------|-----------------------|----------------------------------------------------------------|
 * | Block                   | label                 | `block`: a branch to the label leaves forward, past its End    |
 * | Loop                    | label                 | `loop`: a branch to the label goes back to its start           |
 * | If, IfNot               | block                 | `if` on the condition (its negation) of that block; no label   |
 * | Else, End               |                       |                                                                |
 * | Code                    | block                 | the straight-line code of that block                           |
 * | Br                      | label                 |                                                                |
 * | BrIf, BrIfNot           | block, label          | branch on the condition (its negation) of that block           |
 * | BrTable                 | block, n, label × n   | branch on the index of that block; the last label is default   |
 * | Drop                    | block                 | condition or index of that block, which decides nothing        |
 * | Leave                   | block                 | the exit of a Leave block; what follows cannot be reached      |
 * | SetLabel                | value                 | label variable := value                                        |
 * | IfLabel, IfNotLabel     | value                 | `if` on label variable = value (≠ value)                       |
 * | BrIfLabel, BrIfNotLabel | value, label          | branch on label variable = value (≠ value)                     |
 * | BrTableLabel            | base, n, label × n    | branch on (label variable − base); the last label is default   |
 * | Unreachable             |                       | control cannot arrive here                                     |
 *
 * Labels are dense: 0 ≤ label < `labels`. Each is opened by just one Block or Loop. The Code token of a block that decides
 * (If, Switch) or leaves is directly followed by the one token that uses its condition or index (If, IfNot, BrIf,
 * BrIfNot, BrTable, Drop) or ends it (Leave), so that an emitter may leave the operand on the stack. Drop stands where all
 * successors are the same: an emitter whose conditions have no effects prints nothing for it. The condition of a Switch
 * block is "index ≠ 0": If and BrIf stand for a switch that has only two ways. A branch to a label is legal only between
 * the token that opens it and its End. The label variable is 0 at the start; its values are not negative. A block may
 * occur more than once (node splitting). Control never arrives at the end of the list, and its last token is one that an
 * emitter knows not to fall through (Br, BrTable, BrTableLabel, Leave, Unreachable).
 *
 * @enum
 */
export const Tok = {
  Block: 0,
  Loop: 1,
  If: 2,
  IfNot: 3,
  Else: 4,
  End: 5,
  Code: 6,
  Br: 7,
  BrIf: 8,
  BrIfNot: 9,
  BrTable: 10,
  Drop: 11,
  Leave: 12,
  SetLabel: 13,
  IfLabel: 14,
  IfNotLabel: 15,
  BrIfLabel: 16,
  BrIfNotLabel: 17,
  BrTableLabel: 18,
  Unreachable: 19,
} as const;
export type Tok = (typeof Tok)[keyof typeof Tok];

/** A structured program: a list of tokens as {@link Tok} describes it. */
export interface Structured {
  /** Tokens and their operands, in program order. */
  readonly tokens: Int32Array;
  /** How many entries of `tokens` are used (the array may be larger and reused). */
  readonly length: number;
  /** How many labels there are. */
  readonly labels: number;
  /** Whether the label variable is used. */
  readonly usesLabelVariable: boolean;
}

/** What a structurer may be given. */
export interface StructureOptions {
  /** Memory to work in and to return the result in; without it the result owns its memory. */
  readonly scratch?: Scratch;
  /** Of each block: its size in bytes of code, to decide what is cheap to copy; 16 each if not given. */
  readonly sizes?: ArrayLike<number>;
}

/** What turns a graph into a structured program: a plug-in, chosen by name. */
export interface Structurer {
  /** What it is called where one can choose. */
  readonly name: string;
  /** Whether graphs with irreducible loops are accepted. */
  readonly accepts: 'reducible' | 'any';
  /** The structured program that does what `graph` does. Blocks that the entry does not reach are not in it. */
  structure(graph: Graph, options?: StructureOptions): Structured;
}
