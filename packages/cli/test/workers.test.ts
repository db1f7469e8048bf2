/** Threads that take part in a link: the bytes are those of one thread. */
import { readFileSync } from 'node:fs';
import { availableParallelism } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { type LinkOptions, link } from '@go-wasm/linker';
import { build } from 'esbuild';
import { beforeAll, expect, test } from 'vitest';
import { build as goBuild, program, scratchFolder } from '../../linker/test/helpers/go.ts';
import { withWorkers, workersFor } from '../src/workers.ts';

const folder = await scratchFolder();
const THREAD = join(folder, 'thread.cjs');
let input: Uint8Array;

beforeAll(async () => {
  await Promise.all([
    build({
      stdin: {
        contents: "import { serveLink } from './workers.ts'; serveLink();",
        resolveDir: fileURLToPath(new URL('../src', import.meta.url)),
      },
      bundle: true,
      platform: 'node',
      conditions: ['@go-wasm/source'],
      external: ['binaryen'],
      outfile: THREAD,
    }),
    goBuild(program('panics'), join(folder, 'in.wasm'), { goos: 'js' }),
  ]);
  input = readFileSync(join(folder, 'in.wasm'));
}, 120_000);

/** Links with threads. `taken` says how many of them have done something. */
async function linked(count: number, options: LinkOptions) {
  let taken = 0;
  const result = await withWorkers(count, THREAD, async (workers) => {
    const result = await link(input, { ...options, workers });
    for (const { done } of workers) if ((await done).functions.length > 0) taken++;
    return result;
  });
  return { ...result, taken };
}

const map = { url: () => 'map', content: () => undefined };

test.each<[string, LinkOptions]>([
  ['resume', {}],
  ['resume, with a source map', { sourceMap: map }],
  ['resume, checked, nothing optimized, relooper', { verify: true, level: '0', structure: 'relooper' }],
  ['resume, some left as they are', { keep: /^fmt\./ }],
  ['stack-switching', { switch: 'stack-switching' }],
  ['jspi', { switch: 'jspi' }],
])(
  '%s: the same bytes with 0, 1 and 3 workers',
  async (_, options) => {
    const { bytes, sourceMap } = await link(input, options);
    let taken = 0;
    for (const count of [1, 3]) {
      const theirs = await linked(count, options);
      taken += theirs.taken;
      expect(Buffer.compare(theirs.bytes, bytes), `${count} workers`).toBe(0);
      expect(theirs.sourceMap).toBe(sourceMap);
    }
    expect(taken).toBeGreaterThan(0);
  },
  120_000,
);

test('a thread that cannot be started, or ends, is done without', async () => {
  const { bytes } = await link(input);
  for (const script of [
    'throw new Error("made to fail")',
    'process.exit(3)',
    'setTimeout(() => process.exit(3), 100)',
  ]) {
    const theirs = await withWorkers(1, script, (workers) => link(input, { workers }), { eval: true });
    expect(Buffer.compare(theirs.bytes, bytes), script).toBe(0);
  }
}, 120_000);

test('small modules go without, and no thread is without a core', () => {
  expect(workersFor(14_000_000)).toBe(0);
  expect(workersFor(49_000_000)).toBe(Math.min(availableParallelism() - 1, 2));
  expect(workersFor(1_000_000_000)).toBe(Math.min(availableParallelism() - 1, 3));
});
