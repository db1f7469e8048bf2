/**
 * While Go's garbage collector marks, each write of a pointer goes through a barrier, so that programs run slowly. Marking is done by a worker in the
 * background, and by goroutines that allocate, which get credit for that (assists). Towards the end, when little is left to mark, a little work gives credit for
 * many megabytes. On other platforms the worker ends the phase then, since a goroutine is interrupted after ten milliseconds. On WebAssembly nobody
 * interrupts it: the phase lasts until the program waits for something, for seconds if it computes, and memory grows far beyond what GOGC says.
 *
 * With this, credit lasts no longer than the span that `runtime.(*mcache).refill` gives the allocator, a few hundred objects:
 *
 * ```
 * func (c *mcache) refill(…) { if g.gcAssistBytes > 0 { g.gcAssistBytes = 0 }; …
 * ```
 *
 * So whoever allocates marks a bit more, or finds that nothing is left, and ends the phase. No other goroutine is run instead, so what a program does stays in the same
 * order.
 *
 * Assumes: a goroutine without credit is as good as any. Where nothing is being marked, nobody looks at it, and each cycle begins with none.
 *
 * Sources: runtime/mgcmark.go, gcAssistAlloc, gcOverAssistWork; runtime/malloc.go, deductAssistCredit; runtime/mgc.go, gcResetMarkState; runtime/mcache.go, refill;
 * runtime/proc.go, retake, which is sysmon's, and wasm has no sysmon.
 */
import type { GoProgram, Lifted } from '@go-wasm/lift';
import { Op } from '@go-wasm/wasm';
import { begin, type Instruction, i64, seq } from '../assemble.ts';
import type { Lowered } from '../lowered.ts';
import { G_GLOBAL, GoRuntime } from '../strategies/go-runtime.ts';

const { End, GlobalGet, I32WrapI64, I64GtS, I64Load, I64Store, If } = Op;

export class MarkAssists {
  /** Index among the defined functions; −1 if nothing is to be done. */
  readonly #refill: number = -1;
  readonly #front: Instruction[] = [];

  constructor(program: GoProgram, lifted: Lifted) {
    const runtime = new GoRuntime(program, lifted);
    const credit = runtime.assistCredit();
    if (credit === undefined) return;
    this.#refill = runtime.findLifted('runtime.(*mcache).refill');
    const g = seq([GlobalGet, G_GLOBAL], I32WrapI64);
    this.#front = seq(
      seq(g, [I64Load, credit, 3], i64(0), I64GtS, begin(If)),
      seq(g, i64(0), [I64Store, credit, 3], End),
    );
  }

  run(f: number, lowered: Lowered): void {
    if (f === this.#refill) lowered.prepend(this.#front);
  }
}
