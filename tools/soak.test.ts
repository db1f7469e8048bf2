/** Some seconds of `npm run soak`, in a place of another strategy each day. */
import { expect, test } from 'vitest';
import { ofToday } from '../packages/cfg/test/support/effort.ts';
import { nameOf, places } from './src/places.ts';
import { judge, soak } from './src/soak.ts';

const { places: all, skipped } = await places(['node26']);
const js = all.filter(({ goos, strategy }) => goos === 'js' && strategy !== 'jump-table');

test.each(ofToday(js).map((place) => [nameOf(place), place] as const))('%s', { timeout: 300_000 }, async (_, place) => {
  const { problems } = await soak(place, 8);
  expect(problems).toEqual([]);
});

test('memory that grows is seen', () => {
  const sample = { system: 1e8, host: 1e8, goroutines: 2, operations: 9, callbacks: 9, wrong: 0 };
  const steady = Array.from({ length: 9 }, () => ({ ...sample, heap: 5e7 }));
  const growing = steady.map((sample, k) => ({ ...sample, heap: 5e7 + k * 2e7 }));
  expect(judge(steady).problems).toEqual([]);
  expect(judge(growing).problems).toEqual(['heap has grown from 150000000 to 210000000 bytes']);
  expect(judge(steady.map((sample) => ({ ...sample, wrong: 1 }))).problems).toEqual(['1 results were wrong']);
});

test.skip.each(skipped)('%s', () => {});
