/** How much is tested: a few seconds' worth with an ordinary run, everything with `PROOF=full`. `SEED=n` repeats a run. */

export const full: boolean = process.env.PROOF === 'full';

export const seed: number = Number(process.env.SEED ?? Date.now() % 2 ** 31);

export function effort(ordinary: number, everything: number): number {
  return full ? everything : ordinary;
}

/** Days since 1970; `SLICE=n` repeats another day's run. */
export const day: number = Number(process.env.SLICE ?? Math.floor(Date.now() / 86_400_000));

/** Of what takes long, another one each day in an ordinary run; none of none. */
export function ofToday<T>(all: readonly T[]): readonly T[] {
  const first = day % all.length;
  return full ? all : all.slice(first, first + 1);
}

/** How long a test may take, in milliseconds. */
export const patience: number = full ? 3_600_000 : 60_000;
