import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { memoryImage } from '@go-wasm/lift';
import { decodeModule, emptyModule, encodeModule, importCount, type Module, Op } from '@go-wasm/wasm';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { link } from '../../src/index.ts';
import { computeBuckets } from '../../src/passes/function-index.ts';
import { available, build, program, scratchFolder } from '../helpers/go.ts';
import { strategiesFor } from '../helpers/strategies.ts';

/** The memory of a module right after it has been instantiated; its imports do nothing. */
function instantiated(bytes: Uint8Array): Uint8Array {
  const module = new WebAssembly.Module(bytes as Uint8Array<ArrayBuffer>);
  const imports: WebAssembly.Imports = {};
  for (const { module: from, name, kind } of WebAssembly.Module.imports(module)) {
    imports[from] ??= {};
    imports[from][name] = kind === 'function' ? () => 0 : kind === 'tag' ? tag : new WebAssembly.Memory({ initial: 1 });
  }
  const { exports } = new WebAssembly.Instance(module, imports);
  const { buffer } = (exports.mem ?? exports.memory) as WebAssembly.Memory;
  return new Uint8Array(buffer);
}
// Not in TypeScript's library yet.
const tag = new (WebAssembly as unknown as { Tag: new (type: object) => WebAssembly.ImportValue }).Tag({
  parameters: [],
});

/** Holds memories against each other: `toEqual` is too slow for millions of bytes. */
function same(a: Uint8Array, b: Uint8Array): boolean {
  return Buffer.compare(a, b) === 0;
}

const noPass = ['function-index'];
const folder = await scratchFolder();

test.each(available().flatMap((go) => (['js', 'wasip1'] as const).map((goos) => [go, goos] as const)))(
  'memory begins as with stock: %s, %s',
  { timeout: 240_000 },
  async (go, goos) => {
    const stock = join(folder, `${go}.${goos}.wasm`);
    await build(program('panics'), stock, { goos, ...(go && { go }) });
    const input = readFileSync(stock);
    const expected = instantiated(input);
    const before = decodeModule(input);
    for (const name of strategiesFor(go).filter((name) => name !== 'jspi' || goos === 'js')) {
      const options = { switch: name, ...(name === 'asyncify' && { target: 'node20.19' }) } as const;
      const { bytes } = await link(input, options);
      const after = decodeModule(bytes);
      expect(after.start, name).toBeDefined();
      // What is left out is nearly all: 16 segments of a function.
      expect(after.data.length, name).toBeLessThan(before.data.length - 15 * before.functions.length);
      const needsMore = name === 'jspi' || name === 'stack-switching'; // Node 20 cannot instantiate these
      if (needsMore) expect(same(imageIn(after, bytes, expected.length), expected), name).toBe(true);
      else {
        // Asyncify has its buffers behind Go's data, and changes where that ends.
        const of = name === 'asyncify' ? instantiated((await link(input, { ...options, noPass })).bytes) : expected;
        expect(same(instantiated(bytes), of), name).toBe(true);
      }
    }
  },
);

/** The memory of a module that this engine cannot instantiate: its data, and what its start function writes, run by itself. */
function imageIn(module: Module, bytes: Uint8Array, length: number): Uint8Array {
  const alone = { ...emptyModule(), bytes, memories: module.memories, data: module.data };
  const body = module.bodies[module.start! - importCount(module, 'func')]!;
  alone.types.push({ kind: 'func', params: [], results: [] });
  alone.functions.push(0);
  alone.bodies.push(body);
  alone.start = 0;
  alone.exports.push({ name: 'mem', kind: 'memory', index: 0 });
  const memory = instantiated(encodeModule(alone));
  expect(memory.length).toBe(length);
  return memory;
}

/** A module with this data. */
function moduleOf(data: { offset: number; bytes: Uint8Array }[]): Module {
  const module = emptyModule();
  module.memories.push({ min: 4, shared: false });
  module.exports.push({ name: 'mem', kind: 'memory', index: 0 });
  module.data.push(...data.map((segment) => ({ memory: 0, ...segment })));
  return module;
}

/** Memory with a table of so many regular buckets in it, and something around. */
function image(start: number, buckets: number, tail: readonly number[]): Uint8Array {
  const memory = new Uint8Array(start + buckets * 20 + 64);
  const view = new DataView(memory.buffer);
  memory.fill(7, 0, start);
  for (let b = 0; b < buckets; b++) view.setUint32(start + 20 * b, b >> 4, true);
  memory.set(tail, start + buckets * 20);
  return memory;
}

/** Segments of a memory as Go's linker cuts it: without runs of eight zeros, or of fewer. */
function segmentsOf(memory: Uint8Array, zeros: number): { offset: number; bytes: Uint8Array }[] {
  const segments: { offset: number; bytes: Uint8Array }[] = [];
  for (let at = 0; at < memory.length; ) {
    while (at < memory.length && memory[at] === 0) at++;
    let end = at;
    for (let run = 0; end + run < memory.length && run < zeros; ) {
      if (memory[end + run] === 0) run++;
      else {
        end += run + 1;
        run = 0;
      }
    }
    if (end > at) segments.push({ offset: at, bytes: memory.slice(at, end) });
    at = end + 1;
  }
  return segments;
}

test('memory is the same, wherever the table is and however its data is cut', () => {
  fc.assert(
    fc.property(
      fc.integer({ min: 0, max: 40 }).map((n) => 4 * n),
      fc.integer({ min: 0, max: 1200 }),
      fc.array(fc.integer({ min: 0, max: 255 }), { maxLength: 60 }),
      fc.constantFrom(1, 8, 40, 1 << 20),
      fc.array(fc.tuple(fc.nat(30_000), fc.uint8Array({ maxLength: 100 })), { maxLength: 3 }),
      (start, buckets, tail, zeros, written) => {
        const data = segmentsOf(image(start, buckets, tail), zeros);
        // What is written over it makes some buckets irregular, or the same data is given twice.
        for (const [offset, bytes] of written) data.push({ offset, bytes });
        const module = moduleOf(data);
        const expected = instantiated(encodeModule(module));
        computeBuckets(module, memoryImage(module), start);
        expect(same(instantiated(encodeModule(module)), expected)).toBe(true);
        if (module.start !== undefined) expect(buckets).toBeGreaterThanOrEqual(200);
        else if (written.length === 0) expect(buckets).toBeLessThan(256 + 16);
      },
    ),
    { numRuns: 400 },
  );
});

test('what is not as expected stays as it is', () => {
  const start = 64;
  const data = segmentsOf(image(start, 1000, [1, 2, 3]), 8);
  const change = (edit: (module: Module) => void, at = start): number => {
    const module = moduleOf(data);
    edit(module);
    const before = module.data.length;
    computeBuckets(module, memoryImage(module), at);
    return before - module.data.length;
  };
  expect(change(() => {})).toBeGreaterThan(900);
  expect(change(() => {}, start + 20)).toBe(0);
  expect(change(() => {}, start + 2)).toBe(0);
  expect(change(() => {}, 0)).toBe(0);
  expect(change((m) => (m.start = 0))).toBe(0);
  const somewhere = Uint8Array.of(Op.GlobalGet, 0, Op.End);
  expect(change((m) => m.data.push({ memory: 0, offset: somewhere, bytes: new Uint8Array(1) }))).toBe(0);
  expect(change((m) => m.data.push({ memory: 0, bytes: new Uint8Array(1) }))).toBe(0);
});

test('the file is smaller by what is left out', { timeout: 240_000 }, async () => {
  const stock = join(folder, 'size.wasm');
  await build(program('panics'), stock, { goos: 'js' });
  const input = readFileSync(stock);
  const [small, large] = [await link(input), await link(input, { noPass })];
  expect(decodeModule(large.bytes).start).toBeUndefined();
  expect(large.bytes.length - small.bytes.length).toBeGreaterThan(0.08 * input.length);
});
