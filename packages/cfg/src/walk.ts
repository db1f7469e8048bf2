import { Scratch } from './scratch.ts';
import { type Structured, Tok } from './structured.ts';

/**
 * What {@link walk} calls, in program order. A `depth` is WebAssembly's: how many constructs lie between a branch and the
 * one it branches to. `block` arguments are block numbers.
 */
export interface Visitor {
  /** `block`: a branch to it leaves it. */
  block(): void;
  /** `loop`: a branch to it starts it again. */
  loop(): void;
  /** `if` on the condition of `block`, or on its negation. */
  if(block: number, negated: boolean): void;
  /** What follows is run where the condition of the innermost `if` does not hold. */
  else(): void;
  /** The end of the innermost `block`, `loop` or `if`. */
  end(): void;
  /** The straight-line code of `block`. What uses its condition or index, or ends it, comes directly after it. */
  code(block: number): void;
  /** Control goes to the construct at `depth`. */
  br(depth: number): void;
  /** The same on the condition of `block`, or on its negation. */
  brIf(block: number, negated: boolean, depth: number): void;
  /** A branch on the index of `block`: to `depths[0 .. count)`, the last one for the default; the array is used again after the call. */
  brTable(block: number, depths: Int32Array, count: number): void;
  /** The condition or index of `block` decides nothing. */
  drop(block: number): void;
  /** Control leaves the graph at the end of `block`. */
  leave(block: number): void;
  /** Control cannot arrive here. */
  unreachable(): void;
  /** The label variable := value. */
  setLabel(value: number): void;
  /** `if` on label variable = value, or on ≠. */
  ifLabel(value: number, negated: boolean): void;
  /** A branch on label variable = value, or on ≠. */
  brIfLabel(value: number, negated: boolean, depth: number): void;
  /** The same on label variable − base. */
  brTableLabel(base: number, depths: Int32Array, count: number): void;
}

/** Calls the visitor for each token, with relative depths for labels. Allocates nothing if given a {@link Scratch}. */
export function walk({ tokens, length, labels }: Structured, visitor: Visitor, scratch: Scratch = new Scratch()): void {
  const levelOf = scratch.ints(1, labels); // how many constructs are open inside of and including each label's
  let level = 0;
  for (let at = 0; at < length; ) {
    const kind = tokens[at]!;
    const a = tokens[at + 1]!;
    switch (kind) {
      case Tok.Block:
        levelOf[a] = ++level;
        visitor.block();
        at += 2;
        break;
      case Tok.Loop:
        levelOf[a] = ++level;
        visitor.loop();
        at += 2;
        break;
      case Tok.If:
      case Tok.IfNot:
        level++;
        visitor.if(a, kind === Tok.IfNot);
        at += 2;
        break;
      case Tok.IfLabel:
      case Tok.IfNotLabel:
        level++;
        visitor.ifLabel(a, kind === Tok.IfNotLabel);
        at += 2;
        break;
      case Tok.Else:
        visitor.else();
        at += 1;
        break;
      case Tok.End:
        level--;
        visitor.end();
        at += 1;
        break;
      case Tok.Code:
        visitor.code(a);
        at += 2;
        break;
      case Tok.Br:
        visitor.br(level - levelOf[a]!);
        at += 2;
        break;
      case Tok.BrIf:
      case Tok.BrIfNot:
        visitor.brIf(a, kind === Tok.BrIfNot, level - levelOf[tokens[at + 2]!]!);
        at += 3;
        break;
      case Tok.BrIfLabel:
      case Tok.BrIfNotLabel:
        visitor.brIfLabel(a, kind === Tok.BrIfNotLabel, level - levelOf[tokens[at + 2]!]!);
        at += 3;
        break;
      case Tok.BrTable:
      case Tok.BrTableLabel: {
        const count = tokens[at + 2]!;
        const depths = scratch.ints(2, count);
        at += 3;
        for (let i = 0; i < count; i++) depths[i] = level - levelOf[tokens[at + i]!]!;
        at += count;
        if (kind === Tok.BrTable) visitor.brTable(a, depths, count);
        else visitor.brTableLabel(a, depths, count);
        break;
      }
      case Tok.Drop:
        visitor.drop(a);
        at += 2;
        break;
      case Tok.Leave:
        visitor.leave(a);
        at += 2;
        break;
      case Tok.SetLabel:
        visitor.setLabel(a);
        at += 2;
        break;
      default:
        visitor.unreachable();
        at += 1;
    }
  }
}
