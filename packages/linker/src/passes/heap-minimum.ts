/**
 * Go's garbage collector first runs when a heap has 4 MB (with GOGC=100), and again at twice what is in use then. On other platforms it runs beside the program, on processors that
 * are idle. WebAssembly has one: a program with little in use that allocates much spends a tenth of its time in collections.
 *
 * With this, the first one comes at 16 MB:
 *
 * ```
 * func (c *gcControllerState) setGCPercent(in int32) { …; c.heapMinimum = 16 << 20 * uint64(in) / 100; …
 * ```
 *
 * What GOGC, GOMEMLIMIT and package debug say holds as before: the minimum goes with GOGC, and a memory limit comes first.
 *
 * Assumes: nothing else makes that number. If the function does not multiply by 4 MB exactly once, it stays.
 *
 * Sources: runtime/mgcpacer.go, defaultHeapMinimum, setGCPercent, heapGoalInternal.
 */
import type { GoProgram, Lifted } from '@go-wasm/lift';
import { Op, type Pattern } from '@go-wasm/wasm';
import type { Lowered } from '../lowered.ts';
import { GoRuntime } from '../strategies/go-runtime.ts';

/** A multiplication by 4 MB, and what makes it one by 16. */
const TIMES_MINIMUM: Pattern = [[Op.I64Const, 22], [Op.I64Shl]];
const SIXTEEN_MB = 24;

export class HeapMinimum {
  /** Index among the defined functions; −1 if nothing is to be done. */
  readonly #setter: number = -1;

  constructor(program: GoProgram, lifted: Lifted) {
    const runtime = new GoRuntime(program, lifted);
    const setter = runtime.findLifted('runtime.(*gcControllerState).setGCPercent');
    if (setter < 0) return;
    const found = [...runtime.places(setter)].filter((i) => lifted.code.matches(i, TIMES_MINIMUM));
    if (found.length === 1) this.#setter = setter;
  }

  run({ code }: Lowered, f: number): void {
    if (f !== this.#setter) return;
    for (let i = 0; i < code.length; i++) if (code.matches(i, TIMES_MINIMUM)) code.a[i] = SIXTEEN_MB;
  }
}
