/**
 * Where SP is not biased yet, as in stack checks and in functions that make no other calls, a call that never returns has to move SP.
 * One small function for each such callee does that instead:
 *
 * ```
 * i64.const PC                        i64.const PC
 * local.get $sp                       local.get $sp
 * i32.const -8                 →      call $callee.at
 * i32.add
 * call $callee
 * ```
 *
 * The goroutine's stack looks the same to the callee, and so to tracebacks.
 *
 * Assumes: the result of the call is returned or dropped right there.
 */
import { GoOp, type GoProgram, type Lifted, SP_LOCAL } from '@go-wasm/lift';
import { ByteWriter, Code, encodeBody, Op, type Pattern } from '@go-wasm/wasm';
import { BIAS, type Lowered } from '../lowered.ts';
import type { Lowering } from '../strategies/strategy.ts';

const { Call, Drop, End, I32Add, I32Const, I64Const, LocalGet, Return } = Op;

/** What stands in front of the call. */
const ARGUMENTS: Pattern = [[I64Const], [LocalGet, SP_LOCAL], [I32Const, -BIAS], [I32Add]];

export class ColdCalls {
  /** By function index of the module: the function that moves SP and calls it; 0 for none. */
  readonly #at: Int32Array;

  /** Adds the functions, for all that never return and are called: before any function is rewritten, so that their order is always the same. */
  constructor({ imports, functions, names }: GoProgram, lifted: Lifted, lowering: Lowering, never: Uint8Array) {
    this.#at = new Int32Array(imports + functions);
    const { code, goOps, goOpCount } = lifted;
    for (let k = 0; k < goOpCount; k++) {
      const callee = code.a[goOps[k]!]!;
      const f = callee - imports;
      if (code.op[goOps[k]!] !== GoOp.Call || never[f] !== 1 || !lifted.isLifted(f) || this.#at[callee] !== 0) continue;
      const index = lowering.addFunction(`${names[f]}.at`, lowering.type);
      lowering.define(index, coldCall(callee));
      this.#at[callee] = index;
    }
  }

  run({ code, start, end, graph }: Lowered): void {
    const { op, a } = code;
    let to = 0;
    // The blocks' code stands in the order of the blocks.
    for (let block = 0; block < graph!.size; block++) {
      const from = start[block]!;
      const until = end[block]!;
      start[block] = to;
      for (let i = from; i < until; i++, to++) {
        if (op[i] === Call && i + 1 < until && this.#isColdCall(code, a[i]!, op[i + 1]!, start[block]!, to)) {
          to -= 2;
          a[i] = this.#at[a[i]!]!;
        }
        if (to !== i) code.move(i, to);
      }
      end[block] = to;
    }
    code.length = to;
  }

  /** Whether what has been written up to `to`, and a call of `callee`, is such a call. */
  #isColdCall(code: Code, callee: number, next: number, from: number, to: number): boolean {
    return (
      (next === Return || next === Drop) &&
      this.#at[callee]! > 0 &&
      to - from >= ARGUMENTS.length &&
      code.matches(to - ARGUMENTS.length, ARGUMENTS)
    );
  }
}

function coldCall(callee: number): Uint8Array {
  const code = new Code(16);
  code.push(LocalGet, 0);
  code.push(LocalGet, 1);
  code.push(I32Const, -BIAS);
  code.push(I32Add);
  code.push(Call, callee);
  code.push(End);
  const writer = new ByteWriter(32);
  encodeBody({ counts: [], types: [] }, code, 0, code.length, writer);
  return writer.take();
}
