import { runGraph, Scratch, type Structurer } from '@go-wasm/cfg';
import fc from 'fast-check';
import { afterAll, describe, expect, it } from 'vitest';
import { effort, full, patience, seed } from './effort.ts';
import { everyGraph, largeGraphs, largeShapes, limits, randomGraph, smallGraphs } from './graphs.ts';
import { decisions, done, prove } from './proof.ts';
import { moduleOf, runModule } from './wasm.ts';

/** The tests that every structurer must pass. */
export function testStructurer(structurer: Structurer): void {
  describe(`${structurer.name} (SEED=${seed})`, () => {
    afterAll(() =>
      console.log(`${structurer.name}: ${done.graphs} graphs proven, ${done.runs} runs compared, SEED=${seed}`),
    );

    it('is right for every graph of up to 4 blocks with 2 ways each', () => {
      everyGraph(4, 2, (graph) => prove(structurer, graph, 2));
    });

    it(`is right for every graph of up to 5 blocks with 2 ways each (1 in ${effort(50, 1)})`, {
      timeout: patience,
    }, () => {
      everyGraph(5, 2, (graph) => prove(structurer, graph, 2), effort(50, 1), seed);
    });

    it(`is right for every graph of up to 3 blocks with 3 ways each (1 in ${effort(5, 1)})`, {
      timeout: patience,
    }, () => {
      everyGraph(3, 3, (graph) => prove(structurer, graph, 2), effort(5, 1), seed);
    });

    it(`is right for ${effort(3000, 300_000)} random graphs of up to 12 blocks`, { timeout: patience }, () => {
      const property = fc.property(
        smallGraphs(12),
        fc.array(fc.nat(200), { minLength: 12, maxLength: 12 }),
        (graph, sizes) => {
          prove(structurer, graph, 4, sizes);
        },
      );
      fc.assert(property, { numRuns: effort(3000, 300_000), seed });
    });

    it(`is right for ${effort(150, 10_000)} random graphs of up to 2,000 blocks`, { timeout: patience }, () => {
      const property = fc.property(largeGraphs(2000), (graph) => void prove(structurer, graph, 4));
      fc.assert(property, { numRuns: effort(150, 10_000), seed });
    });

    it(`makes valid WebAssembly that does the same (${effort(200, 5000)} random graphs)`, { timeout: patience }, () => {
      const property = fc.property(largeGraphs(100), fc.integer(), (graph, run) => {
        const limit = 20 + 2 * graph.size;
        const module = moduleOf(structurer.structure(graph));
        expect(runModule(module, decisions(run, graph), limit)).toEqual(runGraph(graph, decisions(run, graph), limit));
      });
      fc.assert(property, { numRuns: effort(200, 5000), seed });
    });

    it('gives the same for the same graph, whatever it has done before', () => {
      const scratch = new Scratch();
      const graphs = [400, 7, 60].map((blocks) => randomGraph(seed, blocks, 'jumps'));
      const tokens = (options: { scratch: Scratch } | undefined, i: number): number[] => {
        const { tokens, length } = structurer.structure(graphs[i]!, options);
        return Array.from(tokens.subarray(0, length));
      };
      for (const i of [0, 1, 2, 0, 2, 1]) expect(tokens({ scratch }, i)).toEqual(tokens(undefined, i));
    });

    const size = effort(5000, 100_000);
    it.each(largeShapes)(`is right for ${size.toLocaleString('en')} blocks: %s`, { timeout: patience }, (_, make) => {
      prove(structurer, make(size), 1);
    });

    it.each(limits)('is right for %s', { timeout: patience }, (_, make) => {
      prove(structurer, make(), 1);
    });

    it.runIf(full).each(limits)('takes less than a second for %s', { timeout: patience }, (_, make) => {
      const graph = make();
      expect(fastest(() => structurer.structure(graph))).toBeLessThan(1000);
    });
  });
}

/** Milliseconds of processor time that the fastest of three runs takes: so that it matters little what else the machine does. */
export function fastest(run: () => void): number {
  const times = Array.from({ length: 3 }, () => {
    const before = process.cpuUsage();
    run();
    const { user, system } = process.cpuUsage(before);
    return (user + system) / 1000;
  });
  return Math.min(...times);
}
