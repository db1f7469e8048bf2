import { Exit, type Graph, Scratch, type Structured, type StructureOptions, type Structurer, Tok } from '@go-wasm/cfg';

/**
 * Control-flow graph → structured program along the dominator tree.
 *
 * Big picture: the code of a block is followed, in nested scopes, by the blocks it dominates. A *merge node* (two or more
 * forward edges arrive) directly follows the End of a Block that all its predecessors are in; every other block has one
 * predecessor and is put where that one branches to it; a loop header opens a Loop. All branches go to labels in scope.
 *
 * What is added to the paper, all decided before the first token is written:
 * - A branch to what follows is nothing, so the *follow* of each block (the next merge node in program order) is computed
 *   first; from it which merge nodes are branched to at all, and only these get a Block.
 * - `if (c) {A}` before its merge node is an If while that saves the Block, else a BrIf over A.
 * - Where both ways of an If have code, the arm whose end is never reached needs no Else: the other one follows the End.
 * - A merge node that leaves loops is put behind all the Loops it leaves, not in them.
 *
 * Cost: linear but for the analysis of the graph; see README.md for times.
 *
 * Reference: N. Ramsey, "Beyond Relooper: recursive translation of unstructured control flow to structured control flow",
 * ICFP 2022. His doTree is `place`, his nodeWithin the two lists of merge nodes of each block, his doBranch `branch`.
 */
export const stackifier: Structurer = {
  name: 'stackifier',
  accepts: 'reducible',
  structure(graph: Graph, options?: StructureOptions): Structured {
    return structure(graph, options?.scratch ?? new Scratch());
  },
};

/** Up to this many Ifs without an else before a merge node take less code than a Block and as many BrIfs. */
const MAX_IFS_WITHOUT_BLOCK = 2;

// How blocks end once ways that are the same count as one.
const GOTO = 0;
const DROP = 1; // goto, but there is a condition that decides nothing
const IF = 2;
const SWITCH = 3;
const LEAVE = 4;

// Entries of the work stack that are not blocks to place.
const END = -1;
const ELSE = -2;

function structure(graph: Graph, scratch: Scratch): Structured {
  const { size, entry, kind, succStart, succ } = graph;
  const cfg = scratch.analysis.run(graph);
  if (cfg.irreducibleLoops > 0) throw new RangeError('the graph is irreducible');
  const { order, number, reachable, idom, loopOf, loopParent } = cfg;
  let slot = 0;
  const perBlock = (): Int32Array => scratch.ints(slot++, size);

  const exit = perBlock();
  const first = perBlock(); // the target of Goto and Drop, the then target of If
  const second = perBlock(); // the else target of If; how many targets of Switch matter
  const forward = perBlock(); // how many forward edges arrive; 2 for any that a Switch goes to
  const isHeader = perBlock();
  forward.fill(0, 0, size);
  isHeader.fill(0, 0, size);
  for (let i = 0; i < reachable; i++) {
    const b = order[i]!;
    const start = succStart[b]!;
    let n = succStart[b + 1]! - start;
    while (n > 1 && succ[start + n - 2] === succ[start + n - 1]) n--;
    const k = kind[b]!;
    exit[b] = k === Exit.Leave ? LEAVE : k === Exit.Goto ? GOTO : n === 1 ? DROP : n === 2 ? IF : SWITCH;
    if (n > 0) first[b] = succ[start]!;
    second[b] = n;
    if (n === 2) {
      second[b] = succ[start + 1]!;
      if (k === Exit.Switch) {
        // Its condition is "index ≠ 0".
        first[b] = succ[start + 1]!;
        second[b] = succ[start]!;
      }
    }
    const weight = n > 2 ? 2 : 1;
    for (let e = start; e < start + n; e++) {
      const t = succ[e]!;
      if (number[t]! <= i) isHeader[t] = 1;
      else forward[t]! += weight;
    }
  }

  // Where merge nodes go: lists for each block, of those in its Loop (if it has one) and of those behind it; last first.
  const within = perBlock();
  const behind = perBlock();
  const nextMerge = perBlock();
  within.fill(-1, 0, size);
  behind.fill(-1, 0, size);
  for (let i = 1; i < reachable; i++) {
    const b = order[i]!;
    if (forward[b]! < 2) continue;
    const d = idom[b]!;
    const around = isHeader[b] === 1 ? loopParent[loopOf[b]!]! : loopOf[b]!;
    const inner = loopOf[d]!;
    if (inner === around) {
      nextMerge[b] = within[d]!;
      within[d] = b;
    } else {
      const h = cfg.loopHeader[cfg.loopWithin(around, inner)]!;
      nextMerge[b] = behind[h]!;
      behind[h] = b;
    }
  }

  // What follows: `after[b]` all that is placed with b, `follow[b]` its own exit; −1 at the end of the program.
  const after = perBlock();
  const follow = perBlock();
  const branches = perBlock(); // how many branches must be there to a merge node
  const skips = perBlock(); // how many Ifs could skip to it without a branch
  branches.fill(0, 0, size);
  skips.fill(0, 0, size);
  after[entry] = -1;
  for (let i = 0; i < reachable; i++) {
    const b = order[i]!;
    let f = after[b]!;
    for (let m = behind[b]!; m >= 0; m = nextMerge[m]!) {
      after[m] = f;
      f = m;
    }
    for (let m = within[b]!; m >= 0; m = nextMerge[m]!) {
      after[m] = f;
      f = m;
    }
    follow[b] = f;
    const t = first[b]!;
    switch (exit[b]) {
      case GOTO:
      case DROP:
        if (number[t]! > i) {
          if (forward[t] === 1) after[t] = f;
          else if (t !== f) branches[t]!++;
        }
        break;
      case IF: {
        const u = second[b]!;
        const tIsArm = number[t]! > i && forward[t] === 1;
        const uIsArm = number[u]! > i && forward[u] === 1;
        if (tIsArm) after[t] = f;
        else if (number[t]! > i) {
          if (t !== f) branches[t]!++;
          else if (uIsArm) skips[t]!++;
        }
        if (uIsArm) after[u] = f;
        else if (number[u]! > i) {
          if (u !== f) branches[u]!++;
          else if (tIsArm) skips[u]!++;
        }
        break;
      }
      case SWITCH: {
        const start = succStart[b]!;
        const end = start + second[b]!;
        for (let e = start; e < end; e++) branches[succ[e]!]!++;
        break;
      }
    }
  }
  for (let i = 0; i < reachable; i++) {
    const b = order[i]!;
    if (skips[b]! > MAX_IFS_WITHOUT_BLOCK) branches[b]!++;
  }

  // Whether control can come out at the end of all that is placed with a block.
  const falls = perBlock();
  for (let i = reachable - 1; i >= 0; i--) {
    const b = order[i]!;
    const lastMerge = behind[b]! >= 0 ? behind[b]! : within[b]!;
    if (lastMerge >= 0) {
      falls[b] = falls[lastMerge]!;
      continue;
    }
    const f = follow[b]!;
    const t = first[b]!;
    let out = 0;
    if (exit[b] === GOTO || exit[b] === DROP) {
      out = number[t]! > i && forward[t] === 1 ? falls[t]! : t === f ? 1 : 0;
    } else if (exit[b] === IF) {
      const u = second[b]!;
      const tIsArm = number[t]! > i && forward[t] === 1;
      const uIsArm = number[u]! > i && forward[u] === 1;
      if (tIsArm) out = falls[t]!;
      else if (t === f && !(uIsArm && branches[t]! > 0)) out = 1;
      if (uIsArm) out |= falls[u]!;
      else if (u === f && !(tIsArm && branches[u]! > 0)) out = 1;
    }
    falls[b] = out;
  }

  // Tokens.
  const tokens = scratch.ints(slot++, 16 * reachable + succ.length + 1);
  const work = scratch.ints(slot++, 8 * reachable + 8);
  const blockLabel = perBlock();
  const loopLabel = perBlock();
  let length = 0;
  let labels = 0;
  let top = 0;
  let ended = false; // whether the last token is an End
  /** Writes the way from block number i to t; f is what follows here. */
  const branch = (i: number, t: number, f: number): void => {
    if (number[t]! > i) {
      if (forward[t] === 1) work[top++] = t;
      else if (t !== f) {
        tokens[length++] = Tok.Br;
        tokens[length++] = blockLabel[t]!;
      }
    } else {
      tokens[length++] = Tok.Br;
      tokens[length++] = loopLabel[t]!;
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
    for (let m = behind[b]!; m >= 0; m = nextMerge[m]!) {
      work[top++] = m;
      if (branches[m]! > 0) {
        work[top++] = END;
        blockLabel[m] = labels;
        tokens[length++] = Tok.Block;
        tokens[length++] = labels++;
      }
    }
    if (isHeader[b] === 1) {
      work[top++] = END;
      loopLabel[b] = labels;
      tokens[length++] = Tok.Loop;
      tokens[length++] = labels++;
    }
    for (let m = within[b]!; m >= 0; m = nextMerge[m]!) {
      work[top++] = m;
      if (branches[m]! > 0) {
        work[top++] = END;
        blockLabel[m] = labels;
        tokens[length++] = Tok.Block;
        tokens[length++] = labels++;
      }
    }
    tokens[length++] = Tok.Code;
    tokens[length++] = b;
    const i = number[b]!;
    const f = follow[b]!;
    const t = first[b]!;
    switch (exit[b]) {
      case LEAVE:
        tokens[length++] = Tok.Leave;
        tokens[length++] = b;
        break;
      case DROP:
        tokens[length++] = Tok.Drop;
        tokens[length++] = b;
        branch(i, t, f);
        break;
      case GOTO:
        branch(i, t, f);
        break;
      case IF: {
        const u = second[b]!;
        const tIsArm = number[t]! > i && forward[t] === 1;
        const uIsArm = number[u]! > i && forward[u] === 1;
        // An arm that is a branch, if it is not skipped by an If.
        const tBranches = !tIsArm && (t !== f || (uIsArm && branches[t]! > 0));
        const uBranches = !uIsArm && (u !== f || (tIsArm && branches[u]! > 0));
        if (tBranches) {
          tokens[length++] = Tok.BrIf;
          tokens[length++] = b;
          tokens[length++] = number[t]! > i ? blockLabel[t]! : loopLabel[t]!;
          branch(i, u, f);
        } else if (uBranches) {
          tokens[length++] = Tok.BrIfNot;
          tokens[length++] = b;
          tokens[length++] = number[u]! > i ? blockLabel[u]! : loopLabel[u]!;
          branch(i, t, f);
        } else if (!uIsArm) {
          tokens[length++] = Tok.If;
          tokens[length++] = b;
          work[top++] = END;
          work[top++] = t;
        } else if (!tIsArm) {
          tokens[length++] = Tok.IfNot;
          tokens[length++] = b;
          work[top++] = END;
          work[top++] = u;
        } else if (falls[t] === 1 && falls[u] === 1) {
          tokens[length++] = Tok.If;
          tokens[length++] = b;
          work[top++] = END;
          work[top++] = u;
          work[top++] = ELSE;
          work[top++] = t;
        } else {
          // One arm's end is not reached: nest that one; of two such arms the smaller one.
          const nestElse = falls[t] === 1 || (falls[u] === 0 && cfg.dominated(u) < cfg.dominated(t));
          tokens[length++] = nestElse ? Tok.IfNot : Tok.If;
          tokens[length++] = b;
          work[top++] = nestElse ? t : u;
          work[top++] = END;
          work[top++] = nestElse ? u : t;
        }
        break;
      }
      case SWITCH: {
        const n = second[b]!;
        const start = succStart[b]!;
        tokens[length++] = Tok.BrTable;
        tokens[length++] = b;
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
  return { tokens, length, labels, usesLabelVariable: false };
}
