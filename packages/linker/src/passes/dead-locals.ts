/**
 * Go's compiler keeps values in registers, which are locals here. Most are read once, right behind where they are set: what is
 * stored can be left on the operand stack, and what nobody reads need not be set.
 *
 * ```
 * local.get $sp                       local.get $sp
 * i64.load offset=8                   local.get $sp
 * local.set $r                 →      i64.load offset=8
 * local.get $sp                       i64.store offset=16
 * local.get $r
 * i64.store offset=16
 * ```
 *
 * Which locals are read later is found for the first 32 registers by going over the blocks against the edges until nothing changes, in two words of
 * 32 bits a block. Inside of an `if` a local that is set may still be read as it was before; so nothing in there ends its life.
 *
 * Assumes no more than WebAssembly's semantics: locals are dead behind a return and at the unwind exit.
 */
import { liveness } from '@go-wasm/cfg';
import { SP_LOCAL } from '@go-wasm/lift';
import { type Code, Op, pops, pushes } from '@go-wasm/wasm';
import { type Lowered, LowOp } from '../lowered.ts';

const { Block, Drop, End, I32Store, I32WrapI64, I64Store32, If, LocalGet, LocalSet, LocalTee, Loop, Nop, Return } = Op;

/** Locals from here on are registers. */
const FIRST = SP_LOCAL + 1;

/** The bit of a local; 0 for those that are not looked at. */
function bit(local: number): number {
  const n = local - FIRST;
  return n >= 0 && n < 32 ? 1 << n : 0;
}

export class DeadLocals {
  /** By block: registers that are set in any case; that are live where it begins. */
  #sets: Int32Array = new Int32Array(256);
  #live: Int32Array = new Int32Array(256);

  run(lowered: Lowered): void {
    const { code, start, end } = lowered;
    const graph = lowered.graph!;
    const { size, succStart, succ } = graph;
    if (this.#sets.length < size) {
      this.#sets = new Int32Array(2 * size);
      this.#live = new Int32Array(2 * size);
    }
    const live = this.#live;
    let to = 0;
    // The blocks' code stands in the order of the blocks.
    for (let b = 0; b < size; b++) {
      const from = start[b]!;
      start[b] = to;
      to = this.#forward(code, b, from, end[b]!, to);
      end[b] = to;
    }
    liveness(graph, 1, live, this.#sets);
    const after = (b: number): number => {
      let result = 0;
      for (let s = succStart[b]!; s < succStart[b + 1]!; s++) result |= live[succ[s]!]!;
      return result;
    };
    let length = 0;
    for (let b = 0; b < size; b++) {
      const from = start[b]!;
      const dropped = dropDead(code, from, end[b]!, after(b));
      start[b] = length;
      length = dropped || from !== length ? withoutNops(code, from, end[b]!, length) : end[b]!;
      end[b] = length;
    }
    code.length = length;
  }

  /** Rewrites the code of a block, and notes what it reads and sets. Returns the new end. */
  #forward(code: Code, block: number, from: number, until: number, base: number): number {
    const { op, a } = code;
    let reads = 0;
    let sets = 0;
    let nested = 0;
    let to = base;
    for (let i = from; i < until; i++) {
      const o = op[i]!;
      if (o === LocalGet) reads |= bit(a[i]!) & ~sets;
      else if (o === LocalSet || o === LocalTee) {
        if (nested === 0) sets |= bit(a[i]!);
      } else if (o >= I32Store && o <= I64Store32) to = addressFirst(code, base, to);
      else if (o === If || o === Block || o === Loop) nested++;
      else if (o === End) nested--;
      if (i !== to) code.move(i, to);
      to++;
    }
    this.#live[block] = reads;
    this.#sets[block] = sets;
    return to;
  }
}

/** Has nothing set that is not read later; `live` is what is read behind the block. Returns whether there was such a thing. */
function dropDead({ op, a }: Code, from: number, until: number, live: number): boolean {
  let dropped = false;
  let nested = 0;
  for (let i = until - 1; i >= from; i--) {
    const o = op[i]!;
    if (o === LocalGet) live |= bit(a[i]!);
    else if (o === LocalSet || o === LocalTee) {
      const local = bit(a[i]!);
      if (local === 0) continue;
      if ((live & local) === 0) {
        op[i] = o === LocalSet ? Drop : Nop;
        dropped = true;
      } else if (nested === 0) live &= ~local;
    } else if (o === End) {
      if (nested++ > 0) continue;
      // In a loop what is read further up may be read again.
      for (let k = i - 1, depth = 1; depth > 0; k--) {
        if (op[k] === LocalGet) live |= bit(a[k]!);
        else if (op[k] === End) depth++;
        else if (op[k] === If || op[k] === Block || op[k] === Loop) depth--;
      }
    } else if (o === If || o === Block || o === Loop) nested--;
    else if (o === Return && nested === 0) live = 0;
  }
  return dropped;
}

/** value · set r · address · get r → address · value · tee r, where that is what the code ends with. Returns the new end. */
function addressFirst(code: Code, base: number, end: number): number {
  const { op, a, b, offset } = code;
  const wraps = op[end - 2] === I32WrapI64 ? 1 : 0;
  const address = end - 2 - wraps;
  const set = address - 1;
  const register = a[end - 1]!;
  const addressed = a[address]!;
  if (set - base < 1 || op[end - 1] !== LocalGet || op[address] !== LocalGet || op[set] !== LocalSet) return end;
  if (a[set] !== register || addressed === register) return end;
  // Where the value begins.
  let first = set;
  for (let needs = 1; needs > 0; ) {
    if (--first < base) return end;
    const o = op[first]!;
    if (o === LowOp.Sp) needs--;
    else if (o < Drop || o >= 256 || pops[o]! < 0 || o === LocalSet) return end;
    else if (o === LocalTee && a[first] === addressed) return end;
    else needs += pops[o]! - pushes[o]!;
    if (needs <= 0 && (o < 256 ? pushes[o]! : 1) === 0) return end;
  }
  const place = offset[address]!;
  for (let i = set - 1; i >= first; i--) code.move(i, i + 1 + wraps);
  op[first] = LocalGet;
  a[first] = addressed;
  b[first] = 0;
  offset[first] = place;
  if (wraps) {
    op[first + 1] = I32WrapI64;
    a[first + 1] = 0;
    b[first + 1] = 0;
    offset[first + 1] = place;
  }
  const tee = set + 1 + wraps;
  op[tee] = LocalTee;
  a[tee] = register;
  b[tee] = 0;
  offset[tee] = place;
  return tee + 1;
}

function withoutNops(code: Code, from: number, until: number, base: number): number {
  let to = base;
  for (let i = from; i < until; i++) {
    if (code.op[i] === Nop) continue;
    if (i !== to) code.move(i, to);
    to++;
  }
  return to;
}
