/**
 * At each goroutine switch, Go looks for what else might run, which on WebAssembly there hardly ever is. With this, two functions of
 * the runtime return at once where there is nothing to wake.
 *
 * `runtime.checkTimeouts`, under js, asks the host for the time, a fifth of a goroutine switch, before it walks the goroutines that wait no
 * longer than until a deadline. Nothing in the runtime of Go 1.24 to 1.27 does:
 *
 * ```
 * now := nanotime()                        →   if allDeadlineNotes == nil { return }; now := nanotime()
 * for n := allDeadlineNotes; n != nil; …
 * ```
 *
 * `runtime.wakep` has another processor take part, of which there is no other:
 *
 * ```
 * if nmspinning != 0 { return }            →   if nmspinning == 0 && pidle == nil { needspinning = 1; return }; if nmspinning != 0 …
 * nmspinning = 1; lock; pp := pidle
 * if pp == nil { needspinning = 1; nmspinning = 0; unlock; return }
 * ```
 *
 * Assumes: asking for the time changes nothing, and no other thread sees the lock taken. That the functions do nothing else then, their code must
 * show; one that does not stays as it is. Under wasip1 `checkTimeouts` is empty.
 *
 * Sources: runtime/lock_js.go, checkTimeouts; runtime/proc.go, gopark, Gosched, wakep, pidlegetSpinning, pidleget.
 */
import { type GoProgram, type Lifted, SP_LOCAL } from '@go-wasm/lift';
import { Op } from '@go-wasm/wasm';
import { begin, get, type Instruction, i32, seq } from '../assemble.ts';
import { IS_CALLED, type Lowered } from '../lowered.ts';
import { GoRuntime } from '../strategies/go-runtime.ts';

const { End, I32And, I32Eqz, I32Load, I32Store, I64Eqz, I64Load, If, Return } = Op;

export class NothingToWake {
  /** What functions begin with, by their index among the defined functions. */
  readonly #fronts: Map<number, Instruction[]> = new Map();

  constructor(program: GoProgram, lifted: Lifted) {
    const runtime = new GoRuntime(program, lifted);
    const notes = runtime.deadlineNotes();
    if (notes !== undefined) {
      this.#fronts.set(runtime.find('runtime.checkTimeouts'), returnIf(seq(i32(notes), [I64Load, 0, 3], I64Eqz)));
    }
    const idle = runtime.idleProcessors();
    if (idle !== undefined) {
      const { spinning, idleList, needSpinning } = idle;
      this.#fronts.set(
        runtime.find('runtime.wakep'),
        returnIf(
          seq(i32(spinning), [I32Load, 0, 2], I32Eqz, i32(idleList), [I64Load, 0, 3], I64Eqz, I32And),
          seq(i32(needSpinning), i32(1), [I32Store, 0, 2]),
        ),
      );
    }
  }

  run(lowered: Lowered, f: number): void {
    const front = this.#fronts.get(f);
    if (front !== undefined) lowered.prepend(front);
  }
}

/** Returns from a function that has just been called if `condition` holds, once `first` is done. */
function returnIf(condition: Instruction[], first: Instruction[] = []): Instruction[] {
  return seq(IS_CALLED, condition, I32And, begin(If), first, get(SP_LOCAL), Return, End);
}
