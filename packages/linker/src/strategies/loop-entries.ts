/**
 * Engines run a function by quickly made code first, and by better code from its next call on. A loop in a function that is called once
 * never sees the better code. So each outermost loop of such a function gets an entry of its own, and the function calls itself from time to
 * time, to go on there:
 *
 * ```
 * entry:   all locals, interval = kept
 *          left = interval
 * header:  if (--left < 0) {
 *            if (interval < 2^30) {
 *              kept = all locals, 2 * interval + 1
 *              return f(~entry, sp)
 *            }
 *            left = interval
 *          }
 * ```
 *
 * That is when a loop starts, and then after one, three, seven rounds and so on. So not much more than half of a loop's rounds are run by older code than there is at
 * their end, and there are thirty frames at most instead of one. In the goroutine's stack in memory nothing changes, and a function returns what the function that it has
 * called returns. Inner loops stay as they are.
 *
 * Assumes: at the start of a block nothing is on the operand stack, so that its locals, the globals and memory are all there is.
 *
 * Source: Fink and Qian, "Design, Implementation and Evaluation of Adaptive Recompilation with On-Stack Replacement" (2003), which does this by the
 * engine.
 */
import { type GoProgram, type Lifted, SP_LOCAL } from '@go-wasm/lift';
import { type Code, type Locals, Op, ValType } from '@go-wasm/wasm';
import { append, begin, get, i32, i64, seq, set, tee } from '../assemble.ts';
import { Hint } from '../lowered.ts';
import { keep, take, typesOf } from './kept-locals.ts';

/** In rounds of the loop: by then the engine has the best code that there is. */
const LAST = 1 << 30;

/** The i32 locals that a function has for each such entry: `left` and `interval`. */
export const LOOP_ENTRY_LOCALS = 2;

export class LoopEntries {
  readonly #lifted: Lifted;
  readonly #imports: number;
  readonly #runsOnce: Uint8Array;
  /** An i64 for the interval and for each local of the function that has the most. */
  readonly #kept: number[] = [];

  constructor({ imports }: GoProgram, lifted: Lifted, runsOnce: Uint8Array, addGlobal: (type: number) => number) {
    this.#lifted = lifted;
    this.#imports = imports;
    this.#runsOnce = runsOnce;
    for (let f = 0; f < runsOnce.length; f++) {
      if (runsOnce[f] === 0) continue;
      while (this.#kept.length < 1 + registers(lifted.locals[f]!).length) this.#kept.push(addGlobal(ValType.I64));
    }
  }

  has(f: number): boolean {
    return this.#runsOnce[f] === 1;
  }

  /** A PC_B for the first of such entries of a function: above those of the entries that it has. */
  firstPc(f: number): number {
    const { funcEntry, entryPc } = this.#lifted;
    let pc = 0;
    for (let e = funcEntry[f]!; e < funcEntry[f + 1]!; e++) pc = Math.max(pc, entryPc[e]!);
    return pc + 1;
  }

  /** Appends what stands at the header of a loop that can be entered at `pcB`. */
  lowerHeader(f: number, pcB: number, code: Code): void {
    const { types, left, interval } = this.#locals(f, pcB);
    const save = types.map((type, k) => keep(FIRST + k, type, this.#kept[k + 1]!));
    append(
      code,
      seq(get(left), i32(1), Op.I32Sub, tee(left), i32(0), Op.I32LtS, [Op.If, EMPTY, Hint.Unlikely]),
      seq(get(interval), i32(LAST), Op.I32LtU, begin(Op.If), ...save),
      seq(get(interval), i32(1), Op.I32Shl, i32(1), Op.I32Or, Op.I64ExtendI32U, [Op.GlobalSet, this.#kept[0]!]),
      seq(i64(~pcB), get(SP_LOCAL), [Op.Call, this.#imports + f], Op.Return, Op.End),
      seq(get(interval), set(left), Op.End),
    );
  }

  /** Appends what is done on the way from the entry at `pcB` to its loop. */
  lowerEntry(f: number, pcB: number, code: Code): void {
    const { types, left, interval } = this.#locals(f, pcB);
    const restore = types.map((type, k) => take(FIRST + k, type, this.#kept[k + 1]!));
    append(code, seq(...restore, [Op.GlobalGet, this.#kept[0]!], Op.I32WrapI64, tee(interval), set(left)));
  }

  /** The types of the locals that are kept, and where those of the entry are: a loop with few rounds may follow one with many. */
  #locals(f: number, pcB: number): { types: number[]; left: number; interval: number } {
    const types = registers(this.#lifted.locals[f]!);
    const left = FIRST + types.length + LOOP_ENTRY_LOCALS * (pcB - this.firstPc(f));
    return { types, left, interval: left + 1 };
  }
}

/** The first local that is kept, behind PC_B and SP. */
const FIRST = SP_LOCAL + 1;

const EMPTY = -0x40;

/** The types of a function's declared locals but for SP, the first one. */
function registers(locals: Locals): number[] {
  return typesOf(locals).slice(1);
}
