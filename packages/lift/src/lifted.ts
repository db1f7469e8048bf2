import { Exit } from '@go-wasm/cfg';
import { Code, type Locals } from '@go-wasm/wasm';

/**
 * Lifted functions of one module, all in shared flat arrays: their code ({@link GoOp}), blocks, exits and entries.
 *
 * Function `f` (index among the defined functions) has the blocks `funcBlock[f] .. funcBlock[f + 1])`, its first block
 * being its entry at PC_B 0, and the further entries `funcEntry[f] .. funcEntry[f + 1])`. A function that was not lifted
 * has no blocks; `reason[f]` says why where it follows Go's convention all the same.
 *
 * Functions may have been split: their parts have the indices from `functions` on, and no `goOps`.
 */
export class Lifted {
  readonly code: Code;
  readonly functions: number;
  funcBlock: Int32Array;
  funcEntry: Int32Array;
  /** Function `f` has the {@link GoOp} instructions `goOps[funcGoOp[f] .. funcGoOp[f + 1])`. */
  readonly funcGoOp: Int32Array;
  /** By part, in the order of their indices: the function that it is a part of. */
  readonly partOf: number[] = [];
  /** How many slots {@link GoOp.KeepLocal} has. */
  slots = 0;
  /** The declared locals of each lifted function: local 0 is the parameter, local 1 SP. */
  readonly locals: (Locals | undefined)[];
  readonly reason: (string | undefined)[];

  blocks = 0;
  /** The code of block `b` is `code[blockStart[b] .. blockEnd[b])`; where its exit is If, it leaves the condition on the operand stack. */
  blockStart: Int32Array = new Int32Array(1024);
  blockEnd: Int32Array = new Int32Array(1024);
  /** {@link Exit} of each block: Goto, If or Leave. */
  exit: Uint8Array = new Uint8Array(1024);
  /** Goto: the target. If: the target when the condition is not zero. Block numbers, shared by all functions. */
  target: Int32Array = new Int32Array(1024);
  /** If: the target when the condition is zero. */
  otherwise: Int32Array = new Int32Array(1024);

  entries = 0;
  entryPc: Int32Array = new Int32Array(1024);
  entryBlock: Int32Array = new Int32Array(1024);
  /** Whose return point an entry is: a callee, INDIRECT, or {@link ALWAYS} for entries that the runtime makes use of by itself. */
  entryCallee: Int32Array = new Int32Array(1024);

  goOpCount = 0;
  /** Where in `code` the {@link GoOp} instructions are, in order: analyses need not look at the others. */
  goOps: Int32Array = new Int32Array(1024);

  /** @param shared whether other threads can read the code: see {@link Lifted.received}. */
  constructor(functions: number, expectedInstructions = 1024, shared = false) {
    this.functions = functions;
    this.code = new Code(Math.max(16, expectedInstructions), shared);
    this.funcBlock = new Int32Array(functions + 1);
    this.funcEntry = new Int32Array(functions + 1);
    this.funcGoOp = new Int32Array(functions + 1);
    this.locals = new Array(functions);
    this.reason = new Array(functions);
  }

  /** What another thread has posted, as it was: a copy, apart from the code if that is shared. */
  static received(lifted: Lifted): Lifted {
    const code = Object.assign(new Code(0), lifted.code);
    return Object.assign(new Lifted(0, 0), lifted, { code });
  }

  isLifted(f: number): boolean {
    return this.funcBlock[f + 1]! > this.funcBlock[f]!;
  }

  /** How many functions there are, parts of others among them. */
  get units(): number {
    return this.functions + this.partOf.length;
  }

  /** The function that `f` is a part of; `f` itself if it is none. */
  originOf(f: number): number {
    return f < this.functions ? f : this.partOf[f - this.functions]!;
  }

  /** Makes the blocks and entries that have been added since the last function a part of function `f`. Returns its index. */
  addPart(f: number): number {
    const index = this.units;
    this.partOf.push(f);
    if (index + 1 >= this.funcBlock.length) {
      this.funcBlock = doubled(this.funcBlock);
      this.funcEntry = doubled(this.funcEntry);
    }
    this.funcBlock[index + 1] = this.blocks;
    this.funcEntry[index + 1] = this.entries;
    this.locals[index] = this.locals[f];
    return index;
  }

  /** Starts a block at the end of the code so far. Its exit is Leave until it is set. */
  addBlock(): number {
    const b = this.blocks++;
    if (b === this.blockStart.length) {
      this.blockStart = doubled(this.blockStart);
      this.blockEnd = doubled(this.blockEnd);
      this.exit = doubled(this.exit);
      this.target = doubled(this.target);
      this.otherwise = doubled(this.otherwise);
    }
    this.blockStart[b] = this.code.length;
    this.exit[b] = Exit.Leave;
    return b;
  }

  /** Appends a {@link GoOp} instruction to the code. */
  pushGoOp(op: number, a: number, b: number, offset: number): void {
    const k = this.goOpCount++;
    if (k === this.goOps.length) this.goOps = doubled(this.goOps);
    this.goOps[k] = this.code.length;
    this.code.push(op, a, b, offset);
  }

  addEntry(pc: number, block: number, callee: number): void {
    const e = this.entries++;
    if (e === this.entryPc.length) {
      this.entryPc = doubled(this.entryPc);
      this.entryBlock = doubled(this.entryBlock);
      this.entryCallee = doubled(this.entryCallee);
    }
    this.entryPc[e] = pc;
    this.entryBlock[e] = block;
    this.entryCallee[e] = callee;
  }
}

/** The callee of an entry that is no return point. */
export const ALWAYS = -2;

function doubled<T extends Int32Array | Uint8Array>(array: T): T {
  const larger = new (array.constructor as new (n: number) => T)(array.length * 2);
  larger.set(array);
  return larger;
}
