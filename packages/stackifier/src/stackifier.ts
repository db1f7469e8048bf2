import {
  type Graph,
  headerLeft,
  placeBehind,
  placeWithin,
  type Structured,
  type StructureOptions,
  type Structurer,
  startLayout,
  writeLayout,
} from '@go-wasm/cfg';

/**
 * Control-flow graph → structured program along the dominator tree.
 *
 * Big picture: the code of a block is followed, in nested scopes, by the blocks it dominates. A *merge node* (two or more
 * forward edges arrive) directly follows the End of a Block that all its predecessors are in; every other block has one
 * predecessor and is put where that one branches to it; a loop header opens a Loop. All branches go to labels in scope.
 *
 * How it differs from the paper: a merge node that leaves loops is put behind all the Loops it leaves, not in them; a
 * graph that is not reducible is made so by copies or by a label variable, whichever is cheaper (`makeReducible`); which
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
    return writeLayout(layout);
  },
};
