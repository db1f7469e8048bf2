/**
 * Which functions run once: `main.main`, and what a function that runs once calls in no loop and nobody else calls. They may run for
 * long all the same.
 *
 * Functions that are called by way of the table, too, may run more often: for those who ask, this is what usually is so, no more.
 */
import { Exit } from '@go-wasm/cfg';
import { GoOp, type GoProgram, INDIRECT, type Lifted } from '@go-wasm/lift';

/** By index among the defined functions: 1 if a function runs once. */
export function runsOnce({ functions, imports, names }: GoProgram, lifted: Lifted): Uint8Array {
  const { code, goOps, goOpCount, funcBlock, blockStart, blockEnd, exit, target, otherwise } = lifted;
  const calls = new Int32Array(functions);
  const calleeAt = (i: number): number => {
    const o = code.op[i]!;
    const isCall = o === GoOp.Call || o === GoOp.CallNoResume || o === GoOp.CallFlag || o === GoOp.TailCall;
    return isCall && code.a[i] !== INDIRECT ? code.a[i]! - imports : -1;
  };
  for (let k = 0; k < goOpCount; k++) {
    const callee = calleeAt(goOps[k]!);
    if (callee >= 0) calls[callee]!++;
  }
  const result = new Uint8Array(functions);
  const found: number[] = [];
  const main = names.indexOf('main.main');
  if (main >= 0) found.push(main);
  for (let f = found.pop(); f !== undefined; f = found.pop()) {
    if (result[f] === 1 || !lifted.isLifted(f)) continue;
    result[f] = 1;
    const first = funcBlock[f]!;
    const end = funcBlock[f + 1]!;
    // Blocks are in the order of the file: a loop lies between the two ends of an edge that goes up in it.
    const loopEnd = new Int32Array(end - first).fill(-1);
    const edge = (from: number, to: number): void => {
      if (to <= from) loopEnd[to - first] = Math.max(loopEnd[to - first]!, from);
    };
    for (let b = first; b < end; b++) {
      if (exit[b] !== Exit.Leave) edge(b, target[b]!);
      if (exit[b] === Exit.If) edge(b, otherwise[b]!);
    }
    for (let b = first, inLoop = -1; b < end; b++) {
      inLoop = Math.max(inLoop, loopEnd[b - first]!);
      if (b <= inLoop) continue;
      for (let i = blockStart[b]!; i < blockEnd[b]!; i++) {
        const callee = calleeAt(i);
        if (callee >= 0 && calls[callee] === 1) found.push(callee);
      }
    }
  }
  return result;
}
