/**
 * At the limits of engines, of WebAssembly and of Go: a program works, or ends with Go's own error as stock Go's does, or the linker says
 * which limit it is (GW3xxx, or GW1103 with the engine's words).
 */
import { mkdtempSync, rmSync } from 'node:fs';
import { readFile, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type LinkOptions, link } from '@go-wasm/linker';
import { bytesOf, decodeModule, EngineLimits } from '@go-wasm/wasm';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { isTurn, ofToday } from '../packages/cfg/test/support/effort.ts';
import { assemble } from '../packages/lift/test/helpers/asm.ts';
import { MEMORY_PAGES, sourceOf } from '../packages/linker/test/helpers/random-program.ts';
import { findToolchain, go, type Toolchain } from './src/go.ts';
import { root } from './src/paths.ts';
import { nameOf, optionsOf, type Place, places, runIn } from './src/places.ts';

/** Functions beside a small runtime that the strategies take for Go's. */
function programOf(functions: string): Uint8Array {
  return assemble(`${sourceOf([])}\n${functions}`, { exportAll: true, memoryPages: MEMORY_PAGES });
}

/** One function `main.f` of lines of the test assembler, as Go lays out a module. */
function moduleOf(lines: readonly string[], flags = ''): Uint8Array {
  return programOf(`func main.g\n RET\nfunc main.f ${flags}\n${lines.join('\n')}\n RET`);
}

const times = <T>(n: number, make: (k: number) => T): T[] => Array.from({ length: n }, (_, k) => make(k));

async function expectLinked(
  input: Uint8Array,
  ways: readonly NonNullable<LinkOptions['structure']>[] = ofToday(['stackifier', 'relooper'], { every: 2 }),
): Promise<void> {
  expect(WebAssembly.validate(input as Uint8Array<ArrayBuffer>)).toBe(true);
  for (const structure of ways) {
    const { bytes, report } = await link(input, { structure });
    expect(report.functions.kept).toEqual([]);
    // Says which limit it is, where WebAssembly.validate only says no.
    new WebAssembly.Module(bytes as Uint8Array<ArrayBuffer>);
  }
}

describe('functions', () => {
  test('20,000 blocks, one behind the other', () =>
    expectLinked(moduleOf(times(20_000, (k) => `i32.const ${k}\nJMPIF l${k}\nCALL main.g\nl${k}:`))));

  test('65,500 places where it goes on: more labels no br_table has', () =>
    expectLinked(moduleOf(times(65_500, () => 'CALL main.g'))));

  test('3,000 loops in each other', () =>
    expectLinked(
      moduleOf([
        ...times(3_000, (k) => `l${k}:\nCALL main.g`),
        ...times(3_000, (k) => `i32.const ${k}\nJMPIF l${2_999 - k}`),
      ]),
    ));

  test('loops that jumps into their middle make irreducible', () =>
    expectLinked(
      moduleOf(times(1_000, (k) => `i32.const 1\nJMPIF m${k}\nl${k}:\nCALL main.g\nm${k}:\ni32.const 0\nJMPIF l${k}`)),
    ));

  test.runIf(isTurn('odd'))('as large as engines take, and larger', async () => {
    const lines = (n: number): string[] => times(n, () => 'i64.const 0x7fffffffffffffff\ndrop');
    // 11 bytes an instruction and one for drop.
    const fits = Math.floor((EngineLimits.functionSize - 200) / 12);
    await expectLinked(moduleOf(['CALL main.g', ...lines(fits)]), ['stackifier']);
    await expect(link(moduleOf(lines(fits + 100)))).rejects.toMatchObject({
      code: 'GW3102',
      where: { function: 'main.f' },
    });
  });

  test('as many locals as engines take', async () => {
    // SP and the parameter are two of them; a loop with two entries needs one more.
    const lines = ['i32.const 1', 'JMPIF m', 'l:', 'CALL main.g', 'm:', 'i32.const 0', 'JMPIF l'];
    const input = moduleOf(lines, `locals=i64:${EngineLimits.functionLocals - 2}`);
    const { bytes } = await link(input);
    expect(WebAssembly.validate(bytes as Uint8Array<ArrayBuffer>)).toBe(true);
    const more = moduleOf(['CALL main.g'], `locals=i64:${EngineLimits.functionLocals - 1}`);
    await expect(link(more)).rejects.toMatchObject({ code: 'GW1103' });
  });

  test.runIf(isTurn('even'))('50,000 functions', () =>
    expectLinked(programOf(times(50_000, (k) => `func main.f${k}\n CALL main.f${(k * 7) % 50_000}\n RET\n`).join(''))),
  );
});

const { places: all, skipped } = await places(['node26', 'wasmtime']);
const folder = mkdtempSync(join(tmpdir(), 'go-wasm-limits-'));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

interface End {
  stdout: string;
  /** What Go says, without the goroutines. */
  said: string | undefined;
  exit: number | null;
}

const tried = all.filter(
  ({ strategy, goos, engine }) => strategy !== 'jump-table' && (goos === 'js') === (engine.name === 'node26'),
);
const isOrdinary = ({ strategy }: Place): boolean => strategy === 'resume';

// The other strategies: one a day.
describe.each(
  [...tried.filter(isOrdinary), ...ofToday(tried.filter((place) => !isOrdinary(place)))].map(
    (place) => [nameOf(place), place] as const,
  ),
)('%s', (_, place) => {
  let toolchain: Toolchain;
  const fileOf = (strategy: string): string => join(folder, `${place.engine.name}.${place.goos}.${strategy}.wasm`);
  beforeAll(async () => {
    toolchain = await findToolchain();
    const stock = fileOf('jump-table');
    await go(toolchain, ['build', '-o', stock, '.'], { goos: place.goos, cwd: join(root, 'tools/limits') });
    const { bytes } = await link(await readFile(stock), optionsOf(place));
    await writeFile(fileOf(place.strategy), bytes);
  }, 240_000);

  async function run(strategy: Place['strategy'], file: string, ...args: string[]): Promise<End> {
    const { stdout, stderr, exitCode } = await runIn({ ...place, strategy }, file, args, toolchain, folder, 200);
    return { stdout, said: /^(fatal error|panic|runtime): .*/m.exec(stderr)?.[0], exit: exitCode };
  }

  test('a function that outgrows a limit stays as it is', { timeout: 240_000 }, async () => {
    const linked = decodeModule(await readFile(fileOf(place.strategy)));
    const largest = Math.max(...linked.bodies.map((body) => bytesOf(linked, body).length));
    const { functionSize } = EngineLimits;
    try {
      Object.assign(EngineLimits, { functionSize: largest - 1 });
      const { bytes, report } = await link(await readFile(fileOf('jump-table')), optionsOf(place));
      expect(report.functions.kept).toMatchObject([
        { reason: `it would have ${largest} bytes, more than engines take` },
      ]);
      await writeFile(fileOf('kept'), bytes);
    } finally {
      Object.assign(EngineLimits, { functionSize });
    }
    expect(await run(place.strategy, fileOf('kept'), 'recursion', '2000')).toMatchObject({ stdout: '2001\n', exit: 0 });
  });

  test('recursion of 20,000 calls', { timeout: 240_000 }, async () => {
    expect(await run(place.strategy, fileOf(place.strategy), 'recursion', '20000')).toMatchObject({
      stdout: '20001\n',
      exit: 0,
    });
  });

  test("Go's own limit of a stack", { timeout: 240_000 }, async () => {
    const end = await run(place.strategy, fileOf(place.strategy), 'stack', '8');
    expect(end).toEqual({ stdout: '', said: 'runtime: goroutine stack exceeds 8388608-byte limit', exit: 2 });
  });

  test.each([
    ['3 GB', ['memory', '12']],
    ['more than 4 GB, piece by piece', ['memory', '20']],
    ['more than 4 GB at once', ['piece', '5000']],
  ])('%s: as with stock Go', { timeout: 240_000 }, async (_, args) => {
    const [expected, got] = [
      await run('jump-table', fileOf('jump-table'), ...args),
      await run(place.strategy, fileOf(place.strategy), ...args),
    ];
    expect(got).toEqual(expected);
  });
});

test.skip.each(skipped)('%s', () => {});
