/**
 * The program in `hard/` does the same in every switch strategy and host as in the module that Go has made: its output, and
 * how it ends, with its traceback.
 */
import { execFile } from 'node:child_process';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { findEngine } from '../../../../tools/src/engines.ts';
import { link } from '../../src/index.ts';
import type { StrategyName } from '../../src/targets.ts';

const run = promisify(execFile);
const here = (path: string): string => fileURLToPath(new URL(path, import.meta.url));
const endings = ['', 'deadlock', 'panic', 'nil', 'exit', 'overflow', 'goexit', 'traceback'] as const;
type Goos = 'js' | 'wasip1';

const newer = await findEngine('node26');
const wasmtime = await findEngine('wasmtime');
const goroot = (await run('go', ['env', 'GOROOT'])).stdout.trim();
let folder: string;

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'go-wasm-strategies-'));
  for (const goos of ['js', 'wasip1']) {
    await run('go', ['build', '-o', file(goos as Goos, 'jump-table'), '.'], {
      cwd: here('hard'),
      env: { ...process.env, GOOS: goos, GOARCH: 'wasm' },
    });
  }
}, 300_000);
afterAll(() => rm(folder, { recursive: true }));

function file(goos: Goos, strategy: string): string {
  return join(folder, `hard.${goos}.${strategy}.wasm`);
}

async function linked(goos: Goos, strategy: StrategyName): Promise<string> {
  const { bytes, report } = await link(await readFile(file(goos, 'jump-table')), { switch: strategy });
  expect(report.functions.kept).toEqual([]);
  await writeFile(file(goos, strategy), bytes);
  return file(goos, strategy);
}

interface Outcome {
  stdout: string;
  stderr: string;
  code?: number;
}

/** What a program writes and how it exits, as one text. Addresses in tracebacks depend on the program's own name. */
async function outcome(command: string, args: string[]): Promise<string> {
  const options = { timeout: 120_000, maxBuffer: 1 << 26 };
  const result = await run(command, args, options).catch((error: Outcome): Outcome => error);
  const { stdout, stderr, code = 0 }: Outcome = result;
  return `${stdout}${stderr.replace(/0x[0-9a-f]{4,}/g, '0x…')}exit ${code}`;
}

const inNode =
  (path: string, flags: string[]) =>
  (wasm: string, ending: string): Promise<string> =>
    outcome(path, [
      ...flags,
      '--no-warnings',
      here('run-js.mjs'),
      join(goroot, 'lib/wasm/wasm_exec.js'),
      wasm,
      ...(ending === '' ? [] : [ending]),
    ]);

const inWasmtime =
  (path: string, flags: string[]) =>
  (wasm: string, ending: string): Promise<string> =>
    outcome(path, ['run', ...flags, wasm, ...(ending === '' ? [] : [ending])]);

interface Host {
  name: string;
  goos: Goos;
  strategies: StrategyName[];
  /** As Go's own runners have it; the stack is for stock Go, and strategies must do with the engine's usual one. */
  stock: (wasm: string, ending: string) => Promise<string>;
  run: (wasm: string, ending: string) => Promise<string>;
}

const hosts: Host[] = [
  {
    name: 'Node',
    goos: 'js',
    strategies: ['resume'],
    stock: inNode(process.execPath, ['--stack-size=8192']),
    run: inNode(process.execPath, []),
  },
];
if (newer !== undefined) {
  hosts.push({
    name: 'Node 26',
    goos: 'js',
    strategies: ['resume', 'asyncify', 'stack-switching', 'jspi'],
    stock: inNode(newer.path, ['--stack-size=8192']),
    run: inNode(newer.path, ['--experimental-wasm-wasmfx']),
  });
}
if (wasmtime !== undefined) {
  hosts.push({
    name: 'wasmtime',
    goos: 'wasip1',
    strategies: ['resume', 'asyncify', 'stack-switching'],
    stock: inWasmtime(wasmtime.path, ['-W', 'max-wasm-stack=8388608']),
    // wasmtime 49 panics when its collector, which exceptions are an allocation for, meets a suspended stack.
    run: inWasmtime(wasmtime.path, [
      ...['-C', 'collector=null', '-W', 'max-wasm-stack=1048576'],
      ...['-W', 'stack-switching=y,exceptions=y,function-references=y,gc=y'],
    ]),
  });
}

for (const host of hosts) {
  describe(host.name, () => {
    const expected = new Map<string, Promise<string>>();
    const stock = (ending: string): Promise<string> => {
      const known = expected.get(ending) ?? host.stock(file(host.goos, 'jump-table'), ending);
      expected.set(ending, known);
      return known;
    };
    for (const strategy of host.strategies) {
      test(`${strategy} does the same as stock Go`, { timeout: 300_000 }, async () => {
        const wasm = await linked(host.goos, strategy);
        for (const ending of endings) {
          expect(await host.run(wasm, ending), ending).toBe(await stock(ending));
        }
        expect(await stock('')).toMatch(/^end$/m);
      });
    }
  });
}

test('jspi is refused for wasip1', { timeout: 60_000 }, async () => {
  const input = await readFile(file('wasip1', 'jump-table'));
  await expect(link(input, { switch: 'jspi' })).rejects.toMatchObject({ code: 'GW2107' });
});

test('engines without what a strategy needs are told apart', async () => {
  const { createJspi, hasJspi } = await import(here('../../src/host/jspi.ts'));
  if (!hasJspi()) expect(() => createJspi()).toThrow(/Node 24.15/);
});
