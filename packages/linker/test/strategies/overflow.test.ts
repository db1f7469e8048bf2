/**
 * Recursion is as deep as Go's own limit allows, whatever the engine's stack. Where that is too small even for what a strategy
 * needs, the program ends with an error that says so, and nothing enters it again.
 */
import { execFile } from 'node:child_process';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { command, type Engine, findEngine, type Goos, needEngine } from '../../../../tools/src/engines.ts';
import { effort, ofToday } from '../../../cfg/test/support/effort.ts';
import { link } from '../../src/index.ts';
import type { StrategyName } from '../../src/targets.ts';

const run = promisify(execFile);
const here = (path: string): string => fileURLToPath(new URL(path, import.meta.url));
const goroot = (await run('go', ['env', 'GOROOT'])).stdout.trim();
const node = await needEngine('node');
const newer = await findEngine('node26');
const wasmtime = await findEngine('wasmtime');
let folder: string;

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'go-wasm-overflow-'));
}, 300_000);
afterAll(() => rm(folder, { recursive: true }));

const files = new Map<string, Promise<string>>();

/** The program, linked for a strategy. */
function linked(goos: Goos, strategy: StrategyName): Promise<string> {
  const file = join(folder, `${goos}.${strategy}.wasm`);
  const made = files.get(file) ?? make(goos, strategy, file);
  files.set(file, made);
  return made;
}

async function make(goos: Goos, strategy: StrategyName, file: string): Promise<string> {
  const stock = `${file}.stock`;
  const env = { ...process.env, GOOS: goos, GOARCH: 'wasm' };
  await run('go', ['build', '-o', stock, '.'], { cwd: here('overflow'), env });
  const { bytes } = await link(await readFile(stock), { switch: strategy });
  await writeFile(file, bytes);
  return file;
}

const FRAMES = effort(2_000_000, 10_000_000);

const places: [Engine | undefined, Goos, StrategyName[]][] = [
  [node, 'js', ['resume']],
  [newer, 'js', ['resume', 'asyncify', 'stack-switching', 'jspi']],
  [wasmtime, 'wasip1', ['resume', 'asyncify', 'stack-switching']],
];

describe.each(places.filter(([engine]) => engine !== undefined))(
  `${FRAMES.toLocaleString('en')} frames in $name for %s`,
  (engine, goos, strategies) => {
    test.each(ofToday(strategies))('%s', { timeout: 180_000 }, async (strategy) => {
      const wasm = await linked(goos, strategy);
      const { file, args } = command(engine!, goos, wasm, ['alone', String(FRAMES)], goroot, folder, strategy);
      const { stdout } = await run(
        file,
        args.filter((word) => !word.startsWith('--stack-size')),
      );
      expect(stdout).toBe(`start\n${FRAMES}\n${FRAMES / 2}\ngoes on\n`);
    });
  },
);

const small = '--stack-size=100';
const crashed =
  /CrashError\]?: the Go program has crashed: RangeError: .*; the engine's stack is too small \(in Node: --stack-size\)/;

async function failed(file: string, args: string[]): Promise<{ code: number; stdout: string; stderr: string }> {
  return run(file, args, { timeout: 60_000 }).then(
    (result) => ({ ...result, code: 0 }),
    (error) => error,
  );
}

describe.each(['alone', 'nested', 'event'])('a stack that is too small, %s', (mode) => {
  const ways: [string, Engine | undefined, StrategyName][] = [
    ['@go-wasm/runtime in Node', node, 'resume'],
    ['@go-wasm/runtime in Node 26', newer, 'resume'],
    ['the half of jspi in Node 26', newer, 'jspi'],
  ];
  test.each(ways.filter(([, engine]) => engine !== undefined))(
    '%s, %o',
    { timeout: 120_000 },
    async (_, engine, strategy) => {
      const wasm = await linked('js', strategy);
      const words = [mode, '100000'];
      const { file, args } = command(engine!, 'js', wasm, words, goroot, folder, strategy);
      const ended = await failed(
        file,
        args.map((word) => (word.startsWith('--stack-size') ? small : word)),
      );
      expect(ended.stdout).toBe('start\n');
      expect(ended.stderr).toMatch(crashed);
      expect(ended.stderr).toContain("code: 'GW6403'");
      expect(ended.code).toBe(1);
    },
  );
});
