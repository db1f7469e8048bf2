/**
 * During which functions' calls the goroutine's stack may move: one that needs a larger stack is copied by morestack, and one that parks may be
 * found by the collector, which makes large stacks smaller (runtime/stack.go, copystack). Both begin in a switch to g0.
 * Where it cannot move, addresses of stack slots stay good.
 *
 * Two kinds of calls do not count: those that never return, behind which nobody asks where the stack is, and what systemstack runs on g0's
 * stack: a goroutine that waits for it keeps its own (runtime/stack.go, isShrinkStackSafe).
 */
import type { GoProgram, Lifted } from '@go-wasm/lift';
import { neverReturns } from './never-returns.ts';
import { reach } from './reach.ts';

const MOVE: readonly string[] = ['runtime.morestack', 'runtime.morestack_noctxt', 'runtime.mcall', 'runtime.gogo'];

/** By index among the defined functions: which function comes next on a shortest way there; see {@link reach}. */
export function mayMoveStack(program: GoProgram, lifted: Lifted): Int32Array {
  const never = neverReturns(program, lifted);
  const ignored = new Set(program.names.filter((name, f) => never[f] === 1 && !MOVE.includes(name)));
  ignored.add('runtime.systemstack');
  return reach(program, lifted, { functions: MOVE, ignored, unwinding: true, indirect: true });
}
