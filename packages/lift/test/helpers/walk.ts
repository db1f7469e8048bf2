/**
 * Walks through a function, taking the same decisions in what was lifted as in the bytes it was lifted from. The walk
 * through the bytes is the obvious one: it knows blocks, branches and the value of PC_B, and nothing of Go.
 */
import { Exit } from '@go-wasm/cfg';
import { Code, decodeBody, Op } from '@go-wasm/wasm';
import { ALWAYS, GoOp, type GoProgram, type Lifted } from '../../src/index.ts';

const STEPS = 400;

/** The same decisions for each walk. */
function decisions(seed: number): (ways: number) => number {
  let state = seed >>> 0;
  return (ways) => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    return Math.floor((state / 2 ** 32) * ways);
  };
}

/** Offsets of the instructions of `f` that lifting has kept. */
function keptOffsets(lifted: Lifted, f: number): Set<number> {
  const offsets = new Set<number>();
  const { code, blockStart, blockEnd } = lifted;
  for (let b = lifted.funcBlock[f]!; b < lifted.funcBlock[f + 1]!; b++) {
    for (let i = blockStart[b]!; i < blockEnd[b]!; i++) offsets.add(code.offset[i]!);
  }
  return offsets;
}

/** For each instruction that opens a construct, its `else` (or −1) and its `end`. */
function constructs(
  code: Pick<Code, 'op'>,
  from: number,
  to: number,
): { otherwise: Map<number, number>; end: Map<number, number> } {
  const otherwise = new Map<number, number>();
  const end = new Map<number, number>();
  const open: number[] = [];
  for (let i = from; i < to; i++) {
    const op = code.op[i];
    if (op === Op.Block || op === Op.Loop || op === Op.If) open.push(i);
    else if (op === Op.Else) otherwise.set(open.at(-1)!, i);
    else if (op === Op.End && open.length > 0) end.set(open.pop()!, i);
  }
  return { otherwise, end };
}

/**
 * The offsets of the instructions that are met on the way from PC_B `pc`: of those which {@link lifted} has, or of all.
 */
export function walkRaw(program: GoProgram, lifted: Lifted, f: number, pc: number, seed: number): number[] {
  const code = new Code();
  const { start, end: bodyEnd } = program.bodies[f]!;
  decodeBody(program.module.bytes, start, bodyEnd, code);
  const { op, a, b, offset, pool } = code;
  const { otherwise, end } = constructs(code, 0, code.length);
  const kept = keptOffsets(lifted, f);
  const decide = decisions(seed);
  const met: number[] = [];
  let pcB = pc;
  const open: number[] = [];
  let i = 0;
  const branch = (depth: number): boolean => {
    if (depth >= open.length) return false; // to the end of the function
    open.length -= depth;
    const to = open.at(-1)!;
    if (op[to] === Op.Loop) i = to + 1;
    else {
      open.pop();
      i = end.get(to)! + 1;
    }
    return true;
  };
  for (let steps = 0; steps < STEPS; ) {
    if (i >= code.length) return met;
    const o = op[i]!;
    if (kept.has(offset[i]!)) {
      met.push(offset[i]!);
      steps++;
    }
    switch (o) {
      case Op.Block:
      case Op.Loop:
        open.push(i++);
        break;
      case Op.If: {
        open.push(i);
        const not = otherwise.get(i);
        if (decide(2) === 1) i++;
        else if (not !== undefined) i = not + 1;
        else i = end.get(i)!;
        break;
      }
      case Op.Else:
        i = end.get(open.at(-1)!)!;
        break;
      case Op.End:
        open.pop();
        i++;
        break;
      case Op.Br:
        if (!branch(a[i]!)) return met;
        break;
      case Op.BrIf:
        if (decide(2) === 0) i++;
        else if (!branch(a[i]!)) return met;
        break;
      case Op.BrTable: {
        const n = b[i]!;
        const isHeader = op[i - 1] === Op.LocalGet && a[i - 1] === 0;
        const way = isHeader ? Math.min(pcB, n - 1) : decide(n);
        if (!branch(pool[a[i]! + way]!)) return met;
        break;
      }
      case Op.Return:
      case Op.Unreachable:
        return met;
      case Op.LocalSet:
        if (a[i] === 0 && op[i - 1] === Op.I32Const) pcB = a[i - 1]!;
        i++;
        break;
      default:
        i++;
    }
  }
  return met;
}

/** The same walk through the lifted function. */
export function walkLifted(lifted: Lifted, f: number, pc: number, seed: number): number[] {
  const { code, blockStart, blockEnd, exit, target, otherwise: not } = lifted;
  const { op, a, b, offset } = code;
  const decide = decisions(seed);
  const met: number[] = [];
  let block = lifted.funcBlock[f]!;
  if (pc !== 0) {
    for (let e = lifted.funcEntry[f]!; e < lifted.funcEntry[f + 1]!; e++) {
      if (lifted.entryPc[e] === pc) block = lifted.entryBlock[e]!;
    }
  }
  for (let silent = 0; met.length < STEPS && silent < STEPS; ) {
    const from = blockStart[block]!;
    const to = blockEnd[block]!;
    silent = from === to ? silent + 1 : 0;
    const { otherwise, end } = constructs(code, from, to);
    const open: number[] = [];
    for (let i = from; i < to; ) {
      met.push(offset[i]!);
      if (met.length === STEPS) return met;
      const branch = (depth: number): void => {
        open.length -= depth;
        const at = open.at(-1)!;
        if (op[at] === Op.Loop) i = at + 1;
        else {
          open.pop();
          i = end.get(at)! + 1;
        }
      };
      switch (op[i]!) {
        case Op.Block:
        case Op.Loop:
          open.push(i++);
          break;
        case Op.If: {
          open.push(i);
          const other = otherwise.get(i);
          i = decide(2) === 1 ? i + 1 : other !== undefined ? other + 1 : end.get(i)!;
          break;
        }
        case Op.Else:
          i = end.get(open.at(-1)!)!;
          break;
        case Op.End:
          open.pop();
          i++;
          break;
        case Op.Br:
          branch(a[i]!);
          break;
        case Op.BrIf:
          if (decide(2) === 1) branch(a[i]!);
          else i++;
          break;
        case Op.BrTable:
          branch(code.pool[a[i]! + decide(b[i]!)]!);
          break;
        case GoOp.Call:
        case GoOp.CallNoResume:
          if (decide(2) === 1) return met;
          i++;
          break;
        case GoOp.TailCall:
        case GoOp.Return:
        case GoOp.Unwind:
        case Op.Unreachable:
          return met;
        default:
          i++;
      }
    }
    if (exit[block] === Exit.Leave) return met;
    block = exit[block] === Exit.If && decide(2) === 0 ? not[block]! : target[block]!;
  }
  return met;
}

/** PCs of a function's entries that are not return points, rising. */
export function alwaysEntries(lifted: Lifted, f: number): number[] {
  const pcs: number[] = [];
  for (let e = lifted.funcEntry[f]!; e < lifted.funcEntry[f + 1]!; e++) {
    if (lifted.entryCallee[e] === ALWAYS) pcs.push(lifted.entryPc[e]!);
  }
  return pcs.sort((x, y) => x - y);
}
