/** DWARF, by readers that are not ours: pyelftools, wasmtime (gimli), LLVM; against what Go's own runtime says of the same PCs. */
import { execFileSync, spawnSync } from 'node:child_process';
import { cpSync, existsSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { decodeModule, encodeModule } from '@go-wasm/wasm';
import { describe, expect, onTestFinished, test } from 'vitest';
import { findEngine } from '../../../tools/src/engines.ts';
import { releases } from '../../../tools/src/go.ts';
import { isTurn, ofToday } from '../../cfg/test/support/effort.ts';
import { randomNumbers } from '../../cfg/test/support/graphs.ts';
import { link } from '../src/index.ts';
import { callsOf } from './helpers/calls.ts';
import { haveFunctionsSplit } from './helpers/everywhere.ts';
import { available, build, program, run, scratchFolder } from './helpers/go.ts';

const folder = await scratchFolder();
const wasmtime = await findEngine('wasmtime');
const wheels = fileURLToPath(new URL('../../../tools/engines/wasmtime', import.meta.url));
const noReader = existsSync(join(wheels, 'elftools')) ? '' : ': skipped, pyelftools is not there (npm run engines)';
/** Native debuggers: what has them break at a line, run, and show the stack. */
const debuggers = [
  {
    names: ['lldb', 'lldb-19'],
    flags: (line: string) => [
      ...['-b', '-o', 'settings set plugin.jit-loader.gdb.enable on', '-o', `b ${line}`, '-o', 'run', '-o', 'bt'],
      ...['-o', 'kill', '-o', 'quit', '--'],
    ],
    inlined: ['main.outer inner(2 * n)', 'main.square.draw outer(i)'],
  },
  {
    names: ['gdb'],
    flags: (line: string) => [
      ...['-q', '-batch', '-ex', 'set breakpoint pending on', '-ex', 'handle SIGSEGV nostop noprint'],
      ...['-ex', `break ${line}`, '-ex', 'run', '-ex', 'bt', '-ex', 'kill', '--args'],
    ],
    // It shows no inlined calls in what wasmtime makes, but their lines.
    inlined: ['main.square.draw inner(2 * n)'],
  },
];
const llvm = spawnSync('llvm-dwarfdump', ['--version']).status === 0;

/** What pyelftools finds at offsets of a module: a line each, of the innermost function first. */
function read(bytes: Uint8Array, offsets: readonly number[]): string[] {
  const file = join(folder, 'read.wasm');
  writeFileSync(file, bytes);
  const script = fileURLToPath(new URL('helpers/read-dwarf.py', import.meta.url));
  const env = { ...process.env, PYTHONPATH: wheels, PYTHONDONTWRITEBYTECODE: '1' };
  const python = process.platform === 'win32' ? 'python' : 'python3';
  const options = {
    input: offsets.map((at) => `${at}\n`).join(''),
    env,
    encoding: 'utf8',
    maxBuffer: 1 << 28,
  } as const;
  return execFileSync(python, [script, file], options).trimEnd().split('\n');
}

/** As Go's runtime prints it: without what a generic function was made for. */
function asPrinted(name: string): string {
  const [from, to] = [name.indexOf('['), name.lastIndexOf(']')];
  return from < 0 || to < from ? name : `${name.slice(0, from)}[...]${name.slice(to + 1)}`;
}

/** The calls of a module whose DWARF does not say what Go says. */
async function wrong(stock: string, go: string | undefined, bytes: Uint8Array, calls: ReturnType<typeof callsOf>) {
  const list = join(folder, 'pcs');
  writeFileSync(list, calls.map(({ pc }) => `${pc - 1n}\n`).join(''));
  const { stdout } = await run(stock, { goos: 'js', go, args: [list, 'with names'] });
  const expected = stdout.trimEnd().split('\n');
  const found = read(
    bytes,
    calls.map(({ place }) => place),
  );
  expect([expected.length, found.length]).toEqual([calls.length, calls.length]);
  return {
    expected,
    wrong: calls.flatMap(({ place }, k) => {
      const [innermost] = found[k]!.split('\t');
      const said = asPrinted(innermost!);
      return said === expected[k] ? [] : [{ place, said, expected: expected[k] }];
    }),
    inlined: found.filter((line) => line.includes('\t')).length,
  };
}

describe.each(available())(`with %s${noReader}`, { timeout: 240_000, skip: noReader !== '' }, (go) => {
  const options =
    go === undefined || go === releases.at(-1)
      ? [{}, ...ofToday([{ structure: 'relooper', level: '0' }, { switch: 'jump-table' }, { split: true }])]
      : [{}];
  test.each(options as { switch?: 'jump-table'; split?: true }[])(
    'every call has the function and line that Go gives it: %o',
    async ({ split, ...options }) => {
      if (split) onTestFinished(haveFunctionsSplit());
      const stock = join(folder, `lines.${go}.wasm`);
      if (!existsSync(stock)) await build(program('lines'), stock, { goos: 'js', ...(go && { go }) });
      const { bytes } = await link(readFileSync(stock), { ...options, dwarf: true });
      const calls = callsOf(bytes);
      expect(calls.length).toBeGreaterThan(8000);
      const result = await wrong(stock, go, bytes, calls);
      expect(result.wrong).toEqual([]);
      expect(result.inlined).toBeGreaterThan(1000);
    },
  );
});

test.runIf(isTurn('even'))(
  `10,000 places of a program of 10 MB have the function and line that Go gives them${noReader}`,
  {
    timeout: 240_000,
    skip: noReader !== '',
  },
  async () => {
    const large = join(folder, 'large');
    cpSync(fileURLToPath(new URL('programs/large', import.meta.url)), large, { recursive: true });
    cpSync(program('lines'), join(large, 'lines.go'));
    const stock = join(large, 'large.wasm');
    await build('.', stock, { goos: 'js' });
    const input = readFileSync(stock);
    expect(input.length).toBeGreaterThan(10_000_000);
    const { bytes } = await link(input, { dwarf: true });
    const all = callsOf(bytes);
    const random = randomNumbers(Number(process.env.SEED ?? 1));
    const calls = Array.from({ length: 10_000 }, () => all[random() % all.length]!);
    const result = await wrong(stock, undefined, bytes, calls);
    expect(result.wrong).toEqual([]);
    // From all over the program.
    expect(new Set(result.expected.map((line) => line.replace(/^.* |\/[^/]*$/g, ''))).size).toBeGreaterThan(50);
  },
);

const noWasmtime = wasmtime ? '' : ': skipped, wasmtime is not there (npm run engines)';
test.each([{}, { structure: 'relooper', level: '0' }, { switch: 'jump-table' }] as const)(
  `wasmtime shows the frames of a trap as Go does: %o${noWasmtime}`,
  { skip: noWasmtime !== '' },
  async (options) => {
    const stock = join(folder, 'trap.wasm');
    if (!existsSync(stock)) await build(program('trap'), stock, { goos: 'wasip1' });
    const linked = join(folder, 'trap.linked.wasm');
    writeFileSync(linked, (await link(readFileSync(stock), { ...options, dwarf: true })).bytes);
    const { status, stdout, stderr } = spawnSync(
      wasmtime!.path,
      ['run', '-W', 'unknown-imports-trap=y,max-wasm-stack=8388608', linked],
      { env: { ...process.env, WASMTIME_BACKTRACE_DETAILS: '1', RUST_BACKTRACE: '0' }, encoding: 'utf8' },
    );
    expect(status).not.toBe(0);
    const shown = [...stderr.matchAll(/^ *(?:\d+: +0x\w+)? *- (\S+)\n +at (.+?:\d+)(?::0)?$/gm)].map(
      ([, name, place]) => `${asPrinted(name!)} ${place}`,
    );
    const go = stdout.trimEnd().split('\n');
    expect(go.map((line) => line.split(' ')[0])).toEqual([
      ...['main.inner', 'main.outer', 'main.square.draw', 'main.generic[...].func1', 'main.generic[...]'],
      ...['main.recursive', 'main.recursive', 'main.recursive', 'main.main', 'runtime.main', 'runtime.goexit'],
    ]);
    // Go leaves out wrappers; and below runtime.main, it shows the function that starts goroutines, wasmtime those that do.
    const end = shown.findIndex((line) => line.startsWith('runtime.main ')) + 1;
    expect(shown[0]).toMatch(/^main\.missing .*trap\.go:12$/);
    expect(shown.slice(1, end).filter((line) => !line.endsWith(' <autogenerated>:1'))).toEqual(go.slice(0, -1));
  },
);

for (const { names, flags, inlined } of debuggers) {
  const found = names.find((name) => spawnSync(name, ['--version']).status === 0);
  const missing = found && wasmtime ? '' : `: skipped, there is no ${found ? 'wasmtime' : names[0]}`;
  const options = { timeout: 120_000, skip: missing !== '' };
  test(`${names[0]} breaks at a line of Go, and shows the stack${missing}`, options, async () => {
    const stock = join(folder, `${found}.wasm`);
    await build(program('trap'), stock, { goos: 'wasip1' });
    const linked = join(folder, `${found}.linked.wasm`);
    writeFileSync(linked, (await link(readFileSync(stock), { dwarf: true })).bytes);
    const lines = readFileSync(program('trap'), 'utf8').split('\n');
    const at = (text: string) => `trap.go:${lines.findIndex((line) => line.trim() === text) + 1}`;
    const run = ['run', '-D', 'debug-info=y', '-O', 'opt-level=0', '-W', 'unknown-imports-trap=y', linked];
    const args = [...flags(at('missing(frames())')), wasmtime!.path, ...run];
    const { stdout } = spawnSync(found!, args, { encoding: 'utf8' });
    // lldb shows the first one where it stops, too.
    const stack = stdout.slice(Math.max(stdout.lastIndexOf('#0: '), stdout.lastIndexOf('#0  ')));
    const frames = [...stack.matchAll(/#\d+.*?\b(main\.[\w.*()[\]]+?)(?: \(\))? at (?:.*\/)?([^/\s]+:\d+)$/gm)]
      .map(([, name, place]) => `${asPrinted(name!)} ${place}`)
      .filter((frame) => !frame.endsWith(' <autogenerated>:1'));
    const expected = [
      ...['main.inner missing(frames())', ...inlined, 'main.generic[...].func1 s.draw(5)', 'main.generic[...] }()'],
      ...['main.recursive generic(s, "")', 'main.recursive recursive(s,', 'main.recursive recursive(s,'],
      'main.main recursive(square{}, 2)',
    ].map((frame) => frame.replace(/ (.*)/, (_, text) => ` ${at(text)}`));
    expect(frames).toEqual(expected);
  });
}

test.skipIf(!llvm)(`LLVM finds nothing wrong${llvm ? '' : ': skipped, there is no llvm-dwarfdump'}`, async () => {
  const stock = join(folder, 'verified.wasm');
  await build(program('std'), stock, { goos: 'wasip1' });
  const { bytes } = await link(readFileSync(stock), { dwarf: true });
  const module = decodeModule(bytes);
  // It refuses the order in which Go writes its custom sections: so without these.
  module.customs = module.customs.filter(({ name }) => name.startsWith('.debug_'));
  const file = join(folder, 'verified.linked.wasm');
  writeFileSync(file, encodeModule(module));
  expect(module.customs.map(({ name }) => name)).toEqual(
    ['info', 'abbrev', 'line', 'ranges', 'str'].map((name) => `.debug_${name}`),
  );
  const { status, stdout } = spawnSync('llvm-dwarfdump', ['--verify', file], { encoding: 'utf8' });
  expect([status, stdout.trimEnd().split('\n').at(-1)]).toEqual([0, 'No errors.']);
});

test('nothing but DWARF is added, and only where it is asked for', async () => {
  const stock = join(folder, 'control.wasm');
  await build(program('control'), stock, { goos: 'js' });
  const input = readFileSync(stock);
  const plain = await link(input);
  const { bytes } = await link(input, { dwarf: true });
  expect(Buffer.from(bytes.subarray(0, plain.bytes.length)).equals(plain.bytes)).toBe(true);
  const names = (module: Uint8Array) => decodeModule(module).customs.map(({ name }) => name);
  expect(names(plain.bytes).some((name) => name.startsWith('.debug'))).toBe(false);
  // The URL of a source map is last: that is where it is looked for.
  const both = await link(input, { dwarf: true, sourceMap: { url: () => 'a.map' } });
  expect(names(both.bytes)).toEqual([...names(bytes), 'sourceMappingURL']);
  expect(both.sourceMap).toBe((await link(input, { sourceMap: { url: () => 'a.map' } })).sourceMap);
  await expect(link(input, { dwarf: true, binaryen: '1' })).rejects.toMatchObject({
    code: 'GW2108',
    hint: 'leave out -dwarf or -O=binaryen',
  });
});
