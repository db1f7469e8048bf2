import { type Graph, runGraph, type Structurer } from '@go-wasm/cfg';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { binaryenModuleOf, TIDY } from '../../cfg/test/support/binaryen.ts';
import { effort, patience, seed } from '../../cfg/test/support/effort.ts';
import { everyGraph, largeGraphs, randomGraph, smallGraphs } from '../../cfg/test/support/graphs.ts';
import { decisions } from '../../cfg/test/support/proof.ts';
import { bodySize, moduleOf, runModule } from '../../cfg/test/support/wasm.ts';
import { stackifier } from '../../stackifier/src/index.ts';
import { relooper } from '../src/index.ts';

const structurers: readonly Structurer[] = [stackifier, relooper];

/** Runs a graph, what our structurers and what Binaryen's Relooper make of it: they must do the same. */
function compare(graph: Graph, runs: number): void {
  const modules = [...structurers.map((s) => moduleOf(s.structure(graph))), binaryenModuleOf(graph)];
  const limit = 20 + 2 * graph.size;
  for (let run = 0; run < runs; run++) {
    const expected = runGraph(graph, decisions(run, graph), limit);
    for (const module of modules) expect(runModule(module, decisions(run, graph), limit)).toEqual(expected);
  }
}

describe(`Binaryen's Relooper (SEED=${seed})`, () => {
  it(`does the same on every graph of up to 4 blocks with 2 ways each (1 in ${effort(50, 2)})`, {
    timeout: patience,
  }, () => {
    everyGraph(4, 2, (graph) => compare(graph, 2), effort(50, 2), seed);
  });

  it(`does the same on ${effort(200, 10_000)} random graphs of up to 12 blocks`, { timeout: patience }, () => {
    fc.assert(
      fc.property(smallGraphs(12), (graph) => compare(graph, 3)),
      { numRuns: effort(200, 10_000), seed },
    );
  });

  it(`does the same on ${effort(40, 2000)} random graphs of up to 200 blocks`, { timeout: patience }, () => {
    fc.assert(
      fc.property(largeGraphs(200), (graph) => compare(graph, 3)),
      { numRuns: effort(40, 2000), seed },
    );
  });

  it.each(['structured', 'jumps', 'local', 'anything'] as const)(
    'makes larger code: %s',
    { timeout: patience },
    (kind) => {
      const sum = { stackifier: 0, relooper: 0, binaryen: 0, tidied: 0 };
      for (let k = 0; k < effort(40, 400); k++) {
        const graph = randomGraph(seed + k, 60, kind);
        sum.stackifier += bodySize(moduleOf(stackifier.structure(graph)));
        sum.relooper += bodySize(moduleOf(relooper.structure(graph)));
        sum.binaryen += bodySize(binaryenModuleOf(graph));
        sum.tidied += bodySize(binaryenModuleOf(graph, TIDY));
      }
      console.log(`bytes, ${kind}:`, sum);
      expect(sum.stackifier).toBeLessThanOrEqual(sum.tidied);
      expect(sum.relooper).toBeLessThanOrEqual(sum.tidied);
      expect(sum.tidied).toBeLessThanOrEqual(sum.binaryen);
    },
  );
});
