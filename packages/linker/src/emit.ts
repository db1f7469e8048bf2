/**
 * Structured tokens and lowered code → the bytes of a function body. The one place where labels become relative depths,
 * and where branch hints get their offsets.
 */
import { type Structured, Tok } from '@go-wasm/cfg';
import { SP_LOCAL } from '@go-wasm/lift';
import { type ByteWriter, type Code, encodeInstructions, type Locals, Op, ValType } from '@go-wasm/wasm';
import { BIAS, Hint, type Lowered, LowOp } from './lowered.ts';
import { inverse } from './passes/simplify.ts';
import type { Places } from './places.ts';

const { Block, BrIf, Call, CallIndirect, End, I32Add, I32Const, I32Eqz, If, LocalGet, LocalTee, Loop } = Op;
const EMPTY = 0x40;

/** Hints of one function: pairs of the offset in the body and 0 (unlikely) or 1 (likely). */
export type BranchHints = number[];

export interface EmitOptions {
  /** The function's own locals, parameters not among them. */
  locals: Locals;
  parameters: number;
  /** What is returned from the unwind exit. */
  unwindResult: number;
  /** If there, gets the function's branch hints. */
  hints?: BranchHints | undefined;
  /** If there, gets where calls and blocks have come from. */
  places?: Places | undefined;
}

export class Emitter {
  #depthOf: Int32Array = new Int32Array(256);

  /** Appends a body (locals and code, no size) to `writer`. */
  emit(lowered: Lowered, structured: Structured, options: EmitOptions, writer: ByteWriter): void {
    const { tokens, length, labels, usesLabelVariable } = structured;
    const { code, start, end, hint } = lowered;
    const { locals, parameters, hints, places } = options;
    if (this.#depthOf.length < labels) this.#depthOf = new Int32Array(2 * labels);
    const depthOf = this.#depthOf;
    const base = writer.length;

    // Locals.
    const { counts, types } = locals;
    let labelLocal = parameters;
    writer.u32(counts.length + (usesLabelVariable ? 1 : 0));
    for (let g = 0; g < counts.length; g++) {
      labelLocal += counts[g]!;
      writer.u32(counts[g]!);
      writer.valType(types[g]!);
    }
    if (usesLabelVariable) {
      writer.u32(1);
      writer.valType(ValType.I32);
    }

    let depth = 0; // constructs that are open
    const branch = (op: number, label: number): void => {
      writer.u8(op);
      writer.u32(depth - depthOf[label]!);
    };
    const open = (op: number): void => {
      writer.u8(op);
      writer.u8(EMPTY);
      depth++;
    };
    const note = (block: number, negated: boolean): void => {
      const h = hint[block]!;
      if (h !== Hint.None) hints?.push(writer.length - base, (h === Hint.Likely) !== negated ? 1 : 0);
    };
    const compareLabel = (value: number, op: number): void => {
      writer.u8(0x20);
      writer.u32(labelLocal);
      writer.u8(0x41);
      writer.s32(value);
      writer.u8(op);
    };
    if (lowered.unwinds) open(Block);
    for (let t = 0; t < length; ) {
      const token = tokens[t]!;
      switch (token) {
        case Tok.Block:
        case Tok.Loop:
          open(token === Tok.Block ? Block : Loop);
          depthOf[tokens[t + 1]!] = depth;
          t += 2;
          break;
        case Tok.Code: {
          const block = tokens[t + 1]!;
          t += 2;
          const next = tokens[t];
          const negated = next === Tok.IfNot || next === Tok.BrIfNot;
          this.#code(code, start[block]!, end[block]!, negated, depth, base, writer, hints, places);
          break;
        }
        case Tok.If:
        case Tok.IfNot:
          note(tokens[t + 1]!, token === Tok.IfNot);
          open(If);
          t += 2;
          break;
        case Tok.BrIf:
        case Tok.BrIfNot:
          note(tokens[t + 1]!, token === Tok.BrIfNot);
          branch(BrIf, tokens[t + 2]!);
          t += 3;
          break;
        case Tok.Else:
          writer.u8(Op.Else);
          t++;
          break;
        case Tok.End:
          writer.u8(End);
          depth--;
          t++;
          break;
        case Tok.Br:
          branch(Op.Br, tokens[t + 1]!);
          t += 2;
          break;
        case Tok.BrTable:
        case Tok.BrTableLabel: {
          if (token === Tok.BrTableLabel) {
            writer.u8(0x20);
            writer.u32(labelLocal);
            if (tokens[t + 1] !== 0) {
              writer.u8(0x41);
              writer.s32(tokens[t + 1]!);
              writer.u8(Op.I32Sub);
            }
          }
          const n = tokens[t + 2]!;
          writer.u8(Op.BrTable);
          writer.u32(n - 1);
          for (let k = 0; k < n; k++) writer.u32(depth - depthOf[tokens[t + 3 + k]!]!);
          t += 3 + n;
          break;
        }
        case Tok.Drop:
          writer.u8(Op.Drop);
          t += 2;
          break;
        case Tok.Leave:
          t += 2;
          break;
        case Tok.SetLabel:
          writer.u8(0x41);
          writer.s32(tokens[t + 1]!);
          writer.u8(0x21);
          writer.u32(labelLocal);
          t += 2;
          break;
        case Tok.IfLabel:
        case Tok.IfNotLabel:
          compareLabel(tokens[t + 1]!, token === Tok.IfLabel ? Op.I32Eq : Op.I32Ne);
          open(If);
          t += 2;
          break;
        case Tok.BrIfLabel:
        case Tok.BrIfNotLabel:
          compareLabel(tokens[t + 1]!, token === Tok.BrIfLabel ? Op.I32Eq : Op.I32Ne);
          branch(BrIf, tokens[t + 2]!);
          t += 3;
          break;
        default:
          writer.u8(Op.Unreachable);
          t++;
      }
    }
    if (lowered.unwinds) {
      writer.u8(End);
      writer.u8(Op.I32Const);
      writer.s32(options.unwindResult);
    }
    writer.u8(End);
  }

  /** The code of one block, its condition negated if asked for. */
  #code(
    code: Code,
    from: number,
    to: number,
    negated: boolean,
    depth: number,
    base: number,
    writer: ByteWriter,
    hints: BranchHints | undefined,
    places: Places | undefined,
  ): void {
    const { op, b, offset } = code;
    if (places !== undefined) {
      let first = from;
      while (first < to && offset[first] === 0) first++;
      if (first < to) places.push(writer.length - base, offset[first]!);
    }
    let nested = 0;
    let run = from;
    const stop = negated ? to - 1 : to;
    for (let i = from; i < stop; i++) {
      const o = op[i]!;
      if (o === If) {
        nested++;
        if (hints !== undefined && b[i] !== Hint.None) {
          encodeInstructions(code, run, i, writer);
          run = i;
          hints.push(writer.length - base, b[i] === Hint.Likely ? 1 : 0);
        }
      } else if (o === Block || o === Loop) nested++;
      else if (o === End) nested--;
      else if (o === LowOp.Sp || o === LowOp.TeeSp) {
        encodeInstructions(code, run, i, writer);
        run = i + 1;
        writer.u8(o === LowOp.Sp ? LocalGet : LocalTee);
        writer.u32(SP_LOCAL);
        writer.u8(I32Const);
        writer.s32(BIAS);
        writer.u8(I32Add);
      } else if (o === LowOp.UnwindIf) {
        encodeInstructions(code, run, i, writer);
        run = i + 1;
        hints?.push(writer.length - base, 0);
        writer.u8(BrIf);
        writer.u32(depth + nested - 1);
      } else if (places !== undefined && (o === Call || o === CallIndirect) && offset[i] !== 0) {
        encodeInstructions(code, run, i, writer);
        places.push(writer.length - base, offset[i]!);
        encodeInstructions(code, i, i + 1, writer);
        places.push(writer.length - base, offset[i]! + 1);
        run = i + 1;
      }
    }
    encodeInstructions(code, run, stop, writer);
    if (negated) {
      const last = op[stop]!;
      if (last === I32Eqz) return;
      if (last < 256 && inverse[last] !== 0) writer.u8(inverse[last]!);
      else {
        encodeInstructions(code, stop, to, writer);
        writer.u8(I32Eqz);
      }
    }
  }
}
