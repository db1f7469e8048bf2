/**
 * What a function does with its frame on the goroutine's stack (cmd/compile/abi-internal.md, "Stack layout"; on WebAssembly all arguments and
 * results are there):
 *
 * ```
 * SP → outgoing arguments and results │ slots of the function's own │ return PC │ its own arguments and results
 *      0                     outgoing                          frame   frame + 8
 * ```
 *
 * A slot whose address is taken may be read and written by anybody: the code makes SP plus an offset without loading or storing there.
 * Where the distance to SP is not known, all slots are.
 */
import { GoOp, type GoProgram, INDIRECT, type Lifted, SP_LOCAL } from '@go-wasm/lift';
import { type FuncType, Imm, immediateKind, Op, pops, pushes } from '@go-wasm/wasm';
import { callGraph } from './call-graph.ts';

export interface FrameLayout {
  /** Bytes of the frame, its return PC not included; −1 if it is not known. */
  frame: number;
  /** Bytes of arguments and results that it takes itself; −1 if that differs from call to call. */
  own: number;
  /** The most bytes that a function which it calls directly takes. */
  outgoing: number;
  /** Offsets from SP at which it loads or stores, in rising order, outgoing ones included. */
  slots: number[];
  /** Offsets from SP whose address it takes, in rising order. */
  addressTaken: number[];
  /** Whether it makes addresses of which the distance to SP is not known. */
  unknown: boolean;
}

/** A value on the operand stack: no address of a slot and no constant. */
const NONE = Number.NaN;

/** By opcode: 1 if what comes out is no address, whatever goes in. */
const forgets = new Uint8Array(256);
for (let o: number = Op.I32Eqz; o <= Op.F64Ge; o++) forgets[o] = 1;
forgets[Op.Drop] = 1;

const EMPTY = -0x40;

export class FrameLayouts {
  readonly #program: GoProgram;
  readonly #lifted: Lifted;
  readonly #graph: ReturnType<typeof callGraph>;
  // Of each operand: SP + #sp, or the constant #constant, or neither.
  readonly #sp: number[] = [];
  readonly #constant: number[] = [];

  /** By function index: its type. */
  readonly #types: readonly number[];

  constructor(program: GoProgram, lifted: Lifted) {
    const { imports, functions } = program.module;
    this.#types = [...imports.flatMap((i) => (i.kind === 'func' ? i.type : [])), ...functions];
    this.#program = program;
    this.#lifted = lifted;
    this.#graph = callGraph(program, lifted);
  }

  /** Of a function that was lifted. */
  of(f: number): FrameLayout {
    const { frame, argumentBytes } = this.#program;
    const { start, callees } = this.#graph;
    const { funcBlock, blockStart, blockEnd } = this.#lifted;
    let outgoing = 0;
    for (let k = start[f]!; k < start[f + 1]!; k++) {
      if (callees[k]! >= 0) outgoing = Math.max(outgoing, argumentBytes[callees[k]!]!);
    }
    const slots = new Set<number>();
    const taken = new Set<number>();
    let unknown = false;
    const take = (offset: number): void => {
      if (offset === Infinity) unknown = true;
      else if (!Number.isNaN(offset)) taken.add(offset);
    };
    for (let b = funcBlock[f]!; b < funcBlock[f + 1]!; b++) {
      this.#block(blockStart[b]!, blockEnd[b]!, slots, take);
    }
    const rising = (set: Set<number>): number[] => [...set].sort((x, y) => x - y);
    return {
      frame: frame[f]!,
      own: argumentBytes[f]!,
      outgoing,
      slots: rising(slots),
      addressTaken: rising(taken),
      unknown,
    };
  }

  #block(from: number, until: number, slots: Set<number>, take: (offset: number) => void): void {
    const { op, a, b } = this.#lifted.code;
    const sp = this.#sp;
    const constant = this.#constant;
    sp.length = 0;
    constant.length = 0;
    // Of the blocks that are open: how many operands lie below, and whether it leaves one.
    const below: number[] = [];
    const push = (address: number, value = NONE): void => {
      sp.push(address);
      constant.push(value);
    };
    const pop = (): number => {
      constant.pop();
      return sp.pop() ?? NONE;
    };
    for (let i = from; i < until; i++) {
      const o = op[i]!;
      const isAccess = immediateKind[o] === Imm.memarg;
      if (o === Op.LocalGet && a[i] === SP_LOCAL) push(0);
      else if (o === Op.LocalSet && a[i] === SP_LOCAL) pop();
      else if (o === Op.I64Const || o === Op.I32Const)
        push(NONE, o === Op.I32Const ? a[i]! : b[i]! * 2 ** 32 + (a[i]! >>> 0));
      else if (o === Op.I64ExtendI32U || o === Op.I32WrapI64) continue;
      else if (o === Op.I32Add || o === Op.I64Add || o === Op.I32Sub || o === Op.I64Sub) {
        const right = constant.at(-1) ?? NONE;
        const rightSp = pop();
        const left = constant.at(-1) ?? NONE;
        const leftSp = pop();
        const minus = o === Op.I32Sub || o === Op.I64Sub;
        if (!Number.isNaN(leftSp)) push(Number.isNaN(right) ? Infinity : leftSp + (minus ? -right : right));
        else if (!Number.isNaN(rightSp)) push(Number.isNaN(left) || minus ? Infinity : rightSp + left);
        else push(NONE);
      } else if (isAccess && pops[o] === 1) {
        const address = pop();
        if (address === Infinity) take(address);
        else if (!Number.isNaN(address)) slots.add(address + (a[i]! >>> 0));
        push(NONE);
      } else if (isAccess && pops[o] === 2 && pushes[o] === 0) {
        take(pop());
        const address = pop();
        if (address === Infinity) take(address);
        else if (!Number.isNaN(address)) slots.add(address + (a[i]! >>> 0));
      } else if (o >= GoOp.Call) {
        if (a[i] === INDIRECT && o !== GoOp.Return && o !== GoOp.Unwind) pop();
        if (o === GoOp.CallFlag) push(NONE);
        if (o === GoOp.CallRaw) {
          const { params, results } = this.#program.module.types[this.#types[a[i]!]!] as FuncType;
          for (let k = params.length; k > 0; k--) take(pop());
          for (let k = results.length; k > 0; k--) push(NONE);
        }
      } else if (o === Op.If || o === Op.Block || o === Op.Loop) {
        if (o === Op.If) pop();
        below.push(sp.length, a[i] === EMPTY ? 0 : 1);
      } else if (o === Op.Else || o === Op.End) {
        while (sp.length > below.at(-2)!) take(pop());
        if (o === Op.Else) continue;
        if (below.pop() === 1) push(NONE);
        below.pop();
      } else {
        // Branches pop their condition; behind the others nothing is reached.
        for (let k = pops[o]! < 0 ? 1 : pops[o]!; k > 0; k--) {
          const address = pop();
          if (forgets[o] !== 1) take(address);
        }
        for (let k = pushes[o]!; k > 0; k--) push(NONE);
      }
    }
  }
}
