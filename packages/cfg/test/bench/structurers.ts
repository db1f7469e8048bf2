/**
 * How long it takes per block, by the shape and the size of the graph, how that compares with Binaryen's Relooper, and how
 * long the extreme cases take in all:
 *
 *     node --conditions=@go-wasm/source --import ./tools/ts.js packages/cfg/test/bench/structurers.ts [largest size]
 */

import { Analysis, checkStructured, type Graph, GraphBuilder, Scratch } from '@go-wasm/cfg';
import { relooper } from '@go-wasm/relooper';
import { stackifier } from '@go-wasm/stackifier';
import { timeOfBinaryen } from '../support/binaryen.ts';
import { exitsOf, largeShapes, limits } from '../support/graphs.ts';

const largest = Number(process.argv[2] ?? 100_000);
const sizes = [10, 100, 1000, 10_000, 100_000].filter((n) => n <= largest);
/** Above this Binaryen takes minutes for some shapes. */
const BINARYEN_LIMIT = 1000;

const analysis = new Analysis();
const scratch = new Scratch();
const builder = new GraphBuilder();

const tasks: readonly [name: string, limit: number, run: (graph: Graph) => number][] = [
  ['build', largest, (graph) => time(() => build(exits(graph)))],
  ['analyse', largest, (graph) => time(() => analysis.run(graph))],
  ['stackifier', largest, (graph) => time(() => stackifier.structure(graph, { scratch }))],
  ['relooper', largest, (graph) => time(() => relooper.structure(graph, { scratch }))],
  [
    'check',
    largest,
    (graph) => {
      const structured = stackifier.structure(graph);
      return time(() => checkStructured(graph, structured));
    },
  ],
  ['Binaryen', BINARYEN_LIMIT, (graph) => best((n) => timeOfBinaryen(graph, n))],
];

let known: { graph: Graph; exits: number[][] } | undefined;
function exits(graph: Graph): number[][] {
  if (known?.graph !== graph) known = { graph, exits: exitsOf(graph) };
  return known.exits;
}

function build(all: readonly (readonly number[])[]): Graph {
  builder.clear();
  for (let b = 0; b < all.length; b++) builder.addBlock();
  for (let b = 0; b < all.length; b++) {
    const ways = all[b]!;
    if (ways.length === 1) builder.goto(b, ways[0]!);
    else if (ways.length === 2) builder.branch(b, ways[0]!, ways[1]!);
    else if (ways.length > 2) builder.switch(b, ways);
  }
  return builder.build(0);
}

function time(run: () => void): number {
  return best((n) => {
    const start = performance.now();
    for (let k = 0; k < n; k++) run();
    return performance.now() - start;
  });
}

/** Milliseconds of one run: the best of several series of about 20 ms each. */
function best(series: (n: number) => number): number {
  let n = 1;
  let total = series(n);
  while (total < 20 && n < 1e6) {
    n *= 2;
    total = series(n);
  }
  let least = total / n;
  for (let k = 0; k < 5; k++) least = Math.min(least, series(n) / n);
  return least;
}

for (const [name, limit, run] of tasks) {
  console.log(`\n${name}, ns a block\n`);
  console.log(`| graph | ${sizes.map((n) => n.toLocaleString('en')).join(' | ')} |`);
  console.log(`|---|${sizes.map(() => '---:|').join('')}`);
  for (const [shape, make] of largeShapes) {
    const cells = sizes.map((n) => {
      if (n > limit) return '';
      const graph = make(n);
      return ((run(graph) * 1e6) / graph.size).toFixed(0);
    });
    console.log(`| ${shape} | ${cells.join(' | ')} |`);
  }
}

console.log('\nmilliseconds\n');
console.log('| graph | analyse | stackifier | relooper |\n|---|---:|---:|---:|');
for (const [name, make] of limits) {
  const graph = make();
  const runs = [
    () => analysis.run(graph),
    () => stackifier.structure(graph, { scratch }),
    () => relooper.structure(graph, { scratch }),
  ];
  console.log(`| ${name} | ${runs.map((run) => time(run).toFixed(0)).join(' | ')} |`);
}
