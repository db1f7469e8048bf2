import { type BlockId, Exit, type Graph } from './graph.ts';
import { type Structured, Tok } from './structured.ts';
import { resolve, StructureError, tokenNames } from './tokens.ts';

/**
 * What happened: the blocks whose code was run, in order, and `~b` when control left at block `b`.
 */
export type Trace = number[];

/**
 * The value of the condition or index of `block`, asked for each time control comes to its exit: an integer ≥ 0. An If goes
 * to its first successor if it is not 0; a Switch to successor number min(value, n − 1).
 */
export type Decide = (block: BlockId) => number;

/** Runs a graph until control leaves or `limit` blocks have been run. */
export function runGraph(graph: Graph, decide: Decide, limit: number): Trace {
  const { kind, succStart, succ } = graph;
  const trace: Trace = [];
  let b = graph.entry;
  for (let steps = 0; steps < limit; steps++) {
    trace.push(b);
    const start = succStart[b]!;
    switch (kind[b]) {
      case Exit.Goto:
        b = succ[start]!;
        break;
      case Exit.If:
        b = succ[decide(b) !== 0 ? start : start + 1]!;
        break;
      case Exit.Switch:
        b = succ[Math.min(start + decide(b), succStart[b + 1]! - 1)]!;
        break;
      default:
        trace.push(~b);
        return trace;
    }
  }
  return trace;
}

/**
 * Runs a structured program until control leaves or `limit` blocks have been run. With the same decisions its trace is
 * that of the graph it was made from.
 *
 * @throws StructureError if the program is malformed, arrives at Unreachable or at its end, or goes round in circles
 * without running a block.
 */
export function runStructured(structured: Structured, decide: Decide, limit: number): Trace {
  const { tokens, length } = structured;
  const { target, skip } = resolve(structured);
  const trace: Trace = [];
  let variable = 0;
  let idle = 0;
  let at = 0;
  for (;;) {
    if (at >= length) throw new StructureError(at, 'control arrives at the end');
    if (++idle > 2 * length) throw new StructureError(at, 'control goes round in circles');
    const kind = tokens[at]!;
    const a = tokens[at + 1]!;
    switch (kind) {
      case Tok.Block:
      case Tok.Loop:
        at += 2;
        break;
      case Tok.If:
        at = decide(a) !== 0 ? at + 2 : skip[at]!;
        break;
      case Tok.IfNot:
        at = decide(a) === 0 ? at + 2 : skip[at]!;
        break;
      case Tok.IfLabel:
        at = variable === a ? at + 2 : skip[at]!;
        break;
      case Tok.IfNotLabel:
        at = variable !== a ? at + 2 : skip[at]!;
        break;
      case Tok.Else:
        at = skip[at]!;
        break;
      case Tok.End:
        at += 1;
        break;
      case Tok.Code:
        if (trace.length === limit) return trace;
        idle = 0;
        trace.push(a);
        at += 2;
        break;
      case Tok.Br:
        at = target[a]!;
        break;
      case Tok.BrIf:
        at = decide(a) !== 0 ? target[tokens[at + 2]!]! : at + 3;
        break;
      case Tok.BrIfNot:
        at = decide(a) === 0 ? target[tokens[at + 2]!]! : at + 3;
        break;
      case Tok.BrIfLabel:
        at = variable === a ? target[tokens[at + 2]!]! : at + 3;
        break;
      case Tok.BrIfNotLabel:
        at = variable !== a ? target[tokens[at + 2]!]! : at + 3;
        break;
      case Tok.BrTable:
      case Tok.BrTableLabel: {
        const index = kind === Tok.BrTable ? decide(a) : (variable - a) >>> 0;
        at = target[tokens[at + 3 + Math.min(index, tokens[at + 2]! - 1)]!]!;
        break;
      }
      case Tok.Drop:
        decide(a);
        at += 2;
        break;
      case Tok.Leave:
        trace.push(~a);
        return trace;
      case Tok.SetLabel:
        variable = a;
        at += 2;
        break;
      default:
        throw new StructureError(at, `control arrives at ${tokenNames[kind]}`);
    }
  }
}
