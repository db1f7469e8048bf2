import { type Graph, runGraph, toWat } from '@go-wasm/cfg';
import binaryen from 'binaryen';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { stackifier } from '../../stackifier/src/index.ts';
import { effort, patience, seed } from './support/effort.ts';
import { smallGraphs } from './support/graphs.ts';
import { decisions } from './support/proof.ts';
import { runModule } from './support/wasm.ts';

describe('toWat', () => {
  it(`writes programs that do what they should (SEED=${seed})`, { timeout: patience }, () => {
    let withLabel = 0;
    const property = fc.property(smallGraphs(8), (graph: Graph) => {
      const structured = stackifier.structure(graph, { sizes: new Array(graph.size).fill(1000) });
      if (structured.usesLabelVariable) withLabel++;
      const code = toWat(structured, {
        code: (b) => `(call $event (i32.const ${b}))`,
        on: (b) => `(call $decide (i32.const ${b}))`,
        leave: (b) => `(call $event (i32.const ${~b})) return`,
        label: '$next',
      });
      const module = binaryen.parseText(`(module
        (import "env" "event" (func $event (param i32)))
        (import "env" "decide" (func $decide (param i32) (result i32)))
        (func (export "run") (local $next i32)\n${code}))`);
      const bytes = module.emitBinary() as Uint8Array<ArrayBuffer>;
      module.dispose();
      expect(runModule(bytes, decisions(1, graph), 50)).toEqual(runGraph(graph, decisions(1, graph), 50));
    });
    fc.assert(property, { numRuns: effort(200, 5000), seed });
    expect(withLabel).toBeGreaterThan(0);
  });
});
