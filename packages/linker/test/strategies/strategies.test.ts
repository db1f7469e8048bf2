/**
 * The program in `hard/` does the same in every switch strategy and host as in the module that Go has made: its output, and
 * how it ends, with its traceback. An ordinary run has `resume` in Node, and others each day.
 */
import { execFile } from 'node:child_process';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { afterAll, beforeAll, describe, expect, onTestFinished, test } from 'vitest';
import { command, type Engine, findEngine, needEngine, targetOf } from '../../../../tools/src/engines.ts';
import { ofToday } from '../../../cfg/test/support/effort.ts';
import { type LinkOptions, link } from '../../src/index.ts';
import type { Choice, StrategyName } from '../../src/targets.ts';
import { everywhere } from '../helpers/everywhere.ts';

const run = promisify(execFile);
const here = (path: string): string => fileURLToPath(new URL(path, import.meta.url));
const endings = ['', 'twice', 'deadlock', 'panic', 'nil', 'exit', 'goexit', 'traceback', 'overflow'] as const;
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

async function linked(goos: Goos, strategy: StrategyName, options: Omit<LinkOptions, 'switch'>): Promise<void> {
  const { bytes, report } = await link(await readFile(file(goos, 'jump-table')), { switch: strategy, ...options });
  expect(report.functions.kept).toEqual([]);
  await writeFile(file(goos, strategy), bytes);
}

interface Outcome {
  stdout: string;
  stderr: string;
  code?: number;
}

/**
 * What a program writes and how it exits, as one text. Addresses in tracebacks, and what is dumped of memory, depend on the program's own name.
 */
async function outcome(command: string, args: string[]): Promise<string> {
  const options = { timeout: 120_000, maxBuffer: 1 << 26 };
  const result = await run(command, args, options).catch((error: Outcome): Outcome => error);
  const { stdout, stderr, code = 0 }: Outcome = result;
  const traceback = stderr.replace(/0x[0-9a-f]{4,}/g, '0x…').replace(/^[0-9a-f]{16}: .*/gm, '…');
  return `${stdout}${traceback}exit ${code}`;
}

interface Host {
  engine: Engine;
  goos: Goos;
  strategies: readonly StrategyName[];
  /** What the modules are linked for. */
  target?: string;
}

const hosts: Host[] = [{ engine: await needEngine('node'), goos: 'js', strategies: ['resume'] }];
if (newer !== undefined) {
  const others = ofToday(['asyncify', 'stack-switching', 'jspi'] as const);
  hosts.push({ engine: newer, goos: 'js', strategies: ['resume', ...others] });
}
if (wasmtime !== undefined) {
  const ways = [
    { strategies: ['resume', 'asyncify'] },
    { strategies: ['stack-switching'] },
    // With symmetric switching.
    { strategies: ['stack-switching'], target: targetOf(wasmtime).text },
  ] as const;
  for (const way of ofToday(ways)) hosts.push({ engine: wasmtime, goos: 'wasip1', ...way });
}

function ended({ engine, goos }: Host, strategy: Choice['strategy'], ending: string): Promise<string> {
  const args = ending === '' ? [] : [ending];
  const { file: program, args: words } = command(engine, goos, file(goos, strategy), args, goroot, folder, strategy);
  const preload = goos === 'js' ? ['--import', here('expose-exports.mjs')] : [];
  // The large stack is for stock Go: strategies must do with the engine's usual one.
  const kept = strategy === 'jump-table' ? words : words.filter((word) => !word.startsWith('--stack-size'));
  return outcome(program, [...preload, ...kept]);
}

for (const host of hosts) {
  describe([host.engine.name, host.target].filter(Boolean).join(' for '), () => {
    const expected = new Map<string, Promise<string>>();
    const stock = (ending: string): Promise<string> => {
      const known = expected.get(ending) ?? ended(host, 'jump-table', ending);
      expected.set(ending, known);
      return known;
    };
    for (const strategy of host.strategies) {
      test(`${strategy} does the same as stock Go`, { timeout: 300_000 }, async () => {
        const target = host.target === undefined ? {} : { target: host.target };
        await linked(host.goos, strategy, target);
        for (const ending of endings) {
          // Its end dumps the stack, with words of calls that have returned: that pass leaves some of them out.
          if (ending === 'overflow') await linked(host.goos, strategy, { ...target, noPass: ['nothing-to-wake'] });
          expect(await ended(host, strategy, ending), ending).toBe(await stock(ending));
        }
        expect(await stock('')).toMatch(/^end$/m);
      });
    }

    // asyncify has none.
    const places = host.strategies.filter((strategy) => strategy !== 'asyncify');
    for (const strategy of ofToday(places)) {
      test.each(ofToday(everywhere, { every: places.length }))(
        `${strategy} does so %s`,
        { timeout: 300_000 },
        async (_, have) => {
          onTestFinished(have());
          await linked(host.goos, strategy, host.target === undefined ? {} : { target: host.target });
          for (const ending of ['', 'twice', 'panic'] as const) {
            expect(await ended(host, strategy, ending), ending).toBe(await stock(ending));
          }
        },
      );
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
