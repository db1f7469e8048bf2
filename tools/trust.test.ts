/** docs/trust.md is what docs/trust.json says. */
import { readFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import { data, mergeRuns, page, render, type Trust } from './src/trust.ts';

const trust = JSON.parse(readFileSync(data, 'utf8')) as Trust;

test('the page is what the data says: `npm run trust` makes it', () => {
  expect(readFileSync(page, 'utf8')).toBe(render(trust));
});

test('other figures make another page', () => {
  const fuzz = {
    date: '2026-01-01',
    command: 'x',
    inputs: 7_654,
    failures: 1,
    memoryMB: 3,
    outcomes: { linked: 2, GW1001: 1 },
    engine: 'e',
  };
  expect(render({ ...trust, fuzz })).toContain('7,654 mutated and random modules, 1 failures. 2 were linked');
  expect(render({})).toContain('Not measured yet: `npm run soak`.');
});

test('a run takes the place of an older one of the same setting, and of no other', () => {
  const run = (date: string, goos: string, outcomes: number) => ({
    ...{ date, suite: 'std', slice: '1/1', go: 'go1.26.8', goos, engine: 'node', options: {} },
    ...{ units: 1, outcomes, different: 0, listed: 0, unlisted: 0 },
  });
  const older = [run('2026-01-01', 'js', 1), run('2026-01-01', 'wasip1', 2)];
  const newer = [run('2026-02-02', 'js', 3)];
  expect(mergeRuns({ runs: older }, { runs: newer })).toEqual({ runs: [older[1], newer[0]] });
  expect(mergeRuns({ runs: older }, undefined)).toEqual({ runs: older });
  expect(render({ conformance: { runs: newer } })).toContain(
    '| std, go1.26.8, js, node | 2026-02-02 | 1 | 3 | 0 | 0 | 0 |',
  );
});

test('settings in pairs are one run', () => {
  const run = (slice: string, go: string, pairs = 3) => ({
    ...{ date: '2026-01-01', suite: 'test', slice, pairs, go, goos: 'js', engine: 'node', options: {} },
    ...{ units: 10, outcomes: 1000, different: 1, listed: 2, unlisted: 3 },
  });
  const page = render({
    conformance: { runs: [run('1/8', 'go1.26.8'), run('2/8', 'go1.27.3'), run('1/8', 'a', 0)] },
  });
  expect(page).toContain(
    '| GOROOT/test by pairs: 2 of 3 settings, one of 8 slices in each | 2026-01-01 | 20 | 2,000 | 2 | 4 | 6 |',
  );
  expect(page).toContain('| GOROOT/test, slice 1/8, a, js, node | 2026-01-01 | 10 | 1,000 | 1 | 2 | 3 |');
  expect(page).not.toContain('go1.26.8');
});

test('no command has left a failure in the figures', () => {
  for (const { different, unlisted } of trust.conformance?.runs ?? []) expect([different, unlisted]).toEqual([0, 0]);
  expect(trust.fuzz?.failures ?? 0).toBe(0);
  expect(trust['fuzz-go']?.differences ?? 0).toBe(0);
  for (const limits of [trust['limits-js'], trust['limits-wasip1']]) expect(limits?.same ?? true).toBe(true);
  expect(trust.soak?.rows.flatMap(({ problems }) => problems) ?? []).toEqual([]);
});
