import { Analysis, components, type Graph, obviousDominators } from '@go-wasm/cfg';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { effort, full, patience, seed } from './support/effort.ts';
import { everyGraph, exitsOf, graphOf, largeGraphs, limits, smallGraphs } from './support/graphs.ts';
import { fastest } from './support/suite.ts';

/** Which blocks each block reaches by at least one edge, among `within` and without the edges into `cut`. */
function reachability(graph: Graph, within: ReadonlySet<number>, cut: ReadonlySet<number>): Set<number>[] {
  const exits = exitsOf(graph);
  return exits.map((_, b) => {
    const reached = new Set<number>();
    const work = within.has(b) ? [b] : [];
    while (work.length > 0) {
      for (const t of exits[work.pop()!]!) {
        if (!within.has(t) || cut.has(t) || reached.has(t)) continue;
        reached.add(t);
        work.push(t);
      }
    }
    return reached;
  });
}

interface Loop {
  header: number;
  blocks: number[];
  irreducible: boolean;
  inner: Loop[];
}

/**
 * The loops by their definition: the cycles' strongly connected components; in each, without the edges to its header, again.
 * Which block is the header of an irreducible one is the depth-first search's choice: the block that it has met first.
 */
function obviousLoops(graph: Graph, metFirst: (blocks: number[]) => number): Loop[] {
  const all = new Set(Array.from({ length: graph.size }, (_, b) => b));
  const exits = exitsOf(graph);
  const entered = reachability(graph, all, new Set())[graph.entry]!.add(graph.entry);
  const find = (within: ReadonlySet<number>, cut: ReadonlySet<number>): Loop[] => {
    const reach = reachability(graph, within, cut);
    const loops: Loop[] = [];
    const done = new Set<number>();
    for (const b of within) {
      if (done.has(b) || !reach[b]!.has(b)) continue;
      const blocks = [...within].filter((x) => reach[b]!.has(x) && reach[x]!.has(b)).sort((x, y) => x - y);
      for (const x of blocks) done.add(x);
      const header = metFirst(blocks);
      const inLoop = new Set(blocks);
      const irreducible = [...entered].some(
        (x) => !inLoop.has(x) && exits[x]!.some((t) => inLoop.has(t) && t !== header),
      );
      loops.push({ header, blocks, irreducible, inner: find(inLoop, new Set([...cut, header])) });
    }
    return loops.sort((x, y) => x.header - y.header);
  };
  return find(entered, new Set());
}

/** The loops that an analysis has found, in the same form. */
function foundLoops(graph: Graph, analysis: Analysis): Loop[] {
  const loops = Array.from({ length: analysis.loops }, (_, l) => ({
    header: analysis.loopHeader[l]!,
    blocks: Array.from({ length: graph.size }, (_, b) => b).filter(
      (b) => analysis.number[b]! >= 0 && analysis.inLoop(b, l),
    ),
    irreducible: analysis.loopIrreducible[l] === 1,
    inner: [] as Loop[],
  }));
  const top: Loop[] = [];
  loops.forEach((loop, l) => {
    const parent = analysis.loopParent[l]!;
    (parent < 0 ? top : loops[parent]!.inner).push(loop);
  });
  for (const list of [top, ...loops.map((loop) => loop.inner)]) list.sort((x, y) => x.header - y.header);
  return top;
}

const analysis = new Analysis();

/** Compares all that an analysis says with the definitions. */
function check(graph: Graph): void {
  analysis.run(graph);
  const { reachable, order, number, predStart, pred, idom } = analysis;
  const exits = exitsOf(graph);
  const blocks = exits.map((_, b) => b);

  // Reverse postorder.
  const reached = new Set([graph.entry]);
  for (const b of reached) for (const t of exits[b]!) reached.add(t);
  expect(reachable).toBe(reached.size);
  expect(order[0]).toBe(graph.entry);
  const listed = Array.from(order.subarray(0, reachable));
  expect([...listed].sort((a, b) => a - b)).toEqual([...reached].sort((a, b) => a - b));
  for (const b of blocks) expect(number[b]).toBe(listed.indexOf(b));

  // Predecessors.
  const preds: number[][] = blocks.map(() => []);
  for (const b of listed) for (const t of exits[b]!) preds[t]!.push(b);
  for (const b of blocks) expect(Array.from(pred.subarray(predStart[b]!, predStart[b + 1]!))).toEqual(preds[b]);

  // Dominators.
  const expected = obviousDominators(graph);
  for (const b of blocks) expect(idom[b], `immediate dominator of ${b}`).toBe(expected[b]);
  for (const a of listed) {
    let dominated = 0;
    for (const b of listed) {
      let x = b;
      while (x !== a && x >= 0) x = expected[x]!;
      if (x === a) dominated++;
      expect(analysis.dominates(a, b), `${a} dominates ${b}`).toBe(x === a);
    }
    expect(analysis.dominated(a)).toBe(dominated);
  }

  // Loops. Of the blocks of a component the search meets first the one that is its own or its ancestor's tree child, and in
  // reverse postorder that one is first too.
  const loops = obviousLoops(graph, (component) => component.reduce((a, b) => (number[a]! < number[b]! ? a : b)));
  expect(foundLoops(graph, analysis)).toEqual(loops);
  const isReducible = listed.every((b) => exits[b]!.every((t) => number[t]! > number[b]! || analysis.dominates(t, b)));
  expect(analysis.irreducibleLoops === 0).toBe(isReducible);
  for (let l = 0; l < analysis.loops; l++) {
    const parent = analysis.loopParent[l]!;
    expect(parent).toBeLessThan(l);
    if (parent >= 0) expect(analysis.loopLast[l]).toBeLessThanOrEqual(analysis.loopLast[parent]!);
    for (const b of listed) {
      if (analysis.inLoop(b, l)) continue;
      let outermost = l;
      while (analysis.loopParent[outermost]! >= 0 && !analysis.inLoop(b, analysis.loopParent[outermost]!))
        outermost = analysis.loopParent[outermost]!;
      expect(analysis.outermostLoopWithout(b, l)).toBe(outermost);
    }
  }

  // Components.
  const { of, count } = components(graph);
  const reach = reachability(graph, new Set(blocks), new Set());
  for (const a of blocks) {
    for (const b of blocks) expect(of[a] === of[b]).toBe(a === b || (reach[a]!.has(b) && reach[b]!.has(a)));
    for (const t of exits[a]!) expect(of[t]).toBeLessThanOrEqual(of[a]!);
  }
  expect(new Set(of)).toEqual(new Set(Array.from({ length: count }, (_, c) => c)));
}

describe(`analysis (SEED=${seed})`, () => {
  it(`agrees with the definitions on every graph of up to 4 blocks with 2 ways each (1 in ${effort(20, 1)})`, () => {
    everyGraph(4, 2, check, effort(20, 1), seed);
  });

  it(`agrees with the definitions on ${effort(300, 20_000)} random graphs of up to 16 blocks`, {
    timeout: patience,
  }, () => {
    fc.assert(fc.property(smallGraphs(16), check), { numRuns: effort(300, 20_000), seed });
  });

  it(`agrees with the definitions on ${effort(12, 200)} random graphs of up to 80 blocks`, {
    timeout: patience,
  }, () => {
    fc.assert(fc.property(largeGraphs(80), check), { numRuns: effort(12, 200), seed });
  });

  it(`finds the obvious dominators of ${effort(4, 60)} random graphs of up to 1,000 blocks`, {
    timeout: patience,
  }, () => {
    fc.assert(
      fc.property(largeGraphs(1000), (graph) => {
        expect(Array.from(analysis.run(graph).idom.subarray(0, graph.size))).toEqual(
          Array.from(obviousDominators(graph)),
        );
      }),
      { numRuns: effort(4, 60), seed },
    );
  });

  it('calls a graph reducible after what it does, not how it looks', () => {
    expect(analysis.run(graphOf([[1, 2], [2], [1]])).irreducibleLoops).toBe(1);
    expect(analysis.run(graphOf([[1], [2], [1]])).irreducibleLoops).toBe(0);
    // The way from outside into the middle of the loop is not taken: nothing reaches its start.
    expect(analysis.run(graphOf([[1], [2], [1], [2]])).irreducibleLoops).toBe(0);
  });

  it.each(limits)('needs no deep stack for %s', (_, make) => {
    const graph = make();
    expect(analysis.run(graph).reachable).toBe(graph.size);
    const { of } = components(graph);
    expect(exitsOf(graph).every((targets, b) => targets.every((t) => of[t]! <= of[b]!))).toBe(true);
  });

  it.runIf(full).each(limits)('takes less than a second for %s', { timeout: patience }, (_, make) => {
    const graph = make();
    expect(fastest(() => analysis.run(graph))).toBeLessThan(1000);
    expect(fastest(() => components(graph))).toBeLessThan(1000);
  });
});
