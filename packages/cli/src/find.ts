/** Functions by what a user calls them. */
import { UsageError } from './errors.ts';

/** The functions that `query` means: those of that very name; else those whose name ends so; else those that it matches. */
export function find(names: readonly string[], query: string): number[] {
  const select = (test: (name: string) => boolean) => names.flatMap((name, f) => (test(name) ? [f] : []));
  const exact = select((name) => name === query);
  if (exact.length > 0) return exact;
  const end = `.${plain(query)}`;
  const ends = select((name) => `.${plain(name)}`.replaceAll('/', '.').endsWith(end.replaceAll('/', '.')));
  if (ends.length > 0) return ends;
  try {
    const pattern = new RegExp(query);
    return select((name) => pattern.test(name));
  } catch {
    return [];
  }
}

/** A method's name without what marks a pointer receiver: `strings.Builder.grow` for `strings.(*Builder).grow`. */
function plain(name: string): string {
  return name.replace(/\(\*([^)]*)\)/g, '$1');
}

/** `did you mean resume? ` for what is near; empty if nothing is. */
export function suggest(names: readonly string[], given: string | undefined): string {
  const [near] = given === undefined ? [] : closest(names, given);
  return near === undefined ? '' : `did you mean ${near}? `;
}

/** @param otherwise the hint where no name is near. */
export function unknown(names: readonly string[], query: string, otherwise: string): UsageError {
  const near = closest(names, query);
  return new UsageError('GW5002', `there is no function ${query}`, {
    hint: near.length > 0 ? `did you mean ${near.join(', ')}?` : otherwise,
  });
}

/** Up to three names that differ from `query`, as a whole or at their end, in a third of its letters at most. */
export function closest(names: readonly string[], query: string): string[] {
  const wanted = plain(query).toLowerCase();
  const parts = wanted.split('.').length;
  const limit = Math.max(1, Math.floor(wanted.length / 3));
  return [...new Set(names)]
    .map((name) => {
      const whole = plain(name).toLowerCase();
      const end = whole.split('.').slice(-parts).join('.');
      return { name, distance: Math.min(editDistance(wanted, whole), editDistance(wanted, end)) };
    })
    .filter(({ distance }) => distance <= limit)
    .sort((a, b) => a.distance - b.distance)
    .slice(0, 3)
    .map(({ name }) => name);
}

/** How many letters must be put in, taken out or changed to make `b` of `a` (Levenshtein). */
function editDistance(a: string, b: string): number {
  let row = Array.from({ length: b.length + 1 }, (_, j) => j);
  for (let i = 1; i <= a.length; i++) {
    const next = [i];
    for (let j = 1; j <= b.length; j++) {
      const changed = row[j - 1]! + (a[i - 1] === b[j - 1] ? 0 : 1);
      next.push(Math.min(changed, row[j]! + 1, next[j - 1]! + 1));
    }
    row = next;
  }
  return row[b.length]!;
}
