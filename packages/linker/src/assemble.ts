import { ByteWriter, Code, encodeBody, FIRST_POOLED, immediateKind, Op } from '@go-wasm/wasm';

/** An opcode and its immediates as {@link Code} holds them; pooled ones as an array of their words. */
export type Instruction = readonly [op: number, a?: number | readonly number[], b?: number];

/** Instructions one after the other; those without immediates as their opcodes. */
export function seq(...parts: (number | Instruction | readonly Instruction[])[]): Instruction[] {
  return parts.flatMap((part) => (typeof part === 'number' ? [[part]] : isOne(part) ? [part] : part));
}

function isOne(part: Instruction | readonly Instruction[]): part is Instruction {
  return typeof part[0] === 'number';
}

export const get = (local: number): Instruction => [Op.LocalGet, local];
export const set = (local: number): Instruction => [Op.LocalSet, local];
export const tee = (local: number): Instruction => [Op.LocalTee, local];
export const i32 = (value: number): Instruction => [Op.I32Const, value];
/** An i64.const, by its two halves. */
export const i64 = (low: number, high: number = low >> 31): Instruction => [Op.I64Const, low, high];
/** Adds to an i32. */
export const advance = (local: number, by: number): Instruction[] => [get(local), i32(by), [Op.I32Add], set(local)];
/** A block, loop or if without results. */
export const begin = (op: number): Instruction => [op, -0x40];

/** Makes instruction `i` of `code` this one. */
export function place(code: Code, i: number, [op, a = 0, b = 0]: Instruction): void {
  if (typeof a === 'number') code.set(i, op, a, b);
  else {
    if (immediateKind[op]! < FIRST_POOLED) throw new TypeError('the immediates of this instruction are not pooled');
    const at = code.poolLength;
    for (const word of a) code.poolPush(word);
    code.set(i, op, at, a.length);
  }
}

/** Appends instructions to `code`. */
export function append(code: Code, ...parts: (readonly Instruction[])[]): void {
  const instructions = parts.flat();
  const at = code.length;
  code.makeRoom(at, instructions.length);
  for (const [k, instruction] of instructions.entries()) place(code, at + k, instruction);
}

/** The body of a function: its locals, parameters not among them, and its instructions without the final `end`. */
export function assemble(locals: readonly number[], instructions: readonly Instruction[]): Uint8Array {
  const code = new Code(instructions.length + 1);
  append(code, instructions);
  code.push(Op.End);
  const writer = new ByteWriter();
  encodeBody({ counts: locals.map(() => 1), types: [...locals] }, code, 0, code.length, writer);
  return writer.take();
}
