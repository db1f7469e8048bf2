import { describe, expect, test } from 'vitest';
import {
  ByteWriter,
  Code,
  decodeBody,
  decodeModule,
  emptyModule,
  encodeBody,
  encodeModule,
  importCount,
  Op,
  Section,
  ValType,
} from '../src/index.ts';
import { recode } from './recode.ts';
import { assemble, disassemble, texts } from './texts.ts';

const bytesOf = (text: string): Uint8Array => Uint8Array.from(text, (c) => c.charCodeAt(0));
const header = [0x00, 0x61, 0x73, 0x6d, 0x01, 0x00, 0x00, 0x00];
const moduleOf = (...sections: number[][]): Uint8Array => Uint8Array.from([...header, ...sections.flat()]);

describe('round trip', () => {
  test.each(Object.entries(texts))('%s', (_, text) => {
    const input = assemble(text);
    const module = decodeModule(input);
    recode(module);
    const output = encodeModule(module);
    // Binaryen reads the same from both.
    expect(disassemble(output)).toBe(disassemble(input));
    expect(disassemble(output)).not.toBe('invalid');
    // What we write is a fixed point.
    const again = decodeModule(output);
    recode(again);
    expect(encodeModule(again)).toEqual(output);
  });

  test('a module without changes is copied', () => {
    const input = assemble(texts.gc!);
    expect(encodeModule(decodeModule(input))).toEqual(input);
  });
});

describe('decoded form', () => {
  test('of the basics', () => {
    const module = decodeModule(assemble(texts.mvp!));
    expect(module.types).toContainEqual({ kind: 'func', params: [ValType.I32, ValType.I64], results: [ValType.F64] });
    expect(module.imports).toMatchObject([
      { module: 'env', name: 'base', kind: 'global', type: ValType.I32, mutable: false },
      { module: 'env', name: 'log', kind: 'func' },
    ]);
    expect(importCount(module, 'func')).toBe(1);
    expect(module.memories).toEqual([{ min: 1, max: 17 }]);
    expect(module.tables).toEqual([{ element: ValType.FuncRef, min: 4, max: 9 }]);
    expect(module.globals.map((g) => [g.type, g.mutable])).toEqual([
      [ValType.I64, true],
      [ValType.F64, false],
      [ValType.F32, false],
    ]);
    expect(module.exports).toContainEqual({ name: 'memory', kind: 'memory', index: 0 });
    expect(module.start).toBe(1);
    // A number where the offset is an i32.const.
    expect(module.elements).toEqual([{ table: 0, offset: 1, functions: [2, 0] }]);
    expect(module.data).toMatchObject([{ memory: 0, offset: 16 }, { offset: Uint8Array.of(Op.GlobalGet, 0, Op.End) }]);
  });

  test('of recursion groups and subtypes', () => {
    const { types } = decodeModule(assemble(texts.gc!));
    const first = types.findIndex((type) => type.recGroup === 4);
    expect(types[first]).toMatchObject({
      kind: 'struct',
      sub: { final: false, supers: [] },
      fields: [{ mutable: true }, { type: ValType.I8, mutable: false }, { type: ValType.I64, mutable: true }],
    });
    expect(types[first + 1]).toMatchObject({ kind: 'struct', sub: { final: true, supers: [first] } });
    expect(types[first + 2]).toEqual({ kind: 'array', element: { type: ValType.I8, mutable: true } });
  });

  test('of limits beyond 32 bits, shared memories and page sizes', () => {
    const module = emptyModule();
    module.memories = [
      { min: 1, max: 2 ** 48, is64: true },
      { min: 0, max: 5, shared: true },
      { min: 7, pageSizeLog2: 0 },
    ];
    expect(decodeModule(encodeModule(module)).memories).toEqual(module.memories);
  });

  test('bodies and offsets point into the input', () => {
    const input = assemble(texts.mvp!);
    const module = decodeModule(input);
    const body = module.bodies[0]!;
    if (body instanceof Uint8Array) throw new Error('not a range');
    const code = new Code();
    decodeBody(input, body.start, body.end, code);
    for (let i = 0; i < code.length; i++) expect(input[code.offset[i]!]).toBe(code.op[i]);
  });

  test('custom sections keep their place', () => {
    const custom = (name: string): number[] => [0, 2 + name.length, name.length, ...bytesOf(name), 42];
    const input = moduleOf(custom('a'), [Section.Type, 4, 1, 0x60, 0, 0], custom('b'), custom('c'), [
      Section.Memory,
      3,
      1,
      0,
      1,
    ]);
    const withEnd = Uint8Array.from([...input, ...custom('d')]);
    const module = decodeModule(withEnd);
    expect(module.customs.map((c) => [c.name, [...c.payload], c.after])).toEqual([
      ['a', [42], 0],
      ['b', [42], Section.Type],
      ['c', [42], Section.Type],
      ['d', [42], Section.Memory],
    ]);
    expect(encodeModule(module)).toEqual(withEnd);
    // Also when the section in front of them is gone.
    module.types = [];
    module.memories = [];
    expect(decodeModule(encodeModule(module)).customs.map((c) => c.name)).toEqual(['a', 'b', 'c', 'd']);
  });

  test('padded sizes become short', () => {
    const padded = moduleOf([Section.Type, 0x84, 0x80, 0x80, 0x80, 0x00, 1, 0x60, 0, 0]);
    expect(encodeModule(decodeModule(padded))).toEqual(moduleOf([Section.Type, 4, 1, 0x60, 0, 0]));
  });
});

test('a module made from nothing runs', async () => {
  const module = emptyModule();
  module.types.push({ kind: 'func', params: [ValType.I32], results: [ValType.I32] });
  module.functions.push(0);
  module.exports.push({ name: 'double', kind: 'func', index: 0 });
  const code = new Code();
  code.push(Op.LocalGet, 0);
  code.push(Op.LocalTee, 1);
  code.push(Op.LocalGet, 1);
  code.push(Op.I32Add);
  code.push(Op.End);
  const writer = new ByteWriter();
  encodeBody({ counts: [1], types: [ValType.I32] }, code, 0, code.length, writer);
  module.bodies.push(writer.take());
  const { instance } = await WebAssembly.instantiate(encodeModule(module) as BufferSource);
  expect((instance.exports.double as (x: number) => number)(21)).toBe(42);
});
