/** Any two settings that can be together are together in what `conformance --pairs` runs. */
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { seed } from '../packages/cfg/test/support/effort.ts';
import { coverPairs } from './src/conformance/pairs.ts';

const row = fc.record({ a: fc.nat(3), b: fc.nat(5), c: fc.nat(1), d: fc.record({ e: fc.nat(3) }) });

const pairsOf = (rows: object[]): Set<string> =>
  new Set(
    rows.flatMap((row) => {
      const entries = Object.entries(row);
      return entries.flatMap((one) =>
        entries.filter((other) => one[0] < other[0]).map((other) => JSON.stringify([one, other])),
      );
    }),
  );

test('every pair is in what is chosen, and nothing is chosen twice', () => {
  fc.assert(
    fc.property(fc.array(row, { maxLength: 200 }), (rows) => {
      const chosen = coverPairs(rows);
      for (const one of chosen) expect(rows).toContain(one);
      expect(new Set(chosen).size).toBe(chosen.length);
      expect(pairsOf(chosen)).toEqual(pairsOf(rows));
      expect(coverPairs(rows)).toEqual(chosen);
    }),
    { seed },
  );
});

test('of all combinations few are needed', () => {
  const values = [0, 1, 2, 3];
  const all = values.flatMap((a) => values.flatMap((b) => values.flatMap((c) => values.map((d) => ({ a, b, c, d })))));
  // 16 is the least: an orthogonal array of strength two.
  expect(coverPairs(all).length).toBeLessThanOrEqual(24);
});
