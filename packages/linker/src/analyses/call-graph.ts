/** The call graph of lifted code: who calls whom directly, and who asks the table. */
import { GoOp, type GoProgram, INDIRECT, type Lifted } from '@go-wasm/lift';

/** By index among the defined functions. */
export interface CallGraph {
  /** Function `f` calls the functions `callees[start[f] .. start[f + 1])` directly, each once, in the order of its code. */
  readonly start: Int32Array;
  /** Functions that the module defines by their index there, imports as the negative −1 − index. */
  readonly callees: Int32Array;
  /** 1 if a function makes indirect calls. */
  readonly indirect: Uint8Array;
}

export function callGraph({ functions, imports }: GoProgram, lifted: Lifted): CallGraph {
  const { code, goOps, goOpCount, funcGoOp } = lifted;
  const start = new Int32Array(functions + 1);
  const callees = new Int32Array(goOpCount);
  const indirect = new Uint8Array(functions);
  const seenBy = new Int32Array(functions + imports).fill(-1);
  let length = 0;
  for (let f = 0; f < functions; f++) {
    for (let k = funcGoOp[f]!; k < funcGoOp[f + 1]!; k++) {
      const i = goOps[k]!;
      const o = code.op[i]!;
      const callee = code.a[i]!;
      if (o === GoOp.Return || o === GoOp.Unwind) continue;
      if (callee === INDIRECT) indirect[f] = 1;
      else if (seenBy[callee] !== f) {
        seenBy[callee] = f;
        callees[length++] = callee < imports ? -1 - callee : callee - imports;
      }
    }
    start[f + 1] = length;
  }
  return { start, callees: callees.slice(0, length), indirect };
}
