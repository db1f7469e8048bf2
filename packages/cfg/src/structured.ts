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
 * | Leave                   | block                 | the exit of a Leave block; what follows cannot be reached      |
 * | SetLabel                | value                 | label variable := value                                        |
 * | IfLabel                 | value                 | `if` on label variable = value                                 |
 * | BrTableLabel            | base, n, label × n    | branch on (label variable − base); the last label is default   |
 * | Unreachable             |                       | control cannot arrive here                                     |
 *
 * Labels are dense: 0 ≤ label < `labels`. Each is opened by just one Block or Loop. A token that uses the condition of a
 * block (If, IfNot, BrIf, BrIfNot, BrTable) or ends it (Leave) directly follows that block's Code token, so that an
 * emitter may leave the operand on the stack. Br to a label is legal only between the token that opens it and its End.
 * A block may occur more than once (node splitting).
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
  Leave: 11,
  SetLabel: 12,
  IfLabel: 13,
  BrTableLabel: 14,
  Unreachable: 15,
} as const;
export type Tok = (typeof Tok)[keyof typeof Tok];

export interface Structured {
  readonly tokens: Int32Array;
  /** How many entries of `tokens` are used (the array may be larger and reused). */
  readonly length: number;
  /** How many labels there are. */
  readonly labels: number;
  /** Whether the label variable is used. */
  readonly usesLabelVariable: boolean;
}

/** What turns a graph into a structured program: a plug-in, chosen by name. */
export interface Structurer {
  readonly name: string;
  /** Whether graphs with irreducible loops are accepted. */
  readonly accepts: 'reducible' | 'any';
  structure(graph: import('./graph.ts').Graph): Structured;
}
