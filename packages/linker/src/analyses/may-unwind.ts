/**
 * Which functions may unwind the wasm stack: they do so themselves, call something unknown, or call a function that may.
 * A call of any other function needs no check, and no resume point behind it.
 *
 * Assumes nothing of imports and helpers: they return (a callback from the host runs in a scheduler loop of its own).
 */
import { GoOp, type GoProgram, INDIRECT, type Lifted } from '@go-wasm/lift';

/** By index among the defined functions: 1 if the function may unwind. Functions that were not lifted may. */
export function mayUnwind(program: GoProgram, lifted: Lifted): Uint8Array {
  const { functions, imports, isGo } = program;
  const { code, goOps, funcGoOp } = lifted;
  const { op, a } = code;
  const result = new Uint8Array(functions);
  const work: number[] = [];
  // Edges callee → caller, counted first.
  const callerStart = new Int32Array(functions + 2);
  const edges = (visit: (callee: number, caller: number) => void, unwinds?: (f: number) => void): void => {
    for (let f = 0; f < functions; f++) {
      for (let k = funcGoOp[f]!; k < funcGoOp[f + 1]!; k++) {
        const i = goOps[k]!;
        const o = op[i]!;
        if (o === GoOp.Call || o === GoOp.TailCall || o === GoOp.CallFlag) {
          if (a[i] === INDIRECT) unwinds?.(f);
          else visit(a[i]! - imports, f);
        } else if (o === GoOp.Unwind) unwinds?.(f);
      }
    }
  };
  const mark = (f: number): void => {
    if (result[f] === 1) return;
    result[f] = 1;
    work.push(f);
  };
  for (let f = 0; f < functions; f++) if (isGo[f] === 1 && !lifted.isLifted(f)) mark(f);
  edges((callee) => callerStart[callee + 2]!++, mark);
  for (let f = 0; f < functions; f++) callerStart[f + 2]! += callerStart[f + 1]!;
  const callers = new Int32Array(callerStart[functions + 1]!);
  edges((callee, caller) => {
    callers[callerStart[callee + 1]!++] = caller;
  });
  while (work.length > 0) {
    const f = work.pop()!;
    for (let k = callerStart[f]!; k < callerStart[f + 1]!; k++) mark(callers[k]!);
  }
  return result;
}
