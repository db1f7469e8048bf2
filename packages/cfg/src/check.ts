import { type BlockId, Exit, type Graph } from './graph.ts';
import { labelLiveness } from './liveness.ts';
import { type Structured, Tok } from './structured.ts';
import {
  endsPath,
  firstLabel,
  isIf,
  nextToken,
  resolve,
  StructureError,
  successors,
  tokenNames,
  usesCode,
} from './tokens.ts';

/**
 * Proves that a structured program does what its graph does, whatever the conditions are. From the code of each block, each
 * way out of it is followed, token by token, with the value of the label variable, to the code that comes next: it must
 * be that of the successor which the graph names. So every path of the one is a path of the other.
 *
 * Cost: linear in the sizes of graph and program, but that a way through nested dispatch takes its length.
 *
 * @throws StructureError if the list is malformed, or control arrives at a wrong place.
 */
export function checkStructured(graph: Graph, structured: Structured): void {
  const { tokens, length } = structured;
  const { target, skip } = resolve(structured);
  const { kind, succStart, succ } = graph;

  // Tokens that do nothing but pass control on are jumped over; chains of them are shortened as they are met.
  const jump = new Int32Array(length).fill(-1);
  const pass = (at: number): number => {
    switch (tokens[at]) {
      case Tok.Block:
      case Tok.Loop:
        return at + 2;
      case Tok.End:
        return at + 1;
      case Tok.Else:
        return skip[at]!;
      case Tok.Br:
        return target[tokens[at + 1]!]!;
      default:
        return -1;
    }
  };
  const settle = (from: number): number => {
    let end = from;
    for (let steps = 0; ; steps++) {
      if (end >= length) throw new StructureError(from, 'control arrives at the end');
      if (steps > length) throw new StructureError(from, 'control goes round in circles');
      const next = jump[end]! >= 0 ? jump[end]! : pass(end);
      if (next < 0) break;
      end = next;
    }
    for (let at = from; at !== end; ) {
      const next = jump[at]! >= 0 ? jump[at]! : pass(at);
      jump[at] = end;
      at = next;
    }
    return end;
  };

  // What the label variable may be when control arrives at the code of a block. Where it may be several things, it may
  // not be read before it is set.
  const NOT_SEEN = -1;
  const ANYTHING = -2;
  const variableAt = new Int32Array(length).fill(NOT_SEEN);
  const work: number[] = [];
  /** Follows control from `from` to the code of `block`. */
  const follow = (from: number, variableThere: number, block: BlockId): void => {
    let at = from;
    let variable = variableThere;
    for (let steps = 0; ; steps++) {
      at = settle(at);
      const token = tokens[at]!;
      const a = tokens[at + 1]!;
      if (token === Tok.Code) break;
      if (token === Tok.SetLabel) {
        variable = a;
        at += 2;
        continue;
      }
      if (token < Tok.IfLabel || token > Tok.BrTableLabel)
        throw new StructureError(at, `control arrives at ${tokenNames[token]}, but should at block ${block}`);
      if (variable === ANYTHING) throw new StructureError(at, 'the label variable may be anything here');
      if (steps > 2 * length) throw new StructureError(from, 'control goes round in circles');
      if (token === Tok.IfLabel) at = variable === a ? at + 2 : skip[at]!;
      else if (token === Tok.IfNotLabel) at = variable !== a ? at + 2 : skip[at]!;
      else if (token === Tok.BrIfLabel) at = variable === a ? target[tokens[at + 2]!]! : at + 3;
      else if (token === Tok.BrIfNotLabel) at = variable !== a ? target[tokens[at + 2]!]! : at + 3;
      else at = target[tokens[at + 3 + Math.min((variable - a) >>> 0, tokens[at + 2]! - 1)]!]!;
    }
    if (tokens[at + 1] !== block)
      throw new StructureError(at, `control arrives at block ${tokens[at + 1]}, but should at block ${block}`);
    const seen = variableAt[at]!;
    if (seen === variable || seen === ANYTHING) return;
    variableAt[at] = seen === NOT_SEEN ? variable : ANYTHING;
    work.push(at);
  };

  follow(0, 0, graph.entry);
  while (work.length > 0) {
    const code = work.pop()!;
    const b = tokens[code + 1]!;
    const at = code + 2;
    const token = at < length ? tokens[at]! : Tok.Unreachable;
    const variable = variableAt[code]!;
    const start = succStart[b]!;
    const end = succStart[b + 1]!;
    const wrong = (): never => {
      throw new StructureError(at, `${tokenNames[token]} is not how block ${b} ends`);
    };
    switch (kind[b]) {
      case Exit.Goto:
        if (usesCode(token)) wrong();
        follow(at, variable, succ[start]!);
        break;
      case Exit.Leave:
        if (token !== Tok.Leave) wrong();
        break;
      default: {
        // An If is followed with conditions 1 and 0, a Switch with all indices.
        const ifNotZero = (): number => {
          switch (token) {
            case Tok.If:
              return at + 2;
            case Tok.IfNot:
              return skip[at]!;
            case Tok.BrIf:
              return target[tokens[at + 2]!]!;
            case Tok.BrIfNot:
              return at + 3;
            case Tok.Drop:
              return at + 2;
            default:
              return wrong();
          }
        };
        const ifZero = (): number => {
          switch (token) {
            case Tok.If:
              return skip[at]!;
            case Tok.IfNot:
              return at + 2;
            case Tok.BrIf:
              return at + 3;
            case Tok.BrIfNot:
              return target[tokens[at + 2]!]!;
            default:
              return at + 2;
          }
        };
        const isSwitch = kind[b] === Exit.Switch;
        if (token === Tok.BrTable) {
          if (!isSwitch) wrong();
          const last = tokens[at + 2]! - 1;
          for (let i = 0; i < Math.max(end - start, last + 1); i++)
            follow(target[tokens[at + 3 + Math.min(i, last)]!]!, variable, succ[Math.min(start + i, end - 1)]!);
          break;
        }
        const nonZero = ifNotZero();
        const zero = ifZero();
        if (isSwitch) {
          follow(zero, variable, succ[start]!);
          for (let e = start + 1; e < end; e++) follow(nonZero, variable, succ[e]!);
          if (end - start === 1) follow(nonZero, variable, succ[start]!);
        } else {
          follow(nonZero, variable, succ[start]!);
          follow(zero, variable, succ[start + 1]!);
        }
      }
    }
  }
  for (let at = 0; at < length; at = nextToken(tokens, at)) {
    const mayEnd = nextToken(tokens, at) < length || endsPath(tokens[at]!);
    if (!mayEnd) throw new StructureError(at, 'an emitter cannot see that control does not come to the end');
  }
}

/**
 * Looks for what a structured program could do without: tokens that control never reaches, a Block or Loop that nothing
 * branches to, an If with an empty arm, an Else where one arm does not come to its end, a branch to what follows anyway, a
 * value of the label variable that nothing reads.
 * Returns one line for each; a program without waste gives none.
 */
export function findWaste(structured: Structured): string[] {
  const { tokens, length, labels } = structured;
  const jumps = resolve(structured);
  const { target, skip } = jumps;
  const live = labelLiveness(structured);

  const used = new Uint8Array(labels);
  const reached = new Uint8Array(length + 1);
  const work = [0];
  while (work.length > 0) {
    const at = work.pop()!;
    if (reached[at] === 1) continue;
    reached[at] = 1;
    if (at === length) continue;
    for (let i = firstLabel(tokens, at); i < nextToken(tokens, at); i++) used[tokens[i]!] = 1;
    successors(structured, jumps, at, work);
  }

  /** Where control gets if it goes on from here without doing anything. */
  const settled = (from: number): number => {
    let at = from;
    while (at < length && (tokens[at] === Tok.End || tokens[at] === Tok.Else))
      at = tokens[at] === Tok.End ? at + 1 : skip[at]!;
    return at;
  };
  const waste: string[] = [];
  for (let at = 0, next = 0; at < length; at = next) {
    next = nextToken(tokens, at);
    const kind = tokens[at]!;
    const say = (what: string): void => void waste.push(`token ${at}: ${what}`);
    const closes = kind === Tok.End || kind === Tok.Else || kind === Tok.Unreachable;
    if (reached[at] === 0 && !closes) say(`control does not reach ${tokenNames[kind]}`);
    if ((kind === Tok.Block || kind === Tok.Loop) && used[tokens[at + 1]!] === 0)
      say(`nothing branches to ${tokenNames[kind]}`);
    if (kind === Tok.Else && reached[at] === 0) say('the arm before Else does not come to its end');
    if (kind === Tok.Else && reached[skip[at]! - 1] === 0) say('the arm after Else does not come to its end');
    if ((isIf(kind) || kind === Tok.Else) && (tokens[next] === Tok.End || tokens[next] === Tok.Else))
      say('an empty arm');
    for (let i = firstLabel(tokens, at); i < next; i++) {
      const isTable = kind === Tok.BrTable || kind === Tok.BrTableLabel;
      const to = target[tokens[i]!]!;
      if (!isTable && to > at && settled(to) === settled(next)) say('a branch to what follows');
    }
    if (kind === Tok.SetLabel && live[next] === 0) say('nothing reads this value of the label variable');
  }
  return waste;
}
