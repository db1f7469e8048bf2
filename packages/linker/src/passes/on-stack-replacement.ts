/**
 * Engines run a function by quickly made code first, and by better code from its next call on. Functions that run for long, as the
 * loop of an interpreter does, are not called again. With this, wasm frames are thrown away from time to time, and the functions
 * entered anew where they were: by the better code, once the engine has it.
 *
 * `runtime.(*mcache).refill`, which gives the allocator a new span every few hundred objects, counts how often it is called:
 *
 * ```
 * func (c *mcache) refill(…) { if refills++; refills%256 == 0 { at the next stack check, throw the wasm frames away }; …
 * ```
 *
 * The next stack check is that of refill itself, which then is called once more. So it costs nothing in loops, and nothing that matters
 * elsewhere; programs that do not allocate do not profit from it.
 *
 * Assumes: nothing but what the strategy's own way to throw wasm frames away does (`Lowering.reentry`), which serves deep recursion, too.
 *
 * Sources: runtime/mcache.go, refill; Fink and Qian, "Design, Implementation and Evaluation of Adaptive Recompilation with On-Stack Replacement" (2003).
 */
import type { GoProgram, Lifted } from '@go-wasm/lift';
import { Op, ValType } from '@go-wasm/wasm';
import { assemble, begin, i32, seq } from '../assemble.ts';
import type { Lowered } from '../lowered.ts';
import { GoRuntime } from '../strategies/go-runtime.ts';
import type { Lowering } from '../strategies/strategy.ts';

const { Call, End, GlobalGet, GlobalSet, I32Add, I32And, I32Eqz, If } = Op;

/** From one time to the next, in calls of refill; a power of two, and not 1. Some milliseconds of a program that allocates a lot. */
const INTERVAL = 256;

export class OnStackReplacement {
  /** Index among the defined functions; −1 if nothing is to be done. */
  readonly #refill: number = -1;
  readonly #count: number = -1;

  constructor(program: GoProgram, lifted: Lifted, lowering: Lowering) {
    const refill = new GoRuntime(program, lifted).findLifted('runtime.(*mcache).refill');
    const reentry = refill < 0 ? undefined : lowering.reentry?.();
    if (reentry === undefined) return;
    const { globals, types } = program.module;
    const refills = globals.push({ type: ValType.I32, mutable: true, init: 0 }) - 1;
    const type = types.push({ kind: 'func', params: [], results: [] }) - 1;
    this.#refill = refill;
    this.#count = lowering.addFunction('go_wasm.count_refills', type);
    lowering.define(
      this.#count,
      assemble(
        [],
        seq(
          seq([GlobalGet, refills], i32(1), I32Add, [GlobalSet, refills]),
          seq([GlobalGet, refills], i32(INTERVAL - 1), I32And, I32Eqz, begin(If), [Call, reentry], End),
        ),
      ),
    );
  }

  run(lowered: Lowered, f: number): void {
    if (f === this.#refill) lowered.prepend([[Call, this.#count]]);
  }
}
