import {
  Exit,
  type Graph,
  headerLeft,
  type Layout,
  placeBehind,
  placeWithin,
  type Structured,
  type StructureOptions,
  type Structurer,
  startLayout,
  writeLayout,
} from '@go-wasm/cfg';

/**
 * Control-flow graph → structured program by the Relooper's three shapes.
 *
 * Big picture: the blocks still to do, with the entries among them (those that what has been done branches to), become
 * - a *Simple* of the entry, if there is one and nothing in the set returns to it; or
 * - a *Loop* of all that returns to the entry; or
 * - a *Multiple*, if there are several entries: beside each other, for each entry that no other one reaches, its *group*, the
 *   blocks that only this entry reaches;
 * and then what is left, with its own entries, comes *next*.
 *
 * How this computes the same shapes in near-linear time, where Zakai's and Binaryen's code walks the remaining set for each
 * shape and takes quadratic time: without back edges, the group of an entry is the part of the dominator tree below it, and
 * what comes next in a set consists of the trees of its siblings. So the sets are subtrees and are never written down. Siblings
 * form *layers*: in layer 0 those that only their parent branches to, in layer k + 1 those that only the trees of layers ≤ k
 * and at least one of layer k branch to. Each layer is one Multiple, or one Simple or Loop if it has one member. A loop is
 * one node among its siblings; the parent of what it branches to is the loop.
 *
 * As in Binaryen, the groups of a Multiple after a Simple with an If become its arms (*fused*), other branches lead straight
 * to the entry of a group, and only a loop with several entries needs the label variable. Here one of its entries is the
 * header, to which ordinary edges lead without touching the variable (see `makeReducible`, which also splits blocks
 * where that is cheaper).
 *
 * Cost: linear but for the analysis of the graph and an inverse Ackermann factor; README.md has times.
 *
 * Reference: A. Zakai, "Emscripten: an LLVM-to-JavaScript compiler", SPLASH 2011; Binaryen, src/cfg/Relooper.cpp.
 */
export const relooper: Structurer = {
  name: 'relooper',
  accepts: 'any',
  structure(graph: Graph, options?: StructureOptions): Structured {
    const layout = startLayout(graph, options);
    findShapes(layout);
    return writeLayout(layout);
  },
};

// What a block follows: the block that is its parent in the tree of sets, or that block's loop.
const BLOCK = 0;
const LOOP = 1;

/** The tree of sets; all arrays are by block. */
interface Shapes {
  readonly layout: Layout;
  /** The first child of each block, −1 if it has none. Children are in the order of their layers, those in the loop first. */
  readonly child: Int32Array;
  /** The next child of the same parent, −1 if there is none. */
  readonly sibling: Int32Array;
  /** The layer of each block among its siblings in the loop, or among those behind it. */
  readonly layer: Int32Array;
  /** BLOCK or LOOP. */
  readonly follows: Int32Array;
}

/** Finds the shapes and fills the lists of the layout. */
function findShapes(layout: Layout): Shapes {
  const { graph, analysis, forward, scratch } = layout;
  const { size } = graph;
  const { order, number, reachable, idom, predStart, pred } = analysis;
  const parent = scratch.ints(32, size);
  const follows = scratch.ints(33, size);
  const child = scratch.ints(34, size).fill(-1, 0, size);
  const sibling = scratch.ints(35, size);
  const set = scratch.ints(36, size); // union-find: from a block to the largest set found so far that it is in
  for (let i = reachable - 1; i >= 0; i--) {
    const b = order[i]!;
    set[b] = b;
    if (i === 0) break;
    const dominator = idom[b]!;
    const header = headerLeft(layout, b, dominator);
    const p = header < 0 ? dominator : header;
    follows[b] = header < 0 ? BLOCK : LOOP;
    parent[b] = p;
    sibling[b] = child[p]!;
    child[p] = b;
  }
  const find = (b: number): number => {
    let x = b;
    while (set[x] !== x) {
      set[x] = set[set[x]!]!;
      x = set[x]!;
    }
    return x;
  };
  const layer = scratch.ints(37, size);
  const first = scratch.ints(38, 2 * size); // the first and the last child found so far in each layer, twice: BLOCK, LOOP
  const last = scratch.ints(39, 2 * size);
  // From inner sets to outer ones, so that the trees of a block's children are complete and its own is not.
  for (let i = reachable - 1; i >= 0; i--) {
    const p = order[i]!;
    if (child[p]! < 0) continue;
    const layers = [0, 0];
    for (let c = child[p]!; c >= 0; ) {
      const next = sibling[c]!;
      let k = 0;
      for (let e = predStart[c]!; e < predStart[c + 1]!; e++) {
        const from = pred[e]!;
        if (number[from]! >= number[c]!) continue; // back edges don't count
        const tree = find(from);
        if (tree !== p && follows[tree] === follows[c] && layer[tree]! >= k) k = layer[tree]! + 1;
      }
      layer[c] = k;
      const at = 2 * k + follows[c]!;
      if (k === layers[follows[c]!]!) {
        layers[follows[c]!]!++;
        first[at] = c;
      } else sibling[last[at]!] = c;
      last[at] = c;
      sibling[c] = -1;
      c = next;
    }
    // Children in their new order.
    let tail = -1;
    for (let f = BLOCK; f <= LOOP; f++) {
      for (let k = 0; k < layers[f]!; k++) {
        if (tail < 0) child[p] = first[2 * k + f]!;
        else sibling[tail] = first[2 * k + f]!;
        tail = last[2 * k + f]!;
      }
    }
    for (let c = child[p]!; c >= 0; c = sibling[c]!) {
      set[c] = p;
      const isFused = follows[c] === BLOCK && forward[c] === 1;
      if (follows[c] === LOOP) placeBehind(layout, c, p);
      else if (!isFused) placeWithin(layout, c, p);
    }
  }
  return { layout, child, sibling, layer, follows };
}

/**
 * The shapes that the Relooper finds in a graph, to read: one a line, what is in a Loop or a Multiple indented, what comes
 * next below. `names` and `sizes` are those of the blocks (b0, b1, … if not given).
 *
 * ```
 * simple head
 * multiple
 *   simple then
 *   simple else
 * loop
 *   simple body
 * simple done
 * ```
 */
export function printShapes(graph: Graph, names?: readonly string[], sizes?: ArrayLike<number>): string {
  const { layout, child, sibling, layer, follows } = findShapes(
    startLayout(graph, sizes === undefined ? {} : { sizes }),
  );
  const { isHeader, origin, value } = layout;
  const { kind, entry } = layout.graph;
  const describe = (b: number): string => {
    const from = origin?.[b] ?? b;
    if (from >= 0) return names?.[from] ?? `b${from}`;
    return kind[b] === Exit.Goto ? `label := ${value![b]}` : kind[b] === Exit.If ? `label = ${value![b]}` : 'label';
  };
  let text = '';
  // What is to be printed, the last one first: blocks, each standing for its set, and Multiples, with their depths.
  const MULTIPLE = -1;
  const work: [block: number, depth: number][] = [[entry, 0]];
  const pushChildren = (b: number, which: number, depth: number): void => {
    const lines: [number, number][] = [];
    let c = child[b]!;
    while (c >= 0 && follows[c] !== which) c = sibling[c]!;
    while (c >= 0 && follows[c] === which) {
      const members = [c];
      for (c = sibling[c]!; c >= 0 && follows[c] === which && layer[c] === layer[members[0]!]; c = sibling[c]!)
        members.push(c);
      if (members.length > 1) lines.push([MULTIPLE, depth]);
      for (const member of members) lines.push([member, members.length > 1 ? depth + 1 : depth]);
    }
    while (lines.length > 0) work.push(lines.pop()!);
  };
  while (work.length > 0) {
    const [b, depth] = work.pop()!;
    const line = (indent: number, what: string): void => {
      text += `${'  '.repeat(indent)}${what}\n`;
    };
    if (b === MULTIPLE) {
      line(depth, 'multiple');
      continue;
    }
    const inner = depth + isHeader[b]!;
    if (isHeader[b] === 1) line(depth, 'loop');
    line(inner, `simple ${describe(b)}`);
    pushChildren(b, LOOP, depth);
    pushChildren(b, BLOCK, inner);
  }
  return text;
}
