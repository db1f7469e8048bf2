/** docs/trust.md is what docs/trust.json says. */
import { readFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import { data, page, render, type Trust } from './src/trust.ts';

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

test('no command has left a failure in the figures', () => {
  for (const { different, unlisted } of trust.conformance?.runs ?? []) expect([different, unlisted]).toEqual([0, 0]);
  expect(trust.fuzz?.failures ?? 0).toBe(0);
  expect(trust['fuzz-go']?.differences ?? 0).toBe(0);
  for (const limits of [trust['limits-js'], trust['limits-wasip1']]) expect(limits?.same ?? true).toBe(true);
  expect(trust.soak?.rows.flatMap(({ problems }) => problems) ?? []).toEqual([]);
});
