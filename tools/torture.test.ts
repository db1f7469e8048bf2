/** A seed of `npm run torture`, another one each day, in all places that are there. */
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { day } from '../packages/cfg/test/support/effort.ts';
import { nameOf, places } from './src/places.ts';
import { firstDifference, Torture } from './src/torture.ts';

const seed = Number(process.env.SEED ?? day);
const { places: found, skipped } = await places();
// The oracle is native Go; what stock Go makes is not ours to test.
const all = found.filter(({ strategy }) => strategy !== 'jump-table');
let torture: Torture;

beforeAll(async () => {
  torture = await Torture.build(all);
}, 600_000);
afterAll(() => torture.close());

describe(`seed ${seed}`, () => {
  test.each(all.map((place) => [nameOf(place), place] as const))('%s', { timeout: 120_000 }, async (_, place) => {
    const args = [String(seed)];
    const expected = await torture.expected(args);
    expect(expected).toMatch(new RegExp(`\\nend ${seed}\\n$`));
    const got = await torture.run(place, args);
    if (got !== expected) throw new Error(firstDifference(expected, got));
  });
});

test.skip.each(skipped)('%s', () => {});
