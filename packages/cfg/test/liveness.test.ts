import fc from 'fast-check';
import { expect, test } from 'vitest';
import { GraphBuilder, liveness } from '../src/index.ts';
import { seed } from './support/effort.ts';

const WORDS = 2;
const bits = fc.array(fc.integer(), { minLength: WORDS, maxLength: WORDS });
/** Blocks: where each goes, what it reads before it sets it, and what it sets. */
const blocks = fc.integer({ min: 1, max: 8 }).chain((size) =>
  fc.array(fc.record({ to: fc.array(fc.nat(size - 1), { maxLength: 2 }), reads: bits, kills: bits }), {
    minLength: size,
    maxLength: size,
  }),
);

test('what is live is what some way reads before any block on it sets it', () => {
  fc.assert(
    fc.property(blocks, (all) => {
      const builder = new GraphBuilder();
      for (const _ of all) builder.addBlock();
      for (const [b, { to }] of all.entries()) {
        if (to.length === 1) builder.goto(b, to[0]!);
        if (to.length === 2) builder.branch(b, to[0]!, to[1]!);
      }
      const live = Int32Array.from(all.flatMap(({ reads }) => reads));
      const kills = Int32Array.from(all.flatMap((block) => block.kills));
      liveness(builder.build(0), WORDS, live, kills);

      const has = (set: readonly number[], v: number): boolean => ((set[v >>> 5]! >>> (v & 31)) & 1) === 1;
      for (let v = 0; v < 32 * WORDS; v++) {
        const isLive = (from: number): boolean => {
          const seen = new Set([from]);
          for (const b of seen) {
            if (has(all[b]!.reads, v)) return true;
            if (!has(all[b]!.kills, v)) for (const to of all[b]!.to) seen.add(to);
          }
          return false;
        };
        for (let b = 0; b < all.length; b++) {
          expect(has([...live.subarray(b * WORDS, (b + 1) * WORDS)], v), `variable ${v} at block ${b}`).toBe(isLive(b));
        }
      }
    }),
    { seed, numRuns: 100 },
  );
});
