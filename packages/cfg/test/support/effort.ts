/** How much is tested: a few seconds' worth with an ordinary run, everything with `PROOF=full`. `SEED=n` repeats a run. */

export const full: boolean = process.env.PROOF === 'full';

export const seed: number = Number(process.env.SEED ?? Date.now() % 2 ** 31);

export function effort(ordinary: number, everything: number): number {
  return full ? everything : ordinary;
}

/** How long a test may take, in milliseconds. */
export const patience: number = full ? 3_600_000 : 60_000;
