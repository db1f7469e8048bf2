import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { EnvironmentError } from '../src/errors.ts';
import { joinQuoted, splitQuoted } from '../src/quoted.ts';

// The cases of cmd/internal/quoted/quoted_test.go.
describe('splitQuoted', () => {
  test.each<[string, string[] | undefined]>([
    ['', []],
    [' ', []],
    [' a', ['a']],
    ['a ', ['a']],
    ['a  b', ['a', 'b']],
    ['a\tb\nc\rd', ['a', 'b', 'c', 'd']],
    [`'a b'`, ['a b']],
    [`"a b"`, ['a b']],
    [`'a '"b "`, ['a ', 'b ']],
    [`'a "'"'b"`, ['a "', `'b`]],
    [`a'b c'`, [`a'b`, `c'`]],
    [`''`, ['']],
    [`"a\nb"`, ['a\nb']],
    [`\\'`, [`\\'`]],
    [`'a`, undefined],
    [`a "b`, undefined],
  ])('%j', (text, words) => {
    expect(splitQuoted(text)).toEqual(words);
  });
});

describe('joinQuoted', () => {
  test.each<[string[], string]>([
    [[], ''],
    [['a', 'b'], 'a b'],
    [['a ', 'b'], `'a ' b`],
    [[`'a `, 'b'], `"'a " b`],
    [['', 'b'], `'' b`],
  ])('%j', (words, text) => {
    expect(joinQuoted(words)).toBe(text);
  });

  test('both kinds of quotes in one word have no form', () => {
    expect(() => joinQuoted([`'"`])).toThrow(EnvironmentError);
  });

  test('is undone by splitQuoted', () => {
    const word = fc.string({ unit: fc.constantFrom('a', ' ', '\t', '\n', '"', '=', '-', '\\', 'é') });
    fc.assert(fc.property(fc.array(word), (words) => void expect(splitQuoted(joinQuoted(words))).toEqual(words)));
  });
});
