/**
 * Large functions become several. Engines optimize a function as a whole, in time that grows faster than its size, and V8 takes a large one
 * for hot after a few calls, however little of it they have run. In programs that parse, print or interpret, half a dozen functions, each with one switch, are half
 * of all that is compiled. Split, only the arms that are hot are.
 *
 * ```
 * func f          ─▶  func f                          part 1 of f
 *   …                   …                               b1: …
 *   switch x {          switch x {                          if … ─▶ exit 1
 *   case 1: b1          case 1: call part 1                 return
 *   case 2: b2            exit 1 ─▶ b3
 *   }                   case 2: b2
 *   b3                  }
 *                       b3
 * ```
 *
 * A part is a block with all that it dominates, so that nothing else leads into it. Which ones: from the leaves of the dominator tree towards its root, as soon as what is left below a
 * block is too large, the largest of the pieces below it are cut off until it is not. Parts can have parts.
 *
 * For Go there is one function with one frame: a part uses the frame in memory, calls store the return PC of the function, and the function hands on whoever comes to a resume
 * point in a part ({@link GoOp.CallPart}). Locals that live across the cut are kept in globals for these few instructions.
 *
 * Assumes: no function looks at the wasm frames between it and others (asyncify's does). Wasm frames of such functions are not larger in proportion to Go's
 * than those of others: what has a small one stays whole ({@link Limits}).
 *
 * Sources: S. Kundu, J. Misra, "A linear tree partitioning algorithm", SIAM J. Comput. 6(1), 1977; LLVM, CodeExtractor; V8, src/wasm/baseline/liftoff-compiler.cc,
 * TierupCheck.
 */
import { Analysis, Exit, type Graph, GraphBuilder, liveness } from '@go-wasm/cfg';
import { GoOp, type GoProgram, type Lifted, MAX_EXITS, SP_LOCAL } from '@go-wasm/lift';
import { InternalError, Op } from '@go-wasm/wasm';
import { exitOf } from '../analyses/never-returns.ts';

const { Block, End, If, LocalGet, LocalSet, LocalTee, Loop } = Op;

/** What is split, and how. Sizes are in instructions; a call counts as {@link CALL}. */
export interface Limits {
  /** Functions that are no larger stay whole. */
  readonly whole: number;
  /** What is to be left of a function, and of its parts, if possible. */
  readonly large: number;
  /** Parts are no smaller. */
  readonly small: number;
  /** Functions whose frames in memory have fewer bytes stay whole; a frame that is not known counts as −1. */
  readonly frame: number;
  /** What is in a loop, and to be a part without it, is no smaller and has no more exits: each round pays for the call. */
  readonly inLoop: { readonly small: number; readonly exits: number };
}

/**
 * Programs that engines compile for most of the time take as long with parts of 1,000 to 2,500 instructions. With more exits in loops, which several arms of a
 * switch have together, the loop of an interpreter takes a tenth more.
 */
const LIMITS: Limits = { whole: 4000, large: 1500, small: 400, frame: 512, inLoop: { small: 1200, exits: 1 } };
const CALL = 6;
/** No more of the end of a function is there several times. */
const END = 32;
/** How many parts are in each other. */
const DEPTH = 3;

/** Splits the large functions of a program. `runsOnce`: those that are to be entered in the middle of loops, which stay whole. */
export function splitFunctions(
  program: GoProgram,
  lifted: Lifted,
  { neverReturns, runsOnce }: { neverReturns: Uint8Array; runsOnce?: Uint8Array | undefined },
  limits: Limits = LIMITS,
): void {
  const splitter = new Splitter(program, lifted, neverReturns, limits);
  const { functions, funcBlock, blockStart, blockEnd } = lifted;
  for (let f = 0; f < functions; f++) {
    if (!lifted.isLifted(f) || runsOnce?.[f] === 1 || program.frame[f]! < limits.frame) continue;
    if (blockEnd[funcBlock[f + 1]! - 1]! - blockStart[funcBlock[f]!]! > limits.whole) splitter.split(f);
  }
}

/**
 * Checks that functions and parts go on in their own blocks only, and that parts are entered where their functions are.
 *
 * @throws InternalError for what this pass should not have done.
 */
export function checkParts(program: GoProgram, lifted: Lifted): void {
  const { funcBlock, exit, target, otherwise, funcEntry, entryPc, entryBlock } = lifted;
  for (let f = 0; f < lifted.units; f++) {
    const isOwn = (b: number): boolean => b >= funcBlock[f]! && b < funcBlock[f + 1]!;
    const origin = lifted.originOf(f);
    const pcs = new Set(entryPc.subarray(funcEntry[origin], funcEntry[origin + 1]));
    let right = true;
    for (let b = funcBlock[f]!; b < funcBlock[f + 1]!; b++) {
      right &&= exit[b] === Exit.Leave || isOwn(target[b]!);
      right &&= exit[b] !== Exit.If || isOwn(otherwise[b]!);
    }
    for (let e = funcEntry[f]!; e < funcEntry[f + 1]!; e++) right &&= isOwn(entryBlock[e]!) && pcs.has(entryPc[e]!);
    if (!right) {
      throw new InternalError('GW9103', 'a part of a function goes on where it should not', {
        where: { function: program.names[origin], pass: 'split-functions' },
      });
    }
  }
}

/** What a function or a part of it consists of; blocks are counted from the function's first one. */
interface Piece {
  /** Where it begins. */
  readonly head: number;
  /** Its blocks but for those of its parts. */
  readonly own: number[];
  readonly parts: Piece[];
  /** Blocks outside that it goes on to, by number of the exit less one. */
  readonly exits: number[];
  /** Blocks outside that it has copies of: the ends of the function that it comes to. */
  readonly copies: number[];
  /** Locals that may be read in it, or behind it, as they are where it begins. */
  live: number[];
  /** By exit: locals that it may have set, and that may be read behind it. */
  handedBack: number[][];
  /** Its index among the functions. */
  index: number;
  /** How those who come to a resume point enter it: a block of what it is a part of. */
  resume: number;
}

class Splitter {
  readonly #program: GoProgram;
  readonly #lifted: Lifted;
  readonly #neverReturns: Uint8Array;
  readonly #limits: Limits;
  readonly #builder: GraphBuilder = new GraphBuilder();
  readonly #analysis: Analysis = new Analysis();
  /** The function that is being split: its first block, and the exits of its blocks, calls that never return being taken into account. */
  #first = 0;
  #exit: Uint8Array = new Uint8Array(0);
  /** Its blocks, and one more, `count`, from which control comes to the first one, and to entries that nothing else leads to. */
  #graph!: Graph;

  constructor(program: GoProgram, lifted: Lifted, neverReturns: Uint8Array, limits: Limits) {
    this.#program = program;
    this.#lifted = lifted;
    this.#neverReturns = neverReturns;
    this.#limits = limits;
  }

  split(f: number): void {
    const lifted = this.#lifted;
    this.#first = lifted.funcBlock[f]!;
    const count = lifted.funcBlock[f + 1]! - this.#first;
    this.#exit = Uint8Array.from({ length: count }, (_, b) =>
      exitOf(this.#program, lifted, this.#neverReturns, this.#first + b),
    );
    this.#analyse(f, count);
    const isCut = this.#cut(count);
    if (!isCut.includes(1)) return;
    const whole = this.#pieces(isCut, count);
    this.#findLive(f, whole, count);
    const parts = [...whole.parts];
    for (const part of parts) parts.push(...part.parts);
    for (const [k, part] of parts.entries()) part.index = lifted.units + k;
    // The function itself last: its blocks are overwritten.
    for (const part of parts) this.#makePart(f, part, count);
    this.#makeWhole(f, whole, count);
  }

  /** Calls `visit` with the blocks that come next. */
  #successors(b: number, visit: (to: number) => void): void {
    const { target, otherwise } = this.#lifted;
    if (this.#exit[b] === Exit.Leave) return;
    visit(target[this.#first + b]! - this.#first);
    if (this.#exit[b] === Exit.If) visit(otherwise[this.#first + b]! - this.#first);
  }

  /** Builds and analyses the graph. */
  #analyse(f: number, count: number): void {
    const { target, otherwise, funcEntry, entryBlock } = this.#lifted;
    const builder = this.#builder;
    builder.clear();
    for (let b = 0; b <= count; b++) builder.addBlock();
    for (let b = 0; b < count; b++) {
      const to = target[this.#first + b]! - this.#first;
      if (this.#exit[b] === Exit.Goto) builder.goto(b, to);
      else if (this.#exit[b] === Exit.If) builder.branch(b, to, otherwise[this.#first + b]! - this.#first);
    }
    const roots: number[] = [];
    const reached = new Uint8Array(count);
    const reach = (root: number): void => {
      if (reached[root] === 1) return;
      roots.push(root);
      reached[root] = 1;
      const work = [root];
      for (let b = work.pop(); b !== undefined; b = work.pop()) {
        this.#successors(b, (to) => {
          if (reached[to] === 0) work.push(to);
          reached[to] = 1;
        });
      }
    };
    reach(0);
    for (let e = funcEntry[f]!; e < funcEntry[f + 1]!; e++) reach(entryBlock[e]! - this.#first);
    builder.switch(count, roots);
    this.#graph = builder.build(count);
    this.#analysis.run(this.#graph);
  }

  /** Which blocks are to be the heads of parts. */
  #cut(count: number): Uint8Array {
    const { order, reachable, idom } = this.#analysis;
    const { large, small } = this.#limits;
    const isCut = new Uint8Array(count + 1);
    /** What is left below a block, itself included; how many parts are in each other there; how many exits it has. */
    const left = new Int32Array(count + 1);
    const depth = new Uint8Array(count + 1);
    const exits = new Int32Array(count + 1);
    /** What it goes on to, ends of the function apart: taken over by the block above. */
    const leads: (Set<number> | undefined)[] = new Array(count + 1);
    const children: number[][] = Array.from({ length: count + 1 }, () => []);
    // In reverse postorder a block stands behind those that dominate it.
    for (let k = reachable - 1; k > 0; k--) {
      const b = order[k]!;
      const below = children[b]!;
      let size = this.#size(b);
      for (const c of below) size += left[c]!;
      if (size > large) {
        for (const c of below.toSorted((x, y) => left[y]! - left[x]! || x - y)) {
          if (size <= large || left[c]! < small) break;
          if (depth[c]! >= DEPTH || !this.#canBePart(c, exits[c]!, left[c]!)) continue;
          isCut[c] = 1;
          size -= left[c]!;
          depth[b] = Math.max(depth[b]!, depth[c]! + 1);
        }
      }
      for (const c of below) if (isCut[c] === 0) depth[b] = Math.max(depth[b]!, depth[c]!);
      left[b] = size;
      // The largest of the sets goes up, so that no element is moved often. What is not dominated by the block above is left by that, too.
      let set = new Set<number>();
      for (const c of below) if (leads[c]!.size > set.size) set = leads[c]!;
      for (const c of below) if (leads[c] !== set) for (const to of leads[c]!) set.add(to);
      this.#successors(b, (to) => {
        if (!this.#isEnd(to)) set.add(to);
      });
      set.delete(b);
      for (const c of below) set.delete(c);
      leads[b] = set;
      exits[b] = set.size;
      children[idom[b]!]!.push(b);
    }
    return isCut;
  }

  #size(b: number): number {
    const { code, blockStart, blockEnd } = this.#lifted;
    let size = 0;
    for (let i = blockStart[this.#first + b]!; i < blockEnd[this.#first + b]!; i++)
      size += code.op[i] === GoOp.Call ? CALL : 1;
    return size;
  }

  /** Whether there are no more exits than a part can have, and blocks enough to call it in their place. `left`: what is left of it, in instructions. */
  #canBePart(head: number, exits: number, left: number): boolean {
    const { inLoop } = this.#limits;
    if (this.#isInLoop(head) && (left < inLoop.small || exits > inLoop.exits)) return false;
    return exits <= MAX_EXITS && this.#analysis.dominated(head) >= 2 + 2 * exits;
  }

  /** Whether a block is run again and again, by more than a loop that it is itself the header of. */
  #isInLoop(b: number): boolean {
    const { loopOf, loopHeader, loopParent } = this.#analysis;
    const loop = loopOf[b]!;
    return loop >= 0 && (loopHeader[loop] !== b || loopParent[loop]! >= 0);
  }

  /** Where control goes from what `head` dominates, and the ends of the function among that. */
  #exits(head: number): { exits: number[]; copies: number[] } {
    const exits = new Set<number>();
    const copies = new Set<number>();
    const seen = new Set([head]);
    for (const b of seen) {
      this.#successors(b, (to) => {
        (this.#analysis.dominates(head, to) ? seen : this.#isEnd(to) ? copies : exits).add(to);
      });
    }
    const sorted = (blocks: Set<number>): number[] => [...blocks].sort((x, y) => x - y);
    return { exits: sorted(exits), copies: sorted(copies) };
  }

  /** Whether the function ends with a block, in a few instructions: a panic, most often. */
  #isEnd(b: number): boolean {
    const { blockStart, blockEnd } = this.#lifted;
    return this.#exit[b] === Exit.Leave && blockEnd[this.#first + b]! - blockStart[this.#first + b]! <= END;
  }

  #pieces(isCut: Uint8Array, count: number): Piece {
    const { order, reachable, idom } = this.#analysis;
    const piece = (head: number, ways: Pick<Piece, 'exits' | 'copies'>): Piece => ({
      head,
      own: [],
      parts: [],
      ...ways,
      live: [],
      handedBack: [],
      index: -1,
      resume: -1,
    });
    const whole = piece(0, { exits: [], copies: [] });
    const of: Piece[] = new Array(count + 1).fill(whole);
    for (let k = 1; k < reachable; k++) {
      const b = order[k]!;
      of[b] = of[idom[b]!]!;
      if (isCut[b] === 1) {
        const part = piece(b, this.#exits(b));
        of[b]!.parts.push(part);
        of[b] = part;
      }
      of[b]!.own.push(b);
    }
    return whole;
  }

  /** Finds which locals live across the ends of pieces. */
  #findLive(f: number, whole: Piece, count: number): void {
    const { code, blockStart, blockEnd, locals } = this.#lifted;
    const words = (1 + locals[f]!.counts.reduce((x, y) => x + y, 0) + 31) >>> 5;
    const sets = new Int32Array(count * words);
    /** Those that are set in any case: what is set in an `if` may still be read as it was before. */
    const kills = new Int32Array((count + 1) * words);
    const live = new Int32Array((count + 1) * words);
    for (let b = 0; b < count; b++) {
      let nested = 0;
      for (let i = blockStart[this.#first + b]!; i < blockEnd[this.#first + b]!; i++) {
        const o = code.op[i]!;
        if (o === If || o === Block || o === Loop) nested++;
        else if (o === End) nested--;
        else if (o === LocalGet || o === LocalSet || o === LocalTee) {
          const local = code.a[i]!;
          const word = b * words + (local >>> 5);
          const bit = 1 << local;
          if (o === LocalGet) live[word]! |= bit & ~kills[word]!;
          else {
            sets[word]! |= bit;
            if (nested === 0) kills[word]! |= bit;
          }
        }
      }
    }
    liveness(this.#graph, words, live, kills);
    // SP and PC_B are handed on as they are.
    for (let b = 0; b < count; b++) live[b * words]! &= -1 << (SP_LOCAL + 1);
    const of = (all: Int32Array, b: number): Int32Array => all.subarray(b * words, (b + 1) * words);
    const setBy = ({ own, parts }: Piece): Int32Array => {
      const result = new Int32Array(words);
      for (const set of [...own.map((b) => of(sets, b)), ...parts.map(setBy)])
        for (let w = 0; w < words; w++) result[w]! |= set[w]!;
      return result;
    };
    const fill = (piece: Piece): void => {
      const set = setBy(piece);
      piece.live = members(of(live, piece.head));
      // What it does not set is still there.
      piece.handedBack = piece.exits.map((to) => members(of(live, to).map((word, w) => word & set[w]!)));
      piece.parts.forEach(fill);
    };
    whole.parts.forEach(fill);
  }

  /** Makes a part, of new blocks behind all others. */
  #makePart(f: number, part: Piece, count: number): void {
    const lifted = this.#lifted;
    const add = (): number => lifted.addBlock();
    const blockOf = new Int32Array(count).fill(-1);
    const start = this.#block(add, () => this.#push(GoOp.TakeLocal, part.live));
    for (const b of [...part.own, ...part.copies]) blockOf[b] = add();
    for (const [k, exit] of part.exits.entries()) {
      blockOf[exit] = this.#block(add, () => {
        this.#push(GoOp.KeepLocal, part.handedBack[k]!);
        lifted.code.push(GoOp.ExitPart, k + 1);
      });
    }
    this.#connect(part, blockOf, add);
    this.#goto(start, blockOf[part.head]!);
    const { funcEntry, entryBlock, entryPc, entryCallee } = lifted;
    for (let e = funcEntry[f]!; e < funcEntry[f + 1]!; e++) {
      const b = entryBlock[e]! - this.#first;
      if (!this.#analysis.dominates(part.head, b)) continue;
      lifted.addEntry(entryPc[e]!, this.#entered(part, b, blockOf), entryCallee[e]!);
    }
    lifted.addPart(f);
  }

  /** Has the function call its parts; the blocks by which it does take the place of some that are theirs now. */
  #makeWhole(f: number, whole: Piece, count: number): void {
    const lifted = this.#lifted;
    const blockOf = new Int32Array(count).fill(-1);
    for (const b of whole.own) blockOf[b] = this.#first + b;
    const free: number[] = [];
    for (let b = 0; b < count; b++) if (this.#analysis.number[b]! >= 0 && blockOf[b] === -1) free.push(b);
    this.#connect(whole, blockOf, () => this.#first + free.pop()!);
    const { funcEntry, entryBlock } = lifted;
    for (let e = funcEntry[f]!; e < funcEntry[f + 1]!; e++)
      entryBlock[e] = this.#entered(whole, entryBlock[e]! - this.#first, blockOf);
  }

  /** The block of a piece by which block `b` of the function is entered. */
  #entered(piece: Piece, b: number, blockOf: Int32Array): number {
    return piece.parts.find(({ head }) => this.#analysis.dominates(head, b))?.resume ?? blockOf[b]!;
  }

  /** Fills the blocks of a piece, and adds those by which it calls its parts. */
  #connect(piece: Piece, blockOf: Int32Array, add: () => number): void {
    const lifted = this.#lifted;
    const { code } = lifted;
    /** Blocks that go on behind a part, and where. */
    const behind: { block: number; to: number }[] = [];
    for (const part of piece.parts) {
      const { live, exits, index, head } = part;
      const start = this.#block(add, () => {
        this.#push(GoOp.KeepLocal, live);
        code.push(GoOp.StartPart);
      });
      const call = this.#block(add, () => {
        code.push(GoOp.CallPart, index, exits.length);
        if (exits.length > 1) code.push(GoOp.IsExit, 1);
      });
      this.#goto(start, call);
      blockOf[head] = start;
      part.resume = call;
      const ends = exits.map((to, k) => {
        const block = this.#block(add, () => {
          code.push(GoOp.EndPart, k + 1);
          this.#push(GoOp.TakeLocal, part.handedBack[k]!);
        });
        behind.push({ block, to });
        return block;
      });
      if (ends.length === 0) continue;
      // Which exit it is: the last if it is no other.
      let next = ends.at(-1)!;
      for (let k = ends.length - 2; k > 0; k--) {
        const test = this.#block(add, () => code.push(GoOp.IsExit, k + 1));
        this.#branch(test, ends[k]!, next);
        next = test;
      }
      if (ends.length === 1) this.#goto(call, next);
      else this.#branch(call, ends[0]!, next);
    }
    for (const { block, to } of behind) this.#goto(block, blockOf[to]!);
    const { blockStart, blockEnd, exit, target, otherwise } = lifted;
    for (const b of [...piece.own, ...piece.copies]) {
      const from = this.#first + b;
      const to = blockOf[b]!;
      blockStart[to] = blockStart[from]!;
      blockEnd[to] = blockEnd[from]!;
      exit[to] = this.#exit[b]!;
      if (exit[to] === Exit.Leave) continue;
      target[to] = blockOf[target[from]! - this.#first]!;
      if (exit[to] === Exit.If) otherwise[to] = blockOf[otherwise[from]! - this.#first]!;
    }
  }

  /** Adds a block whose code is what `fill` pushes. Its exit is Leave until it is set. */
  #block(add: () => number, fill: () => void): number {
    const { code } = this.#lifted;
    const block = add();
    const start = code.length;
    fill();
    // Adding a block may have moved the arrays.
    this.#lifted.blockStart[block] = start;
    this.#lifted.blockEnd[block] = code.length;
    this.#lifted.exit[block] = Exit.Leave;
    return block;
  }

  #goto(block: number, to: number): void {
    this.#lifted.exit[block] = Exit.Goto;
    this.#lifted.target[block] = to;
  }

  #branch(block: number, then: number, otherwise: number): void {
    this.#lifted.exit[block] = Exit.If;
    this.#lifted.target[block] = then;
    this.#lifted.otherwise[block] = otherwise;
  }

  /** Has locals kept in slots, or taken from there, as many as there are. */
  #push(op: number, locals: readonly number[]): void {
    for (const [slot, local] of locals.entries()) this.#lifted.code.push(op, local, slot);
    this.#lifted.slots = Math.max(this.#lifted.slots, locals.length);
  }
}

/** The members of a set of bits, in order. */
function members(set: Int32Array): number[] {
  const result: number[] = [];
  for (let k = 0; k < set.length << 5; k++) if (((set[k >>> 5]! >>> k) & 1) === 1) result.push(k);
  return result;
}
