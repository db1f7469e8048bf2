/**
 * Which functions come to a place where the wasm stack is left, in themselves or in what they call, and by which way: the
 * call graph of lifted code, searched backwards and breadth first, so that the way kept for each function is a shortest one.
 *
 * Assumes nothing of imports and helpers: they return (a callback from the host runs in a scheduler loop of its own).
 */
import { GoOp, type GoProgram, INDIRECT, type Lifted } from '@go-wasm/lift';

/** Where the wasm stack is left. */
export interface Sources {
  /** Functions that start to unwind, and those that were not lifted, of which nothing is known. */
  readonly unwinding?: boolean;
  /** Indirect calls: they may reach anything. */
  readonly indirect?: boolean;
  /** Functions by Go's names. */
  readonly functions?: readonly string[];
  /** Functions by Go's names whose calls do not count. */
  readonly ignored?: ReadonlySet<string>;
}

/** In place of a function that comes next: what makes the last one of a chain a source. */
export const Source = { Unwinding: -1, NotLifted: -2, Indirect: -3, Listed: -4 } as const;
/** In place of a function that comes next: there is no way. */
export const UNREACHED = -5;

/**
 * @returns by index among the defined functions: the function that comes next on a shortest way, or one of {@link Source},
 *   or {@link UNREACHED}.
 */
export function reach(program: GoProgram, lifted: Lifted, sources: Sources): Int32Array {
  const { functions, imports, isGo, names } = program;
  const { code, goOps, funcGoOp } = lifted;
  const { op, a } = code;
  const next = new Int32Array(functions).fill(UNREACHED);
  const queue = new Int32Array(functions);
  let length = 0;
  const mark = (f: number, way: number): void => {
    if (next[f] !== UNREACHED) return;
    next[f] = way;
    queue[length++] = f;
  };
  const calls = (visit: (callee: number, caller: number) => void): void => {
    for (let f = 0; f < functions; f++) {
      for (let k = funcGoOp[f]!; k < funcGoOp[f + 1]!; k++) {
        const i = goOps[k]!;
        const o = op[i]!;
        if (o === GoOp.Call || o === GoOp.TailCall || o === GoOp.CallFlag) visit(a[i]!, f);
        else if (o === GoOp.Unwind) visit(UNWIND, f);
      }
    }
  };
  for (const name of sources.functions ?? []) {
    const f = names.indexOf(name);
    if (f >= 0) mark(f, Source.Listed);
  }
  if (sources.unwinding)
    for (let f = 0; f < functions; f++) if (isGo[f] === 1 && !lifted.isLifted(f)) mark(f, Source.NotLifted);
  // Edges callee → caller, counted first.
  const callerStart = new Int32Array(functions + 2);
  calls((callee, caller) => {
    if (callee === UNWIND) {
      if (sources.unwinding) mark(caller, Source.Unwinding);
    } else if (callee !== INDIRECT) callerStart[callee - imports + 2]!++;
    else if (sources.indirect) mark(caller, Source.Indirect);
  });
  for (let f = 0; f < functions; f++) callerStart[f + 2]! += callerStart[f + 1]!;
  const callers = new Int32Array(callerStart[functions + 1]!);
  calls((callee, caller) => {
    if (callee !== UNWIND && callee !== INDIRECT) callers[callerStart[callee - imports + 1]!++] = caller;
  });
  for (let k = 0; k < length; k++) {
    const f = queue[k]!;
    if (sources.ignored?.has(names[f]!)) continue;
    for (let c = callerStart[f]!; c < callerStart[f + 1]!; c++) mark(callers[c]!, f);
  }
  return next;
}

/** @returns by index among the defined functions: 1 if there is a way. */
export function reaches(program: GoProgram, lifted: Lifted, sources: Sources): Uint8Array {
  return Uint8Array.from(reach(program, lifted, sources), (way) => (way === UNREACHED ? 0 : 1));
}

/** Stands for the callee where a function starts to unwind. */
const UNWIND = -2;
