import { expect, test } from 'vitest';
import {
  decodeModule,
  decodeNames,
  decodeProducers,
  emptyModule,
  emptyNames,
  encodeModule,
  encodeNames,
  encodeProducers,
  MalformedError,
  type Names,
  type ProducersField,
  readNames,
  readProducers,
  writeNames,
  writeProducers,
} from '../src/index.ts';
import { assemble } from './texts.ts';

const names: Names = {
  module: 'app',
  functions: new Map([
    [0, 'main.main'],
    [7, 'type:.eq.[2]interface {}'],
    [300, 'größe'],
  ]),
  locals: new Map([[7, new Map([[1, 'SP']])]]),
  labels: new Map([[7, new Map([[0, 'loop']])]]),
  types: new Map([[0, 'T']]),
  tables: new Map([[0, 'table']]),
  memories: new Map([[0, 'memory']]),
  globals: new Map([[0, 'SP']]),
  elements: new Map([[0, 'funcs']]),
  data: new Map([[0, 'rodata']]),
  fields: new Map([[0, new Map([[2, 'next']])]]),
  tags: new Map([[0, 'yield']]),
  unknown: [{ id: 99, payload: Uint8Array.of(1, 2, 3) }],
};

test('all subsections of names', () => {
  const bytes = encodeNames(names);
  expect(decodeNames(bytes)).toEqual(names);
  for (let end = 1; end < bytes.length; end++) {
    // A cut between two subsections is no error.
    try {
      decodeNames(bytes.subarray(0, end));
    } catch (error) {
      expect(error).toBeInstanceOf(MalformedError);
    }
  }
});

test('names that another tool wrote', () => {
  const read = readNames(
    decodeModule(assemble('(module (func $f (param $x i32)) (memory $m 1) (global $g i32 (i32.const 1)))')),
  );
  // Binaryen writes no names unless it is asked to.
  expect(read).toBeUndefined();
  const unsorted = Uint8Array.of(1, 7, 2, 5, 1, 0x62, 3, 1, 0x61);
  expect(decodeNames(unsorted).functions).toEqual(
    new Map([
      [5, 'b'],
      [3, 'a'],
    ]),
  );
  expect(encodeNames(decodeNames(unsorted))).toEqual(Uint8Array.of(1, 7, 2, 3, 1, 0x61, 5, 1, 0x62));
});

test('names and producers of a module', () => {
  const module = emptyModule();
  expect(readNames(module)).toBeUndefined();
  expect(readProducers(module)).toBeUndefined();
  const producers: ProducersField[] = [
    { name: 'language', values: [{ name: 'Go', version: 'go1.26' }] },
    { name: 'processed-by', values: [{ name: 'go-wasm', version: '1' }] },
  ];
  writeNames(module, emptyNames());
  writeNames(module, names);
  writeProducers(module, producers);
  const again = decodeModule(encodeModule(module));
  expect(again.customs.map((c) => c.name)).toEqual(['name', 'producers']);
  expect(readNames(again)).toEqual(names);
  expect(readProducers(again)).toEqual(producers);
});

test('broken sections', () => {
  expect(() => decodeNames(Uint8Array.of(1, 2, 0, 0))).toThrow('longer than its content');
  expect(() => decodeNames(Uint8Array.of(1, 0xff, 0xff, 0xff, 0xff, 0x0f))).toThrow(MalformedError);
  expect(() => decodeNames(Uint8Array.of(1, 4, 1, 0, 1, 0xff))).toThrow('not UTF-8');
  const bytes = encodeProducers([{ name: 'sdk', values: [{ name: 'a', version: 'b' }] }]);
  for (let end = 0; end < bytes.length; end++) {
    expect(() => decodeProducers(bytes.subarray(0, end))).toThrow(MalformedError);
  }
  expect(() => decodeProducers(Uint8Array.of(0, 0))).toThrow('longer than its content');
});
