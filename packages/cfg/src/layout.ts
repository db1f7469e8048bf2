import type { Analysis } from './analysis.ts';
import { type BlockId, Exit, type Graph } from './graph.ts';
import { makeReducible } from './reducible.ts';
import { Scratch } from './scratch.ts';
import { type Structured, type StructureOptions, Tok } from './structured.ts';

/**
 * What the structurers share: a reducible graph with its analysis, and *where each block goes*. A structurer decides
 * that by {@link placeWithin} and {@link placeBehind}; {@link writeLayout} does the rest.
 *
 * ```
 *   Block ×  (behind b)              one for each block behind b that is branched to, the last one outermost
 *     Loop                           if b is a loop header
 *       Block ×  (within b)
 *         code of b, its exit        with each arm where b branches to it
 *       End, block within b, …       the first one, with all that goes with it; then the second …
 *     End
 *   End, block behind b, …
 * ```
 *
 * A block that is in no list is an *arm*: it goes where its one predecessor branches to it. For the program to be right,
 * - a block with two or more forward edges into it, or with one from a Switch, must be in a list;
 * - it must be in the list of a block that dominates it, and behind a loop only if it is not in the loop;
 * - each list must be in topological order: a block comes before those it reaches by forward edges.
 */
export interface Layout {
  /** The given graph, made reducible. */
  readonly graph: Graph;
  /** The analysis of `graph`. */
  readonly analysis: Analysis;
  /** How each block ends once ways that are the same count as one: {@link Way}. */
  readonly exit: Int32Array;
  /** The target of Goto and Drop; the then target of If. */
  readonly first: Int32Array;
  /** The else target of If; of Switch how many of its targets matter: what is left out at the end is the default. */
  readonly second: Int32Array;
  /** How many forward edges arrive at each block; one from a Switch counts as 2. */
  readonly forward: Int32Array;
  /** 1 for loop headers. */
  readonly isHeader: Int32Array;
  /** 1 for the blocks in lists. */
  readonly placed: Int32Array;
  /** The last block of the list within each block's Loop (after its code if it has no Loop), −1 if empty. */
  readonly within: Int32Array;
  /** The last block of the list behind each block's Loop, −1 if empty. */
  readonly behind: Int32Array;
  /** The block before each block in its list, −1 for the first. */
  readonly before: Int32Array;
  /** For each block, the block of the given graph it stands for; −1: it is about the label variable. All themselves if undefined. */
  readonly origin: Int32Array | undefined;
  /** The number that a block about the label variable uses. */
  readonly value: Int32Array | undefined;
  /** What the arrays above lie in; a structurer may use slots from 32 on. */
  readonly scratch: Scratch;
}

/**
 * How a block ends, in a {@link Layout}. Drop is a Goto with a condition that decides nothing.
 *
 * @enum
 */
export const Way = { Goto: 0, Drop: 1, If: 2, Switch: 3, Leave: 4 } as const;

/** Up to this many Ifs without an else before a block take less code than a Block and as many BrIfs. */
const MAX_IFS_WITHOUT_BLOCK = 2;

/** A layout of `given`, made reducible if it is not, whose lists are empty. */
export function startLayout(given: Graph, options: StructureOptions = {}): Layout {
  const scratch = options.scratch ?? new Scratch();
  const analysis = scratch.analysis.run(given);
  const { graph, origin, value } = makeReducible(given, analysis, options.sizes);
  const { size, kind, succStart, succ } = graph;
  const { order, number, reachable } = analysis;
  const exit = scratch.ints(1, size);
  const first = scratch.ints(2, size);
  const second = scratch.ints(3, size);
  const forward = scratch.ints(4, size).fill(0, 0, size);
  const isHeader = scratch.ints(5, size).fill(0, 0, size);
  for (let i = 0; i < reachable; i++) {
    const b = order[i]!;
    const start = succStart[b]!;
    let n = succStart[b + 1]! - start;
    while (n > 1 && succ[start + n - 2] === succ[start + n - 1]) n--;
    const k = kind[b]!;
    exit[b] =
      k === Exit.Leave ? Way.Leave : k === Exit.Goto ? Way.Goto : n === 1 ? Way.Drop : n === 2 ? Way.If : Way.Switch;
    if (n === 2 && k === Exit.Switch && !(origin !== undefined && origin[b]! < 0)) {
      // Its condition is "index ≠ 0"; that of a switch on the label variable is "index = 0".
      first[b] = succ[start + 1]!;
      second[b] = succ[start]!;
    } else {
      first[b] = n > 0 ? succ[start]! : -1;
      second[b] = n === 2 ? succ[start + 1]! : n;
    }
    const weight = n > 2 ? 2 : 1;
    for (let e = start; e < start + n; e++) {
      const t = succ[e]!;
      if (number[t]! <= i) isHeader[t] = 1;
      else forward[t]! += weight;
    }
  }
  return {
    graph,
    analysis,
    exit,
    first,
    second,
    forward,
    isHeader,
    placed: scratch.ints(6, size).fill(0, 0, size),
    within: scratch.ints(7, size).fill(-1, 0, size),
    behind: scratch.ints(8, size).fill(-1, 0, size),
    before: scratch.ints(9, size),
    origin,
    value,
    scratch,
  };
}

/**
 * Where a block goes that `dominator` dominates and that is no arm: the loop header whose Loop it goes behind, the outermost
 * of the loops that are left on the way from `dominator`, or −1 if none is and it goes within `dominator`.
 */
export function headerLeft({ analysis }: Layout, block: BlockId, dominator: BlockId): BlockId {
  const loop = analysis.loopOf[dominator]!;
  if (loop < 0 || analysis.inLoop(block, loop)) return -1;
  return analysis.loopHeader[analysis.outermostLoopWithout(block, loop)]!;
}

/** Puts `block` last in the list within `dominator`. */
export function placeWithin({ placed, within, before }: Layout, block: BlockId, dominator: BlockId): void {
  placed[block] = 1;
  before[block] = within[dominator]!;
  within[dominator] = block;
}

/** Puts `block` last in the list behind the loop of `header`. */
export function placeBehind({ placed, behind, before }: Layout, block: BlockId, header: BlockId): void {
  placed[block] = 1;
  before[block] = behind[header]!;
  behind[header] = block;
}

// Entries of the work stack that are not blocks.
const END = -1;
const ELSE = -2;

/**
 * The program of a layout, with no more tokens than it needs. What is decided, before the first token is written:
 *
 * - A branch to what follows is nothing. So first the *follow* of each exit is computed, the next block of a list in
 *   program order, then which blocks are branched to at all: only these get a Block.
 * - `if (c) {A}` before its follow is an If while that saves the Block, else a BrIf over A. It is a BrIf, too, where the follow leaves
 *   a loop that A stays in: Cranelift lays out code in the order of the program, the way of a BrIf that is not taken first, and so A comes next.
 * - Where both ways of an If are arms and one's end is never reached, that one is nested and the other follows the End;
 *   of two such arms the smaller one is nested, so that this adds no more than log₂ n levels, and of two of a size the one that
 *   leaves the function: for the same reason. Only if both ends are reached there is an Else.
 */
export function writeLayout(layout: Layout): Structured {
  const { graph, exit, first, second, isHeader, placed, within, behind, before, origin, value, scratch } = layout;
  const { size, entry, succStart, succ } = graph;
  const { analysis } = layout;
  const { order, number, reachable } = analysis;

  // What follows: `after[b]` all that goes with b, `follow[b]` its own exit; −1 at the end of the program.
  const after = scratch.ints(10, size);
  const follow = scratch.ints(11, size);
  const branches = scratch.ints(12, size).fill(0, 0, size); // how many branches there must be to a block in a list
  const skips = scratch.ints(13, size).fill(0, 0, size); // how many Ifs could skip to it without a branch
  after[entry] = -1;
  for (let i = 0; i < reachable; i++) {
    const b = order[i]!;
    let f = after[b]!;
    for (let m = behind[b]!; m >= 0; m = before[m]!) {
      after[m] = f;
      f = m;
    }
    for (let m = within[b]!; m >= 0; m = before[m]!) {
      after[m] = f;
      f = m;
    }
    follow[b] = f;
    const t = first[b]!;
    switch (exit[b]) {
      case Way.Goto:
      case Way.Drop:
        if (number[t]! > i) {
          if (placed[t] === 0) after[t] = f;
          else if (t !== f) branches[t]!++;
        }
        break;
      case Way.If: {
        const u = second[b]!;
        const tIsArm = number[t]! > i && placed[t] === 0;
        const uIsArm = number[u]! > i && placed[u] === 0;
        if (tIsArm) after[t] = f;
        else if (t !== f && number[t]! > i) branches[t]!++;
        if (uIsArm) after[u] = f;
        else if (u !== f && number[u]! > i) branches[u]!++;
        if ((tIsArm && u === f) || (uIsArm && t === f)) {
          const leavesLoop = headerLeft(layout, f, b) >= 0 && headerLeft(layout, tIsArm ? t : u, b) < 0;
          (leavesLoop ? branches : skips)[f]!++;
        }
        break;
      }
      case Way.Switch: {
        const start = succStart[b]!;
        const end = start + second[b]!;
        for (let e = start; e < end; e++) if (number[succ[e]!]! > i) branches[succ[e]!]!++;
        break;
      }
    }
  }
  for (let i = 0; i < reachable; i++) {
    const b = order[i]!;
    if (skips[b]! > MAX_IFS_WITHOUT_BLOCK) branches[b]!++;
  }

  // Whether control can come out at the end of all that goes with a block.
  const falls = scratch.ints(14, size);
  for (let i = reachable - 1; i >= 0; i--) {
    const b = order[i]!;
    const last = behind[b]! >= 0 ? behind[b]! : within[b]!;
    if (last >= 0) {
      falls[b] = falls[last]!;
      continue;
    }
    const f = follow[b]!;
    const t = first[b]!;
    let out = 0;
    if (exit[b] === Way.Goto || exit[b] === Way.Drop) {
      out = number[t]! > i && placed[t] === 0 ? falls[t]! : t === f ? 1 : 0;
    } else if (exit[b] === Way.If) {
      const u = second[b]!;
      const tIsArm = number[t]! > i && placed[t] === 0;
      const uIsArm = number[u]! > i && placed[u] === 0;
      if (tIsArm) out = falls[t]!;
      else if (t === f && !(uIsArm && branches[t]! > 0)) out = 1;
      if (uIsArm) out |= falls[u]!;
      else if (u === f && !(tIsArm && branches[u]! > 0)) out = 1;
    }
    falls[b] = out;
  }

  const tokens = scratch.ints(0, 16 * reachable + succ.length + 1);
  const work = scratch.ints(15, 8 * reachable + 8);
  const blockLabel = scratch.ints(16, size);
  const loopLabel = scratch.ints(17, size);
  let length = 0;
  let labels = 0;
  let top = 0;
  let ended = false; // whether the last token is an End
  const openBlocks = (last: number): void => {
    for (let m = last; m >= 0; m = before[m]!) {
      work[top++] = m;
      if (branches[m]! > 0) {
        work[top++] = END;
        blockLabel[m] = labels;
        tokens[length++] = Tok.Block;
        tokens[length++] = labels++;
      }
    }
  };
  /** Writes the way from block number i to t; f is what follows here. */
  const branch = (i: number, t: number, f: number): void => {
    if (number[t]! <= i) {
      tokens[length++] = Tok.Br;
      tokens[length++] = loopLabel[t]!;
    } else if (placed[t] === 0) {
      work[top++] = t;
    } else if (t !== f) {
      tokens[length++] = Tok.Br;
      tokens[length++] = blockLabel[t]!;
    }
  };
  work[top++] = entry;
  while (top > 0) {
    const b = work[--top]!;
    if (b < 0) {
      tokens[length++] = b === END ? Tok.End : Tok.Else;
      ended = true;
      continue;
    }
    ended = false;
    openBlocks(behind[b]!);
    if (isHeader[b] === 1) {
      work[top++] = END;
      loopLabel[b] = labels;
      tokens[length++] = Tok.Loop;
      tokens[length++] = labels++;
    }
    openBlocks(within[b]!);
    const i = number[b]!;
    const f = follow[b]!;
    const t = first[b]!;
    const way = exit[b]!;
    // What the tokens of the exit refer to: the block, or a value of the label variable.
    const from = origin === undefined ? b : origin[b]!;
    const onLabel = from < 0;
    const on = onLabel ? value![b]! : from;
    if (!onLabel) {
      tokens[length++] = Tok.Code;
      tokens[length++] = on;
    } else if (way === Way.Goto) {
      tokens[length++] = Tok.SetLabel;
      tokens[length++] = on;
    }
    switch (way) {
      case Way.Leave:
        tokens[length++] = Tok.Leave;
        tokens[length++] = on;
        break;
      case Way.Drop:
        if (!onLabel) {
          tokens[length++] = Tok.Drop;
          tokens[length++] = on;
        }
        branch(i, t, f);
        break;
      case Way.Goto:
        branch(i, t, f);
        break;
      case Way.If: {
        const u = second[b]!;
        const tIsArm = number[t]! > i && placed[t] === 0;
        const uIsArm = number[u]! > i && placed[u] === 0;
        // A way that is not an arm is a branch unless an If skips to it.
        if (!tIsArm && (t !== f || (uIsArm && branches[t]! > 0))) {
          tokens[length++] = onLabel ? Tok.BrIfLabel : Tok.BrIf;
          tokens[length++] = on;
          tokens[length++] = number[t]! > i ? blockLabel[t]! : loopLabel[t]!;
          branch(i, u, f);
          break;
        }
        if (!uIsArm && (u !== f || (tIsArm && branches[u]! > 0))) {
          tokens[length++] = onLabel ? Tok.BrIfNotLabel : Tok.BrIfNot;
          tokens[length++] = on;
          tokens[length++] = number[u]! > i ? blockLabel[u]! : loopLabel[u]!;
          branch(i, t, f);
          break;
        }
        // Which way is nested; the other one is skipped to, in an Else or after the End.
        const both = tIsArm && uIsArm;
        let nestElse = !tIsArm;
        if (both && falls[u] === 0) {
          const larger = analysis.dominated(t) - analysis.dominated(u);
          nestElse = falls[t] === 1 || larger > 0 || (larger === 0 && exit[u] === Way.Leave && exit[t] !== Way.Leave);
        } else if (both && falls[t] === 1) nestElse = onLabel; // label ≠ 0 takes less code than label = 0
        tokens[length++] = nestElse ? (onLabel ? Tok.IfNotLabel : Tok.IfNot) : onLabel ? Tok.IfLabel : Tok.If;
        tokens[length++] = on;
        const nested = nestElse ? u : t;
        const other = nestElse ? t : u;
        if (both && falls[nested] === 1) {
          work[top++] = END;
          work[top++] = other;
          work[top++] = ELSE;
        } else {
          if (both) work[top++] = other;
          work[top++] = END;
        }
        work[top++] = nested;
        break;
      }
      case Way.Switch: {
        const n = second[b]!;
        const start = succStart[b]!;
        tokens[length++] = onLabel ? Tok.BrTableLabel : Tok.BrTable;
        tokens[length++] = on;
        tokens[length++] = n;
        for (let e = start; e < start + n; e++) {
          const to = succ[e]!;
          tokens[length++] = number[to]! > i ? blockLabel[to]! : loopLabel[to]!;
        }
        break;
      }
    }
  }
  if (ended) tokens[length++] = Tok.Unreachable;
  return { tokens, length, labels, usesLabelVariable: usesLabel(layout) };
}

function usesLabel({ origin }: Layout): boolean {
  return origin?.includes(-1) ?? false;
}
