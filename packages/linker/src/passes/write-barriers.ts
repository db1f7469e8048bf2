/**
 * Calls of the write barrier take many bytes, and are made only while the garbage collector marks: SP goes into its global, and is
 * read from there again. One small function for each barrier does the first, and there is no need for the second:
 *
 * ```
 * SP                                  local.get $sp
 * global.set $SP                      call $gcWriteBarrier2.at
 * call $gcWriteBarrier2        →
 * global.get $SP
 * i32.const -8
 * i32.add
 * local.set $sp
 * ```
 *
 * Assumes: a write barrier leaves the goroutine's stack where it is. Go's compiler relies on it: it keeps pointers in registers there.
 *
 * Sources: runtime/asm_wasm.s, gcWriteBarrier; cmd/compile/internal/wasm/ssa.go, OpWasmLoweredWB.
 */
import { type GoProgram, SP_GLOBAL, SP_LOCAL } from '@go-wasm/lift';
import { Op, type Pattern, ValType } from '@go-wasm/wasm';
import { assemble } from '../assemble.ts';
import { BIAS, type Lowered, LowOp } from '../lowered.ts';
import type { Lowering } from '../strategies/strategy.ts';

const { Call, GlobalGet, GlobalSet, I32Add, I32Const, LocalGet, LocalSet, LocalTee, Nop } = Op;

/** In front of the call, and behind it. */
const BEFORE: Pattern = [[LowOp.Sp], [GlobalSet, SP_GLOBAL]];
const BEHIND: Pattern = [[GlobalGet, SP_GLOBAL], [I32Const, -BIAS], [I32Add]];

export class WriteBarriers {
  /** By function index of the module: the function that sets SP and calls it; 0 for none. */
  readonly #at: Int32Array;

  constructor({ module, imports, functions, names, isGo }: GoProgram, lowering: Lowering) {
    this.#at = new Int32Array(imports + functions);
    const type = module.types.push({ kind: 'func', params: [ValType.I32], results: [ValType.I64] }) - 1;
    for (let f = 0; f < functions; f++) {
      if (isGo[f] === 1 || !/^runtime\.gcWriteBarrier\d$/.test(names[f]!)) continue;
      const { kind, ...own } = module.types[module.functions[f]!]!;
      if (kind !== 'func' || !('params' in own) || own.params.length > 0 || own.results[0] !== ValType.I64) continue;
      const index = lowering.addFunction(`${names[f]}.at`, type);
      lowering.define(
        index,
        assemble([], [[LocalGet, 0], [I32Const, BIAS], [I32Add], [GlobalSet, SP_GLOBAL], [Call, imports + f]]),
      );
      this.#at[imports + f] = index;
    }
  }

  run({ code, start, end, graph }: Lowered): void {
    const { op, a, offset } = code;
    let first = 0;
    while (first < code.length && !(op[first] === Call && this.#at[a[first]!]! > 0)) first++;
    if (first === code.length) return;
    let to = 0;
    // The blocks' code stands in the order of the blocks.
    for (let block = 0; block < graph!.size; block++) {
      const from = start[block]!;
      const until = end[block]!;
      start[block] = to;
      for (let i = from; i < until; i++, to++) {
        const at = op[i] === Call ? this.#at[a[i]!]! : 0;
        const set = i + BEHIND.length + 1; // where SP is set, and maybe pushed
        const pushes = at > 0 && set < until ? PUSHES[op[set]!] : undefined;
        if (
          pushes !== undefined &&
          a[set] === SP_LOCAL &&
          to - start[block]! >= BEFORE.length &&
          code.matches(to - BEFORE.length, BEFORE) &&
          code.matches(i + 1, BEHIND)
        ) {
          op[to - 2] = LocalGet;
          a[to - 2] = SP_LOCAL;
          to--;
          code.set(to, Call, at, 0, offset[i]!);
          op[set] = pushes;
          i = pushes === Nop ? set : set - 1;
          continue;
        }
        if (to !== i) code.move(i, to);
      }
      end[block] = to;
    }
    code.length = to;
  }
}

/** What is left of an instruction that sets SP, when SP is what it was. */
const PUSHES: Readonly<Record<number, number>> = {
  [LocalSet]: Nop,
  [LocalTee]: LocalGet,
  [LowOp.TeeSp]: LowOp.Sp,
};
