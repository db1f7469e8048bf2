import { Analysis, checkStructured, findWaste, type NamedGraph, printStructured, type Structurer } from '@go-wasm/cfg';
import { describe, expect } from 'vitest';
import { printShapes, relooper } from '../../relooper/src/index.ts';
import { stackifier } from '../../stackifier/src/index.ts';
import { testFiles } from './support/filetest.ts';

describe('filetests', () => {
  testFiles(new URL('./filetests/', import.meta.url), {
    analysis: printAnalysis,
    stackifier: (input) => structured(stackifier, input),
    shapes: ({ graph, names, sizes }) => printShapes(graph, names, sizes),
    relooper: (input) => structured(relooper, input),
  });
});

function structured(structurer: Structurer, { graph, names, sizes }: NamedGraph): string {
  const program = structurer.structure(graph, { sizes });
  checkStructured(graph, program);
  expect(findWaste(program)).toEqual([]);
  return printStructured(program, names);
}

function printAnalysis({ graph, names }: NamedGraph): string {
  const analysis = new Analysis().run(graph);
  const order = Array.from(analysis.order.subarray(0, analysis.reachable));
  const list = (blocks: number[]): string => blocks.map((b) => ` ${names[b]}`).join('');
  let text = `order:${list(order)}\n`;
  for (const b of order) if (analysis.idom[b]! >= 0) text += `${names[analysis.idom[b]!]} dominates ${names[b]}\n`;
  for (let l = 0; l < analysis.loops; l++) {
    const kind = analysis.loopIrreducible[l] === 1 ? 'irreducible loop' : 'loop';
    text += `${kind} ${names[analysis.loopHeader[l]!]}:${list(order.filter((b) => analysis.inLoop(b, l)))}\n`;
  }
  return text;
}
