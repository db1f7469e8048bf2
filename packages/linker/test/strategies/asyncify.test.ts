/**
 * The strategy `asyncify` saves frames where it can, and throws them away where a function on the stack is not instrumented;
 * the program does the same. For that the passages through `go_wasm.switch`, where frames are saved and come back, are counted.
 */
import { execFile } from 'node:child_process';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { memoryImage } from '@go-wasm/lift';
import {
  ByteWriter,
  bytesOf,
  Code,
  decodeFunction,
  decodeModule,
  EngineLimits,
  encodeBody,
  encodeModule,
  importCount,
  Op,
  readNames,
  ValType,
} from '@go-wasm/wasm';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { command, findEngine } from '../../../../tools/src/engines.ts';
import { ofToday } from '../../../cfg/test/support/effort.ts';
import { type LinkResult, link } from '../../src/index.ts';

const run = promisify(execFile);
const here = (path: string): string => fileURLToPath(new URL(path, import.meta.url));
const newer = await findEngine('node26');
const TOTAL = 1000 * 999 * 0.5;

let folder: string;
let input: Uint8Array;
let linked: LinkResult;
let plain: LinkResult;
const progress: [number, number][] = [];

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'go-wasm-asyncify-'));
  await run('go', ['build', '-o', join(folder, 'park.wasm'), '.'], {
    cwd: here('park'),
    env: { ...process.env, GOOS: 'js', GOARCH: 'wasm' },
  });
  input = await readFile(join(folder, 'park.wasm'));
  const onProgress = (done: number, total: number): number => progress.push([done, total]);
  plain = await link(input, { switch: 'asyncify', onProgress });
}, 300_000);
afterAll(() => rm(folder, { recursive: true }));

/** Has a global, exported as `passages`, count the calls of `go_wasm.switch`. */
function counting(bytes: Uint8Array): Uint8Array {
  const module = decodeModule(bytes);
  const counter = module.globals.push({ type: ValType.I32, mutable: true, init: 0 }) - 1;
  module.exports.push({ name: 'passages', kind: 'global', index: counter });
  const [index] = [...readNames(module)!.functions].find(([, name]) => name === 'go_wasm.switch')!;
  const f = index - importCount(module, 'func');
  const before = new Code();
  const locals = decodeFunction(module, f, before);
  const code = new Code();
  code.push(Op.GlobalGet, counter);
  code.push(Op.I32Const, 1);
  code.push(Op.I32Add);
  code.push(Op.GlobalSet, counter);
  for (let i = 0; i < before.length; i++) code.pushFrom(before, i);
  const writer = new ByteWriter();
  encodeBody(locals, code, 0, code.length, writer);
  module.bodies[f] = writer.take();
  return encodeModule(module);
}

/** The targets decide where buffers are, and how exceptions are caught: another one each day. */
const kinds = [
  { name: 'Node 26', engine: newer, target: 'node26' },
  { name: 'Node 26, with one memory', engine: newer, target: 'safari18.4' },
  { name: 'Node 20: one memory, older exceptions', engine: await findEngine('node'), target: 'node20' },
];

describe.each(ofToday(kinds.filter(({ engine }) => engine !== undefined)))('in $name', ({ engine, target }) => {
  beforeAll(async () => {
    linked = await link(input, { switch: 'asyncify', target });
  }, 300_000);

  const passages = async (bytes: Uint8Array, how: string): Promise<number> => {
    const file = join(folder, 'counting.wasm');
    await writeFile(file, counting(bytes));
    const report = join(folder, 'report.mjs');
    await writeFile(
      report,
      "process.on('exit', () => process._rawDebug('passages', globalThis.goExports.passages.value));",
    );
    const goroot = (await run('go', ['env', 'GOROOT'])).stdout.trim();
    const { file: node, args } = command(engine!, 'js', file, [how], goroot, folder, 'asyncify');
    const { stdout, stderr } = await run(node, ['--import', here('expose-exports.mjs'), '--import', report, ...args]);
    // In each of the 1,000 receptions a sum has the depth added.
    const depths = Array.from({ length: 1000 }, (_, n) => (Math.floor(n / 100) * (n % 100)) % 30);
    expect(stdout).toBe(`${TOTAL + depths.reduce((x, y) => x + y)}\n`);
    return Number(/passages (\d+)/.exec(stderr)![1]);
  };

  test('frames are saved and come back', { timeout: 60_000 }, async () => {
    expect(await passages(linked.bytes, 'direct')).toBeGreaterThan(1000);
  });

  test('frames of functions that are not instrumented are thrown away', { timeout: 60_000 }, async () => {
    // Some receptions are at depth 0, and the sender parks as well.
    const some = await passages(linked.bytes, 'indirect');
    expect(some).toBeGreaterThan(0);
    expect(some).toBeLessThan((await passages(linked.bytes, 'direct')) / 2);
  });

  test('so are those below a function that was reached by a tail call', { timeout: 60_000 }, async () => {
    expect(await passages(linked.bytes, 'promoted')).toBeLessThan((await passages(linked.bytes, 'direct')) / 2);
  });

  test('buffers and what Go has keep out of each other when memory grows', { timeout: 180_000 }, async () => {
    const stock = join(folder, 'many.wasm');
    const env = { ...process.env, GOOS: 'js', GOARCH: 'wasm' };
    await run('go', ['build', '-o', stock, '.'], { cwd: here('many'), env });
    const file = join(folder, 'many.linked.wasm');
    await writeFile(file, (await link(await readFile(stock), { switch: 'asyncify', target })).bytes);
    const goroot = (await run('go', ['env', 'GOROOT'])).stdout.trim();
    const { file: node, args } = command(engine!, 'js', file, [], goroot, folder, 'asyncify');
    expect((await run(node, args)).stdout).toBe('463935000 0\n');
  });

  test('all are, where a function is left in jump-table form', { timeout: 120_000 }, async () => {
    const { bytes, report } = await link(input, { switch: 'asyncify', target, keep: /^fmt\.Fprintln$/ });
    expect(report.functions.kept).toHaveLength(1);
    expect(await passages(bytes, 'direct')).toBe(0);
  });
});

/** It leaves out most data segments: what is left is not where it was. */
const noPass = ['function-index'];

test('one memory stays one, and what Go has in it is where it was', { timeout: 60_000 }, async () => {
  const before = decodeModule(input);
  const after = decodeModule((await link(input, { switch: 'asyncify', target: 'safari', noPass })).bytes);
  expect(after.memories).toHaveLength(1);
  expect(after.memories[0]!.min).toBeGreaterThan(before.memories[0]!.min);
  const [old, now] = [memoryImage(before), memoryImage(after)];
  // But for where the heap begins, and the table in front of it.
  const changed = [...old.keys()].filter((at) => old[at] !== now[at]);
  expect(changed.length).toBeGreaterThan(0);
  expect(changed.at(-1)! - changed[0]!).toBeLessThan(8);
  expect(now.length).toBeGreaterThan(old.length);
});

test('the report has the stage, and progress counts the functions that are instrumented', () => {
  const stages = plain.report.stages.map(({ name }) => name);
  expect(stages.slice(-5)).toEqual(['asyncify', 'goroutine-count', 'function-index', 'inlining-budget', 'encode']);
  const [done, total] = progress.at(-1)!;
  expect(done).toBe(total);
  expect(total).toBeGreaterThan(20);
  expect(total).toBeLessThan(plain.report.functions.total / 5);
});

test('what Go has in the module is where it was', { timeout: 120_000 }, async () => {
  const before = decodeModule(input);
  const after = decodeModule((await link(input, { switch: 'asyncify', noPass })).bytes);
  expect(after.imports).toEqual(before.imports);
  // Those that let exports and callbacks wait are for the host.
  expect(after.exports.filter(({ name }) => !name.startsWith('go-wasm:'))).toEqual(before.exports);
  expect(after.elements[0]!.functions).toHaveLength(before.elements[0]!.functions!.length);
  expect(after.memories[0]).toEqual(before.memories[0]);
  expect(after.data.slice(0, -1).map(({ memory, offset }) => [memory, offset])).toEqual(
    before.data.map(({ memory, offset }) => [memory, offset]),
  );
  const names = [readNames(before)!, readNames(after)!].map(({ functions }) => functions);
  for (const [index, name] of names[0]!) expect(names[1]!.get(index)).toBe(name);
});

test('functions that are not rewritten keep their branch hints', { timeout: 120_000 }, async () => {
  const { customs } = decodeModule((await link(input, { switch: 'asyncify', level: '3' })).bytes);
  expect(customs.map(({ name }) => name)).toContain('metadata.code.branch_hint');
});

test('links the same bytes each time', { timeout: 120_000 }, async () => {
  expect(Buffer.compare((await link(input, { switch: 'asyncify' })).bytes, plain.bytes)).toBe(0);
});

test('there are no more data segments than engines take', { timeout: 120_000 }, async () => {
  const limit = EngineLimits.dataSegments;
  const module = decodeModule(input);
  const image = memoryImage(module);
  // As Go's linker does it for large programs: as many segments as engines take.
  let more = limit - module.data.length;
  module.data = module.data.flatMap((segment) => {
    const bytes = bytesOf(module, segment.bytes);
    const cuts = Math.min(more, Math.ceil(bytes.length / 4) - 1);
    more -= cuts;
    return Array.from({ length: cuts + 1 }, (_, k) => ({
      memory: 0,
      offset: (segment.offset as number) + 4 * k,
      bytes: bytes.subarray(4 * k, k === cuts ? bytes.length : 4 * k + 4),
    }));
  });
  expect(module.data).toHaveLength(limit);
  const { bytes: output } = await link(encodeModule(module), { switch: 'asyncify', noPass });
  const after = decodeModule(output);
  expect(after.data).toHaveLength(limit);
  after.data.pop();
  expect(Buffer.compare(memoryImage(after), image)).toBe(0);
});
