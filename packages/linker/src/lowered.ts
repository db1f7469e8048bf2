import type { Graph } from '@go-wasm/cfg';
import { PC_B_LOCAL } from '@go-wasm/lift';
import { Code, Op } from '@go-wasm/wasm';
import { get, type Instruction, i64, place, seq } from './assemble.ts';

/**
 * A function after `lower`: a graph with one entry, whose blocks hold WebAssembly's own instructions and those of
 * {@link LowOp}. A workspace: filled for one function after the other.
 */
export class Lowered {
  readonly code: Code = new Code(1 << 12);
  /** Whether any block branches to the unwind exit. */
  unwinds = false;
  /** How many of its loops have entries: these need locals. */
  loopEntries = 0;
  graph: Graph | undefined;
  /**
   * The code of graph block `b` is `code[start[b] .. end[b])`; a condition or index is left on the operand stack. It
   * stands in the order of the blocks, so that passes can rewrite it in place.
   */
  start: Int32Array = new Int32Array(256);
  end: Int32Array = new Int32Array(256);
  /** {@link Hint} of each If block. */
  hint: Uint8Array = new Uint8Array(256);

  reserve(blocks: number): void {
    if (blocks <= this.start.length) return;
    const n = 2 * blocks;
    this.start = new Int32Array(n);
    this.end = new Int32Array(n);
    this.hint = new Uint8Array(n);
  }

  /** Puts instructions in front of all others, where the function is entered. */
  prepend(instructions: readonly Instruction[]): void {
    const { entry } = this.graph!;
    this.insert(entry, this.start[entry]!, instructions);
  }

  /** Puts instructions into block `b`: in front of instruction `at`, or at the block's end. */
  insert(b: number, at: number, instructions: readonly Instruction[]): void {
    const n = instructions.length;
    this.code.makeRoom(at, n);
    for (const [k, instruction] of instructions.entries()) place(this.code, at + k, instruction);
    this.end[b]! += n;
    for (let later = b + 1; later < this.graph!.size; later++) {
      this.start[later]! += n;
      this.end[later]! += n;
    }
  }
}

/** How far SP is above the local that holds it, where that is biased: the size of a return PC (sp-lowering.ts). */
export const BIAS = 8;

/**
 * Pushes whether the function has been called, in front of all that it does: SP's local is where the return PC is, and the arguments are above. At
 * a resume point SP is elsewhere.
 */
export const IS_CALLED: readonly Instruction[] = seq(get(PC_B_LOCAL), i64(0), Op.I64GeS);

/** Instructions of lowered code that WebAssembly does not have. */
export const LowOp = {
  /** Pops an i32; if it is not zero, control goes to the unwind exit of the function. */
  UnwindIf: 0x1100,
  /** Pushes SP, where the local of SP holds SP − {@link BIAS}. */
  Sp: 0x1101,
  /** Pops SP − {@link BIAS}, sets the local of SP, and pushes SP. */
  TeeSp: 0x1102,
} as const;

/** The names of these instructions, by id. */
export const lowOpNames: Readonly<Record<number, string>> = {
  [LowOp.UnwindIf]: 'unwind_if',
  [LowOp.Sp]: 'sp',
  [LowOp.TeeSp]: 'tee_sp',
};

/** Which way a condition usually goes: the value is what the branch hint section wants, plus one. */
export const Hint = { None: 0, Unlikely: 1, Likely: 2 } as const;
