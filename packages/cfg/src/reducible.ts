import type { Analysis } from './analysis.ts';
import { GraphBuilder } from './builder.ts';
import { type BlockId, Exit, type Graph } from './graph.ts';

/** A graph with the same paths as another one, in which blocks may occur more than once and may be about the label variable. */
export interface Expanded {
  /** The graph with those paths. */
  readonly graph: Graph;
  /**
   * For each block, the block of the other graph it stands for; −1 for one about the label variable: with exit Goto it
   * sets the variable to `value`, with exit If it decides on variable = `value`, with exit Switch on variable − `value`.
   * Undefined if the graph is the other graph.
   */
  readonly origin: Int32Array | undefined;
  /** For each block about the label variable, the number it uses. */
  readonly value: Int32Array | undefined;
}

// What things cost, in bytes of WebAssembly (local.get, local.set, i32.const 2 each, br and br_if 2, block … end 3).
const BLOCK_SIZE = 16; // a block's code if the caller does not say
const TEST = 7; // the dispatch block of a loop
const SET = 6; // an edge that sets the label variable and branches to the dispatch block
const ENTRY = 7; // what the dispatch block branches to, which sets the variable back
/** A copy may be this much larger than dispatch: dispatch also costs a test in each iteration. */
const SPLIT_FACTOR = 2;
/** Loops that more side entries than this lead into (those of inner loops included) are not tried to be split. */
const MAX_SIDE_ENTRIES = 32;
/** How many of the entries of a loop are tried as the one that stays. */
const MAX_HEADS = 4;
/** Irreducible loops nested deeper are dissolved. */
const MAX_DISPATCH_DEPTH = 4;
/** Copies may be split again as often. */
const SPLIT_ROUNDS = 3;

/**
 * Makes a graph reducible: every loop is entered only through its header. `analysis` is that of `graph`, and is that of
 * the result afterwards. A reducible graph is returned as it is.
 *
 * A *side entry* is an edge from outside a loop to a block of it that is not the header. For each loop with side entries
 * there are two remedies, and the one with less code is taken (with a bonus for the first, which costs no time):
 *
 * - *Node splitting*: what the entries of the loop but one reach in it without passing that one is copied, and the ways
 *   into the loop lead to the copies. The copies of all loops together are at most as large as the graph.
 * - *Dispatch*: the loop gets a new header that tests the label variable. It is 0 in normal operation, so that ordinary
 *   entries and back edges cost just that test; a side entry sets it to the number of its target, goes to the new header
 *   of the outermost loop it enters, and from there through those of the loops nested in it; it is set back to 0 at the
 *   target. Where such loops are nested deeper than four, the inner ones are *dissolved*: one new header serves them all,
 *   and their back edges go there as side entries do.
 *
 * `sizes` are the blocks' sizes in bytes of code. Cost: that of a few analyses; nothing for a reducible graph.
 *
 * Literature: J. Janssen, H. Corporaal, "Making graphs reducible with controlled node splitting", TOPLAS 19(6), 1997;
 * A. M. Erosa, L. J. Hendren, "Taming control flow", 1994, for variables instead of copies.
 */
export function makeReducible(graph: Graph, analysis: Analysis, sizes?: ArrayLike<number>): Expanded {
  let result: Expanded = { graph, origin: undefined, value: undefined };
  for (let round = 0; round < SPLIT_ROUNDS && analysis.irreducibleLoops > 0; round++) {
    const split = splitLoops(result, analysis, sizes);
    if (split === undefined) break;
    result = split;
    analysis.run(result.graph);
  }
  if (analysis.irreducibleLoops > 0) {
    result = dispatch(result, analysis);
    if (dropDeadSets(result, analysis.run(result.graph))) analysis.run(result.graph);
  }
  if (analysis.irreducibleLoops > 0) throw new Error('bug in makeReducible: the result is irreducible');
  return result;
}

/** Edges that cannot stay as they are, grouped by the innermost loop they enter beside its header. */
interface SideEntries {
  /** Those of loop `l` are `[start[l], start[l + 1])`, those of it and of the loops in it `[start[l], start[loopLast[l] + 1])`. */
  readonly start: Int32Array;
  readonly to: Int32Array;
  /** The outermost loop that is entered. */
  readonly outer: Int32Array;
}

/**
 * Collects side entries: `entered` says which loop is the outermost one that an edge b → t enters beside its header, or −1,
 * `innermost` which is the innermost one of an edge to t.
 */
function sideEntries(
  { succStart, succ }: Graph,
  { order, reachable, loops }: Analysis,
  entered: (b: BlockId, t: BlockId) => number,
  innermost: (t: BlockId) => number,
): SideEntries {
  const start = new Int32Array(loops + 1);
  const tos: BlockId[] = [];
  const outers: number[] = [];
  for (let i = 0; i < reachable; i++) {
    const b = order[i]!;
    for (let e = succStart[b]!; e < succStart[b + 1]!; e++) {
      const t = succ[e]!;
      const outer = entered(b, t);
      if (outer < 0) continue;
      tos.push(t);
      outers.push(outer);
      start[innermost(t)]!++;
    }
  }
  for (let l = 0, sum = 0; l <= loops; l++) {
    sum += start[l]!;
    start[l] = sum;
  }
  const to = new Int32Array(tos.length);
  const outer = new Int32Array(tos.length);
  for (let k = tos.length - 1; k >= 0; k--) {
    const at = --start[innermost(tos[k]!)]!;
    to[at] = tos[k]!;
    outer[at] = outers[k]!;
  }
  return { start, to, outer };
}

/** The outermost loop that the edge b → t enters if it is a side entry of it, else −1. */
function sideEntered(analysis: Analysis, b: BlockId, t: BlockId): number {
  const loop = analysis.loopOf[t]!;
  if (loop < 0 || analysis.inLoop(b, loop)) return -1;
  const outer = analysis.outermostLoopWithout(b, loop);
  return analysis.loopHeader[outer] === t ? -1 : outer;
}

/** The innermost loop around t of which t is not the header. */
function innermostBeside({ loopOf, loopHeader, loopParent }: Analysis, t: BlockId): number {
  const loop = loopOf[t]!;
  return loopHeader[loop] === t ? loopParent[loop]! : loop;
}

/** Blocks to copy, and their size. */
interface Collection {
  readonly blocks: readonly BlockId[];
  readonly size: number;
}

/** Splits those irreducible loops, none within another one, where that is the cheaper remedy; undefined if none is. */
function splitLoops(from: Expanded, analysis: Analysis, sizes: ArrayLike<number> | undefined): Expanded | undefined {
  const { graph, origin } = from;
  const { size, succStart, succ } = graph;
  const { order, reachable, loops, loopOf, loopLast, loopHeader, loopIrreducible } = analysis;
  const { start, to, outer } = sideEntries(
    graph,
    analysis,
    (b, t) => sideEntered(analysis, b, t),
    (t) => innermostBeside(analysis, t),
  );
  const sizeOf = (b: BlockId): number =>
    Math.max(sizes === undefined ? BLOCK_SIZE : sizes[origin?.[b] ?? b]!, succStart[b + 1]! - succStart[b]! + 1);
  let budget = 0;
  for (let i = 0; i < reachable; i++) budget += sizeOf(order[i]!);

  const copies: BlockId[] = [];
  const copyOf = new Int32Array(size).fill(-1);
  const splitAt = new Int32Array(loops).fill(-1); // of each loop: the split loop it is in, or is
  const head = new Int32Array(loops); // of each split loop: the one block that is entered afterwards
  const collected = new Int32Array(size); // the number of the last collection that a block was in
  let collections = 0;
  /** What `entries` reach in loop `l` without passing `except`; undefined if its size is over `limit`. */
  const collect = (entries: BlockId[], l: number, except: BlockId, limit: number): Collection | undefined => {
    const blocks: BlockId[] = [];
    let sum = 0;
    collections++;
    const add = (b: BlockId): void => {
      if (b === except || collected[b] === collections) return;
      collected[b] = collections;
      blocks.push(b);
      sum += sizeOf(b);
    };
    entries.forEach(add);
    for (let k = 0; k < blocks.length && sum <= limit; k++) {
      const b = blocks[k]!;
      for (let e = succStart[b]!; e < succStart[b + 1]!; e++) if (analysis.inLoop(succ[e]!, l)) add(succ[e]!);
    }
    return sum > limit ? undefined : { blocks, size: sum };
  };
  for (let l = 0; l < loops; l++) {
    const last = loopLast[l]!;
    if (loopIrreducible[l] === 0 || start[last + 1]! - start[l]! > MAX_SIDE_ENTRIES) continue;
    const entries = [loopHeader[l]!];
    let cost = TEST;
    for (let k = start[l]!; k < start[last + 1]!; k++) {
      if (outer[k]! > l) continue; // enters only loops in this one
      cost += SET;
      if (entries.includes(to[k]!)) continue;
      cost += ENTRY;
      entries.push(to[k]!);
    }
    // Any of the entries may be the one that stays.
    let best: Collection | undefined;
    for (const entry of entries.slice(0, MAX_HEADS)) {
      const found = collect(
        entries,
        l,
        entry,
        best === undefined ? Math.min(cost * SPLIT_FACTOR, budget) : best.size - 1,
      );
      if (found === undefined) continue;
      best = found;
      head[l] = entry;
    }
    if (best === undefined) continue;
    for (const b of best.blocks) {
      copyOf[b] = size + copies.length;
      copies.push(b);
    }
    budget -= best.size;
    splitAt.fill(l, l, last + 1);
    l = last;
  }
  if (copies.length === 0) return undefined;

  /** Where the edge b → t of the graph leads if b is the copy (or not) of a block in a split loop. */
  const target = (b: BlockId, isCopy: boolean, t: BlockId): BlockId => {
    const l = loopOf[t]! < 0 ? -1 : splitAt[loopOf[t]!]!;
    if (l < 0 || t === head[l]) return t;
    return isCopy || !analysis.inLoop(b, l) ? copyOf[t]! : t;
  };
  const builder = new GraphBuilder();
  for (let b = 0; b < size + copies.length; b++) builder.addBlock();
  for (let i = 0; i < reachable; i++) {
    const b = order[i]!;
    copyExit(builder, graph, b, b, (t) => target(b, false, t));
  }
  const newOrigin = new Int32Array(size + copies.length);
  for (let b = 0; b < size; b++) newOrigin[b] = origin?.[b] ?? b;
  for (let k = 0; k < copies.length; k++) {
    const b = copies[k]!;
    newOrigin[size + k] = newOrigin[b]!;
    copyExit(builder, graph, b, size + k, (t) => target(b, true, t));
  }
  return { graph: builder.build(graph.entry), origin: newOrigin, value: undefined };
}

/** Gives each irreducible loop a header that dispatches on the label variable. */
function dispatch(from: Expanded, analysis: Analysis): Expanded {
  const { graph, origin } = from;
  const { size } = graph;
  const { order, reachable, loops, loopOf, loopParent, loopHeader, loopIrreducible } = analysis;
  const into = dissolve(analysis);
  /** The loop whose dispatch block the edge b → t goes to with the number of t; −1 if it needs none. */
  const entered = (b: BlockId, t: BlockId): number => {
    const loop = loopOf[t]!;
    if (loop >= 0 && loopHeader[loop] === t && into[loop]! >= 0 && analysis.inLoop(b, loop)) return into[loop]!;
    const outer = sideEntered(analysis, b, t);
    return outer >= 0 && into[outer]! >= 0 ? -1 : outer;
  };
  /** The innermost loop whose dispatch block leads to t. */
  const innermost = (t: BlockId): number => {
    const loop = innermostBeside(analysis, t);
    return into[loop]! >= 0 ? into[loop]! : loop;
  };
  const { start, to, outer } = sideEntries(graph, analysis, entered, innermost);

  // The distinct targets in each loop, and of each target the outermost loop that is entered there.
  const targets: BlockId[][] = Array.from({ length: loops }, () => []);
  const outermost = new Int32Array(size).fill(-1);
  for (let l = 0; l < loops; l++) {
    for (let k = start[l]!; k < start[l + 1]!; k++) {
      const t = to[k]!;
      if (outermost[t]! < 0) targets[l]!.push(t);
      if (outermost[t]! < 0 || outer[k]! < outermost[t]!) outermost[t] = outer[k]!;
    }
  }
  // Of each loop: how many targets are in it, and how many of them are entered from outside the loop around it.
  const inside = new Int32Array(loops);
  const crossing = new Int32Array(loops);
  for (let l = 0; l < loops; l++) {
    for (const t of targets[l]!) {
      inside[l]!++;
      crossing[l]!++;
      crossing[outermost[t]!]!--;
    }
  }
  for (let l = loops - 1; l >= 0; l--) {
    const p = loopParent[l]!;
    if (p < 0) continue;
    inside[p]! += inside[l]!;
    crossing[p]! += crossing[l]!;
  }
  // Numbers: an interval for each loop, its own targets before those in its inner loops.
  const lowest = new Int32Array(loops);
  const free = new Int32Array(loops);
  const number = new Int32Array(size);
  let next = 1;
  for (let l = 0; l < loops; l++) {
    const p = loopParent[l]!;
    lowest[l] = p < 0 ? next : free[p]!;
    if (p < 0) next += inside[l]!;
    else free[p]! += inside[l]!;
    free[l] = lowest[l]!;
    for (const t of targets[l]!) number[t] = free[l]!++;
  }

  const builder = new GraphBuilder();
  for (let b = 0; b < size; b++) builder.addBlock();
  const newOrigin = Array.from({ length: size }, (_, b) => origin?.[b] ?? b);
  const value: number[] = new Array(size).fill(0);
  const addBlock = (v: number): BlockId => {
    newOrigin.push(-1);
    value.push(v);
    return builder.addBlock();
  };
  const test = new Int32Array(loops).fill(-1); // the new header of each irreducible loop
  for (let l = 0; l < loops; l++) if (loopIrreducible[l] === 1 && into[l]! < 0) test[l] = addBlock(0);
  /** What an ordinary edge to t leads to. */
  const ordinary = (t: BlockId): BlockId => {
    const l = loopOf[t]!;
    return l >= 0 && loopHeader[l] === t && test[l]! >= 0 ? test[l]! : t;
  };
  // The ways from each new header, by number.
  const cells: BlockId[][] = Array.from({ length: loops }, () => []);
  for (let l = 0; l < loops; l++) {
    if (test[l]! < 0) continue;
    cells[l] = new Array(inside[l]!);
    for (const t of targets[l]!) {
      const reset = addBlock(0);
      builder.goto(reset, ordinary(t));
      cells[l]![number[t]! - lowest[l]!] = reset;
    }
    const p = loopParent[l]!;
    if (p >= 0 && test[p]! >= 0 && crossing[l]! > 0)
      cells[p]!.fill(test[l]!, lowest[l]! - lowest[p]!, lowest[l]! - lowest[p]! + inside[l]!);
  }
  for (let l = 0; l < loops; l++) {
    if (test[l]! < 0) continue;
    // Numbers that do not come here (of side entries that stay in this loop) may go anywhere.
    const ways = cells[l]!;
    let some = -1;
    for (const way of ways) some = way ?? some;
    let same = true;
    for (let k = 0; k < ways.length; k++) {
      ways[k] ??= some;
      same &&= ways[k] === some;
    }
    let way = some;
    if (!same) {
      way = addBlock(lowest[l]!);
      builder.switch(way, ways);
    }
    builder.branch(test[l]!, loopHeader[l]!, way);
  }
  // The edges of the graph.
  const lastFrom = new Int32Array(size).fill(-1);
  const lastSet = new Int32Array(size);
  for (let i = 0; i < reachable; i++) {
    const b = order[i]!;
    copyExit(builder, graph, b, b, (t) => {
      const loop = entered(b, t);
      if (loop < 0) return ordinary(t);
      if (lastFrom[t] !== b) {
        lastFrom[t] = b;
        lastSet[t] = addBlock(number[t]!);
        builder.goto(lastSet[t]!, test[loop]!);
      }
      return lastSet[t]!;
    });
  }
  return { graph: builder.build(graph.entry), origin: Int32Array.from(newOrigin), value: Int32Array.from(value) };
}

/**
 * Which loops are dissolved, and into which other one each: −1 for those that stay. Of the loops in an irreducible one at
 * the greatest depth these are the irreducible ones and those around them.
 */
function dissolve({ loops, loopParent, loopIrreducible }: Analysis): Int32Array {
  const depth = new Int32Array(loops);
  const into = new Int32Array(loops).fill(-1);
  const dissolves = new Uint8Array(loops);
  for (let l = 0; l < loops; l++) {
    const p = loopParent[l]!;
    depth[l] = (p < 0 ? 0 : depth[p]!) + loopIrreducible[l]!;
    // The loop at the greatest depth that this one is in.
    if (p >= 0 && depth[p]! >= MAX_DISPATCH_DEPTH) into[l] = into[p]! >= 0 ? into[p]! : p;
  }
  for (let l = loops - 1; l >= 0; l--) {
    if (into[l]! < 0) continue;
    if (loopIrreducible[l] === 1) dissolves[l] = 1;
    if (dissolves[l] === 1) dissolves[loopParent[l]!] = 1;
    else into[l] = -1;
  }
  return into;
}

/**
 * Goes past the blocks that set the label variable to what nothing reads: where each way on sets it again. Returns whether
 * there are any.
 */
function dropDeadSets({ graph, origin }: Expanded, analysis: Analysis): boolean {
  const { size, kind, succStart, succ } = graph;
  const { predStart, pred } = analysis;
  // Backwards from what reads the variable, up to what sets it.
  const live = new Uint8Array(size);
  const work: BlockId[] = [];
  for (let b = 0; b < size; b++) if (origin![b]! < 0 && kind[b] !== Exit.Goto) work.push(b);
  while (work.length > 0) {
    const b = work.pop()!;
    if (live[b] === 1) continue;
    live[b] = 1;
    for (let e = predStart[b]!; e < predStart[b + 1]!; e++) {
      const p = pred[e]!;
      if (!(origin![p]! < 0 && kind[p] === Exit.Goto)) work.push(p);
    }
  }
  let dropped = false;
  for (let e = 0; e < succ.length; e++) {
    const t = succ[e]!;
    const next = succ[succStart[t]!]!;
    if (origin![t]! >= 0 || kind[t] !== Exit.Goto || live[next] === 1) continue;
    succ[e] = next;
    dropped = true;
  }
  return dropped;
}

/** Gives block `as` of the builder the exit of block `b` of the graph, with other targets. */
function copyExit(
  builder: GraphBuilder,
  { kind, succStart, succ }: Graph,
  b: BlockId,
  as: BlockId,
  target: (t: BlockId) => BlockId,
): void {
  const start = succStart[b]!;
  switch (kind[b]) {
    case Exit.Goto:
      builder.goto(as, target(succ[start]!));
      break;
    case Exit.If:
      builder.branch(as, target(succ[start]!), target(succ[start + 1]!));
      break;
    case Exit.Switch:
      builder.switch(as, Array.from(succ.subarray(start, succStart[b + 1]!), target));
      break;
  }
}
