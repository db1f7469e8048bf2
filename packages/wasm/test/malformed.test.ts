/** Broken input is an error with a place, never a hang, a crash or a large allocation. */
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import {
  Code,
  decodeFunction,
  decodeModule,
  encodeModule,
  GoWasmError,
  LimitError,
  MalformedError,
  printFunction,
  readNames,
  readProducers,
  Section,
  UnsupportedError,
} from '../src/index.ts';
import { assemble, texts } from './texts.ts';

const inputs = Object.entries(texts).map(([name, text]) => [name, assemble(text)] as const);
const header = [0x00, 0x61, 0x73, 0x6d, 0x01, 0x00, 0x00, 0x00];
const moduleOf = (...sections: number[][]): Uint8Array => Uint8Array.from([...header, ...sections.flat()]);
const section = (id: number, ...content: number[]): number[] => [id, content.length, ...content];

/** Everything that can be read of a module. */
function readAll(bytes: Uint8Array): void {
  const module = decodeModule(bytes);
  const code = new Code();
  for (let i = 0; i < module.bodies.length; i++) decodeFunction(module, i, code);
  readNames(module);
  readProducers(module);
  encodeModule(module);
}

function errorOf(bytes: Uint8Array): unknown {
  try {
    readAll(bytes);
  } catch (error) {
    return error;
  }
  return undefined;
}

/** No error, or one of ours that says where; an `InternalError` would be a bug. */
function expectSound(bytes: Uint8Array): void {
  const error = errorOf(bytes);
  if (error === undefined) return;
  if (!(error instanceof MalformedError || error instanceof LimitError || error instanceof UnsupportedError))
    throw error;
  const { offset } = error.where;
  if (offset === undefined || offset > bytes.length) throw new Error(`no place in ${error.format()}`);
}

test.each(inputs)('%s cut off at every byte', (_, input) => {
  for (let end = 0; end < input.length; end++) {
    // A buffer that ends there, and one that goes on.
    expectSound(input.slice(0, end));
    expectSound(input.subarray(0, end));
  }
});

test.each(inputs)('%s with every byte changed', (_, input) => {
  for (let at = 8; at < input.length; at++) {
    for (const value of [0x00, 0x01, 0x7f, 0x80, 0xff, input[at]! ^ 0x40, input[at]! + 1]) {
      const copy = input.slice();
      copy[at] = value;
      expectSound(copy);
    }
  }
});

// Fast-check prints the seed of a failure.
test('random changes in several places', () => {
  const change = fc.tuple(fc.constantFrom('set', 'insert', 'remove'), fc.nat(), fc.integer({ min: 0, max: 255 }));
  fc.assert(
    fc.property(fc.constantFrom(...inputs), fc.array(change, { minLength: 1, maxLength: 8 }), ([, input], changes) => {
      const bytes = [...input];
      for (const [kind, position, value] of changes) {
        const at = 8 + (position % Math.max(1, bytes.length - 8));
        if (kind === 'set') bytes[at] = value;
        else bytes.splice(at, kind === 'remove' ? 1 : 0, ...(kind === 'insert' ? [value] : []));
      }
      expectSound(Uint8Array.from(bytes));
    }),
    { numRuns: 3000 },
  );
});

test('random sections', () => {
  fc.assert(
    fc.property(fc.array(fc.tuple(fc.integer({ min: 0, max: 14 }), fc.uint8Array({ maxLength: 40 }))), (sections) => {
      expectSound(moduleOf(...sections.map(([id, content]) => section(id, ...content))));
    }),
    { numRuns: 3000 },
  );
});

test('what is accepted is written and read again', () => {
  fc.assert(
    fc.property(
      fc.constantFrom(...inputs),
      fc.nat(),
      fc.integer({ min: 0, max: 255 }),
      ([, input], position, value) => {
        const copy = input.slice();
        copy[8 + (position % Math.max(1, copy.length - 8))] = value;
        if (errorOf(copy) !== undefined) return;
        const output = encodeModule(decodeModule(copy));
        expect(encodeModule(decodeModule(output))).toEqual(output);
        const module = decodeModule(output);
        for (let i = 0; i < module.bodies.length; i++) expect(printFunction(module, i)).toContain('(func');
      },
    ),
    { numRuns: 2000 },
  );
});

describe('huge counts are refused before anything is allocated', () => {
  const huge = [0xff, 0xff, 0xff, 0xff, 0x0f];
  test.each(Object.values(Section).filter((id) => id !== Section.Start && id !== Section.DataCount))(
    'section %i',
    (id) => {
      const before = process.memoryUsage();
      const error = errorOf(moduleOf(section(id, ...huge)));
      expect(error).toBeInstanceOf(MalformedError);
      const after = process.memoryUsage();
      expect(after.heapUsed + after.arrayBuffers - before.heapUsed - before.arrayBuffers).toBeLessThan(16e6);
    },
  );

  test.each([
    ['parameters', moduleOf(section(Section.Type, 1, 0x60, ...huge))],
    ['fields', moduleOf(section(Section.Type, 1, 0x5f, ...huge))],
    ['types of a group', moduleOf(section(Section.Type, 1, 0x4e, ...huge))],
    ['name of an import', moduleOf(section(Section.Import, 1, ...huge))],
    ['functions of a segment', moduleOf(section(Section.Element, 1, 1, 0, ...huge))],
    ['bytes of a segment', moduleOf(section(Section.Data, 1, 1, ...huge))],
    ['size of a section', moduleOf([Section.Type, ...huge])],
    ['size of a body', moduleOf(section(Section.Function, 1, 0), section(Section.Code, 1, ...huge))],
  ])('%s', (_, bytes) => {
    expect(errorOf(bytes)).toBeInstanceOf(MalformedError);
  });

  const body = (...content: number[]): Uint8Array =>
    moduleOf(
      section(Section.Type, 1, 0x60, 0, 0),
      section(Section.Function, 1, 0),
      section(Section.Code, 1, content.length, ...content),
    );
  test.each([
    ['groups of locals', body(...huge, 0x0b)],
    ['locals', body(2, ...huge, 0x7f, ...huge, 0x7f, 0x0b)],
    ['labels of br_table', body(0, 0x0e, ...huge, 0x0b)],
    ['types of select', body(0, 0x1c, ...huge, 0x0b)],
    ['catches', body(0, 0x1f, 0x40, ...huge, 0x0b, 0x0b)],
    ['handlers', body(0, 0xe3, 0x00, ...huge, 0x0b)],
  ])('%s', (_, bytes) => {
    expect(errorOf(bytes)).toBeInstanceOf(MalformedError);
  });

  // One run of 2^32 − 1 locals is well formed; it must cost nothing.
  test('one run of locals', () => {
    expect(errorOf(body(1, ...huge, 0x7f, 0x0b))).toBeUndefined();
    expect(printFunction(decodeModule(body(1, ...huge, 0x7f, 0x0b)), 0).length).toBeLessThan(1000);
  });
});

const typeSection = section(Section.Type, 1, 0x60, 0, 0);
test.each([
  ['nothing', new Uint8Array(), 'GW1001', 0],
  ['text', Uint8Array.from('(module (func))', (c) => c.charCodeAt(0)), 'GW1020', 0],
  ['another version', Uint8Array.of(0x00, 0x61, 0x73, 0x6d, 2, 0, 0, 0), 'GW1021', 4],
  ['a component', Uint8Array.of(0x00, 0x61, 0x73, 0x6d, 0x0d, 0, 1, 0), 'GW2010', 4],
  ['an unknown section', moduleOf(section(14)), 'GW1022', 8],
  ['a section twice', moduleOf(typeSection, typeSection), 'GW1023', 14],
  ['sections out of order', moduleOf(section(Section.Memory, 1, 0, 1), typeSection), 'GW1023', 13],
  ['a section that is too long', moduleOf(section(Section.Memory, 1, 0, 1, 0)), 'GW1024', 13],
  ['a section that goes on behind the end', moduleOf([Section.Memory, 4, 1, 0, 1]), 'GW1001', 13],
  ['a function without a body', moduleOf(typeSection, section(Section.Function, 1, 0)), 'GW1025', 18],
  ['a wrong data count', moduleOf(section(Section.DataCount, 1)), 'GW1026', 11],
  ['a name that is not UTF-8', moduleOf(section(Section.Custom, 2, 0xc3, 0x28)), 'GW1005', 10],
  ['an unknown value type', moduleOf(section(Section.Type, 1, 0x60, 1, 0x7a, 0)), 'GW1003', 13],
  ['an unknown form of type', moduleOf(section(Section.Type, 1, 0x61, 0)), 'GW1003', 11],
  ['unknown limits', moduleOf(section(Section.Memory, 1, 0x10, 1)), 'GW1029', 11],
  ['a memory beyond 2^53', moduleOf(section(Section.Memory, 1, 4, ...new Array(9).fill(0xff), 1)), 'GW3001', 12],
  ['an unknown mutability', moduleOf(section(Section.Global, 1, 0x7f, 2, 0x41, 0, 0x0b)), 'GW1027', 12],
  ['a constant without end', moduleOf(section(Section.Global, 1, 0x7f, 0, 0x41, 0)), 'GW1001', 15],
  [
    'a type index beyond 2^29',
    moduleOf(section(Section.Type, 1, 0x60, 1, 0x64, 0x80, 0x80, 0x80, 0x80, 0x04, 0)),
    'GW3002',
    14,
  ],
] as const)('%s', (_, bytes, code, offset) => {
  const error = errorOf(bytes);
  expect(error).toBeInstanceOf(GoWasmError);
  expect(error).toMatchObject({ code, where: { offset } });
});

test.each([
  ['no end', [0, 0x01], 'GW1001', 2],
  ['an open block', [0, 0x02, 0x40, 0x0b], 'GW1001', 4],
  ['code behind the end', [0, 0x0b, 0x0b], 'GW1007', 2],
  ['delegate outside of try', [0, 0x18, 0, 0x0b], 'GW1008', 1],
  ['a too large alignment', [0, 0x28, 0x80, 0x01, 0, 0x0b], 'GW1010', 2],
  ['a too large memory index', [0, 0x28, 0x42, 0x80, 0x02, 0, 0x0b], 'GW3003', 2],
  ['a reserved byte', [0, 0xfe, 0x03, 0x01, 0x0b], 'GW1011', 3],
  ['unknown cast flags', [0, 0xfb, 0x18, 0x04, 0, 0x6e, 0x6e, 0x0b], 'GW1012', 3],
  ['an unknown catch', [0, 0x1f, 0x40, 1, 4, 0, 0, 0x0b, 0x0b], 'GW1013', 4],
  ['an unknown handler', [0, 0xe3, 0, 1, 2, 0, 0x0b], 'GW1014', 4],
  ['a negative type index', [0, 0x02, 0x80, 0x7f, 0x0b, 0x0b], 'GW1003', 2],
] as const)('a body with %s', (_, content, code, offset) => {
  const start = moduleOf(typeSection, section(Section.Function, 1, 0)).length + 4;
  const bytes = moduleOf(
    typeSection,
    section(Section.Function, 1, 0),
    section(Section.Code, 1, content.length, ...content),
  );
  expect(errorOf(bytes)).toMatchObject({ code, where: { offset: start + offset } });
});

test('deep nesting is no recursion', () => {
  const depth = 200_000;
  const content = new Uint8Array(1 + depth * 3 + 1);
  content.fill(0x0b);
  content[0] = 0;
  for (let i = 0; i < depth; i++) content.set([0x02, 0x40], 1 + i * 2);
  const module = decodeModule(
    moduleOf(typeSection, section(Section.Function, 1, 0), section(Section.Code, 1, 3, 0, 0x00, 0x0b)),
  );
  module.bodies = [content];
  const code = new Code();
  decodeFunction(module, 0, code);
  expect(code.length).toBe(2 * depth + 1);
});
