import type { BlockId, Graph } from './graph.ts';

/**
 * What there is to know about a graph's shape, computed in near-linear time without recursion and without an object per
 * block: reverse postorder, predecessors, dominators, loops, reducibility.
 *
 * An `Analysis` is a workspace: {@link Analysis.run} fills it for one graph and may be called again for the next. Its
 * arrays may be longer than needed, and they hold until the next run. Blocks that the entry does not reach are not part
 * of anything: their {@link number} is −1, and edges out of them do not count as predecessors.
 *
 * Cost: O((n + e) log n) in the worst case, linear in practice.
 *
 * How:
 * - One depth-first search gives preorder (what the algorithms below count in) and reverse postorder.
 * - Dominators: T. Lengauer, R. E. Tarjan, "A fast algorithm for finding dominators in a flowgraph", TOPLAS 1(1), 1979,
 *   with simple path compression. Cooper, Harvey and Kennedy's simpler iteration is quadratic on ladders.
 * - Loops: P. Havlak, "Nesting of reducible and irreducible loops", TOPLAS 19(4), 1997, in the near-linear form of
 *   G. Ramalingam, "Identifying loops in almost linear time", TOPLAS 21(2), 1999: an edge that is not part of the
 *   depth-first tree waits at the nearest common ancestor of its ends until all inner loops have been found.
 */
export class Analysis {
  /** How many blocks the entry reaches, itself included. */
  reachable = 0;
  /** The reached blocks in reverse postorder. Where it is free to choose, first successors come first. */
  order: Int32Array = EMPTY;
  /** Each block's place in {@link order}; −1 if it is not reached. */
  number: Int32Array = EMPTY;
  /** The predecessors of block `b` are `pred[predStart[b] .. predStart[b + 1])`; an edge that occurs twice is there twice. */
  predStart: Int32Array = EMPTY;
  /** All blocks' predecessors, one block's after the other's: see {@link predStart}. */
  pred: Int32Array = EMPTY;
  /** Each block's immediate dominator; −1 for the entry and for blocks that are not reached. */
  idom: Int32Array = EMPTY;
  /** How many loops there are. Loops are numbered so that a loop directly precedes what is nested in it. */
  loops = 0;
  /** How many of them can be entered other than through their header. 0 means that the graph is reducible. */
  irreducibleLoops = 0;
  /** The innermost loop each block is in (a header is in its own loop); −1 for none. */
  loopOf: Int32Array = EMPTY;
  /** Of each loop: its header, the first of its blocks that the depth-first search has met. */
  loopHeader: Int32Array = EMPTY;
  /** Of each loop: the loop around it; −1 for none. */
  loopParent: Int32Array = EMPTY;
  /** Of each loop: the last loop nested in it, at any depth; itself if there is none. */
  loopLast: Int32Array = EMPTY;
  /** Of each loop: 1 if it is irreducible. */
  loopIrreducible: Int32Array = EMPTY;

  // The dominator tree as intervals of preorder numbers; see dominates().
  #domEnter: Int32Array = EMPTY;
  #domLast: Int32Array = EMPTY;

  // Of each loop: how many are around it, and one of these far out (E. Myers, "An applicative random-access stack", 1983).
  #loopDepth: Int32Array = EMPTY;
  #loopJump: Int32Array = EMPTY;

  // Working memory, by preorder number unless said otherwise.
  #pre: Int32Array = EMPTY; // by block
  #vertex: Int32Array = EMPTY;
  #parent: Int32Array = EMPTY;
  #w1: Int32Array = EMPTY;
  #w2: Int32Array = EMPTY;
  #w3: Int32Array = EMPTY;
  #w4: Int32Array = EMPTY;
  #w5: Int32Array = EMPTY;
  #w6: Int32Array = EMPTY;
  #w7: Int32Array = EMPTY;
  #w8: Int32Array = EMPTY;
  // Edges that wait at the nearest common ancestor of their ends, as linked lists.
  #waitHead: Int32Array = EMPTY;
  #waitNext: Int32Array = EMPTY;
  #waitFrom: Int32Array = EMPTY;
  #waitTo: Int32Array = EMPTY;

  /** Analyses `graph`; what was there before is gone. Returns itself. */
  run(graph: Graph): this {
    this.#reserve(graph.size, graph.succ.length);
    const hasCycle = this.#search(graph);
    this.#predecessors(graph);
    this.#dominators(graph.size);
    this.loops = 0;
    this.irreducibleLoops = 0;
    if (hasCycle) this.#findLoops(graph);
    else this.loopOf.fill(-1, 0, graph.size);
    return this;
  }

  /** Whether every path from the entry to `b` passes `a`. Both must be reached; a block dominates itself. */
  dominates(a: BlockId, b: BlockId): boolean {
    const at = this.#domEnter[b]!;
    return at >= this.#domEnter[a]! && at <= this.#domLast[a]!;
  }

  /** How many blocks `block` dominates, itself included. */
  dominated(block: BlockId): number {
    return this.#domLast[block]! - this.#domEnter[block]! + 1;
  }

  /** Whether `block` is in `loop` or in a loop nested in it. */
  inLoop(block: BlockId, loop: number): boolean {
    const l = this.loopOf[block]!;
    return l >= loop && l <= this.loopLast[loop]!;
  }

  /**
   * The outermost loop that contains `loop` (or is it) but not `block`: what a way from `loop` to `block` leaves last, or
   * one from `block` into `loop` enters first. `loop` must not contain `block`. Takes O(log depth).
   */
  outermostLoopWithout(block: BlockId, loop: number): number {
    const { loopParent } = this;
    let l = loop;
    for (;;) {
      const far = this.#loopJump[l]!;
      const up = loopParent[l]!;
      if (up < 0 || this.inLoop(block, up)) return l;
      l = far >= 0 && !this.inLoop(block, far) ? far : up;
    }
  }

  #reserve(size: number, edges: number): void {
    if (this.number.length <= size) {
      const n = Math.max(64, size + 1, 2 * this.number.length);
      for (const name of ['order', 'number', 'predStart', 'idom', 'loopOf'] as const) this[name] = new Int32Array(n);
      for (const name of ['loopHeader', 'loopParent', 'loopLast', 'loopIrreducible'] as const)
        this[name] = new Int32Array(n);
      this.#loopDepth = new Int32Array(n);
      this.#loopJump = new Int32Array(n);
      this.#domEnter = new Int32Array(n);
      this.#domLast = new Int32Array(n);
      this.#pre = new Int32Array(n);
      this.#vertex = new Int32Array(n);
      this.#parent = new Int32Array(n);
      this.#w1 = new Int32Array(n);
      this.#w2 = new Int32Array(n);
      this.#w3 = new Int32Array(n);
      this.#w4 = new Int32Array(n);
      this.#w5 = new Int32Array(n);
      this.#w6 = new Int32Array(n);
      this.#w7 = new Int32Array(n);
      this.#w8 = new Int32Array(n);
      this.#waitHead = new Int32Array(n);
    }
    if (this.pred.length < edges) {
      const m = Math.max(64, edges, 2 * this.pred.length);
      this.pred = new Int32Array(m);
      this.#waitNext = new Int32Array(m);
      this.#waitFrom = new Int32Array(m);
      this.#waitTo = new Int32Array(m);
    }
  }

  /** Depth-first search: preorder, tree parents, reverse postorder, and the waiting edges. Returns whether there is a cycle. */
  #search(graph: Graph): boolean {
    const { size, entry, succStart, succ } = graph;
    const { order, number } = this;
    const pre = this.#pre;
    const vertex = this.#vertex;
    const parent = this.#parent;
    const cursor = this.#w1; // the edge each open vertex looks at next, from its last to its first
    const open = this.#w2; // for finished vertices a nearer vertex on the way to the nearest open ancestor, else itself
    const waitHead = this.#waitHead;
    const waitNext = this.#waitNext;
    const waitFrom = this.#waitFrom;
    const waitTo = this.#waitTo;
    const finished = this.#w3;
    pre.fill(-1, 0, size);
    number.fill(-1, 0, size);
    let count = 1;
    let post = 0;
    let waiting = 0;
    let cycle = false;
    pre[entry] = 0;
    vertex[0] = entry;
    parent[0] = -1;
    cursor[0] = succStart[entry + 1]!;
    open[0] = 0;
    waitHead[0] = -1;
    finished[0] = 0;
    let v = 0;
    for (;;) {
      const b = vertex[v]!;
      if (cursor[v]! > succStart[b]!) {
        const t = succ[--cursor[v]!]!;
        let w = pre[t]!;
        if (w < 0) {
          w = count++;
          pre[t] = w;
          vertex[w] = t;
          parent[w] = v;
          cursor[w] = succStart[t + 1]!;
          open[w] = w;
          waitHead[w] = -1;
          finished[w] = 0;
          v = w;
        } else if (finished[w] === 0) {
          cycle = true;
        } else {
          let a = w;
          while (open[a] !== a) {
            open[a] = open[open[a]!]!;
            a = open[a]!;
          }
          waitFrom[waiting] = v;
          waitTo[waiting] = w;
          waitNext[waiting] = waitHead[a]!;
          waitHead[a] = waiting++;
        }
        continue;
      }
      finished[v] = 1;
      order[post++] = b;
      const up = parent[v]!;
      if (up < 0) break;
      open[v] = up;
      v = up;
    }
    this.reachable = count;
    for (let i = 0, j = count - 1; i < j; i++, j--) {
      const t = order[i]!;
      order[i] = order[j]!;
      order[j] = t;
    }
    for (let i = 0; i < count; i++) number[order[i]!] = i;
    return cycle;
  }

  #predecessors(graph: Graph): void {
    const { size, succStart, succ } = graph;
    const { predStart, pred, order, reachable } = this;
    predStart.fill(0, 0, size + 1);
    for (let i = 0; i < reachable; i++) {
      const b = order[i]!;
      const end = succStart[b + 1]!;
      for (let e = succStart[b]!; e < end; e++) predStart[succ[e]!]!++;
    }
    let sum = 0;
    for (let b = 0; b < size; b++) {
      sum += predStart[b]!;
      predStart[b] = sum;
    }
    predStart[size] = sum;
    // From the back, so that each block's predecessors end up in reverse postorder.
    for (let i = reachable - 1; i >= 0; i--) {
      const b = order[i]!;
      const end = succStart[b + 1]!;
      for (let e = succStart[b]!; e < end; e++) pred[--predStart[succ[e]!]!] = b;
    }
  }

  /** Lengauer and Tarjan's algorithm in the names of their paper; vertices are preorder numbers. */
  #dominators(size: number): void {
    const { reachable: n, predStart, pred, idom, order } = this;
    const pre = this.#pre;
    const vertex = this.#vertex;
    const parent = this.#parent;
    const ancestor = this.#w1;
    const label = this.#w2;
    const semi = this.#w3;
    const dom = this.#w4;
    const bucket = this.#w5; // head of a list through `next`
    const next = this.#w6;
    const path = this.#w7;
    for (let v = 0; v < n; v++) {
      ancestor[v] = -1;
      label[v] = v;
      semi[v] = v;
      bucket[v] = -1;
    }
    const evaluate = (v: number): number => {
      if (ancestor[v]! < 0) return v;
      let length = 0;
      let x = v;
      while (ancestor[ancestor[x]!]! >= 0) {
        path[length++] = x;
        x = ancestor[x]!;
      }
      while (length > 0) {
        x = path[--length]!;
        const a = ancestor[x]!;
        if (semi[label[a]!]! < semi[label[x]!]!) label[x] = label[a]!;
        ancestor[x] = ancestor[a]!;
      }
      return label[v]!;
    };
    for (let w = n - 1; w > 0; w--) {
      const b = vertex[w]!;
      const end = predStart[b + 1]!;
      let s = w;
      for (let e = predStart[b]!; e < end; e++) {
        const u = semi[evaluate(pre[pred[e]!]!)]!;
        if (u < s) s = u;
      }
      semi[w] = s;
      next[w] = bucket[s]!;
      bucket[s] = w;
      const p = parent[w]!;
      ancestor[w] = p;
      for (let v = bucket[p]!; v >= 0; v = next[v]!) {
        const u = evaluate(v);
        dom[v] = semi[u]! < semi[v]! ? u : p;
      }
      bucket[p] = -1;
    }
    const entry = order[0]!;
    idom.fill(-1, 0, size);
    for (let w = 1; w < n; w++) {
      if (dom[w] !== semi[w]) dom[w] = dom[dom[w]!]!;
      idom[vertex[w]!] = vertex[dom[w]!]!;
    }
    // Intervals: subtree sizes from the back, then each block takes the next free place in its dominator's interval.
    const enter = this.#domEnter;
    const last = this.#domLast;
    const free = this.#w1;
    for (let i = 0; i < n; i++) last[order[i]!] = 1;
    for (let i = n - 1; i > 0; i--) last[idom[order[i]!]!]! += last[order[i]!]!;
    enter[entry] = 0;
    free[entry] = 1;
    last[entry] = n - 1;
    for (let i = 1; i < n; i++) {
      const b = order[i]!;
      const d = idom[b]!;
      const at = free[d]!;
      const count = last[b]!;
      enter[b] = at;
      free[d] = at + count;
      free[b] = at + 1;
      last[b] = at + count - 1;
    }
  }

  /** Ramalingam's form of Havlak's algorithm; vertices are preorder numbers. */
  #findLoops(graph: Graph): void {
    const { size } = graph;
    const { reachable: n, predStart, pred, loopOf, loopHeader, loopParent, loopLast, loopIrreducible } = this;
    const pre = this.#pre;
    const vertex = this.#vertex;
    const parent = this.#parent;
    const lastIn = this.#w1; // last vertex of the depth-first subtree
    const rep = this.#w2; // union-find: the header of the outermost loop found so far around a vertex, or itself
    const header = this.#w3; // header of the innermost loop around a vertex, not its own; −1
    const mark = this.#w4; // the header whose body a vertex has been put into
    const extra = this.#w5; // head of the list of edges that have stopped waiting, by target; through waitNext
    const kind = this.#w6; // of a header: 1 loop, 2 irreducible loop; else 0
    const work = this.#w7;
    const beyond = this.#w8; // of an irreducible header: one further out, with none but irreducible ones between; or −1
    const waitHead = this.#waitHead;
    const waitNext = this.#waitNext;
    const waitFrom = this.#waitFrom;
    const waitTo = this.#waitTo;
    for (let v = 0; v < n; v++) {
      lastIn[v] = v;
      rep[v] = v;
      header[v] = -1;
      mark[v] = -1;
      extra[v] = -1;
      kind[v] = 0;
      beyond[v] = -1;
    }
    for (let v = n - 1; v > 0; v--) if (lastIn[v]! > lastIn[parent[v]!]!) lastIn[parent[v]!] = lastIn[v]!;
    const find = (v: number): number => {
      let x = v;
      while (rep[x] !== x) {
        rep[x] = rep[rep[x]!]!;
        x = rep[x]!;
      }
      return x;
    };
    for (let h = n - 1; h >= 0; h--) {
      for (let e = waitHead[h]!; e >= 0; ) {
        const after = waitNext[e]!;
        const to = waitTo[e]!;
        const outer = find(to);
        if (find(waitFrom[e]!) !== outer) {
          waitNext[e] = extra[outer]!;
          extra[outer] = e;
          // The edge enters each loop from the innermost around its target to `outer`, and none through its header.
          for (let l = to === outer ? -1 : header[to]!; l >= outer; ) {
            if (kind[l] === 2) {
              const up = beyond[l]! >= 0 ? beyond[l]! : header[l]!;
              if (up >= 0 && kind[up] === 2) beyond[l] = beyond[up]! >= 0 ? beyond[up]! : header[up]!;
              l = up;
            } else {
              kind[l] = 2;
              l = header[l]!;
            }
          }
        }
        e = after;
      }
      // The body: what reaches a source of a back edge without passing the header.
      let length = 0;
      const b = vertex[h]!;
      const end = predStart[b + 1]!;
      for (let e = predStart[b]!; e < end; e++) {
        const from = pre[pred[e]!]!;
        if (from < h || from > lastIn[h]!) continue;
        kind[h] ||= 1;
        const x = find(from);
        if (x !== h && mark[x] !== h) {
          mark[x] = h;
          work[length++] = x;
        }
      }
      for (let i = 0; i < length; i++) {
        const x = work[i]!;
        let from = parent[x]!;
        for (let e = extra[x]!; ; e = waitNext[e]!) {
          const y = find(from);
          if (y !== h && mark[y] !== h) {
            mark[y] = h;
            work[length++] = y;
          }
          if (e < 0) break;
          from = waitFrom[e]!;
        }
      }
      for (let i = 0; i < length; i++) {
        const x = work[i]!;
        rep[x] = h;
        header[x] = h;
      }
    }
    // Number the loops in preorder of their nesting: children lists first, in rising preorder of headers.
    const child = this.#w1;
    const sibling = this.#w2;
    const id = this.#w4;
    let top = -1;
    for (let v = 0; v < n; v++) child[v] = -1;
    for (let h = n - 1; h >= 0; h--) {
      if (kind[h] === 0) continue;
      const p = header[h]!;
      if (p < 0) {
        sibling[h] = top;
        top = h;
      } else {
        sibling[h] = child[p]!;
        child[p] = h;
      }
    }
    const depth = this.#loopDepth;
    const jump = this.#loopJump;
    const depthOf = (l: number): number => (l < 0 ? -1 : depth[l]!);
    let loops = 0;
    let irreducible = 0;
    for (let h = top; h >= 0; ) {
      const p = header[h]!;
      const l = loops++;
      id[h] = l;
      loopHeader[l] = vertex[h]!;
      const up = p < 0 ? -1 : id[p]!;
      loopParent[l] = up;
      if (up < 0) {
        depth[l] = 0;
        jump[l] = -1;
      } else {
        const far = jump[up]!;
        depth[l] = depth[up]! + 1;
        jump[l] = far >= 0 && depth[up]! - depth[far]! === depth[far]! - depthOf(jump[far]!) ? jump[far]! : up;
      }
      loopIrreducible[l] = kind[h]! - 1;
      irreducible += kind[h]! - 1;
      loopLast[l] = l;
      if (child[h]! >= 0) {
        h = child[h]!;
        continue;
      }
      while (h >= 0 && sibling[h]! < 0) {
        h = header[h]!;
        if (h >= 0) loopLast[id[h]!] = loops - 1;
      }
      if (h >= 0) h = sibling[h]!;
    }
    this.loops = loops;
    this.irreducibleLoops = irreducible;
    loopOf.fill(-1, 0, size);
    for (let v = 0; v < n; v++) {
      const h = kind[v] !== 0 ? v : header[v]!;
      if (h >= 0) loopOf[vertex[v]!] = id[h]!;
    }
  }
}

const EMPTY: Int32Array = new Int32Array(0);
