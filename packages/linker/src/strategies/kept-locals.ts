/** Locals that are handed from one function to another in globals, as 64 bits whatever their type. */
import { type Locals, Op, ValType } from '@go-wasm/wasm';
import { get, type Instruction, seq, set } from '../assemble.ts';

/** Sets a global, an i64, to the value of a local of that type. */
export function keep(local: number, type: number, global: number): Instruction[] {
  return seq(get(local), asI64[type]!, [Op.GlobalSet, global]);
}

/** Sets a local of that type to the value that {@link keep} has put into a global. */
export function take(local: number, type: number, global: number): Instruction[] {
  return seq([Op.GlobalGet, global], fromI64[type]!, set(local));
}

/** The types of a function's declared locals. */
export function typesOf({ counts, types }: Locals): number[] {
  return types.flatMap((type, group) => new Array<number>(counts[group]!).fill(type));
}

const asI64: Record<number, Instruction[]> = {
  [ValType.I32]: [[Op.I64ExtendI32U]],
  [ValType.I64]: [],
  [ValType.F32]: [[Op.I32ReinterpretF32], [Op.I64ExtendI32U]],
  [ValType.F64]: [[Op.I64ReinterpretF64]],
};
const fromI64: Record<number, Instruction[]> = {
  [ValType.I32]: [[Op.I32WrapI64]],
  [ValType.I64]: [],
  [ValType.F32]: [[Op.I32WrapI64], [Op.F32ReinterpretI32]],
  [ValType.F64]: [[Op.F64ReinterpretI64]],
};
