/**
 * All-pairs testing: mistakes that need more than two settings at once are rare, and a few dozen combinations have every two settings together where
 * all combinations are hundreds (Cohen, Dalal, Fredman, Patton: The AETG System, IEEE Transactions on Software Engineering 23(7), 1997).
 */

/**
 * Some of `rows`, chosen greedily, in which any two values are together that are so in one of `rows`: values of two different properties, compared as
 * what JSON makes of them. Where several rows have as many new pairs, the one whose values have been chosen least. The same rows in the same order for
 * the same input.
 */
export function coverPairs<T extends object>(rows: readonly T[]): T[] {
  const values = rows.map((row) => Object.entries(row).map((entry) => JSON.stringify(entry)));
  const pairs = values.map((row) => row.flatMap((one, k) => row.slice(k + 1).map((other) => one + other)));
  const left = new Set(pairs.flat());
  const uses = new Map<string, number>();
  const chosen: T[] = [];
  while (left.size > 0) {
    const gains = pairs.map((row) => row.filter((pair) => left.has(pair)).length);
    const used = values.map((row) => row.reduce((sum, value) => sum + (uses.get(value) ?? 0), 0));
    const best = [...rows.keys()].reduce((a, b) => ((gains[b]! - gains[a]! || used[a]! - used[b]!) > 0 ? b : a));
    for (const pair of pairs[best]!) left.delete(pair);
    for (const value of values[best]!) uses.set(value, (uses.get(value) ?? 0) + 1);
    chosen.push(rows[best]!);
  }
  return chosen;
}
