/** Input that is broken, not Go's, or of the wrong kind: the right error, and never a crash. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import {
  decodeModule,
  encodeModule,
  GoWasmError,
  MalformedError,
  type Module,
  readProducers,
  UnsupportedError,
  ValType,
  writeProducers,
} from '@go-wasm/wasm';
import binaryen from 'binaryen';
import { beforeAll, describe, expect, test } from 'vitest';
import { build, program, scratchFolder } from '../../linker/test/helpers/go.ts';
import { liftProgram, MARK_SECTION, readProgram } from '../src/index.ts';
import { assemble, assembleModule } from './helpers/asm.ts';

const folder = await scratchFolder();
let stock: Uint8Array;
const small = assemble(
  'func main.f\n RET\nfunc main.g frame=8 morestack\n CALL main.f\n RET\nfunc runtime.morestack_noctxt asm\n RETUNWIND',
);

beforeAll(async () => {
  const out = join(folder, 'stock.wasm');
  await build(program('ends'), out, { goos: 'wasip1' });
  stock = readFileSync(out);
}, 120_000);

function errorOf(bytes: Uint8Array): GoWasmError {
  try {
    liftProgram(readProgram(bytes));
  } catch (error) {
    expect(error).toBeInstanceOf(GoWasmError);
    return error as GoWasmError;
  }
  throw new Error('there was no error');
}

/** A small sound module, changed. */
function changed(change: (module: Module) => void): Uint8Array {
  const module = assembleModule('func main.f\n RET\nfunc main.g frame=8\n CALL main.f\n RET');
  change(module);
  return encodeModule(module);
}

test.each([
  ['nothing', new Uint8Array()],
  ['text', new TextEncoder().encode('package main\n\nfunc main() {}\n')],
  ['an ELF file', new Uint8Array([0x7f, 0x45, 0x4c, 0x46, 2, 1, 1, 0, 0, 0, 0, 0])],
  ['another version of wasm', new Uint8Array([0, 0x61, 0x73, 0x6d, 2, 0, 0, 0])],
])('%s', (_, bytes) => {
  const error = errorOf(bytes);
  expect(error).toBeInstanceOf(MalformedError);
  expect(error.code).toMatch(/^GW1/);
  expect(error.where.offset).toBeGreaterThanOrEqual(0);
});

test('a component', () => {
  const error = errorOf(new Uint8Array([0, 0x61, 0x73, 0x6d, 0x0d, 0, 1, 0]));
  expect(error).toBeInstanceOf(UnsupportedError);
});

test('a small module, cut at every place', () => {
  // Without its last section, the names, it is a sound module of a stripped program.
  const names = decodeModule(small).customs.at(-1)!;
  const stripped = small.length - names.payload.length - 'name'.length - 1 - 2;
  expect(() => readProgram(small.subarray(0, stripped))).not.toThrow();
  for (let n = 0; n < small.length; n++) {
    if (n === stripped) continue;
    const error = errorOf(small.subarray(0, n));
    // Cut between sections it is a module, but not one of Go's.
    if (!(error instanceof MalformedError)) expect(error, `at ${n}`).toBeInstanceOf(UnsupportedError);
  }
});

test('a real module, cut at many places', () => {
  let malformed = 0;
  for (let k = 0; k < 200; k++) {
    const error = errorOf(stock.subarray(0, Math.floor((stock.length * k) / 200)));
    if (error instanceof MalformedError) malformed++;
    else expect(error).toBeInstanceOf(UnsupportedError);
  }
  expect(malformed).toBeGreaterThan(190);
});

test('a small module with any byte changed: an error of ours, or a result', () => {
  let errors = 0;
  for (let at = 8; at < small.length; at++) {
    for (const bits of [0x01, 0x80, 0xff]) {
      const bytes = small.slice();
      bytes[at]! ^= bits;
      try {
        liftProgram(readProgram(bytes));
      } catch (error) {
        errors++;
        if (!(error instanceof GoWasmError)) throw new Error(`byte ${at} ^ ${bits}: ${(error as Error).stack}`);
        expect(error.kind, `byte ${at} ^ ${bits}`).toMatch(/malformed|unsupported/);
      }
    }
  }
  expect(errors).toBeGreaterThan(100);
});

test('a module that another compiler wrote', () => {
  const module = binaryen.parseText('(module (memory 1) (func (export "run") (param i32) (result i32) (local.get 0)))');
  const bytes = module.emitBinary();
  module.dispose();
  expect(errorOf(bytes)).toMatchObject({ code: 'GW2101', hint: expect.stringContaining('go build') });
});

test("TinyGo's: it names itself, and has the exports of a Go program", () => {
  const other = changed((module) => {
    module.elements = [];
    module.globals = [{ type: ValType.I32, mutable: true, init: 65536 }];
    module.exports.push({ name: 'run', kind: 'func', index: 0 }, { name: 'resume', kind: 'func', index: 0 });
    writeProducers(module, [{ name: 'processed-by', values: [{ name: 'TinyGo', version: '0.39.0' }] }]);
  });
  expect(errorOf(other)).toMatchObject({ code: 'GW2101', kind: 'unsupported' });
});

test.each([
  ['go1.23.1', 'GW2102'],
  ['go1.28.0', 'GW2102'],
  ['go1.30rc1', 'GW2102'],
  ['go2.0', 'GW2102'],
  ['devel', 'GW2102'],
])('%s', (version, code) => {
  const error = errorOf(assemble('func main.f\n RET', { goVersion: version }));
  expect(error).toMatchObject({ code, kind: 'unsupported', hint: expect.stringContaining('GOTOOLCHAIN') });
  expect(error.message).toContain(version);
  expect(error.message).toContain('1.24 to 1.27');
});

test('releases, candidates and builds with experiments of the supported ones', () => {
  for (const goVersion of ['go1.24', 'go1.25.9', 'go1.26rc2', 'go1.27.3 X:nojsonv2', 'go1.27-devel_1234']) {
    expect(readProgram(assemble('func main.f\n RET', { goVersion })).goVersion).toBe(goVersion);
  }
});

test('a real module with the version of another release', () => {
  const module = decodeModule(stock);
  const fields = readProducers(module)!.map((field) => ({
    ...field,
    values: field.values.map((value) => ({ ...value, version: value.version.replace(/go1\.\d+/, 'go1.23') })),
  }));
  writeProducers(module, fields);
  expect(errorOf(encodeModule(module))).toMatchObject({ code: 'GW2102' });
});

test('already processed', () => {
  const bytes = changed((module) => {
    module.customs.push({ name: MARK_SECTION, payload: new Uint8Array(), after: 0 });
  });
  expect(errorOf(bytes)).toMatchObject({
    code: 'GW2103',
    kind: 'unsupported',
    hint: expect.stringContaining('go build'),
  });
});

describe('changed by another tool', () => {
  const isChanged = {
    code: 'GW2104',
    kind: 'unsupported',
    hint: expect.stringContaining('not changed by another tool'),
  };

  test.each<[string, (module: Module) => void]>([
    ['the order of the table', (m) => m.elements[0]!.functions!.reverse()],
    ['the place of the table', (m) => Object.assign(m.elements[0]!, { offset: 1 })],
    ['a second table', (m) => m.tables.push(m.tables[0]!)],
    ['no memory', (m) => Object.assign(m, { memories: [], exports: [], data: [] })],
    ['another global', (m) => m.globals.push(m.globals[0]!)],
    ['a constant global', (m) => Object.assign(m.globals[0]!, { mutable: false })],
    ['another first type', (m) => m.types.unshift({ kind: 'func', params: [], results: [] })],
    ['no data', (m) => m.data.splice(0)],
    ['a function without prologue', (m) => m.bodies.splice(1, 1, new Uint8Array([0, 0x41, 0, 0x0f, 0x0b]))],
  ])('%s', (_, change) => {
    const bytes = changed(change);
    expect(errorOf(bytes)).toMatchObject(isChanged);
  });

  test.each([['simplify-locals'], ['coalesce-locals'], ['dce', 'vacuum', 'simplify-locals']])(
    'Binaryen: %s',
    { timeout: 120_000 },
    (...passes) => {
      const module = binaryen.readBinary(stock);
      module.runPasses(passes);
      const bytes = module.emitBinary();
      module.dispose();
      expect(errorOf(bytes)).toMatchObject(isChanged);
    },
  );
});

test('a data segment outside of the memory', () => {
  const bytes = changed((module) => Object.assign(module.memories[0]!, { min: 0 }));
  expect(errorOf(bytes)).toMatchObject({ code: 'GW1101', kind: 'malformed' });
});
