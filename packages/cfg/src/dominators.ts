import type { BlockId, Graph } from './graph.ts';

/**
 * The immediate dominators straight from the definition: `a` dominates `b` if `b` cannot be reached without `a`. Takes
 * O(n · e): the oracle for `Analysis`, and a specification one can read. −1 for the entry and for what is not reached.
 */
export function obviousDominators(graph: Graph): Int32Array {
  const { size, entry } = graph;
  const reached = reach(graph, -1);
  // How many blocks dominate each; the immediate dominator is the one that all the others dominate.
  const dominators: BlockId[][] = Array.from({ length: size }, () => []);
  for (let a = 0; a < size; a++) {
    if (reached[a] === 0) continue;
    const without = reach(graph, a);
    for (let b = 0; b < size; b++) if (b !== a && reached[b] === 1 && without[b] === 0) dominators[b]!.push(a);
  }
  const idom = new Int32Array(size).fill(-1);
  for (let b = 0; b < size; b++) {
    if (b === entry) continue;
    for (const a of dominators[b]!)
      if (idom[b]! < 0 || dominators[a]!.length > dominators[idom[b]!]!.length) idom[b] = a;
  }
  return idom;
}

/** What the entry reaches if block `except` is taken away. */
function reach({ size, entry, succStart, succ }: Graph, except: BlockId): Uint8Array {
  const reached = new Uint8Array(size);
  if (entry === except) return reached;
  const work = [entry];
  reached[entry] = 1;
  while (work.length > 0) {
    const b = work.pop()!;
    for (let e = succStart[b]!; e < succStart[b + 1]!; e++) {
      const t = succ[e]!;
      if (t === except || reached[t] === 1) continue;
      reached[t] = 1;
      work.push(t);
    }
  }
  return reached;
}
