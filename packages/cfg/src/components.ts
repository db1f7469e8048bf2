import type { Graph } from './graph.ts';

/** The strongly connected components of a graph. */
export interface Components {
  /** How many components there are: they are numbered 0 ≤ c < count. */
  readonly count: number;
  /** For each block, the component it is in. An edge between components leads to a smaller number. */
  readonly of: Int32Array;
}

/**
 * Finds the strongly connected components of all of a graph, what the entry does not reach included. Linear, without
 * recursion.
 *
 * Reference: R. E. Tarjan, "Depth-first search and linear graph algorithms", SIAM J. Comput. 1(2), 1972.
 */
export function components({ size, succStart, succ }: Graph): Components {
  const of = new Int32Array(size).fill(-1);
  const low = new Int32Array(size).fill(-1); // smallest preorder number known to be reachable on the stack
  const pre = new Int32Array(size);
  const cursor = succStart.slice(0, size);
  const path: number[] = []; // the blocks that the search is in
  const stack: number[] = []; // the blocks that have no component yet
  let visited = 0;
  let count = 0;
  for (let root = 0; root < size; root++) {
    if (low[root]! >= 0) continue;
    path.push(root);
    stack.push(root);
    pre[root] = visited;
    low[root] = visited++;
    while (path.length > 0) {
      const b = path[path.length - 1]!;
      if (cursor[b]! < succStart[b + 1]!) {
        const t = succ[cursor[b]!++]!;
        if (low[t]! < 0) {
          path.push(t);
          stack.push(t);
          pre[t] = visited;
          low[t] = visited++;
        } else if (of[t]! < 0 && low[t]! < low[b]!) low[b] = low[t]!;
        continue;
      }
      path.pop();
      const up = path[path.length - 1];
      if (up !== undefined && low[b]! < low[up]!) low[up] = low[b]!;
      if (low[b] !== pre[b]) continue;
      let member: number;
      do {
        member = stack.pop()!;
        of[member] = count;
      } while (member !== b);
      count++;
    }
  }
  return { count, of };
}
