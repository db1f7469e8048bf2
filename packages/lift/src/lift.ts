/**
 * Lifts functions that follow Go's calling convention: from the loop around a jump table that Go's assembler writes
 * (cmd/internal/obj/wasm/wasmobj.go, preprocess) back to blocks with exits.
 *
 * ```
 * block                   ; unwind exit, if a call can unwind
 *   loop                  ; entry point loop, if there are jumps
 *     block … block       ; one for each resume point, and one more
 *       local.get 0       ; PC_B
 *       br_table …        ; PC_B → resume point
 *     end
 *     …                   ; a jump is: i32.const PC_B, local.set 0, br $loop, alone or in an if of its own
 *     end                 ; resume point 1
 *     …
 *   end
 *   unreachable
 * end
 * i32.const 1             ; unwound
 * ```
 *
 * Assumes a valid module. Checks what the assembler guarantees: jumps and resume points are met with an empty operand stack, and every
 * access to SP is one of few patterns. Anything else makes the function "not understood", with the reason: nothing is guessed.
 *
 * Cost: one pass over the instructions, no allocation apart from the growing arrays of {@link Lifted}.
 */
import { Exit } from '@go-wasm/cfg';
import {
  BlockType,
  Code,
  decodeBody,
  FIRST_POOLED,
  type FuncType,
  immediateKind,
  Op,
  type Pattern,
  pops,
  pushes,
} from '@go-wasm/wasm';
import { ALWAYS, Lifted } from './lifted.ts';
import { FUNC_VALUE_OFFSET, GoOp, INDIRECT, PC_B_LOCAL, SP_GLOBAL, SP_LOCAL } from './ops.ts';
import type { GoProgram } from './program.ts';

const {
  Block,
  Br,
  BrIf,
  BrTable,
  Call,
  CallIndirect,
  Else,
  End,
  GlobalGet,
  GlobalSet,
  I32Add,
  I32Const,
  I32Sub,
  I64Const,
  I64Store,
  If,
  LocalGet,
  LocalSet,
  LocalTee,
  Loop,
  Return,
  Unreachable,
} = Op;
const EMPTY = BlockType.Empty;

/** Why a function is not understood: something is on the operand stack where another block begins. */
const OPERANDS = 'operands';

/** What to lift. */
export interface LiftOptions {
  /** Why a function is to be left in jump-table form, by Go's name for it; undefined if it is not. */
  readonly keep?: ((name: string) => string | undefined) | undefined;
  /** Whether other threads can read the code that comes out. */
  readonly shared?: boolean;
}

/** Lifts every Go function of the program. */
export function liftProgram(program: GoProgram, { keep, shared }: LiftOptions = {}): Lifted {
  const { functions, codeBytes, names, isGo } = program;
  // Go needs a bit more than two bytes an instruction.
  const lifted = new Lifted(functions, codeBytes >>> 1, shared);
  const lifter = new Lifter(program, lifted);
  for (let f = 0; f < functions; f++) {
    if (isGo[f] === 1) {
      lifted.reason[f] = keep?.(names[f]!);
      if (lifted.reason[f] === undefined) lifter.lift(f);
    }
    lifted.funcBlock[f + 1] = lifted.blocks;
    lifted.funcEntry[f + 1] = lifted.entries;
    lifted.funcGoOp[f + 1] = lifted.goOpCount;
  }
  return lifted;
}

/** By opcode: 1 for instructions that lifted code has as they are. Most are, and a look here is quicker than a switch. */
const isPlain: Uint8Array = Uint8Array.from(immediateKind, (kind) => (kind < FIRST_POOLED ? 1 : 0));
for (const o of [If, Block, Loop, Else, End, Br, BrIf, BrTable, Call, CallIndirect, Return, Unreachable])
  isPlain[o] = 0;
for (const o of [LocalGet, LocalTee, GlobalGet, GlobalSet, I64Store]) isPlain[o] = 0;
for (let o = 0; o < isPlain.length; o++) if (pops[o]! < 0) isPlain[o] = 0;
/** By opcode: by how much the operand stack is higher behind it, where {@link pops} knows. */
const growth: Int8Array = pushes.map((n, o) => n - pops[o]!);

class Lifter {
  readonly #program: GoProgram;
  readonly #out: Lifted;
  readonly #source: Code = new Code(1 << 12);
  /** Resume point → block. */
  #chunkBlock: Int32Array = new Int32Array(256);
  /** By function of the module, imports first: its type. */
  readonly #types: readonly number[];

  constructor(program: GoProgram, out: Lifted) {
    this.#program = program;
    this.#out = out;
    const { imports, functions } = program.module;
    this.#types = [...imports.flatMap((i) => (i.kind === 'func' ? i.type : [])), ...functions];
  }

  /** Lifts function `f`, or leaves the output as it was and keeps the reason. */
  lift(f: number): void {
    const out = this.#out;
    const { code } = out;
    const { length, poolLength } = code;
    const { blocks, entries, goOpCount } = out;
    const reason = this.#lift(f);
    if (reason === undefined) return;
    code.length = length;
    code.poolLength = poolLength;
    out.blocks = blocks;
    out.entries = entries;
    out.goOpCount = goOpCount;
    out.locals[f] = undefined;
    out.reason[f] = reason;
  }

  #lift(f: number): string | undefined {
    const program = this.#program;
    const out = this.#out;
    const source = this.#source;
    const to = out.code;
    const { imports, isGo, goType } = program;
    const body = program.bodies[f]!;
    out.locals[f] = decodeBody(program.module.bytes, body.start, body.end, source);
    const { op, a, b, offset, pool } = source;
    const n = source.length;
    if (!(n > 2 && op[0] === GlobalGet && a[0] === SP_GLOBAL && op[1] === LocalSet && a[1] === SP_LOCAL)) {
      return 'no prologue';
    }

    // The header.
    let i = 2;
    let loops = 0;
    while (op[i] === Block || op[i] === Loop) {
      if (op[i] === Loop) loops++;
      i++;
    }
    let chunks = 1;
    let table = 0;
    let tableLength = 0;
    let open: number;
    let hasUnwind: boolean;
    let hasLoop = false;
    if (i > 2 && op[i] === LocalGet && a[i] === PC_B_LOCAL && op[i + 1] === BrTable && op[i + 2] === End) {
      table = a[i + 1]!;
      tableLength = b[i + 1]!;
      for (let k = 0; k < tableLength; k++) chunks = Math.max(chunks, pool[table + k]! + 1);
      const header = i - 2;
      hasLoop = loops === 1;
      const extra = header - chunks - loops;
      if (loops > 1 || extra < 0 || extra > 1) return 'header';
      hasUnwind = extra === 1;
      if (hasLoop && op[2 + extra] !== Loop) return 'header';
      open = header - 1;
      i += 3;
    } else {
      hasUnwind =
        op[2] === Block &&
        n > 6 &&
        op[n - 2] === I32Const &&
        a[n - 2] === 1 &&
        op[n - 3] === End &&
        op[n - 4] === Unreachable;
      open = hasUnwind ? 1 : 0;
      i = 2 + open;
    }
    const base = (hasLoop ? 1 : 0) + (hasUnwind ? 1 : 0);
    const belowLoop = hasUnwind ? 2 : 1;
    if (this.#chunkBlock.length < chunks) this.#chunkBlock = new Int32Array(2 * chunks);
    const chunkBlock = this.#chunkBlock;
    const ownLow = ((FUNC_VALUE_OFFSET + f) << 16) >>> 0;
    const ownHigh = (FUNC_VALUE_OFFSET + f) >>> 16;

    // No more comes out than goes in.
    to.reserve(to.length + n);
    const { op: toOp, a: toA, b: toB, offset: toOffset } = to;

    let chunk = 0;
    let nested = 0;
    let height = 0; // of the operand stack; behind a jump in a nested block anything
    const below: number[] = []; // what it was where each open nested block began, and will be at its end
    let dead = false; // nothing reaches this place; only at top level
    let loopOpen = hasLoop;
    let returnPc = -1;
    let pushed = 0; // where the code behind its push begins
    let pcReads = 0; // of local 0 that are no part of an indirect call
    const firstBlock = out.addBlock();
    let block = firstBlock;
    let start = to.length; // of the block: nothing before may be taken back
    chunkBlock[0] = block;

    for (; i < n; i++) {
      const o = op[i]!;
      if (dead && o !== End) {
        // Only the rest of a jump over an if, or nothing, stands behind a jump: be strict.
        if (o === Unreachable) continue;
        return 'code behind a jump';
      }
      if (isPlain[o] === 1) {
        // Most are in runs, which are copied without a call for each.
        let at = to.length;
        let plain = o;
        do {
          toOp[at] = plain;
          toA[at] = a[i]!;
          toB[at] = b[i]!;
          toOffset[at++] = offset[i]!;
          height += growth[plain]!;
          plain = op[++i]!;
        } while (isPlain[plain] === 1 || (plain === LocalGet && a[i] !== PC_B_LOCAL));
        to.length = at;
        i--;
        continue;
      }
      switch (o) {
        case If:
          if (
            nested === 0 &&
            a[i] === EMPTY &&
            op[i + 1] === I32Const &&
            op[i + 2] === LocalSet &&
            a[i + 2] === PC_B_LOCAL &&
            op[i + 3] === Br &&
            op[i + 4] === End
          ) {
            if (!loopOpen || a[i + 3] !== open - belowLoop + 1) return 'branch out of an if';
            if (--height !== 0) return OPERANDS;
            const pc = a[i + 1]! >>> 0;
            out.blockEnd[block] = to.length;
            out.exit[block] = Exit.If;
            out.target[block] = ~pool[table + Math.min(pc, tableLength - 1)]!;
            const next = out.addBlock();
            out.otherwise[block] = next;
            block = next;
            start = to.length;
            i += 4;
            break;
          }
          if (a[i]! >= 0) return 'type of a block';
          height--;
          nested++;
          below.push(height, height + (a[i] === EMPTY ? 0 : 1));
          to.push(o, a[i]!, 0, offset[i]!);
          break;
        case Block:
        case Loop:
          if (a[i]! >= 0) return 'type of a block';
          nested++;
          below.push(height, height + (a[i] === EMPTY ? 0 : 1));
          to.push(o, a[i]!, 0, offset[i]!);
          break;
        case Else:
          height = below.at(-2)!;
          to.push(o, 0, 0, offset[i]!);
          break;
        case End:
          if (nested > 0) {
            nested--;
            height = below.pop()!;
            below.pop();
            to.push(o, 0, 0, offset[i]!);
          } else if (open > base) {
            // A resume point.
            out.blockEnd[block] = to.length;
            if (!dead) {
              out.exit[block] = Exit.Goto;
              out.target[block] = ~(chunk + 1);
            }
            open--;
            chunk++;
            block = out.addBlock();
            start = to.length;
            chunkBlock[chunk] = block;
            dead = false;
            height = 0;
          } else if (loopOpen) {
            // The end of the loop; `unreachable` follows.
            loopOpen = false;
            open--;
            if (op[i + 1] !== Unreachable) return 'end of the loop';
          } else {
            if (!dead) return 'code runs into the end';
            if (hasUnwind ? !(op[i + 1] === I32Const && a[i + 1] === 1 && i + 3 === n) : i + 1 !== n) return 'end';
            i = n;
          }
          break;
        case Br:
          if (nested > 0 && a[i]! < nested) {
            to.push(o, a[i]!, 0, offset[i]!);
            break;
          }
          if (nested > 0 || !loopOpen || a[i] !== open - belowLoop) return 'branch';
          if (height !== 0) return OPERANDS;
          {
            const at = to.length - 2;
            if (at < start || to.op[at] !== I32Const || to.op[at + 1] !== LocalSet || to.a[at + 1] !== PC_B_LOCAL)
              return 'jump';
            to.length = at;
            out.blockEnd[block] = at;
            out.exit[block] = Exit.Goto;
            out.target[block] = ~pool[table + Math.min(to.a[at]! >>> 0, tableLength - 1)]!;
            dead = true;
          }
          break;
        case BrIf:
          if (a[i]! >= nested) return 'conditional branch';
          height--;
          to.push(o, a[i]!, 0, offset[i]!);
          break;
        case BrTable: {
          height--;
          const at = to.poolLength;
          for (let k = 0; k < b[i]!; k++) {
            if (pool[a[i]! + k]! >= nested) return 'jump table';
            to.poolPush(pool[a[i]! + k]!);
          }
          to.push(o, at, b[i]!, offset[i]!);
          break;
        }
        case Call:
        case CallIndirect: {
          let callee = a[i]!;
          if (o === CallIndirect) {
            const at = to.length - 3;
            if (
              callee !== goType ||
              b[i] !== 0 ||
              at < start ||
              to.op[at] !== LocalSet ||
              to.a[at] !== PC_B_LOCAL ||
              to.op[at + 1] !== I32Const ||
              to.a[at + 1] !== 0 ||
              to.op[at + 2] !== LocalGet ||
              to.a[at + 2] !== PC_B_LOCAL
            ) {
              return 'indirect call';
            }
            to.length = at;
            pcReads--;
            height--;
            callee = INDIRECT;
          } else if (callee >= imports && isGo[callee - imports] === 1) {
            const at = to.length - 1;
            if (at < start || to.op[at] !== I32Const || to.a[at] !== 0) return 'call';
            to.length = at;
          } else {
            if (!reloadsSp(source, i + 1)) return 'call of a helper';
            const { params, results } = program.module.types[this.#types[callee]!] as FuncType;
            height += results.length - params.length;
            out.pushGoOp(GoOp.CallRaw, callee, 0, offset[i]!);
            returnPc = -1;
            i += 2;
            break;
          }
          if (!reloadsSp(source, i + 1)) return 'no reload of SP behind a call';
          const place = offset[i]!;
          const next = i + 3;
          if (returnPc >= 0) {
            if (pushed - PUSH.length < start || !to.matches(pushed - PUSH.length, PUSH)) return 'return address';
            take(to, pushed - PUSH.length, pushed);
          }
          if (op[next] === BrIf && hasUnwind && a[next] === nested + open - 1) {
            if (returnPc < 0) return 'no return address';
            height--;
            out.pushGoOp(GoOp.Call, callee, returnPc, place);
            out.addEntry(returnPc, ~this.#resumePoint(table, tableLength, returnPc), callee);
            i = next;
          } else if (op[next] === If && op[next + 1] === Unreachable && op[next + 2] === End && callee !== INDIRECT) {
            if (returnPc < 0) return 'no return address';
            out.pushGoOp(GoOp.CallNoResume, callee, returnPc, place);
            height--;
            i = next + 2;
          } else if (op[next] === Return) {
            if (returnPc >= 0) return 'return address';
            out.pushGoOp(GoOp.TailCall, callee, 0, place);
            i = next;
            if (nested === 0) {
              out.blockEnd[block] = to.length;
              dead = true;
            }
          } else {
            out.pushGoOp(GoOp.CallFlag, callee, returnPc, place);
            i += 2;
          }
          returnPc = -1;
          break;
        }
        case Return: {
          const at = to.length - 1;
          if (at < start || to.op[at] !== I32Const || (to.a[at]! & ~1) !== 0) return 'return';
          to.length = at;
          if (to.a[at] === 0) {
            if (at - POP.length < start || !to.matches(at - POP.length, POP)) return 'return';
            to.length = at - POP.length;
            out.pushGoOp(GoOp.Return, 0, 0, offset[i]!);
          } else out.pushGoOp(GoOp.Unwind, 0, 0, offset[i]!);
          if (nested === 0) {
            out.blockEnd[block] = to.length;
            dead = true;
          }
          break;
        }
        case Unreachable:
          to.push(o, 0, 0, offset[i]!);
          if (nested === 0) {
            out.blockEnd[block] = to.length;
            dead = true;
          }
          break;
        case LocalGet:
          if (a[i] === PC_B_LOCAL) pcReads++;
          height++;
          to.push(o, a[i]!, 0, offset[i]!);
          break;
        case LocalTee:
          if (a[i] === SP_LOCAL && op[i + 1] === GlobalSet && a[i + 1] === SP_GLOBAL) {
            to.push(LocalSet, SP_LOCAL, 0, offset[i]!);
            height--;
            i++;
          } else to.push(o, a[i]!, 0, offset[i]!);
          break;
        case GlobalGet:
        case GlobalSet:
          if (a[i] === SP_GLOBAL) return 'access to SP';
          height += growth[o]!;
          to.push(o, a[i]!, 0, offset[i]!);
          break;
        case I64Store:
          if (
            a[i] === 0 &&
            i > 0 &&
            op[i - 1] === I64Const &&
            b[i - 1] === ownHigh &&
            (a[i - 1]! & 0xffff0000) >>> 0 === ownLow &&
            to.length - start >= PUSH.length - 1
          ) {
            returnPc = a[i - 1]! & 0xffff;
            pushed = to.length + 1;
          }
          height -= 2;
          to.push(o, a[i]!, b[i]!, offset[i]!);
          break;
        default: {
          if (pops[o]! < 0) return 'instruction';
          height += growth[o]!;
          // Immediates that are in the pool.
          const at = to.poolLength;
          for (let k = 0; k < b[i]!; k++) to.poolPush(pool[a[i]! + k]!);
          to.push(o, at, b[i]!, offset[i]!);
        }
      }
    }

    if (pcReads !== 0) return 'use of PC_B';

    // Targets were resume points until all of them had their blocks.
    for (let x = firstBlock; x < out.blocks; x++) {
      if (out.exit[x] !== Exit.Leave) out.target[x] = resolve(out.target[x]!, chunkBlock);
    }
    const firstEntry = out.funcEntry[f]!;
    for (let e = firstEntry; e < out.entries; e++) out.entryBlock[e] = resolve(out.entryBlock[e]!, chunkBlock);
    const deferReturn = program.deferReturn[f]!;
    if (deferReturn > 0) {
      out.addEntry(deferReturn, chunkBlock[this.#resumePoint(table, tableLength, deferReturn)]!, ALWAYS);
    }
    if (program.isAssembly[f] === 1) {
      // The runtime makes up PCs inside of some of them (goexit + 1, mstart): keep every entry.
      for (let pc = 1; pc < tableLength; pc++) {
        out.addEntry(pc, chunkBlock[this.#resumePoint(table, tableLength, pc)]!, ALWAYS);
      }
    }
    return undefined;
  }

  #resumePoint(table: number, tableLength: number, pc: number): number {
    return tableLength === 0 ? 0 : this.#source.pool[table + Math.min(pc, tableLength - 1)]!;
  }
}

/** What Go's assembler writes to push a return PC, and to pop it. */
const PUSH: Pattern = [
  [LocalGet, SP_LOCAL],
  [I32Const, 8],
  [I32Sub],
  [LocalSet, SP_LOCAL],
  [LocalGet, SP_LOCAL],
  [I64Const],
  [I64Store, 0],
];
const POP: Pattern = [[LocalGet, SP_LOCAL], [I32Const, 8], [I32Add], [LocalSet, SP_LOCAL]];

/** Takes instructions out of the code. */
function take(code: Code, from: number, until: number): void {
  for (let i = until; i < code.length; i++) code.move(i, from++);
  code.length = from;
}

function resolve(target: number, chunkBlock: Int32Array): number {
  return target < 0 ? chunkBlock[~target]! : target;
}

/** Whether SP is loaded from its global at `i`: what Go's assembler does behind every call. */
function reloadsSp(code: Code, i: number): boolean {
  return (
    code.op[i] === GlobalGet && code.a[i] === SP_GLOBAL && code.op[i + 1] === LocalSet && code.a[i + 1] === SP_LOCAL
  );
}
