/**
 * Rewrites short sequences of instructions into shorter ones that do the same: the arithmetic on 64-bit addresses that
 * the Go compiler needs for 32-bit memory, conditions turned to and fro, and SP counted up in steps.
 *
 * One pass over the code of each block, in place; every rule looks back at what has just been written.
 *
 * Assumes, beside the semantics of WebAssembly:
 * - SP plus an offset into the frame does not wrap around at 2^32: the goroutine's stack is in memory;
 * - an 8-byte word of which only the lower half is wanted lies in memory as a whole (Go's values are aligned);
 * - locals are dead behind a return.
 */
import { Exit } from '@go-wasm/cfg';
import { SP_LOCAL } from '@go-wasm/lift';
import { type Code, Imm, immediateKind, Op, pops, pushes } from '@go-wasm/wasm';
import { BIAS, type Lowered, LowOp } from '../lowered.ts';

const {
  I32Add,
  I32Const,
  I32Eqz,
  I32Load,
  I32Load16S,
  I32Load16U,
  I32Load8S,
  I32Load8U,
  I32Store,
  I32Store16,
  I32Store8,
  I32Sub,
  I32WrapI64,
  I64Add,
  I64Const,
  I64Eqz,
  I64ExtendI32U,
  I64Load,
  I64Load16S,
  I64Load16U,
  I64Load32S,
  I64Load32U,
  I64Load8S,
  I64Load8U,
  I64Store16,
  I64Store32,
  I64Store8,
  If,
  LocalGet,
  LocalSet,
  LocalTee,
  Nop,
  Return,
} = Op;

/** A 64-bit load of which only the lower half is wanted → the load of that half. */
const narrowLoad = new Uint16Array(256);
narrowLoad[I64Load] = I32Load;
narrowLoad[I64Load32U] = I32Load;
narrowLoad[I64Load32S] = I32Load;
narrowLoad[I64Load16U] = I32Load16U;
narrowLoad[I64Load16S] = I32Load16S;
narrowLoad[I64Load8U] = I32Load8U;
narrowLoad[I64Load8S] = I32Load8S;

/** A store of part of a 64-bit value → the store of the same part of a 32-bit value. */
const narrowStore = new Uint16Array(256);
narrowStore[I64Store32] = I32Store;
narrowStore[I64Store16] = I32Store16;
narrowStore[I64Store8] = I32Store8;

/** A comparison → the one that is true where it is false; 0 where there is none (NaN makes < and ≥ both false). */
export const inverse: Uint16Array = new Uint16Array(256);
for (const [x, y] of [
  [Op.I32Eq, Op.I32Ne],
  [Op.I32LtS, Op.I32GeS],
  [Op.I32LtU, Op.I32GeU],
  [Op.I32GtS, Op.I32LeS],
  [Op.I32GtU, Op.I32LeU],
  [Op.I64Eq, Op.I64Ne],
  [Op.I64LtS, Op.I64GeS],
  [Op.I64LtU, Op.I64GeU],
  [Op.I64GtS, Op.I64LeS],
  [Op.I64GtU, Op.I64LeU],
  [Op.F32Eq, Op.F32Ne],
  [Op.F64Eq, Op.F64Ne],
] as const) {
  inverse[x] = y;
  inverse[y] = x;
}

const MAX_OFFSET = 0x7fffffff;

export class Simplifier {
  /** Where the instruction stands that has made each operand; −1 where that is not known. */
  #operands: Int32Array = new Int32Array(256);

  /** Simplifies all blocks of a function. */
  run(lowered: Lowered): void {
    const { code, start, end } = lowered;
    const graph = lowered.graph!;
    let to = 0;
    // The blocks' code stands in the order of the blocks.
    for (let b = 0; b < graph.size; b++) {
      const from = start[b]!;
      start[b] = to;
      to = this.#block(code, from, end[b]!, to);
      if (graph.kind[b] === Exit.If) while (to - start[b]! >= 3 && isDoubleNegation(code, to)) to -= 2;
      end[b] = to;
    }
    code.length = to;
  }

  #block(code: Code, from: number, until: number, base: number): number {
    const { op, a, b, offset } = code;
    if (this.#operands.length < until - from + 8) this.#operands = new Int32Array(2 * (until - from + 8));
    const operands = this.#operands;
    let height = 0; // of the operands that are known
    let to = base;
    for (let i = from; i < until; i++) {
      const o = op[i]!;
      const last = to - 1;
      const lastOp = to > base ? op[last]! : Nop;
      switch (o) {
        case Nop:
          continue;
        case LowOp.Sp:
          if (lastOp === LocalSet && a[last] === SP_LOCAL) {
            op[last] = LowOp.TeeSp;
            operands[height++] = last;
            continue;
          }
          break;
        case LocalGet:
          if (lastOp === LocalSet && a[last] === a[i]) {
            op[last] = LocalTee;
            operands[height++] = last;
            continue;
          }
          break;
        case I32WrapI64:
          if (lastOp === I64ExtendI32U) {
            to = last;
          } else if (lastOp === I64Const) {
            op[last] = I32Const;
            b[last] = 0;
          } else if (lastOp < 256 && narrowLoad[lastOp] !== 0) {
            op[last] = narrowLoad[lastOp]!;
            b[last] = Math.min(b[last]! & 0xff, 2) | (b[last]! & ~0xff);
          } else if (
            lastOp === I64Add &&
            to - base >= 4 &&
            op[last - 1] === I64Const &&
            op[last - 2] === I64ExtendI32U
          ) {
            op[last - 2] = I32Const;
            a[last - 2] = a[last - 1]!;
            b[last - 2] = 0;
            op[last - 1] = I32Add;
            to = foldAdd(code, base, last);
          } else break;
          if (height > 0) operands[height - 1] = to - 1;
          continue;
        case I64Add:
          // The address of a slot.
          if (
            lastOp === I64Const &&
            to - base >= 3 &&
            op[last - 1] === I64ExtendI32U &&
            op[last - 2]! >= LowOp.Sp &&
            b[last] === 0 &&
            a[last]! >= 0 &&
            a[last]! <= MAX_OFFSET - BIAS
          ) {
            unbias(code, last - 2);
            a[last]! += BIAS;
          }
          break;
        case I64Eqz:
          if (lastOp === I64ExtendI32U) {
            to = negate(code, base, last);
            if (height > 0) operands[height - 1] = to - 1;
            continue;
          }
          // Whether a narrow load is zero can be seen in 32 bits.
          if (lastOp !== I64Load && lastOp < 256 && narrowLoad[lastOp] !== 0) {
            op[last] = narrowLoad[lastOp]!;
            to = negate(code, base, to);
            if (height > 0) operands[height - 1] = to - 1;
            continue;
          }
          break;
        case I32Eqz:
          to = negate(code, base, to);
          if (height > 0) operands[height - 1] = to - 1;
          continue;
        case I32Sub:
          if (lastOp === I32Const) {
            a[last] = -a[last]! | 0;
            op[to] = I32Add;
            a[to] = 0;
            b[to] = 0;
            offset[to] = offset[i]!;
            to = foldAdd(code, base, to + 1);
            height = Math.max(height - 2, 0);
            operands[height++] = to - 1;
            continue;
          }
          break;
        case I32Add:
          if (lastOp === I32Const) {
            op[to] = I32Add;
            a[to] = 0;
            b[to] = 0;
            offset[to] = offset[i]!;
            to = foldAdd(code, base, to + 1);
            height = Math.max(height - 2, 0);
            operands[height++] = to - 1;
            continue;
          }
          break;
        case If:
          while (to - base >= 3 && isDoubleNegation(code, to)) to -= 2;
          break;
        case Return:
          to = foldReturn(code, base, to);
          break;
      }

      // Memory accesses: an address SP + c becomes SP, with c in the offset.
      const kind = immediateKind[o];
      if (kind === Imm.memarg && o <= I64Store32) {
        const isStore = o >= I32Store;
        let opcode = o;
        if (isStore && lastOp === I64ExtendI32U && narrowStore[o] !== 0) {
          opcode = narrowStore[o]!;
          to = last;
        }
        let displacement = a[i]!;
        const at = isStore ? (height >= 2 ? operands[height - 2]! : -1) : to - 1;
        if (at >= base && op[at]! >= LowOp.Sp) {
          if (displacement >= 0 && displacement <= MAX_OFFSET - BIAS && b[i]! >= 0) {
            displacement += BIAS;
            unbias(code, at);
          }
        } else if (
          at - base >= 2 &&
          op[at] === I32Add &&
          op[at - 1] === I32Const &&
          (op[at - 2] === LocalGet || op[at - 2] === LocalTee) &&
          a[at - 2] === SP_LOCAL
        ) {
          const c = a[at - 1]!;
          if (c >= 0 && displacement >= 0 && c + displacement <= MAX_OFFSET && b[i]! >= 0) {
            displacement += c;
            op.copyWithin(at - 1, at + 1, to);
            a.copyWithin(at - 1, at + 1, to);
            b.copyWithin(at - 1, at + 1, to);
            offset.copyWithin(at - 1, at + 1, to);
            to -= 2;
          }
        }
        op[to] = opcode;
        a[to] = displacement;
        b[to] = b[i]!;
        offset[to] = offset[i]!;
        height = Math.max(height - (isStore ? 2 : 1), 0);
        if (!isStore) operands[height++] = to;
        to++;
        continue;
      }

      op[to] = o;
      a[to] = a[i]!;
      b[to] = b[i]!;
      offset[to] = offset[i]!;
      // Behind control instructions and calls (up to 0x19) nothing is known of the operands.
      if (o >= LowOp.Sp) {
        if (o === LowOp.TeeSp && height > 0) height--;
        operands[height++] = to;
      } else {
        const popped = o < 0x1a || o >= 256 ? (o === LowOp.UnwindIf ? 1 : -1) : pops[o]!;
        if (popped < 0) height = 0;
        else {
          height = Math.max(height - popped, 0);
          for (let k = o < 256 ? pushes[o]! : 0; k > 0; k--) operands[height++] = to;
        }
      }
      to++;
    }
    return to;
  }
}

/** Appends i32.eqz, or turns around the comparison in front of it. Returns the new end. */
function negate(code: Code, base: number, end: number): number {
  const { op, a, b, offset } = code;
  const last = end - 1;
  if (last >= base) {
    const o = op[last]!;
    if (o < 256 && inverse[o] !== 0) {
      op[last] = inverse[o]!;
      return end;
    }
  }
  op[end] = I32Eqz;
  a[end] = 0;
  b[end] = 0;
  offset[end] = last >= base ? offset[last]! : 0;
  return end + 1;
}

/** x eqz eqz eqz → x eqz, and, for a condition, x eqz eqz → x: whether the last two instructions can go. */
function isDoubleNegation(code: Code, end: number): boolean {
  return code.op[end - 1] === I32Eqz && code.op[end - 2] === I32Eqz;
}

/** Has instruction `i`, which pushes SP, push SP − {@link BIAS} instead. */
function unbias({ op, a, b }: Code, i: number): void {
  op[i] = op[i] === LowOp.Sp ? LocalGet : LocalTee;
  a[i] = SP_LOCAL;
  b[i] = 0;
}

/** x + c + d → x + (c + d), where the last instruction is the second addition. Returns the new end. */
function foldAdd(code: Code, base: number, end: number): number {
  const { op, a } = code;
  if (end - base >= 3 && op[end - 3]! >= LowOp.Sp) {
    unbias(code, end - 3);
    a[end - 2]! += BIAS;
    return end;
  }
  if (end - base >= 5 && op[end - 3] === I32Add && op[end - 4] === I32Const) {
    a[end - 4] = (a[end - 4]! + a[end - 2]!) | 0;
    return end - 2;
  }
  return end;
}

/** In front of a return no local need be set: SP := SP + c; return SP + d → return SP + (c + d). Returns the new end. */
function foldReturn(code: Code, base: number, end: number): number {
  const { op, a, b, offset } = code;
  let to = end;
  if (to - base >= 2 && op[to - 1] === LowOp.TeeSp) {
    op[to - 1] = I32Const;
    a[to - 1] = BIAS;
    b[to - 1] = 0;
    op[to] = I32Add;
    a[to] = 0;
    b[to] = 0;
    offset[to] = offset[to - 1]!;
    return foldAdd(code, base, to + 1);
  }
  if (to - base >= 2 && op[to - 1] === LocalTee) to--;
  if (to - base >= 4 && op[to - 1] === I32Add && op[to - 2] === I32Const && op[to - 3] === LocalTee) {
    for (let i = to - 3; i < to - 1; i++) {
      op[i] = op[i + 1]!;
      a[i] = a[i + 1]!;
      b[i] = b[i + 1]!;
      offset[i] = offset[i + 1]!;
    }
    to = foldAdd(code, base, to - 1);
  }
  return to;
}
