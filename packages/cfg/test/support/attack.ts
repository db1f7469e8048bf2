/** Runs in a process of its own on a mutated copy of the packages: reports what finds the mutation, or that nothing does. */

import { readdirSync, readFileSync } from 'node:fs';
import { Analysis, type Graph, obviousDominators, parseGraph, printStructured } from '@go-wasm/cfg';
import { printShapes, relooper } from '@go-wasm/relooper';
import { stackifier } from '@go-wasm/stackifier';
import { everyGraph, nestedIrreducible, type RandomKind, randomGraph } from './graphs.ts';
import { prove } from './proof.ts';

function attack(graph: Graph): void {
  const analysis = new Analysis().run(graph);
  const expected = obviousDominators(graph);
  for (let b = 0; b < graph.size; b++)
    if (analysis.idom[b] !== expected[b]) throw new Error(`immediate dominator of ${b}`);
  for (const structurer of [stackifier, relooper]) {
    prove(structurer, graph, 1);
    prove(structurer, graph, 1, new Array(graph.size).fill(1000));
  }
}

/** The file tests, whose folder is the argument. */
function compareFiles(folder: string): void {
  for (const name of readdirSync(folder)) {
    const [text, ...sections] = readFileSync(`${folder}/${name}`, 'utf8').split('\n--- ');
    const { graph, names, sizes } = parseGraph(text!);
    const made = [stackifier, relooper].map(
      (structurer) => `${structurer.name}\n${printStructured(structurer.structure(graph, { sizes }), names)}`,
    );
    for (const section of [...made, `shapes\n${printShapes(graph, names, sizes)}`])
      if (!sections.some((expected) => expected.trimEnd() === section.trimEnd()))
        throw new Error(`${name}: ${section}`);
  }
}

function attacks(): void {
  const kinds: RandomKind[] = ['structured', 'jumps', 'local', 'anything'];
  for (let seed = 0; seed < 120; seed++) for (const kind of kinds) attack(randomGraph(seed, 4 + (seed % 40), kind));
  everyGraph(4, 2, attack, 23);
  everyGraph(3, 3, attack, 41);
  attack(nestedIrreducible(40));
  for (const kind of kinds) attack(randomGraph(7, 300, kind));
  // Last: what only these find has no effect but on the code's quality.
  compareFiles(process.argv[2]!);
}

let verdict = 'survived';
try {
  attacks();
} catch (error) {
  verdict = `found: ${(error as Error).message.split('\n', 1)[0]}`;
}
process.send!(verdict);
