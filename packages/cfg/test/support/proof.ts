/** The checks that every structurer's work must pass. */

import {
  Analysis,
  checkStructured,
  type Decide,
  Exit,
  findWaste,
  type Graph,
  printGraph,
  printStructured,
  runGraph,
  runStructured,
  Scratch,
  type Structured,
  type Structurer,
} from '@go-wasm/cfg';
import { randomNumbers } from './graphs.ts';

/** How many graphs have been structured and checked, and how many runs compared, in this process. */
export const done: { graphs: number; runs: number } = { graphs: 0, runs: 0 };

/** Decisions that depend on the block and on how often it has been asked, so that a mix-up shows. */
export function decisions(seed: number, graph: Graph): Decide {
  const random = randomNumbers(seed);
  const base = random();
  const asked = new Map<number, number>();
  return (block) => {
    const times = asked.get(block) ?? 0;
    asked.set(block, times + 1);
    const hash = randomNumbers(base ^ Math.imul(block + 1, 0x9e3779b1) ^ Math.imul(times, 0x85ebca6b))();
    const ways = graph.succStart[block + 1]! - graph.succStart[block]!;
    return graph.kind[block] === Exit.Switch ? hash % (ways + 2) : hash & 1;
  };
}

const scratch = new Scratch();
const analysis = new Analysis();

/**
 * Structures `graph` and checks the result: symbolically, by running both with `runs` streams of decisions, and for waste.
 * Throws an error that shows graph and program if anything is wrong.
 */
export function prove(structurer: Structurer, graph: Graph, runs: number, sizes?: ArrayLike<number>): Structured {
  const structured = structurer.structure(graph, sizes === undefined ? { scratch } : { scratch, sizes });
  done.graphs++;
  try {
    checkStructured(graph, structured);
    for (let seed = 0; seed < runs; seed++) {
      const limit = 20 + 2 * graph.size;
      const expected = runGraph(graph, decisions(seed, graph), limit);
      const actual = runStructured(structured, decisions(seed, graph), limit);
      done.runs++;
      if (expected.length !== actual.length || expected.some((event, i) => event !== actual[i]))
        throw new Error(`run ${seed} differs: ${expected.join(' ')} in the graph, ${actual.join(' ')} in the program`);
    }
    const waste = findWaste(structured);
    if (waste.length > 0) throw new Error(waste.join('\n'));
    if (structured.usesLabelVariable && analysis.run(graph).irreducibleLoops === 0)
      throw new Error('a label variable for a reducible graph');
  } catch (error) {
    const show = graph.size > 60 ? '(too large to show)' : `${printGraph(graph)}\n${printStructured(structured)}`;
    throw new Error(`${structurer.name}: ${(error as Error).message}\n${show}`, { cause: error });
  }
  return structured;
}
