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
 * And who helps does not mark 64 KB, but 2 MB, so that the phase with its barriers is short. That takes some 8 ms; a worker on other platforms marks for 10 ms at a time.
 *
 * ```
 * const gcOverAssistWork = 2 << 20
 * ```
 *
 * Where more than half of the time goes to the collector, its limiter forbids helping. It looks at the clock when some goroutine yields, so it would forbid it until the
 * program waits. So then, and only then, who allocates yields as if it had been interrupted, and the worker runs for its quarter of the time:
 *
 * ```
 * func (c *mcache) refill(…) { …; if gcCPULimiter.enabled && g.gcAssistBytes != 0 { g.preempt = true }; …
 * ```
 *
 * Assumes: a goroutine without credit is as good as any. Where nothing is being marked, nobody looks at it, and each cycle begins with none.
 *
 * Sources: runtime/mgcmark.go, gcAssistAlloc, gcOverAssistWork; runtime/malloc.go, deductAssistCredit; runtime/mgc.go, gcResetMarkState; runtime/mcache.go, refill;
 * runtime/mgclimit.go; runtime/proc.go, retake, which is sysmon's, and wasm has no sysmon.
 */
import type { GoProgram, Lifted } from '@go-wasm/lift';
import { type Code, Op } from '@go-wasm/wasm';
import { begin, type Instruction, i32, i64, seq } from '../assemble.ts';
import type { Lowered } from '../lowered.ts';
import { G_GLOBAL, GoRuntime } from '../strategies/go-runtime.ts';

/** A constant as code has it: its opcode, and the halves of its bits. */
type Constant = readonly [op: number, low: number, high: number];
/** Whole numbers of at most 31 bits as runtime.gcAssistAlloc has how much is marked at a time: an int64 twice, and a float64 once. */
const asConstants = (bytes: number): readonly Constant[] => [
  [Op.I64Const, bytes, 0],
  [Op.F64Const, 0, new DataView(new Float64Array([bytes]).buffer).getInt32(4, true)],
];
const OVER_ASSIST = asConstants(64 << 10);
const MORE = asConstants(2 << 20);

const { End, GlobalGet, I32And, I32Load8U, I32Store8, I32WrapI64, I64GtS, I64Load, I64Ne, I64Store, If } = Op;

export class MarkAssists {
  /** Index among the defined functions; −1 if nothing is to be done. */
  readonly #refill: number = -1;
  readonly #front: Instruction[] = [];
  /** The same of the function that says how much is marked at a time. */
  readonly #assist: number = -1;

  constructor(program: GoProgram, lifted: Lifted) {
    const runtime = new GoRuntime(program, lifted);
    const credit = runtime.assistCredit();
    if (credit === undefined) return;
    this.#refill = runtime.findLifted('runtime.(*mcache).refill');
    const limiter = runtime.cpuLimiter();
    const g = seq([GlobalGet, G_GLOBAL], I32WrapI64);
    this.#front = seq(
      seq(g, [I64Load, credit, 3], i64(0), I64GtS, begin(If)),
      seq(g, i64(0), [I64Store, credit, 3], End),
      limiter === undefined
        ? []
        : seq(
            // Who has neither credit nor debt is not marking; or is no goroutine, but what schedules them.
            seq(i32(limiter.enabled), [I32Load8U, 0], g, [I64Load, credit, 3], i64(0), I64Ne, I32And, begin(If)),
            seq(g, i32(1), [I32Store8, limiter.preempt], End),
          ),
    );
    const assist = runtime.get('runtime.gcAssistAlloc');
    const places = [...runtime.places(assist)];
    const times = OVER_ASSIST.map((constant) => places.filter((i) => isConstant(lifted.code, i, constant)).length);
    if (times[0] === 2 && times[1] === 1) this.#assist = assist;
  }

  run(lowered: Lowered, f: number): void {
    if (f === this.#refill) lowered.prepend(this.#front);
    if (f !== this.#assist) return;
    const { code } = lowered;
    for (let i = 0; i < code.length; i++) {
      const k = OVER_ASSIST.findIndex((constant) => isConstant(code, i, constant));
      if (k >= 0) code.set(i, ...MORE[k]!, code.offset[i]);
    }
  }
}

function isConstant({ op, a, b }: Code, i: number, [constant, low, high]: Constant): boolean {
  return op[i] === constant && a[i] === low && b[i] === high;
}
