/** How much is tested: a few seconds' worth with an ordinary run, everything with `PROOF=full`. `SEED=n` repeats a run. */

export const full: boolean = process.env.PROOF === 'full';

export const seed: number = Number(process.env.SEED ?? Date.now() % 2 ** 31);

export function effort(ordinary: number, everything: number): number {
  return full ? everything : ordinary;
}

/** Days since 1970; `SLICE=n` repeats another day's run. */
export const day: number = Number(process.env.SLICE ?? Math.floor(Date.now() / 86_400_000));

/**
 * Of what takes long, `count` in an ordinary run, others each day; all where there are no more.
 *
 * @param options `every`: of how many days one asks for this, where it is part of what has turns itself: without it, the same ones would
 * meet each time.
 */
export function ofToday<T>(
  all: readonly T[],
  { count = 1, every = 1 }: { count?: number; every?: number } = {},
): readonly T[] {
  if (full || all.length <= count) return all;
  const first = Math.floor(day / every) * count;
  return Array.from({ length: count }, (_, k) => all[(first + k) % all.length]!);
}

/** Whether it is the turn of a test that takes long: of two such the one runs on even days, the other one on odd ones; with `PROOF=full` both. */
export function isTurn(which: 'even' | 'odd'): boolean {
  return full || (day % 2 === 0) === (which === 'even');
}

/** How long a test may take, in milliseconds. */
export const patience: number = full ? 3_600_000 : 60_000;
