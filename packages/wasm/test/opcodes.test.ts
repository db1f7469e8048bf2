import { describe, expect, test } from 'vitest';
import {
  ByteWriter,
  Code,
  emptyModule,
  encodeBody,
  encodeModule,
  FIRST_POOLED,
  heapTypeOf,
  Imm,
  immediateKind,
  isNullable,
  isRefType,
  naturalAlignment,
  Op,
  opcodes,
  opName,
  pops,
  pushes,
  refType,
  ValType,
} from '../src/index.ts';
import { disassemble } from './texts.ts';

/** A module with one function: `op` with operands from parameters of these types, its results dropped. */
function moduleAround(id: number, operands: readonly number[], align: number): Uint8Array {
  const module = emptyModule();
  module.types.push({ kind: 'func', params: [...operands], results: [] });
  module.functions.push(0);
  module.memories.push({ min: 1, max: 1, shared: true });
  const code = new Code();
  operands.forEach((_, i) => {
    code.push(Op.LocalGet, i);
  });
  for (let i = 0; i < 4; i++) code.poolPush(0);
  const kind = immediateKind[id]!;
  const isMemory = kind === Imm.memarg || kind === Imm.memargLane;
  code.push(id, 0, kind >= FIRST_POOLED ? 4 : isMemory ? align : 0);
  for (let n = pushes[id]!; n > 0; n--) code.push(Op.Drop);
  code.push(Op.End);
  const writer = new ByteWriter();
  encodeBody({ counts: [], types: [] }, code, 0, code.length, writer);
  module.bodies.push(writer.take());
  return encodeModule(module);
}

/** All lists of `n` number types. */
function* operandTypes(n: number): Generator<number[]> {
  if (n === 0) yield [];
  else {
    for (const rest of operandTypes(n - 1)) {
      for (const type of [ValType.I32, ValType.I64, ValType.F32, ValType.F64, ValType.V128]) yield [...rest, type];
    }
  }
}

const isNumeric = (id: number): boolean =>
  (id >= Op.I32Load && id <= Op.I64Extend32S) ||
  (id >= 0x400 && id !== Op.MemoryInit && !/^(table|data|elem)\./.test(opName(id)));

/** Not in the engine of Node 20. */
const isTooNew = (id: number): boolean => (id >= Op.I64Add128 && id <= Op.I64MulWideU) || (id >= 0x700 && id < 0x800);

describe('the engine knows each numeric opcode, with its stack effect and alignment', () => {
  const numeric = opcodes.filter(isNumeric);
  test.each(numeric.filter((id) => !isTooNew(id)).map((id) => [opName(id), id] as const))('%s', (name, id) => {
    const align = naturalAlignment[id]!;
    const valid = (bytes: Uint8Array): boolean => WebAssembly.validate(bytes as BufferSource);
    const operands = [...operandTypes(pops[id]!)].filter((types) => valid(moduleAround(id, types, align)));
    expect(operands.length).toBe(1);
    expect(disassemble(moduleAround(id, operands[0]!, align))).toContain(`(${name}`);
    if (immediateKind[id] === Imm.memarg || immediateKind[id] === Imm.memargLane) {
      expect(valid(moduleAround(id, operands[0]!, align + 1))).toBe(false);
    }
  });

  test.each(numeric.filter(isTooNew).map((id) => [opName(id), id] as const))('%s', (name, id) => {
    const type = id < 0x500 ? ValType.I64 : ValType.V128;
    expect(disassemble(moduleAround(id, new Array(pops[id]!).fill(type), 0))).toContain(`(${name}`);
  });
});

test('reference types are one number', () => {
  expect(refType(ValType.FuncRef, true)).toBe(ValType.FuncRef);
  expect(refType(ValType.FuncRef, false)).not.toBe(ValType.FuncRef);
  for (const heap of [0, 1, 1_000_000, ValType.FuncRef, ValType.NullContRef]) {
    for (const nullable of [true, false]) {
      const type = refType(heap, nullable);
      expect([heapTypeOf(type), isNullable(type), isRefType(type), type < 0]).toEqual([heap, nullable, true, true]);
    }
  }
  for (const type of [ValType.I32, ValType.V128, ValType.I16]) expect(isRefType(type)).toBe(false);
});
