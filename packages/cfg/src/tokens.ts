import { type Structured, Tok } from './structured.ts';

/** A structured program breaks a rule. */
export class StructureError extends Error {
  /** Always `StructureError`. */
  override readonly name: string = 'StructureError';
  /** Where in `tokens` the offending token is. */
  readonly at: number;

  constructor(at: number, message: string) {
    super(`token ${at}: ${message}`);
    this.at = at;
  }
}

/** How many operands each kind of token has, before the n labels of a table. */
const OPERANDS: readonly number[] = (() => {
  const one = [Tok.Block, Tok.Loop, Tok.If, Tok.IfNot, Tok.Code, Tok.Br, Tok.Drop, Tok.Leave];
  const oneOnLabel = [Tok.SetLabel, Tok.IfLabel, Tok.IfNotLabel];
  const two = [Tok.BrIf, Tok.BrIfNot, Tok.BrTable, Tok.BrIfLabel, Tok.BrIfNotLabel, Tok.BrTableLabel];
  const operands = new Array<number>(Object.keys(Tok).length).fill(0);
  for (const kind of [...one, ...oneOnLabel]) operands[kind] = 1;
  for (const kind of two) operands[kind] = 2;
  return operands;
})();

/** The name of each kind of token. */
export const tokenNames: readonly (keyof typeof Tok)[] = Object.keys(Tok) as (keyof typeof Tok)[];

/** Where the token after the one at `at` is. */
export function nextToken(tokens: Int32Array, at: number): number {
  const kind = tokens[at]!;
  const table = kind === Tok.BrTable || kind === Tok.BrTableLabel;
  return at + 1 + OPERANDS[kind]! + (table ? tokens[at + 2]! : 0);
}

/** Where control goes: what {@link resolve} finds. */
export interface Jumps {
  /** For each label: the index of the token that a branch to it comes to. */
  readonly target: Int32Array;
  /**
   * At the index of each token of the If kinds: where control goes if its condition does not hold; at that of each Else:
   * past the End. Elsewhere without meaning.
   */
  readonly skip: Int32Array;
}

/**
 * Matches labels, Ifs, Elses and Ends, in one pass, and checks the form of the list: whole tokens, constructs properly
 * nested, labels dense, opened once and used only in scope, and the Code of each block followed by at most one token that
 * uses what it has left, in its place.
 *
 * @throws StructureError
 */
export function resolve({ tokens, length, labels, usesLabelVariable }: Structured): Jumps {
  const target = new Int32Array(labels);
  const scope = new Uint8Array(labels); // 0 before, OPEN in, CLOSED after it
  const skip = new Int32Array(length);
  const open: number[] = []; // where the open constructs start
  let opened = 0;
  let last = -1; // where the last token is
  const fail = (at: number, message: string): never => {
    throw new StructureError(at, message);
  };
  const checkLabel = (at: number, label: number): void => {
    if (!(label >= 0 && label < labels) || scope[label] !== OPEN) fail(at, `label ${label} is not in scope`);
  };
  for (let at = 0; at < length; ) {
    const kind = tokens[at]!;
    if (OPERANDS[kind] === undefined) fail(at, `there is no token ${kind}`);
    const next = nextToken(tokens, at);
    if (!(next > at && next <= length)) fail(at, 'the token is cut off');
    switch (kind) {
      case Tok.Block:
      case Tok.Loop: {
        const label = tokens[at + 1]!;
        if (!(label >= 0 && label < labels)) fail(at, `label ${label} is not below ${labels}`);
        if (scope[label] !== 0) fail(at, `label ${label} is opened twice`);
        opened++;
        scope[label] = OPEN;
        target[label] = next;
        open.push(at);
        break;
      }
      case Tok.If:
      case Tok.IfNot:
      case Tok.IfLabel:
      case Tok.IfNotLabel:
        open.push(at);
        break;
      case Tok.Else: {
        const start = open.pop() ?? -1;
        if (start < 0 || !isIf(tokens[start]!)) fail(at, 'Else without If');
        skip[start] = next;
        open.push(at);
        break;
      }
      case Tok.End: {
        const start = open.pop() ?? -1;
        if (start < 0) fail(at, 'End without a start');
        const opener = tokens[start]!;
        if (opener === Tok.Block || opener === Tok.Loop) {
          const label = tokens[start + 1]!;
          scope[label] = CLOSED;
          if (opener === Tok.Block) target[label] = next;
        } else skip[start] = next;
        break;
      }
      case Tok.Br:
        checkLabel(at, tokens[at + 1]!);
        break;
      case Tok.BrIf:
      case Tok.BrIfNot:
      case Tok.BrIfLabel:
      case Tok.BrIfNotLabel:
        checkLabel(at, tokens[at + 2]!);
        break;
      case Tok.BrTable:
      case Tok.BrTableLabel:
        if (tokens[at + 2]! < 1) fail(at, 'a table needs a default label');
        for (let i = at + 3; i < next; i++) checkLabel(at, tokens[i]!);
        break;
    }
    if (usesCode(kind) && !(last >= 0 && tokens[last] === Tok.Code && tokens[last + 1] === tokens[at + 1]))
      fail(at, `${tokenNames[kind]} ${tokens[at + 1]} does not directly follow the code of that block`);
    if (usesVariable(kind) && !usesLabelVariable) fail(at, 'the program claims not to use the label variable');
    if (kind === Tok.SetLabel && tokens[at + 1]! < 0) fail(at, 'values of the label variable are not negative');
    last = at;
    at = next;
  }
  if (open.length > 0) fail(open[open.length - 1]!, 'the construct has no End');
  if (opened !== labels) fail(length, `${labels} labels, but ${opened} are opened`);
  return { target, skip };
}

const OPEN = 1;
const CLOSED = 2;

/** Whether a token is of the If kinds. */
export function isIf(kind: number): boolean {
  return kind === Tok.If || kind === Tok.IfNot || kind === Tok.IfLabel || kind === Tok.IfNotLabel;
}

/** Where the labels among the operands of the token at `at` start; past the token if it has none. */
export function firstLabel(tokens: Int32Array, at: number): number {
  switch (tokens[at]) {
    case Tok.Br:
      return at + 1;
    case Tok.BrIf:
    case Tok.BrIfNot:
    case Tok.BrIfLabel:
    case Tok.BrIfNotLabel:
      return at + 2;
    case Tok.BrTable:
    case Tok.BrTableLabel:
      return at + 3;
    default:
      return nextToken(tokens, at);
  }
}

/** Appends to `to` where control may go from the token at `at`, as indices of tokens; `length` is the end of the program. */
export function successors({ tokens }: Structured, { target, skip }: Jumps, at: number, to: number[]): void {
  const kind = tokens[at]!;
  const next = nextToken(tokens, at);
  for (let i = firstLabel(tokens, at); i < next; i++) to.push(target[tokens[i]!]!);
  if (isIf(kind) || kind === Tok.Else) to.push(skip[at]!);
  if (kind !== Tok.Else && !endsPath(kind)) to.push(next);
}

/** Whether control never goes on to the token after one of this kind. */
export function endsPath(kind: number): boolean {
  return (
    kind === Tok.Br ||
    kind === Tok.BrTable ||
    kind === Tok.BrTableLabel ||
    kind === Tok.Leave ||
    kind === Tok.Unreachable
  );
}

/** Whether a token uses the condition or index of its block, or ends it. */
export function usesCode(kind: number): boolean {
  return (
    kind === Tok.If ||
    kind === Tok.IfNot ||
    kind === Tok.BrIf ||
    kind === Tok.BrIfNot ||
    kind === Tok.BrTable ||
    kind === Tok.Drop ||
    kind === Tok.Leave
  );
}

function usesVariable(kind: number): boolean {
  return kind >= Tok.SetLabel && kind <= Tok.BrTableLabel;
}
