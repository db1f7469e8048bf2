/**
 * What all switch strategies share: one structured copy of each function, entered at PC_B 0 by callers and at its resume
 * points by the scheduler loop.
 *
 * Calling convention: `(pc: i64, sp: i32) -> i32`. The callee stores its own return PC, so that a caller need not: all that
 * a call takes is two arguments and a check.
 *
 * | entered            | pc                | sp                                                             |
 * |--------------------|-------------------|----------------------------------------------------------------|
 * | by a call          | the return PC, ≥ 0 | where the callee stores it: 8 below the caller's SP            |
 * | at a resume point  | ~PC_B             | where the return PC of the call was: 8 below SP                |
 *
 * The result is `sp` as at the call, though the stack may have moved, or 0 when the wasm stack unwinds. So a function that
 * calls others keeps SP − 8 in its local, which is what it passes and what it gets back ({@link LowOp.Sp}). The bias begins where the
 * frame is allocated; the stack check in front of that, and functions that only make calls that never return, have SP itself.
 *
 * The SP global is written only where something else reads it: before imports and helpers, and when unwinding
 * starts; it holds from there to the scheduler loop.
 *
 * Many entries become one (lower):
 *
 * ```
 * root:  pc ≥ 0 ? first block : switch (~pc) { resume points … }
 * ```
 *
 * A branch into a loop would make it irreducible. So a loop with resume points in it gets a dispatch block in front of
 * its header, which then is its header, and the way from the root to a resume point is a chain of them:
 *
 * ```
 * root ─▶ dispatch of the outer loop ─▶ dispatch of the inner loop ─▶ resume point
 *           │ pc ≥ 0                       │ pc ≥ 0
 *           ▼                              ▼
 *         outer header                   inner header
 * ```
 *
 * All ordinary edges into such a loop set pc = 0 first, so a normal run pays one predictable branch an iteration.
 * Loops that are irreducible already get no dispatch blocks: the root branches right to the resume points, and the
 * structurer finds a way.
 *
 * Strategies differ in the calls that are followed by a check ({@link SpLowering.checked}), and in a few functions of the
 * runtime: see the protected methods.
 *
 * Assumes: a function is entered at PC_B 0, at a PC that it stores as return address of a call that may unwind and
 * return, at its deferreturn point, and, in assembly, at any PC (lift keeps those).
 */
import { Analysis, Exit, GraphBuilder } from '@go-wasm/cfg';
import {
  ALWAYS,
  FUNC_VALUE_OFFSET,
  GoOp,
  type GoProgram,
  INDIRECT,
  type Lifted,
  MAX_EXITS,
  PC_B_LOCAL,
  SP_GLOBAL,
  SP_LOCAL,
} from '@go-wasm/lift';
import {
  ByteWriter,
  Code,
  decodeFunction,
  encodeBody,
  FIRST_POOLED,
  HeapType,
  immediateKind,
  type Module,
  Op,
  ValType,
} from '@go-wasm/wasm';
import { exitOf } from '../analyses/never-returns.ts';
import { append, assemble, type Instruction } from '../assemble.ts';
import { type FunctionImport, NEW_IMPORT } from '../imports.ts';
import { BIAS, Hint, type Lowered, LowOp } from '../lowered.ts';
import { nameFunctions, nameOf } from '../names.ts';
import { keep, take, typesOf } from './kept-locals.ts';
import { LoopEntries } from './loop-entries.ts';
import type { Facts, Lowering } from './strategy.ts';

const {
  Block,
  Call,
  CallIndirect,
  Else,
  End,
  GlobalGet,
  GlobalSet,
  I32Add,
  I32And,
  I32Const,
  I32Eq,
  I32Eqz,
  I32Sub,
  I32WrapI64,
  I64And,
  I64Const,
  I64ExtendI32U,
  I64GeS,
  I64Load,
  I64LtS,
  I64Store,
  I64Sub,
  I64Xor,
  If,
  LocalGet,
  LocalSet,
  LocalTee,
  Loop,
  RefNull,
  Return,
  Select,
  Unreachable,
} = Op;
const EMPTY = -0x40;

/** What parts of a strategy that stand in files of their own may do to the module. */
export interface Host {
  /** The type of Go functions. */
  readonly type: number;
  addFunction(name: string, type: number): number;
  define(index: number, body: Uint8Array): void;
  /** Has the module have one more i32, which starts as 0. */
  addGlobal(): number;
  /** Puts function `index`, of the same type, in the place of lifted function `f`. */
  wrap(f: number, index: number): void;
  /** What a scheduler loop does before it enters a function, SP being in its global. */
  beforeLoopCall(): Instruction[];
}

export class SpLowering implements Lowering {
  readonly type: number;
  readonly extraParameters = 1;
  readonly unwindResult = 0;
  readonly newImports: FunctionImport[] = [];

  protected readonly program: GoProgram;
  protected readonly lifted: Lifted;
  protected readonly facts: Facts;
  /** By index among the defined functions: 1 where the caller must check whether the wasm stack unwinds. */
  protected readonly checked: Uint8Array;
  /** By function index of the module: what a caller in the new convention calls instead. */
  readonly #callee: Int32Array;
  /** Helpers that neither read nor write the SP global; by function index of the module. */
  readonly #leavesSp: Uint8Array;
  /** Functions that are added behind the defined ones. */
  readonly #added: AddedFunction[] = [];

  readonly #loopEntries: LoopEntries | undefined;
  /** Functions that have parts. */
  readonly #split: ReadonlySet<number>;
  /** The globals, i64, that are the slots of parts of functions. */
  readonly #slots: number[];

  #enter = -1;
  /** Whether the local of SP holds SP − 8, in the code that is being lowered. */
  #biased = false;

  // Working memory, by block of the function less its first block.
  #thread: Int32Array = new Int32Array(256);
  #mark: Int32Array = new Int32Array(256);
  #predecessors: Int32Array = new Int32Array(256);
  #node: Int32Array = new Int32Array(256);
  #stack: Int32Array = new Int32Array(256);
  // By node of the graph.
  #head: Int32Array = new Int32Array(256);
  #toDispatch: Int32Array = new Int32Array(256);
  /** Whether no edge among the function's blocks can close a loop. */
  #acyclic = true;
  readonly #builder: GraphBuilder = new GraphBuilder();
  readonly #analysis: Analysis = new Analysis();

  constructor(program: GoProgram, lifted: Lifted, facts: Facts, checked: Uint8Array) {
    this.program = program;
    this.lifted = lifted;
    this.facts = facts;
    this.checked = checked;
    const { module, imports, functions, isGo } = program;
    this.type = module.types.length;
    module.types.push({ kind: 'func', params: [ValType.I64, ValType.I32], results: [ValType.I32] });
    // Parts of functions are the first that are added: emitted like functions, they have the place that their index says.
    for (let f = functions; f < lifted.units; f++) this.addFunction(nameOf(program, lifted, f), this.type);
    this.#split = new Set(lifted.partOf);
    this.#slots = Array.from({ length: lifted.slots }, () => this.addGlobal(ValType.I64));
    this.#callee = new Int32Array(imports + functions);
    for (let index = 0; index < imports + functions; index++) this.#callee[index] = index;
    for (let f = 0; f < functions; f++) {
      if (isGo[f] === 1 && !lifted.isLifted(f)) {
        // A function that keeps Go's convention is called through an adapter.
        const index = this.addFunction(`${program.names[f]}.adapter`, this.type);
        this.define(index, adapter(imports + f));
        this.#callee[imports + f] = index;
      }
    }
    this.#leavesSp = helpersThatLeaveSp(program);
    if (facts.runsOnce !== undefined) {
      this.#loopEntries = new LoopEntries(program, lifted, facts.runsOnce, (type) => this.addGlobal(type));
    }
  }

  /** This strategy, to its parts. */
  protected host(): Host {
    return {
      type: this.type,
      addFunction: (name, type) => this.addFunction(name, type),
      define: (index, body) => this.define(index, body),
      addGlobal: () => this.addGlobal(ValType.I32),
      wrap: (f, index) => this.wrap(f, index),
      beforeLoopCall: () => this.beforeLoopCall(),
    };
  }

  /** Has the module import a function. Returns its virtual index. */
  protected addImport(module: string, name: string, type: number): number {
    return NEW_IMPORT + this.newImports.push({ module, name, type }) - 1;
  }

  /** Has the module have one more global, which starts as 0 or null; `type` is i32, i64 or exnref. */
  protected addGlobal(type: number): number {
    const init = type === ValType.I64 ? ZERO_I64 : type === ValType.ExnRef ? NULL_EXCEPTION : 0;
    return this.program.module.globals.push({ type, mutable: true, init }) - 1;
  }

  addFunction(name: string, type: number): number {
    const { imports, functions } = this.program;
    return imports + functions + this.#added.push({ name, type, body: undefined }) - 1;
  }

  /** Puts function `index`, of the same type, in the place of lifted function `f`: whoever calls `f` calls it. */
  protected wrap(f: number, index: number): void {
    this.#callee[this.program.imports + f] = index;
  }

  define(index: number, body: Uint8Array): void {
    const { imports, functions } = this.program;
    this.#added[index - imports - functions]!.body = body;
  }

  lower(f: number, into: Lowered): void {
    const lifted = this.lifted;
    const first = lifted.funcBlock[f]!;
    const count = lifted.funcBlock[f + 1]! - first;
    this.#reserve(count);
    const nodes = this.#findNodes(f, first, count);
    this.#buildGraph(f, first, nodes, into);
  }

  #reserve(blocks: number): void {
    if (this.#thread.length >= blocks) return;
    const n = 2 * blocks;
    this.#thread = new Int32Array(n);
    this.#mark = new Int32Array(n);
    this.#predecessors = new Int32Array(n);
    this.#node = new Int32Array(n);
    this.#stack = new Int32Array(n);
    this.#head = new Int32Array(n);
    this.#toDispatch = new Int32Array(n);
  }

  #exit(b: number): number {
    return exitOf(this.program, this.lifted, this.facts.neverReturns, b);
  }

  protected isCut(callee: number): boolean {
    return callee !== INDIRECT && this.facts.neverReturns[callee - this.program.imports] === 1;
  }

  protected isChecked(callee: number): boolean {
    return callee === INDIRECT || this.checked[callee - this.program.imports] === 1;
  }

  #mayUnwind(callee: number): boolean {
    return callee === INDIRECT || this.facts.mayUnwind[callee - this.program.imports] === 1;
  }

  /** Whether the function can be entered at this entry. */
  #isEntry(e: number): boolean {
    const callee = this.lifted.entryCallee[e]!;
    if (this.lifted.entryPc[e] === 0) return false;
    if (callee === ALWAYS) return true;
    // Assembly functions that never return may still have their return PC entered: morestack.
    return (
      this.#mayUnwind(callee) && (!this.isCut(callee) || this.program.isAssembly[callee - this.program.imports] === 1)
    );
  }

  /**
   * Finds what is reached, skips blocks that only go on to the next, and joins blocks into nodes: chains of blocks that
   * are always run one after the other. Fills `#head` (first block of each node) and `#node`; returns how many nodes.
   */
  #findNodes(f: number, first: number, count: number): number {
    const { blockStart, blockEnd, target, otherwise, entryBlock, funcEntry } = this.lifted;
    const thread = this.#thread;
    const mark = this.#mark;
    const predecessors = this.#predecessors;
    const node = this.#node;
    const stack = this.#stack;
    for (let b = 0; b < count; b++) {
      thread[b] = -1;
      mark[b] = 0;
      predecessors[b] = 0;
      node[b] = -1;
    }
    // An empty block that goes on to another one is that other one.
    for (let b = 0; b < count; b++) {
      let t = b;
      let steps = 0;
      while (
        blockStart[first + t] === blockEnd[first + t] &&
        this.lifted.exit[first + t] === Exit.Goto &&
        steps++ <= count // a cycle of empty blocks is an infinite loop: any of them will do
      ) {
        t = target[first + t]! - first;
        if (thread[t]! >= 0) {
          t = thread[t]!;
          break;
        }
      }
      thread[b] = t;
    }
    let top = 0;
    this.#acyclic = true;
    const reach = (b: number, from: number): void => {
      // Blocks are in the order of the file: only edges that go up in it can close a loop.
      if (b <= from) this.#acyclic = false;
      predecessors[b]!++;
      if (mark[b] === 0) {
        mark[b] = 1;
        stack[top++] = b;
      }
    };
    const flood = (): void => {
      while (top > 0) {
        const b = stack[--top]!;
        const exit = this.#exit(first + b);
        if (exit === Exit.Leave) continue;
        reach(thread[target[first + b]! - first]!, b);
        if (exit === Exit.If) reach(thread[otherwise[first + b]! - first]!, b);
      }
    };
    reach(thread[0]!, -1);
    predecessors[thread[0]!]! |= IS_TARGET;
    flood();
    for (let e = funcEntry[f]!; e < funcEntry[f + 1]!; e++) {
      if (!this.#isEntry(e)) continue;
      const b = thread[entryBlock[e]! - first]!;
      // Not reached from the entry: a further root.
      if (mark[b] === 0) {
        reach(b, -1);
        flood();
        mark[b] = 2;
      }
      predecessors[b]! |= IS_TARGET;
    }
    // A block is the head of a node unless its only predecessor goes nowhere else.
    for (let b = 0; b < count; b++) {
      if (mark[b] === 0 || this.#exit(first + b) !== Exit.Goto) continue;
      const t = thread[target[first + b]! - first]!;
      if (t !== b && predecessors[t] === 1) predecessors[t] = 1 | IS_JOINED;
    }
    let nodes = 0;
    for (let b = 0; b < count; b++) {
      if (mark[b] === 0 || (predecessors[b]! & IS_JOINED) !== 0) continue;
      node[b] = nodes;
      this.#head[nodes++] = b;
    }
    return nodes;
  }

  /** The last block of the node that starts with `b`. */
  #lastOf(first: number, b: number): number {
    for (let last = b; ; ) {
      if (this.#exit(first + last) !== Exit.Goto) return last;
      const next = this.#thread[this.lifted.target[first + last]! - first]!;
      if ((this.#predecessors[next]! & IS_JOINED) === 0) return last;
      last = next;
    }
  }

  #buildGraph(f: number, first: number, nodes: number, into: Lowered): void {
    const lifted = this.lifted;
    const { target, otherwise, funcEntry, entryBlock, entryPc } = lifted;
    const { code } = into;
    const thread = this.#thread;
    const node = this.#node;
    const head = this.#head;
    const builder = this.#builder;
    const toDispatch = this.#toDispatch;
    code.clear();
    into.unwinds = false;

    // The entries: pairs of pc and node.
    const pcs: number[] = [];
    const targets: number[] = [];
    for (let e = funcEntry[f]!; e < funcEntry[f + 1]!; e++) {
      if (!this.#isEntry(e)) continue;
      const n = node[thread[entryBlock[e]! - first]!]!;
      const k = pcs.indexOf(entryPc[e]!);
      if (k < 0) {
        pcs.push(entryPc[e]!);
        targets.push(n);
      }
    }
    const first0 = thread[0]!;
    const entry = node[first0]!;
    const origin = lifted.originOf(f);
    // A part is entered with SP as it is in the function.
    const isPart = origin !== f;
    const bias = isPart || this.#split.has(f) || pcs.length > 0 || this.#calls(f);
    // What is done once, when the function is called, has a block of its own if control comes back to the first one.
    const isLoop = (this.#predecessors[first0]! & COUNT) > 1 || targets.includes(entry);
    const frame = bias && !isLoop && !isPart ? this.#allocation(first + first0) : -1;

    // Nodes and ordinary edges.
    builder.clear();
    for (let n = 0; n < nodes; n++) builder.addBlock();
    const called = isLoop ? builder.addBlock() : entry;
    for (let n = 0; n < nodes; n++) {
      const last = this.#lastOf(first, head[n]!);
      const exit = this.#exit(first + last);
      if (exit === Exit.Goto) {
        const to = node[thread[target[first + last]! - first]!]!;
        builder.goto(n, to);
      } else if (exit === Exit.If) {
        const then = node[thread[target[first + last]! - first]!]!;
        const not = node[thread[otherwise[first + last]! - first]!]!;
        builder.branch(n, then, not);
      }
    }

    // Dispatch blocks.
    let root = called;
    const dispatches: Dispatch[] = [];
    const choices: Choice[] = [];
    const loops: LoopEntry[] = [];
    toDispatch.fill(0, 0, nodes);
    const hasLoopEntries = !this.#acyclic && this.#loopEntries?.has(f) === true;
    if (pcs.length > 0 || hasLoopEntries) {
      const rootDispatch: Dispatch = { header: entry, block: builder.addBlock(), pcs: [], targets: [] };
      root = rootDispatch.block;
      dispatches.push(rootDispatch);
      const analysis = this.#analysis;
      let nested = false;
      if (!this.#acyclic) {
        const roots = [entry];
        for (let n = 0; n < nodes; n++) if (this.#mark[head[n]!] === 2) roots.push(n);
        builder.switch(root, roots);
        analysis.run(builder.build(root));
        nested = analysis.irreducibleLoops === 0;
      }
      if (hasLoopEntries && nested) {
        for (let l = 0, pc = this.#loopEntries!.firstPc(f); l < analysis.loops; l++) {
          if (analysis.loopParent[l]! >= 0) continue;
          const loop = { header: analysis.loopHeader[l]!, block: builder.addBlock(), pc: pc++ };
          loops.push(loop);
          rootDispatch.pcs.push(loop.pc);
          rootDispatch.targets.push(loop.block);
        }
      }
      const ofLoop = new Map<number, Dispatch>();
      for (let k = 0; k < pcs.length; k++) {
        let from = rootDispatch;
        if (nested) {
          const chain: number[] = [];
          for (let l = analysis.loopOf[targets[k]!]!; l >= 0; l = analysis.loopParent[l]!) chain.push(l);
          for (let c = chain.length - 1; c >= 0; c--) {
            let dispatch = ofLoop.get(chain[c]!);
            if (dispatch === undefined) {
              const header = analysis.loopHeader[chain[c]!]!;
              dispatch = { header, block: builder.addBlock(), pcs: [], targets: [] };
              ofLoop.set(chain[c]!, dispatch);
              dispatches.push(dispatch);
              toDispatch[header] = dispatch.block;
            }
            from.pcs.push(pcs[k]!);
            from.targets.push(dispatch.block);
            from = dispatch;
          }
        }
        from.pcs.push(pcs[k]!);
        from.targets.push(targets[k]!);
      }
      for (const { header, block } of loops) builder.goto(block, toDispatch[header]! || header);
      for (const dispatch of dispatches) {
        const normal = dispatch === rootDispatch ? called : dispatch.header;
        if (dispatch.pcs.length === 0) builder.goto(dispatch.block, normal);
        else builder.branch(dispatch.block, normal, choose(dispatch, builder, choices));
      }
    }
    // As an ordinary edge goes: by way of its loop's dispatch block, pc being a return PC.
    if (isLoop) builder.goto(called, toDispatch[entry]! || entry);
    const size = builder.size;
    into.reserve(size);
    into.hint.fill(Hint.None, 0, size);

    // The code of the nodes; ordinary edges into dispatch blocks.
    for (let n = 0; n < nodes; n++) {
      into.start[n] = code.length;
      this.#biased = bias && !(n === entry && frame >= 0);
      if (n === called && !isPart) this.#enterByCall(code, this.#biased);
      const loop = loops.find(({ header }) => header === n);
      if (loop !== undefined) this.#loopEntries!.lowerHeader(f, loop.pc, code);
      let last = head[n]!;
      this.#lowerBlock(origin, first + last, frame, into);
      for (const end = this.#lastOf(first, last); last !== end; ) {
        last = thread[target[first + last]! - first]!;
        this.#lowerBlock(origin, first + last, frame, into);
      }
      const exit = this.#exit(first + last);
      if (exit === Exit.Goto) {
        const to = node[thread[target[first + last]! - first]!]!;
        if (toDispatch[to] !== 0) {
          builder.goto(n, toDispatch[to]!);
          clearPc(code);
        }
      } else if (exit === Exit.If) {
        const then = node[thread[target[first + last]! - first]!]!;
        const not = node[thread[otherwise[first + last]! - first]!]!;
        if (toDispatch[then] !== 0 || toDispatch[not] !== 0) {
          builder.branch(n, toDispatch[then]! || then, toDispatch[not]! || not);
          clearPc(code);
        }
        const coldThen = this.#isCold(first, then);
        if (coldThen !== this.#isCold(first, not)) into.hint[n] = coldThen ? Hint.Unlikely : Hint.Likely;
      }
      into.end[n] = code.length;
    }
    // Their code stands in the order of the blocks, like that of the nodes: passes rewrite it in place.
    if (isLoop) {
      into.start[called] = code.length;
      if (!isPart) this.#enterByCall(code, bias);
      into.end[called] = code.length;
    }
    for (const { block, pcs } of dispatches) {
      into.start[block] = code.length;
      if (pcs.length > 0) {
        code.push(LocalGet, PC_B_LOCAL);
        code.push(I64Const, 0);
        code.push(I64GeS);
        into.hint[block] = Hint.Likely;
      }
      into.end[block] = code.length;
      if (block !== root) continue;
      for (const { header, block, pc } of loops) {
        into.start[block] = code.length;
        this.#loopEntries!.lowerEntry(f, pc, code);
        if (toDispatch[header] !== 0) clearPc(code);
        into.end[block] = code.length;
      }
    }
    into.loopEntries = loops.length;
    for (const { block, op, value } of choices) {
      into.start[block] = code.length;
      if (op === I64GeS) {
        code.push(LocalGet, PC_B_LOCAL);
        code.push(I64Const, -value, -1);
        code.push(I64GeS);
      } else {
        code.push(I64Const, ~value, -1);
        code.push(LocalGet, PC_B_LOCAL);
        code.push(I64Sub);
        code.push(I32WrapI64);
      }
      into.end[block] = code.length;
    }
    into.graph = builder.build(root);
  }

  /** Whether function `f` makes calls that may return. */
  #calls(f: number): boolean {
    const { code, goOps, funcGoOp } = this.lifted;
    for (let k = funcGoOp[f]!; k < funcGoOp[f + 1]!; k++) {
      const o = code.op[goOps[k]!]!;
      if (o === GoOp.CallNoResume || o === GoOp.CallFlag) return true;
      if (o === GoOp.Call && !this.isCut(code.a[goOps[k]!]!)) return true;
    }
    return false;
  }

  /** Where block `b` sets SP to SP less a constant, if that is the first it does with SP but for calls that never return; or −1. */
  #allocation(b: number): number {
    const { code, blockStart, blockEnd } = this.lifted;
    const { op, a } = code;
    let nested = 0;
    for (let i = blockStart[b]!; i < blockEnd[b]!; i++) {
      const o = op[i]!;
      if (o === If || o === Block || o === Loop) nested++;
      else if (o === End) nested--;
      else if (o === LocalSet && a[i] === SP_LOCAL) {
        const isAllocation =
          i - blockStart[b]! >= 3 &&
          op[i - 1] === I32Sub &&
          op[i - 2] === I32Const &&
          op[i - 3] === LocalGet &&
          a[i - 3] === SP_LOCAL;
        return isAllocation && nested === 0 ? i : -1;
      } else if (o === LocalTee && a[i] === SP_LOCAL) return -1;
      else if (o >= GoOp.Call && !(o === GoOp.Call && this.isCut(a[i]!))) return -1;
    }
    return -1;
  }

  /** At the start of a function that has been called. */
  #enterByCall(code: Code, bias: boolean): void {
    code.push(LocalGet, SP_LOCAL);
    code.push(LocalGet, PC_B_LOCAL);
    code.push(I64Store, 0, 3);
    if (!bias) return;
    code.push(LocalGet, SP_LOCAL);
    code.push(I32Const, BIAS);
    code.push(I32Sub);
    code.push(LocalSet, SP_LOCAL);
  }

  /** Whether a node does nothing but fail: it ends in a call that never returns, or in a trap. */
  #isCold(first: number, n: number): boolean {
    const last = this.#lastOf(first, this.#head[n]!);
    const { code, blockStart, blockEnd } = this.lifted;
    const i = blockEnd[first + last]! - 1;
    if (i < blockStart[first + last]!) return false;
    const o = code.op[i]!;
    return o === Unreachable || (o === GoOp.Call && this.isCut(code.a[i]!));
  }

  #lowerBlock(f: number, b: number, allocation: number, into: Lowered): void {
    const { code: from, blockStart, blockEnd } = this.lifted;
    const { op, a, b: second, offset, pool } = from;
    const { code } = into;
    const end = blockEnd[b]!;
    let lastIf = -1; // the if that `i` is in, as long as nothing else has been opened or closed in it
    for (let i = blockStart[b]!; i < end; i++) {
      const o = op[i]!;
      if (o < GoOp.Call) {
        if (o === LocalGet) {
          if (a[i] === SP_LOCAL && this.#biased) {
            code.push(LowOp.Sp, 0, 0, offset[i]!);
            continue;
          }
          // What has just been set is still on the stack.
          const last = code.length - 1;
          if (i > blockStart[b]! && code.op[last] === LocalSet && code.a[last] === a[i]) {
            code.op[last] = LocalTee;
            continue;
          }
        } else if ((o === LocalSet || o === LocalTee) && a[i] === SP_LOCAL) {
          if (i === allocation) this.#biased = true;
          if (this.#biased) {
            code.push(I32Const, BIAS);
            code.push(I32Sub);
          }
          code.push(o === LocalTee && this.#biased ? LowOp.TeeSp : o, SP_LOCAL, 0, offset[i]!);
          continue;
        } else if (o === If) lastIf = code.length;
        else if (o === Block || o === Loop || o === Else || o === End) lastIf = -1;
        else if (o === Unreachable) {
          if (lastIf >= 0) code.b[lastIf] = Hint.Unlikely;
        } else if (immediateKind[o]! >= FIRST_POOLED) {
          const at = code.poolLength;
          for (let k = 0; k < second[i]!; k++) code.poolPush(pool[a[i]! + k]!);
          code.push(o, at, second[i]!, offset[i]!);
          continue;
        }
        code.push(o, a[i]!, second[i]!, offset[i]!);
        continue;
      }
      const place = offset[i]!;
      const callee = a[i]!;
      switch (o) {
        case GoOp.Call:
          if (this.isCut(callee) && lastIf >= 0) code.b[lastIf] = Hint.Unlikely;
          this.lowerCall(f, callee, second[i]!, place, into);
          break;
        case GoOp.TailCall:
          this.lowerTailCall(f, code, callee, place);
          break;
        case GoOp.CallNoResume:
          this.call(f, code, callee, second[i]!, place);
          code.push(LocalTee, SP_LOCAL);
          code.push(I32Eqz);
          code.push(If, EMPTY, Hint.Unlikely);
          code.push(Unreachable);
          code.push(End);
          break;
        case GoOp.CallFlag:
          this.call(f, code, callee, second[i]!, place);
          code.push(LocalTee, SP_LOCAL);
          code.push(If, ValType.I32, Hint.Likely);
          code.push(I32Const, 0);
          code.push(Else);
          code.push(GlobalGet, SP_GLOBAL);
          code.push(I32Const, BIAS);
          code.push(I32Sub);
          code.push(LocalSet, SP_LOCAL);
          code.push(I32Const, 1);
          code.push(End);
          break;
        case GoOp.CallRaw:
          if (this.#leavesSp[callee] === 1) code.push(Call, callee, 0, place);
          else {
            this.#getSp(code);
            code.push(GlobalSet, SP_GLOBAL);
            code.push(Call, callee, 0, place);
            code.push(GlobalGet, SP_GLOBAL);
            if (this.#biased) {
              code.push(I32Const, BIAS);
              code.push(I32Sub);
            }
            code.push(LocalSet, SP_LOCAL);
          }
          break;
        case GoOp.Return:
          this.#getSp(code);
          code.push(Return);
          break;
        case GoOp.Unwind:
          this.#getSp(code);
          code.push(GlobalSet, SP_GLOBAL);
          this.unwind(f, code);
          break;
        case GoOp.KeepLocal:
          append(code, keep(callee, this.#typeOf(f, callee), this.#slots[second[i]!]!));
          break;
        case GoOp.TakeLocal:
          append(code, take(callee, this.#typeOf(f, callee), this.#slots[second[i]!]!));
          break;
        case GoOp.StartPart:
          clearPc(code);
          break;
        case GoOp.CallPart:
          // What it returns: SP − 8, which is a multiple of 8, and the number of its exit; none if the function returns or unwinds.
          code.push(LocalGet, PC_B_LOCAL);
          code.push(LocalGet, SP_LOCAL);
          code.push(Call, this.program.imports + callee);
          if (second[i] === 0) {
            code.push(Return);
            break;
          }
          code.push(LocalTee, SP_LOCAL);
          code.push(I32Const, MAX_EXITS);
          code.push(I32And);
          code.push(I32Eqz);
          code.push(If, EMPTY);
          code.push(LocalGet, SP_LOCAL);
          code.push(Return);
          code.push(End);
          break;
        case GoOp.IsExit:
          code.push(LocalGet, SP_LOCAL);
          code.push(I32Const, MAX_EXITS);
          code.push(I32And);
          code.push(I32Const, callee);
          code.push(I32Eq);
          break;
        case GoOp.EndPart:
          code.push(LocalGet, SP_LOCAL);
          code.push(I32Const, callee);
          code.push(I32Sub);
          code.push(LocalSet, SP_LOCAL);
          break;
        case GoOp.ExitPart:
          code.push(LocalGet, SP_LOCAL);
          code.push(I32Const, callee);
          code.push(I32Add);
          code.push(Return);
          break;
      }
    }
  }

  /** The type of a declared local of function `f`. */
  #typeOf(f: number, local: number): number {
    return typesOf(this.lifted.locals[f]!)[local - 1]!;
  }

  #getSp(code: Code): void {
    if (this.#biased) code.push(LowOp.Sp);
    else code.push(LocalGet, SP_LOCAL);
  }

  /** A call, and what follows it. */
  protected lowerCall(f: number, callee: number, pc: number, place: number, into: Lowered): void {
    const { code } = into;
    this.call(f, code, callee, pc, place);
    if (this.isCut(callee))
      code.push(Return); // 0: it unwinds
    else if (this.isChecked(callee)) this.check(into);
    else this.setSp(code);
  }

  /** The callee pops the return PC of function `f`. */
  protected lowerTailCall(f: number, code: Code, callee: number, place: number): void {
    this.call(f, code, callee, -1, place);
    code.push(Return);
  }

  /** Takes the result of a call as SP. */
  protected setSp(code: Code): void {
    if (!this.#biased) {
      code.push(I32Const, BIAS);
      code.push(I32Add);
    }
    code.push(LocalSet, SP_LOCAL);
  }

  /** Takes the result of a call as SP, and unwinds if the callee did. */
  protected check(into: Lowered): void {
    const { code } = into;
    code.push(LocalTee, SP_LOCAL);
    code.push(I32Eqz);
    code.push(LowOp.UnwindIf);
    into.unwinds = true;
  }

  /** The start of unwinding, SP being in its global. */
  protected unwind(_f: number, code: Code): void {
    code.push(I32Const, 0);
    code.push(Return);
  }

  /**
   * Calls in the new convention; the result is left on the operand stack.
   *
   * @param pc the return PC_B; −1 where the callee is to pop the return PC of function `f`.
   */
  protected call(f: number, code: Code, callee: number, pc: number, place: number): void {
    if (callee === INDIRECT) {
      // The table index is on the stack already, below the arguments it must follow. The local of pc is free here: it matters
      // only on the way to a resume point.
      if (code.op[code.length - 1] === I32WrapI64) code.length--;
      else code.push(I64ExtendI32U);
      code.push(LocalSet, PC_B_LOCAL);
    }
    if (pc >= 0) {
      const pcF = FUNC_VALUE_OFFSET + f;
      code.push(I64Const, (pcF << 16) | pc, pcF >>> 16);
      code.push(LocalGet, SP_LOCAL);
      if (!this.#biased) {
        code.push(I32Const, BIAS);
        code.push(I32Sub);
      }
    } else {
      this.#getSp(code);
      code.push(I64Load, 0, 3);
      this.#getSp(code);
    }
    if (callee === INDIRECT) {
      code.push(LocalGet, PC_B_LOCAL);
      code.push(I32WrapI64);
      code.push(CallIndirect, this.type, 0, place);
    } else code.push(Call, this.#callee[callee]!, 0, place);
  }

  finish(module: Module): void {
    const program = this.program;
    const lifted = this.lifted;
    const { imports, functions, isGo } = program;
    for (let f = 0; f < functions; f++) {
      if (lifted.isLifted(f)) module.functions[f] = this.type;
      else module.bodies[f] = this.bridge(f);
    }
    const names = new Map<number, string>();
    for (const { name, type, body } of this.#added) {
      const index = module.functions.push(type) - 1;
      names.set(imports + index, name);
      // A part of a function is there already.
      module.bodies[index] ??= body!;
    }
    if (names.size > 0) nameFunctions(module, names);
    const table = module.elements[0]!.functions!; // readProgram has made sure of it
    for (let f = 0; f < functions; f++) if (isGo[f] === 1) table[f] = this.#callee[imports + f]!;
  }

  /** What stands in front of a call by which the scheduler loop enters a function. */
  protected beforeLoopCall(): Instruction[] {
    return [];
  }

  /**
   * The function (pc, table index) -> flag by which a scheduler loop of Go's enters Go functions. It is one of its own because
   * the loop hardly ever ends: engines that replace code between calls only would run it unoptimized for ever.
   */
  #enterFromLoop(table: number): number {
    if (this.#enter < 0) {
      const [pc, index] = [0, 1];
      const code = new Code(16);
      const before = [...this.beforeLoopCall(), ...enterArguments(pc)];
      for (const [op, a = 0, b = 0] of before) code.push(op, a as number, b);
      code.push(LocalGet, index);
      code.push(CallIndirect, this.type, table);
      flagFromSp(code, pc);
      code.push(End);
      const writer = new ByteWriter();
      encodeBody({ counts: [], types: [] }, code, 0, code.length, writer);
      const { I32 } = ValType;
      const type = this.program.module.types.push({ kind: 'func', params: [I32, I32], results: [I32] }) - 1;
      this.#enter = this.addFunction('go_wasm.enter', type);
      this.define(this.#enter, writer.take());
    }
    return this.#enter;
  }

  /**
   * A function that was not lifted keeps its body; calls from it to lifted functions change conventions on the spot, with
   * two more locals: SP goes in from its global, the result becomes SP and Go's flag.
   */
  protected bridge(f: number): Uint8Array {
    const { imports, isGo, goType, module } = this.program;
    const from = new Code();
    const locals = decodeFunction(module, f, from);
    const type = module.types[module.functions[f]!]!;
    const parameters = type.kind === 'func' ? type.params.length : 0;
    const index = parameters + locals.counts.reduce((x, y) => x + y, 0);
    const result = index + 1;
    const to = new Code(from.length);
    let bridged = false;
    for (let i = 0; i < from.length; i++) {
      const o = from.op[i]!;
      const a = from.a[i]!;
      const direct = o === Call && a >= imports && isGo[a - imports] === 1 && this.lifted.isLifted(a - imports);
      if (!direct && o === CallIndirect && a === goType && isGo[f] === 0) {
        to.push(Call, this.#enterFromLoop(from.b[i]!));
      } else if (direct || (o === CallIndirect && a === goType)) {
        bridged = true;
        if (direct) to.push(LocalSet, result);
        else {
          to.push(LocalSet, index);
          to.push(LocalSet, result);
        }
        for (const [op, a = 0, b = 0] of enterArguments(result)) to.push(op, a as number, b);
        if (!direct) to.push(LocalGet, index);
        if (direct) to.push(Call, this.#callee[a]!);
        else to.push(CallIndirect, this.type, from.b[i]!);
        flagFromSp(to, result);
      } else {
        to.push(o, a, from.b[i]!);
      }
    }
    to.pool = from.pool;
    to.poolLength = from.poolLength;
    const writer = new ByteWriter();
    if (bridged) {
      locals.counts.push(2);
      locals.types.push(ValType.I32);
    }
    encodeBody(locals, to, 0, to.length, writer);
    return writer.take();
  }
}

interface AddedFunction {
  name: string;
  type: number;
  body: Uint8Array | undefined;
}

/** A dispatch block under construction: `pc = 0 ? header : choice among the targets`. */
interface Dispatch {
  header: number;
  block: number;
  pcs: number[];
  targets: number[];
}

/** A block by which a loop is entered in a new call of the function. */
interface LoopEntry {
  header: number;
  block: number;
  pc: number;
}

/** A block that looks at pc = ~PC_B: at PC_B − value, or whether PC_B < value. */
interface Choice {
  block: number;
  op: typeof I64Sub | typeof I64GeS;
  value: number;
}

/**
 * Adds the blocks in which a dispatch chooses among its targets, to `choices` as well, in their order. Returns the first one, or
 * the target if there is but one. It is a jump table from the lowest pc to the highest, or a tree of comparisons where that has
 * fewer bytes: pcs are far apart where few calls can unwind. A pc that is no entry goes anywhere.
 */
function choose({ pcs, targets }: Dispatch, builder: GraphBuilder, choices: Choice[]): number {
  const order = pcs.map((_, k) => k).sort((x, y) => pcs[x]! - pcs[y]!);
  /** The entries, in order, at which another target begins. */
  const runs = order.filter((k, n) => n === 0 || targets[k] !== targets[order[n - 1]!]);
  const low = pcs[order[0]!]!;
  const length = pcs[order.at(-1)!]! - low + 1;
  if (COMPARISON * (runs.length - 1) <= length + COMPARISON) {
    // Less deep than the logarithm of the number of entries.
    const among = (from: number, to: number): number => {
      if (to - from === 1) return targets[runs[from]!]!;
      const middle = (from + to) >> 1;
      const block = builder.addBlock();
      choices.push({ block, op: I64GeS, value: pcs[runs[middle]!]! });
      const below = among(from, middle);
      builder.branch(block, below, among(middle, to));
      return block;
    };
    return among(0, runs.length);
  }
  const block = builder.addBlock();
  choices.push({ block, op: I64Sub, value: low });
  const table: number[] = new Array(length).fill(targets[0]!);
  for (let k = 0; k < pcs.length; k++) table[pcs[k]! - low] = targets[k]!;
  builder.switch(block, table);
  return block;
}

/** The bytes of a comparison with pc and a branch. */
const COMPARISON = 8;

/** The result of a call in the new convention becomes SP, in its global, and Go's flag. `local` is a free i32. */
function flagFromSp(code: Code, local: number): void {
  code.push(LocalTee, local);
  code.push(If, ValType.I32);
  code.push(LocalGet, local);
  code.push(I32Const, BIAS);
  code.push(I32Add);
  code.push(GlobalSet, SP_GLOBAL);
  code.push(I32Const, 0);
  code.push(Else);
  code.push(I32Const, 1);
  code.push(End);
}

function clearPc(code: Code): void {
  code.push(I64Const, 0);
  code.push(LocalSet, PC_B_LOCAL);
}

/**
 * The arguments by which a function is entered that has been called in Go's convention, or is gone on in: PC_B is in a local, and SP in
 * its global, above the return PC of the call that is gone on behind.
 */
export function enterArguments(pcB: number): Instruction[] {
  return [
    [LocalGet, pcB],
    [I64ExtendI32U],
    [I64Const, -1, -1],
    [I64Xor],
    [GlobalGet, SP_GLOBAL],
    [I64Load, 0, 3],
    // Where nothing has been pushed it is anything, but must not be taken for ~PC_B.
    [I64Const, -1, 0x7fff_ffff],
    [I64And],
    [LocalGet, pcB],
    [Select],
    [GlobalGet, SP_GLOBAL],
    [I32Const, BIAS],
    [I32Const, 0],
    [LocalGet, pcB],
    [Select],
    [I32Sub],
  ];
}

/** The address of the PC to enter at, and of the return PC that has just been popped: SP, in its global, less 8. */
export const PC: readonly Instruction[] = [[GlobalGet, SP_GLOBAL], [I32Const, BIAS], [I32Sub]];

/** For functions of the new convention that are not lowered ones: stores the return PC when called. */
export const STORE_RETURN_PC: readonly Instruction[] = [
  [LocalGet, 0],
  [I64Const, 0],
  [I64GeS],
  [If, EMPTY],
  [LocalGet, 1],
  [LocalGet, 0],
  [I64Store, 0, 3],
  [End],
];

/** In front of a function in Go's convention. */
function adapter(index: number): Uint8Array {
  const [pc, sp] = [0, 1];
  return assemble(
    [],
    [
      ...STORE_RETURN_PC,
      [LocalGet, sp],
      [LocalGet, sp],
      [I32Const, BIAS],
      [I32Add],
      [LocalGet, pc],
      [I64Const, 0],
      [I64GeS],
      [Select],
      [GlobalSet, SP_GLOBAL],
      // PC_B, or 0.
      [LocalGet, pc],
      [I64Const, -1, -1],
      [I64Xor],
      [I64Const, 0],
      [LocalGet, pc],
      [I64Const, 0],
      [I64LtS],
      [Select],
      [I32WrapI64],
      [Call, index],
      [If, ValType.I32],
      [I32Const, 0],
      [Else],
      ...PC,
      [End],
    ],
  );
}

/** Helpers that do not touch the SP global, and call nothing but such helpers: no import, no Go function. */
function helpersThatLeaveSp(program: GoProgram): Uint8Array {
  const { imports, functions, isGo, module } = program;
  const result = new Uint8Array(imports + functions);
  const calls = new Map<number, number[]>();
  const code = new Code();
  for (let f = 0; f < functions; f++) {
    if (isGo[f] === 1) continue;
    decodeFunction(module, f, code);
    const callees: number[] = [];
    let pure = true;
    for (let i = 0; i < code.length && pure; i++) {
      const o = code.op[i]!;
      if ((o === GlobalGet || o === GlobalSet) && code.a[i] === SP_GLOBAL) pure = false;
      else if (o === CallIndirect) pure = false;
      else if (o === Call) callees.push(code.a[i]!);
    }
    if (pure) {
      result[imports + f] = 1;
      calls.set(imports + f, callees);
    }
  }
  for (let changed = true; changed; ) {
    changed = false;
    for (const [index, callees] of calls) {
      if (result[index] === 1 && callees.some((c) => result[c] === 0)) {
        result[index] = 0;
        changed = true;
      }
    }
  }
  return result;
}

const ZERO_I64 = Uint8Array.of(I64Const, 0, End);
const NULL_EXCEPTION = Uint8Array.of(RefNull, HeapType.Exn & 0x7f, End);

// Flags beside the count in #predecessors.
const IS_TARGET = 1 << 24;
const IS_JOINED = 1 << 25;
const COUNT = IS_TARGET - 1;
