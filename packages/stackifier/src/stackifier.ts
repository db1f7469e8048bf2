import {
  type Graph,
  headerLeft,
  type Layout,
  placeBehind,
  placeWithin,
  type Structured,
  type StructureOptions,
  type Structurer,
  startLayout,
  Way,
  writeLayout,
} from '@go-wasm/cfg';

/**
 * Control-flow graph → structured program along the dominator tree.
 *
 * Big picture: the code of a block is followed, in nested scopes, by the blocks it dominates. A *merge node* (two or more
 * forward edges arrive) directly follows the End of a Block that all its predecessors are in; every other block has one
 * predecessor and is put where that one branches to it; a loop header opens a Loop. All branches go to labels in scope.
 *
 * How it differs from the paper: a merge node that leaves loops is put behind all the Loops it leaves, not in them, and so is
 * an arm if that takes no branch; a graph that is not reducible is made so by copies or by a label variable, whichever is cheaper (`makeReducible`); which
 * tokens can be spared is decided before the first one is written (`writeLayout`).
 *
 * Cost: linear but for the analysis of the graph; README.md has times.
 *
 * Reference: N. Ramsey, "Beyond Relooper: recursive translation of unstructured control flow to structured control flow",
 * ICFP 2022. His doTree and doBranch are `writeLayout`, his nodeWithin are the lists that are filled here.
 */
export const stackifier: Structurer = {
  name: 'stackifier',
  accepts: 'any',
  structure(graph: Graph, options?: StructureOptions): Structured {
    const layout = startLayout(graph, options);
    placeMergeNodes(layout);
    placeLoopEnds(layout);
    return writeLayout(layout);
  },
};

/** Puts each merge node into a list of its immediate dominator, or behind the loops it leaves. */
function placeMergeNodes(layout: Layout): void {
  const { forward, analysis } = layout;
  const { order, reachable, idom } = analysis;
  // In reverse postorder, so that each list is in topological order.
  for (let i = 1; i < reachable; i++) {
    const block = order[i]!;
    const isMergeNode = forward[block]! >= 2; // back edges don't count
    if (!isMergeNode) continue;
    const dominator = idom[block]!;
    const header = headerLeft(layout, block, dominator);
    if (header < 0) placeWithin(layout, block, dominator);
    else placeBehind(layout, block, header);
  }
}

/** An arm goes behind at most this many loops at once: so that deep nests take linear time. */
const MAX_LOOPS_LEFT = 8;

/**
 * Puts arms that leave a loop behind it where that takes no branch: where the code that decides on them is the last before
 * the loop's End, as in `while` and `do … while`. So the loop contains less, and what comes after it is nested less.
 */
function placeLoopEnds(layout: Layout): void {
  const { graph, analysis, exit, first, second, forward, isHeader, within, behind, before, scratch } = layout;
  const { order, number, reachable } = analysis;
  // Of all that goes with each block: the header of the Loop it is in, −1 for none; whether only Ends are between it and
  // that Loop's End.
  const around = scratch.ints(32, graph.size);
  const isLast = scratch.ints(33, graph.size);
  around[graph.entry] = -1;
  isLast[graph.entry] = 0;
  for (let i = 0; i < reachable; i++) {
    const b = order[i]!;
    let last = isLast[b]!;
    for (let m = behind[b]!; m >= 0; m = before[m]!) {
      around[m] = around[b]!;
      isLast[m] = last;
      last = 0;
    }
    const loop = isHeader[b] === 1 ? b : around[b]!;
    if (isHeader[b] === 1) last = 1;
    for (let m = within[b]!; m >= 0; m = before[m]!) {
      around[m] = loop;
      isLast[m] = last;
      last = 0;
    }
    const way = exit[b]!;
    if (way === Way.Leave || way === Way.Switch) continue;
    for (let k = way === Way.If ? 2 : 1; k > 0; k--) {
      const arm = k === 1 ? first[b]! : second[b]!;
      if (number[arm]! <= i || forward[arm]! >= 2) continue;
      around[arm] = loop;
      isLast[arm] = last;
      if (last === 0 || way !== Way.If) continue;
      const header = headerLeft(layout, arm, b);
      if (header < 0 || behind[header]! >= 0) continue;
      let h = loop;
      for (let left = 1; h !== header && left < MAX_LOOPS_LEFT && behind[h]! < 0 && isLast[h] === 1; left++)
        h = around[h]!;
      if (h !== header) continue;
      placeBehind(layout, arm, header);
      around[arm] = around[header]!;
      isLast[arm] = isLast[header]!;
    }
  }
}
