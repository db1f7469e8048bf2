/**
 * How many bytes of the goroutine's stack a function takes at most, with all that it calls, as long as nothing panics: calls that
 * never return do not count. There is no bound where functions call each other in a circle, where the table is asked, and where assembly moves SP
 * by what it is given (reflectcall). What runs on g0's stack (behind systemstack, mcall and morestack) takes nothing of this one.
 *
 * Assumes: imports leave the goroutine's stack alone; a callback from the host has a goroutine of its own.
 */
import { components, Exit, type Graph } from '@go-wasm/cfg';
import type { GoProgram, Lifted } from '@go-wasm/lift';
import { callGraph } from './call-graph.ts';
import { neverReturns } from './never-returns.ts';

/** In place of a bound: why there is none. */
export const Unbounded = { Recursion: -1, Indirect: -2, Unknown: -3, Callee: -4 } as const;

/** What a call puts on the stack: the PC to return to. */
const RETURN_ADDRESS = 8;

/** Assembly functions that leave the goroutine's stack. */
const LEAVE_THE_STACK: ReadonlySet<string> = new Set([
  'runtime.systemstack',
  'runtime.mcall',
  'runtime.morestack',
  'runtime.morestack_noctxt',
]);

export interface StackDepth {
  /** Bytes, its own return address included; or one of {@link Unbounded}. */
  readonly bytes: Int32Array;
  /** The callee of the deepest way, or the one without a bound; −1 if there is none. */
  readonly by: Int32Array;
}

/** By index among the defined functions. */
export function stackDepth(program: GoProgram, lifted: Lifted): StackDepth {
  const { functions, names, frame, isAssembly, isGo } = program;
  const { start, callees, indirect } = callGraph(program, lifted);
  const never = neverReturns(program, lifted);
  const bytes = new Int32Array(functions);
  const by = new Int32Array(functions).fill(-1);

  const graph = graphOf(start, callees, (f) => never[f] === 0 && !LEAVE_THE_STACK.has(names[f]!));
  const { of, count } = components(graph);
  const sizes = new Int32Array(count);
  for (let f = 0; f < functions; f++) sizes[of[f]!]!++;
  // Callees first: an edge between components leads to a smaller number.
  const order = Int32Array.from({ length: functions }, (_, f) => f).sort((f, g) => of[f]! - of[g]!);
  for (const f of order) {
    if (LEAVE_THE_STACK.has(names[f]!)) bytes[f] = RETURN_ADDRESS;
    else bytes[f] = bound(f);
  }
  return { bytes, by };

  function bound(f: number): number {
    const calls = graph.succStart[f + 1]! > graph.succStart[f]!;
    if (isGo[f] === 0 || !lifted.isLifted(f) || frame[f]! < 0) return Unbounded.Unknown;
    if (indirect[f] === 1) return isAssembly[f] === 1 ? Unbounded.Unknown : Unbounded.Indirect;
    if (isAssembly[f] === 1 && calls) return Unbounded.Unknown;
    let deepest = 0;
    for (let k = graph.succStart[f]!; k < graph.succStart[f + 1]!; k++) {
      const callee = graph.succ[k]!;
      if (callee === f || (of[callee] === of[f] && sizes[of[f]!]! > 1)) {
        by[f] = callee;
        return Unbounded.Recursion;
      }
      if (bytes[callee]! < 0) {
        by[f] = callee;
        return Unbounded.Callee;
      }
      if (bytes[callee]! > deepest) {
        deepest = bytes[callee]!;
        by[f] = callee;
      }
    }
    return frame[f]! + RETURN_ADDRESS + deepest;
  }
}

/** The graph of direct calls of functions that count. */
function graphOf(start: Int32Array, callees: Int32Array, counts: (f: number) => boolean): Graph {
  const size = start.length - 1;
  const succStart = new Uint32Array(size + 1);
  const succ: number[] = [];
  for (let f = 0; f < size; f++) {
    for (let k = start[f]!; k < start[f + 1]!; k++) if (callees[k]! >= 0 && counts(callees[k]!)) succ.push(callees[k]!);
    succStart[f + 1] = succ.length;
  }
  return { size, entry: 0, kind: new Uint8Array(size).fill(Exit.Switch), succStart, succ: Uint32Array.from(succ) };
}
