/** A slice of `npm run fuzz:go` in all places that are there, and the programs that have differed once. `SEED=n` repeats a slice. */
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { isTurn } from '../packages/cfg/test/support/effort.ts';
import { generate, sourceOf } from './src/fuzz/program.ts';
import { Programs, programs, variants } from './src/fuzz-go.ts';
import { places } from './src/places.ts';

const seed = Number(process.env.SEED ?? Date.now() % 2 ** 31);
const { places: all, skipped } = await places(['node', 'node26', 'wasmtime']);
let opened: Programs;

beforeAll(async () => {
  opened = await Programs.open();
}, 120_000);
afterAll(() => opened.close());

/** A place of each strategy; which one goes by the seed. */
function slice() {
  const strategies = [...new Set(all.map(({ strategy }) => strategy))];
  return strategies.map((strategy) => {
    const those = all.filter((place) => place.strategy === strategy);
    return those[seed % those.length]!;
  });
}

async function expectNone(source: string): Promise<void> {
  const expected = await opened.expected(source);
  expect(await opened.differences(source, expected, variants(slice(), seed))).toEqual([]);
}

test.runIf(isTurn('odd'))(`12 functions trace the same: seed ${seed}`, { timeout: 300_000 }, async () => {
  await expectNone(sourceOf(Array.from({ length: 12 }, (_, k) => generate(seed, k))));
});

test('a difference is found', { timeout: 120_000 }, async () => {
  const source = sourceOf([generate(1, 0)]);
  const expected = await opened.expected(source);
  const wrong = expected.replace(/: \d+/, ': 0');
  const [place] = all;
  const found = await opened.differences(source, wrong, variants([place!], 1));
  expect(found).toMatchObject([{ function: 'f0', expected: wrong.split('\n')[0] }]);
  expect(found[0]!.got).toContain(expected.split('\n')[0]);
});

// What has differed once.
const files = existsSync(programs) ? readdirSync(programs).filter((name) => name.endsWith('.go')) : [];
test.each(files)('%s', { timeout: 300_000 }, async (name) => expectNone(readFileSync(join(programs, name), 'utf8')));

test.skip.each(skipped)('%s', () => {});
