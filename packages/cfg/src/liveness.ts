import type { Graph } from './graph.ts';
import { type Structured, Tok } from './structured.ts';
import { nextToken, resolve, successors } from './tokens.ts';

/**
 * Where the label variable is live: for the index of each token (and for `length`, the end of the program) 1 if the value
 * that the variable has before that token may be read later, else 0. Linear in the size of the program.
 *
 * Live at 0 means that the program relies on the variable's being 0 at the start.
 */
export function labelLiveness(structured: Structured): Uint8Array {
  const { tokens, length } = structured;
  const live = new Uint8Array(length + 1);
  if (!structured.usesLabelVariable) return live;
  const jumps = resolve(structured);
  // Edges by target, as linked lists; then backwards from each token that reads, up to those that set.
  const head = new Int32Array(length + 1).fill(-1);
  const next: number[] = [];
  const from: number[] = [];
  const work: number[] = [];
  const to: number[] = [];
  for (let at = 0; at < length; at = nextToken(tokens, at)) {
    const kind = tokens[at]!;
    if (kind >= Tok.IfLabel && kind <= Tok.BrTableLabel) work.push(at);
    if (kind === Tok.SetLabel) continue;
    to.length = 0;
    successors(structured, jumps, at, to);
    for (const t of to) {
      next.push(head[t]!);
      from.push(at);
      head[t] = from.length - 1;
    }
  }
  while (work.length > 0) {
    const at = work.pop()!;
    if (live[at] === 1) continue;
    live[at] = 1;
    for (let e = head[at]!; e >= 0; e = next[e]!) work.push(from[e]!);
  }
  return live;
}

/**
 * Which variables may be read later as they are where a block begins. Sets of variables have `words` words of 32 bits, one block's behind the
 * other's.
 *
 * @param live what each block reads before it sets it; what is live where the block begins is added.
 * @param kills what each block sets in any case.
 */
export function liveness({ size, succStart, succ }: Graph, words: number, live: Int32Array, kills: Int32Array): void {
  for (let changed = true; changed; ) {
    changed = false;
    for (let b = size - 1; b >= 0; b--) {
      for (let s = succStart[b]!; s < succStart[b + 1]!; s++) {
        for (let at = b * words, behind = succ[s]! * words; at < (b + 1) * words; at++, behind++) {
          const more = live[at]! | (live[behind]! & ~kills[at]!);
          if (more === live[at]) continue;
          live[at] = more;
          changed = true;
        }
      }
    }
  }
}
