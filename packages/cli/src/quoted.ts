import { EnvironmentError } from './errors.ts';

/**
 * Splits a list of words as cmd/go does (cmd/internal/quoted): `'…'` and `"…"` around whole words, no escapes.
 * Undefined if a quote has no end.
 */
export function splitQuoted(text: string): string[] | undefined {
  const words: string[] = [];
  const word = /[ \t\n\r]*(?:(['"])(.*?)\1|(?!['"])([^ \t\n\r]+)|(['"]))/gsy;
  for (let m = word.exec(text); m; m = word.exec(text)) {
    if (m[4] !== undefined) return undefined;
    words.push(m[2] ?? m[3]!);
  }
  return words;
}

/** Joins words into a list that `splitQuoted` takes apart again. */
export function joinQuoted(words: readonly string[]): string {
  return words.map(quote).join(' ');
}

function quote(word: string): string {
  if (word !== '' && !/[ \t\n\r'"]/.test(word)) return word;
  if (!word.includes("'")) return `'${word}'`;
  if (!word.includes('"')) return `"${word}"`;
  throw new EnvironmentError('GW4021', `cannot be quoted for go, which knows no escapes: ${word}`, {
    hint: 'a path has both kinds of quotes in it: move it, or set GO_WASM_CACHE to a folder without',
  });
}
