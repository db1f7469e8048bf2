/**
 * Which functions never return to their caller, so that a call of them ends its block.
 *
 * Go's compiler knows this of its panics, and writes nothing behind such a call: control seems to run on into whatever
 * block comes next in the file. Taken for an edge, this makes 6 % of all functions irreducible. Two sources:
 *
 * - the functions that the compiler itself takes for never returning (BlockExit in cmd/compile/internal/ssagen/ssa.go),
 *   by name: what stands behind a call of one of them is not its continuation, so these must be known;
 *   morestack is there as well: it always unwinds, and the function starts anew at the PC that was stored;
 * - the code: a function in which no path from an entry reaches a return does not return either. A deferred call that
 *   recovers does return: the deferreturn point counts as an entry. Functions written in assembly count only if they do
 *   nothing but trap, since they may save their return PC and have it entered later (mcall, morestack).
 *
 * Assumes: a never-returning function that is not assembly is never entered at the return PC its caller stored.
 */
import { Exit } from '@go-wasm/cfg';
import { ALWAYS, GoOp, type GoProgram, INDIRECT, type Lifted } from '@go-wasm/lift';
import { Op } from '@go-wasm/wasm';

const compilerKnows =
  /^runtime\.(throw|throwinit|gopanic|panicwrap|block|panicmakeslicelen|panicmakeslicecap|panicunsafeslicelen|panicunsafeslicenilptr|panicunsafestringlen|panicunsafestringnilptr|panicrangestate|panicIndexU?|panicSlice\w+|panicBounds\w*|panicExtend\w+|goPanic\w+|panicdivide|panicshift|panicoverflow|panicfloat|panicmem|panicnil|panicnildottype|panicdottype[EI]|panicSimdImm|sigpanic|fatal|fatalthrow|fatalpanic|badsystemstack|morestack|morestack_noctxt)$/;

/** By index among the defined functions: 1 if a call of the function never returns to its caller. */
export function neverReturns(program: GoProgram, lifted: Lifted): Uint8Array {
  const { functions, names, isAssembly } = program;
  const { code, funcBlock, funcGoOp, blockEnd, exit, target, otherwise } = lifted;
  const result = new Uint8Array(functions);
  const { lastCallee, tailCallee, returns } = blockFacts(program, lifted);

  // callers[callerStart[f] .. callerStart[f + 1]) call function f at the end of a block.
  const callerStart = new Int32Array(functions + 2);
  for (let b = 0; b < lifted.blocks; b++) {
    const callee = Math.max(lastCallee[b]!, tailCallee[b]!);
    if (callee >= 0) callerStart[callee + 2]!++;
  }
  for (let f = 0; f < functions; f++) callerStart[f + 2]! += callerStart[f + 1]!;
  const callers = new Int32Array(callerStart[functions + 1]!);
  for (let f = 0; f < functions; f++) {
    for (let b = funcBlock[f]!; b < funcBlock[f + 1]!; b++) {
      const callee = Math.max(lastCallee[b]!, tailCallee[b]!);
      if (callee >= 0) callers[callerStart[callee + 1]!++] = f;
    }
  }

  const stack = new Int32Array(lifted.blocks + lifted.entries + 1);
  const seen = new Int32Array(lifted.blocks).fill(-1);
  const mayReturn = (f: number, round: number): boolean => {
    let top = 0;
    const push = (b: number): void => {
      if (seen[b] === round) return;
      seen[b] = round;
      stack[top++] = b;
    };
    push(funcBlock[f]!);
    for (let e = lifted.funcEntry[f]!; e < lifted.funcEntry[f + 1]!; e++) {
      if (lifted.entryCallee[e] === ALWAYS) push(lifted.entryBlock[e]!);
    }
    while (top > 0) {
      const b = stack[--top]!;
      if (returns[b] === 1) return true;
      const callee = lastCallee[b]!;
      if (callee >= 0 && result[callee] === 1) continue;
      const tail = tailCallee[b]!;
      if (tail >= 0 && result[tail] === 0) return true;
      if (exit[b] === Exit.Leave) continue;
      push(target[b]!);
      if (exit[b] === Exit.If) push(otherwise[b]!);
    }
    return false;
  };

  const work: number[] = [];
  for (let f = functions - 1; f >= 0; f--) {
    if (compilerKnows.test(names[f]!)) result[f] = 1;
    if (lifted.isLifted(f)) work.push(f);
  }
  const queued = new Uint8Array(functions).fill(1);
  let round = 0;
  while (work.length > 0) {
    const f = work.pop()!;
    queued[f] = 0;
    const known = result[f] === 1;
    if (!known && (isAssembly[f] === 1 ? !onlyTraps(f) : mayReturn(f, round++))) continue;
    result[f] = 1;
    for (let k = callerStart[f]!; k < callerStart[f + 1]!; k++) {
      const caller = callers[k]!;
      if (result[caller] === 0 && queued[caller] === 0) {
        queued[caller] = 1;
        work.push(caller);
      }
    }
  }
  return result;

  function onlyTraps(f: number): boolean {
    return funcGoOp[f] === funcGoOp[f + 1] && code.op[blockEnd[funcBlock[f]!]! - 1] === Op.Unreachable;
  }
}

interface BlockFacts {
  /** The defined function that a block calls last, directly; −1 if it ends with something else. */
  lastCallee: Int32Array;
  /** The defined function that a block ends with a tail call of; −1. */
  tailCallee: Int32Array;
  /** 1 if a block can return or unwind by an instruction of its own. */
  returns: Uint8Array;
}

function blockFacts(program: GoProgram, lifted: Lifted): BlockFacts {
  const { imports } = program;
  const { blocks, blockEnd, code, goOps, goOpCount } = lifted;
  const { op, a } = code;
  const lastCallee = new Int32Array(blocks).fill(-1);
  const tailCallee = new Int32Array(blocks).fill(-1);
  const returns = new Uint8Array(blocks);
  for (let b = 0, k = 0; b < blocks; b++) {
    const end = blockEnd[b]!;
    for (; k < goOpCount && goOps[k]! < end; k++) {
      const i = goOps[k]!;
      const o = op[i]!;
      const direct = a[i] !== INDIRECT;
      if (o === GoOp.Call && direct && i === end - 1) lastCallee[b] = a[i]! - imports;
      else if (o === GoOp.TailCall && direct && i === end - 1) tailCallee[b] = a[i]! - imports;
      else if (o === GoOp.Return || o === GoOp.Unwind || o === GoOp.TailCall) returns[b] = 1;
    }
  }
  return { lastCallee, tailCallee, returns };
}

/** The {@link Exit} of block `b`, a call that never returns taken into account. */
export function exitOf(
  { imports }: GoProgram,
  { code, blockStart, blockEnd, exit }: Lifted,
  neverReturns: Uint8Array,
  b: number,
): number {
  const last = blockEnd[b]! - 1;
  if (last >= blockStart[b]! && code.op[last] === GoOp.Call) {
    const callee = code.a[last]!;
    if (callee !== INDIRECT && neverReturns[callee - imports] === 1) return Exit.Leave;
  }
  return exit[b]!;
}
