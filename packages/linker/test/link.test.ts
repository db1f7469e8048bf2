/** What {@link link} leaves as it is, what it adds, and what it does with input that it does not understand. */
import { execFileSync } from 'node:child_process';
import { readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { MARK_SECTION, readProgram } from '@go-wasm/lift';
import {
  ByteWriter,
  bytesOf,
  Code,
  decodeFunction,
  decodeModule,
  encodeBody,
  encodeModule,
  type Module,
  Op,
  Reader,
  readNames,
  UnsupportedError,
  ValType,
} from '@go-wasm/wasm';
import binaryen from 'binaryen';
import { beforeAll, describe, expect, test } from 'vitest';
import { ofToday } from '../../cfg/test/support/effort.ts';
import { assemble } from '../../lift/test/helpers/asm.ts';
import { type LinkOptions, link, optionalPasses } from '../src/index.ts';
import { doesNothing } from '../src/passes/inlining-budget.ts';
import { pipeline } from '../src/pipeline.ts';
import { build, type Goos, program, run, scratchFolder } from './helpers/go.ts';

const folder = await scratchFolder();
const inputs = {} as Record<Goos, Uint8Array>;
const outputs = {} as Record<Goos, Uint8Array>;
const both = ['js', 'wasip1'] as const;

beforeAll(async () => {
  for (const goos of both) {
    const file = join(folder, `${goos}.wasm`);
    await build(program('panics'), file, { goos });
    inputs[goos] = readFileSync(file);
    outputs[goos] = (await link(inputs[goos], { verify: true })).bytes;
  }
}, 120_000);

/** The index of the first i32 global that was added; in front of it are those by which loops are entered. */
function firstNewI32(before: Module, after: Module): number {
  const known = before.globals.length;
  return after.globals.findIndex(({ type }, index) => index >= known && type === ValType.I32);
}

test.each(both)('%s: imports, exports, memory, data, globals and the names stay', async (goos) => {
  const before = decodeModule(inputs[goos]);
  // By that pass it is the start function that gives some of the data: see its own tests.
  const after = decodeModule((await link(inputs[goos], { noPass: ['function-index'] })).bytes);
  for (const part of ['imports', 'memories', 'tables', 'start', 'dataCount'] as const) {
    expect(after[part], part).toEqual(before[part]);
  }
  // By the first one a host has callbacks run on goroutines of their own.
  const added = [
    { name: 'go-wasm:spawn', kind: 'global', index: firstNewI32(before, after) },
    { name: 'go-wasm:goroutines', kind: 'func', index: expect.any(Number) },
  ];
  expect(after.exports).toEqual(goos === 'js' ? [...before.exports, ...added] : before.exports);
  const data = (module: Module) =>
    module.data.map(({ bytes, ...rest }) => ({
      ...rest,
      bytes: Buffer.from(bytesOf(module, bytes)).toString('latin1'),
    }));
  expect(data(after)).toEqual(data(before));
  for (const part of ['types', 'globals'] as const) {
    expect(after[part].slice(0, before[part].length), part).toEqual(before[part]);
  }
  const names = readNames(after)!.functions;
  for (const [index, name] of readNames(before)!.functions) expect(names.get(index)).toBe(name);
  expect(names.size).toBe(after.bodies.filter((body) => !doesNothing(bytesOf(after, body))).length);
});

test('exports that may wait are known by two more; functions keep their types', async () => {
  const file = join(folder, 'exports.wasm');
  await build(program('exports'), file, { goos: 'js' });
  const before = decodeModule(readFileSync(file));
  const after = decodeModule((await link(readFileSync(file), { verify: true })).bytes);
  const index = firstNewI32(before, after);
  expect(after.exports).toEqual([
    ...before.exports,
    { name: 'go-wasm:waiting', kind: 'global', index },
    { name: 'go-wasm:collect', kind: 'global', index: index + 1 },
    { name: 'go-wasm:spawn', kind: 'global', index: index + 2 },
    { name: 'go-wasm:goroutines', kind: 'func', index: expect.any(Number) },
  ]);
  expect(after.imports).toEqual(before.imports);
  const types = ({ exports, functions, imports, types }: Module) => {
    const imported = imports.filter(({ kind }) => kind === 'func').length;
    return exports.filter(({ kind }) => kind === 'func').map(({ index }) => types[functions[index - imported]!]);
  };
  expect(types({ ...after, exports: after.exports.slice(0, -1) })).toEqual(types(before));
});

test.each(both)('%s: every function has its place in the table', (goos) => {
  const { module, imports, functions, isGo, names } = readProgram(inputs[goos]);
  const after = decodeModule(outputs[goos]);
  const afterNames = readNames(after)!.functions;
  const [segment, ...others] = after.elements;
  expect(others).toEqual([]);
  expect(segment!.offset).toBe(module.elements[0]!.offset);
  expect(segment!.functions!.length).toBe(functions);
  segment!.functions!.forEach((index, f) => {
    // The same function, or what calls it.
    if (index === imports + f) return;
    expect(isGo[f], names[f]).toBe(1);
    expect(afterNames.get(index)).toMatch(new RegExp(`^${names[f]!.replace(/[^\w]/g, '\\$&')}\\.\\w+$`));
  });
});

test.each(both)('%s: it is smaller, and marked', async (goos) => {
  expect(outputs[goos].length).toBeLessThan(inputs[goos].length);
  const mark = decodeModule(outputs[goos]).customs.find(({ name }) => name === MARK_SECTION)!;
  expect(JSON.parse(new TextDecoder().decode(mark.payload))).toEqual({
    abi: expect.any(Number),
    switch: 'resume',
    structure: 'stackifier',
  });
  await expect(link(outputs[goos])).rejects.toMatchObject({ code: 'GW2103', constructor: UnsupportedError });
});

test.each(both)('%s: branch hints point at branches', async (goos) => {
  const module = decodeModule((await link(inputs[goos], { level: '3' })).bytes);
  const at = module.customs.findIndex(({ name }) => name === 'metadata.code.branch_hint');
  const reader = new Reader(module.customs[at]!.payload);
  const imports = module.imports.length;
  const code = new Code();
  let hints = 0;
  let lastFunction = -1;
  for (let n = reader.u32(); n > 0; n--) {
    const index = reader.u32();
    expect(index).toBeGreaterThan(lastFunction);
    lastFunction = index;
    const body = bytesOf(module, module.bodies[index - imports]!);
    decodeFunction({ ...module, bytes: body, bodies: [body] }, 0, code);
    const ops = new Map(Array.from(code.offset.subarray(0, code.length), (offset, i) => [offset, code.op[i]]));
    let last = -1;
    for (let k = reader.u32(); k > 0; k--) {
      const offset = reader.u32();
      expect(offset).toBeGreaterThan(last);
      last = offset;
      expect(reader.u32()).toBe(1);
      expect(reader.u8()).toBeLessThanOrEqual(1);
      if (ops.get(offset) !== Op.If) expect(ops.get(offset)).toBe(Op.BrIf);
      hints++;
    }
  }
  expect(reader.pos).toBe(reader.end);
  expect(hints).toBeGreaterThan(1000);
});

test('the same input gives the same bytes, in another process too', async () => {
  const again = await link(inputs.js);
  expect(Buffer.compare(again.bytes, outputs.js)).toBe(0);
  const root = fileURLToPath(new URL('../../..', import.meta.url));
  const out = join(folder, 'again.wasm');
  const script = `
    const { link } = await import('@go-wasm/linker');
    const { readFileSync, writeFileSync } = await import('node:fs');
    const [input, output] = process.argv.slice(-2);
    writeFileSync(output, (await link(readFileSync(input))).bytes);`;
  const file = join(root, 'tools', `.determinism-${process.pid}.mjs`);
  writeFileSync(file, script);
  try {
    const flags = ['--no-warnings', '--conditions=@go-wasm/source', '--import', './tools/ts.js'];
    execFileSync('node', [...flags, file, join(folder, 'js.wasm'), out], { cwd: root });
  } finally {
    rmSync(file);
  }
  expect(Buffer.compare(readFileSync(out), outputs.js)).toBe(0);
}, 60_000);

test('every compiled function is structured; the report counts them', async () => {
  const { report } = await link(inputs.wasip1);
  const { isGo, functions } = readProgram(inputs.wasip1);
  expect(report).toMatchObject({ goos: 'wasip1', switch: 'resume', structure: 'stackifier' });
  expect(report.goVersion).toMatch(/^go1\.\d+/);
  expect(report.inputBytes).toBe(inputs.wasip1.length);
  expect(report.outputBytes).toBe(outputs.wasip1.length);
  expect(report.functions).toEqual({ total: functions, structured: isGo.reduce((x, y) => x + y, 0), kept: [] });
  expect(report.stages.map(({ name }) => name)).toEqual(
    pipeline
      .filter(
        ({ strategy = 'resume', asked, levels = ['2'] }) =>
          strategy === 'resume' && asked === undefined && levels.includes('2'),
      )
      .map(({ name }) => name),
  );
});

test('jump-table leaves the module as it is', async () => {
  const { bytes, report } = await link(inputs.js, { switch: 'jump-table' });
  expect(bytes).toBe(inputs.js);
  expect(report).toMatchObject({ switch: 'jump-table', outputBytes: inputs.js.length });
  await expect(link(assemble('func main.f\n RET', { goVersion: 'go1.9' }), { switch: 'jump-table' })).rejects.toThrow(
    UnsupportedError,
  );
});

test('choices that do not exist', async () => {
  for (const options of [
    { switch: 'magic' },
    { structure: 'spaghetti' },
    { noPass: ['lift'] },
    { level: '4' },
  ] as object[]) {
    await expect(link(inputs.js, options)).rejects.toMatchObject({
      code: 'GW2105',
      hint: expect.stringContaining('choose one of'),
    });
  }
});

test('progress', async () => {
  const seen: [number, number][] = [];
  await link(inputs.js, { onProgress: (done, total) => seen.push([done, total]) });
  expect(seen.length).toBeGreaterThan(3);
  expect(seen.every(([done, total], k) => done < total && (k === 0 || done > seen[k - 1]![0]))).toBe(true);
});

describe('functions that are not understood keep their jump tables, with a reason, and the program runs', () => {
  /** Changes the instructions of a function without changing what it does. */
  type Patch = (code: Code, to: Code) => void;
  const copy = (from: Code, to: Code, start: number, end: number): void => {
    for (let i = start; i < end; i++) to.push(from.op[i]!, from.a[i]!, from.b[i]!);
  };
  const patches: Record<string, [reasons: string[], names: RegExp, patch: Patch]> = {
    'reads the SP global': [
      ['access to SP'],
      /^main\./,
      (code, to) => {
        to.push(Op.GlobalGet, 0);
        to.push(Op.LocalSet, 1);
        to.push(Op.GlobalGet, 0);
        to.push(Op.Drop);
        copy(code, to, 2, code.length);
      },
    ],
    'sets PC_B in front of a plain instruction': [
      ['jump', 'branch'],
      /^(main|fmt)\./,
      (code, to) => {
        for (let i = 0; i < code.length; i++) {
          to.push(code.op[i]!, code.a[i]!, code.b[i]!);
          if (code.op[i] === Op.LocalSet && code.a[i] === 0 && code.op[i + 1] === Op.Br) to.push(Op.Nop);
        }
      },
    ],
    'calls with PC_B in a local': [
      ['call'],
      /^(main|runtime)\./,
      (code, to) => {
        for (let i = 0; i < code.length; i++) {
          to.push(code.op[i]!, code.a[i]!, code.b[i]!);
          if (code.op[i] === Op.I32Const && code.a[i] === 0 && code.op[i + 1] === Op.Call) {
            to.push(Op.LocalSet, 0);
            to.push(Op.LocalGet, 0);
          }
        }
      },
    ],
    'has code behind a return': [
      ['code behind a jump'],
      /^(main|strings|strconv)\./,
      (code, to) => {
        let nested = 0;
        for (let i = 0; i < code.length; i++) {
          to.push(code.op[i]!, code.a[i]!, code.b[i]!);
          if (code.op[i] === Op.If) nested++;
          else if (code.op[i] === Op.End) nested = Math.max(nested - 1, 0);
          if (code.op[i] === Op.Return && nested === 0) to.push(Op.Nop);
        }
      },
    ],
  };

  test.each(ofToday(Object.entries(patches)))('%s', { timeout: 120_000 }, async (title, [reasons, names, patch]) => {
    const input = readProgram(inputs.js);
    const { module } = input;
    const code = new Code();
    const writer = new ByteWriter();
    for (let f = 0; f < input.functions; f++) {
      if (input.isGo[f] === 0 || !names.test(input.names[f]!)) continue;
      const locals = decodeFunction(module, f, code);
      const to = new Code(code.length);
      patch(code, to);
      to.pool = code.pool;
      to.poolLength = code.poolLength;
      writer.clear();
      encodeBody(locals, to, 0, to.length, writer);
      module.bodies[f] = writer.take();
    }
    const patched = encodeModule(module);
    const { bytes, report } = await link(patched, { verify: true });
    const kept = report.functions.kept;
    expect(kept.length).toBeGreaterThan(10);
    expect([...new Set(kept.map(({ reason }) => reason))].sort()).toEqual([...reasons].sort());
    const stock = join(folder, 'js.wasm');
    const linked = join(folder, `${title.replaceAll(' ', '-')}.wasm`);
    writeFileSync(linked, bytes);
    expect(await run(linked, { goos: 'js' })).toEqual(await run(stock, { goos: 'js' }));
  });
});

test.each([[[]], [['vacuum', 'dce']], [['merge-blocks', 'remove-unused-brs', 'optimize-instructions']]])(
  'a program that Binaryen has changed (%s) is refused, or does the same',
  { timeout: 120_000 },
  async (passes) => {
    const module = binaryen.readBinary(inputs.js);
    const { BulkMemory, BulkMemoryOpt, SignExt, NontrappingFPToInt, MutableGlobals } = binaryen.Features;
    module.setFeatures(BulkMemory | BulkMemoryOpt | SignExt | NontrappingFPToInt | MutableGlobals);
    module.runPasses(passes as string[]);
    const changed = module.emitBinary();
    module.dispose();
    let bytes: Uint8Array;
    try {
      ({ bytes } = await link(changed, { verify: true }));
    } catch (error) {
      expect(error).toMatchObject({ code: 'GW2104' });
      return;
    }
    const linked = join(folder, `binaryen-${passes.join('-')}.wasm`);
    writeFileSync(linked, bytes);
    expect(await run(linked, { goos: 'js' })).toEqual(await run(join(folder, 'js.wasm'), { goos: 'js' }));
  },
);

test('levels choose among the passes, and single ones can be left out', async () => {
  const passes = async (options: LinkOptions) =>
    (await link(inputs.js, options)).report.stages
      .map(({ name }) => name)
      .filter((name) => optionalPasses.includes(name));
  expect(await passes({ level: '0' })).toEqual([]);
  expect(await passes({ level: 's' })).toEqual(['simplify', 'dead-locals', 'write-barriers', 'function-index']);
  const fast = [
    'loop-entries',
    'split-functions',
    'finalizer-search',
    'itab-search',
    'byte-count',
    'nothing-to-wake',
    'mark-assists',
    'on-stack-replacement',
    'function-index',
    'heap-minimum',
    'simplify',
    'small-allocations',
    'small-copies',
    'word-helpers',
    'inlining-budget',
  ];
  expect((await passes({})).sort()).toEqual(fast.sort());
  expect((await passes({ level: '3' })).sort()).toEqual([...fast, 'branch-hints'].sort());
  expect(await passes({ level: '1', noPass: ['simplify'] })).toEqual(['function-index']);
});

test('vectors are for modules whose engines all have them', async () => {
  const hasVectors = async (options: LinkOptions): Promise<boolean> => {
    const module = decodeModule((await link(inputs.wasip1, { ...options, verify: true })).bytes);
    const code = new Code();
    return module.bodies.some((_, f) => {
      decodeFunction(module, f, code);
      return code.op.subarray(0, code.length).includes(Op.V128Load);
    });
  };
  expect(await hasVectors({})).toBe(false);
  expect(await hasVectors({ target: 'wasmtime,wazero' })).toBe(false);
  expect(await hasVectors({ target: 'wasmtime' })).toBe(true);
  expect(await hasVectors({ target: 'wazero,+simd' })).toBe(true);
  expect(await hasVectors({ target: 'wasmtime', noPass: ['word-helpers'] })).toBe(false);
});
