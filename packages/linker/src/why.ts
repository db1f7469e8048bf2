/** Why a function pays for the switching of goroutines: the shortest chain of calls to a place where one may leave. */
import { type GoProgram, type Lifted, liftProgram, readProgram } from '@go-wasm/lift';
import { reach, Source, UNREACHED } from './analyses/reach.ts';
import { strategies } from './strategies/index.ts';
import type { StrategyName } from './targets.ts';

/** A module's functions, by their index among those that it defines. */
export interface Explainer {
  /** Go's names for them. */
  readonly names: readonly string[];
  explain(strategy: StrategyName): Explanation;
}

/** Of one strategy. */
export interface Explanation {
  /**
   * A shortest chain of calls that starts with function `f`, and ends where goroutines are switched; undefined if there is none:
   * the function does not pay for it.
   */
  why(f: number): Chain | undefined;
  /** How many functions follow Go's calling convention, and how many of them pay. */
  readonly functions: number;
  readonly paying: number;
  /** The functions by which others come to a switch, with how many do, most first; each counts itself. */
  readonly through: readonly { f: number; functions: number }[];
}

/** Functions, each of which calls the next, and what the last one does. */
export interface Chain {
  readonly functions: readonly number[];
  /**
   * - `unwinds`: the last function starts to unwind the wasm stack;
   * - `indirect`: it makes an indirect call, which may reach anything;
   * - `unknown`: it was not understood, and keeps its jump table;
   * - `switches`: it is the one that the strategy switches in.
   */
  readonly end: 'unwinds' | 'indirect' | 'unknown' | 'switches';
}

const ENDS: Readonly<Record<number, Chain['end']>> = {
  [Source.Unwinding]: 'unwinds',
  [Source.Indirect]: 'indirect',
  [Source.NotLifted]: 'unknown',
  [Source.Listed]: 'switches',
};

/**
 * Reads a module that Go's linker wrote, to explain it.
 *
 * @param keep functions that stay in jump-table form, as for {@link link}.
 * @throws what {@link link} throws.
 */
export function explain(input: Uint8Array, { keep }: { keep?: RegExp | undefined } = {}): Explainer {
  const program = readProgram(input);
  return explainer(program, liftProgram(program, { keep: (name) => (keep?.test(name) ? 'asked for' : undefined) }));
}

export function explainer(program: GoProgram, lifted: Lifted): Explainer {
  return {
    names: program.names,
    explain: (strategy) => explanation(program, reach(program, lifted, strategies[strategy].switchesAt)),
  };
}

function explanation({ functions, isGo }: GoProgram, next: Int32Array): Explanation {
  const through = new Map<number, number>();
  let total = 0;
  let paying = 0;
  for (let f = 0; f < functions; f++) {
    if (isGo[f] === 0) continue;
    total++;
    if (next[f] === UNREACHED) continue;
    paying++;
    for (let at = f; at >= 0; at = next[at]!) through.set(at, (through.get(at) ?? 0) + 1);
  }
  return {
    functions: total,
    paying,
    through: [...through]
      .map(([f, count]) => ({ f, functions: count }))
      .sort((a, b) => b.functions - a.functions || a.f - b.f),
    why: (f) => {
      if (next[f] === UNREACHED) return undefined;
      const chain: number[] = [];
      let at = f;
      for (; at >= 0; at = next[at]!) chain.push(at);
      return { functions: chain, end: ENDS[at]! };
    },
  };
}
