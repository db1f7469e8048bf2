/** Real graphs: every function of a Go program, as the linker gives it to a structurer. */
import type { Structurer } from '@go-wasm/cfg';
import { relooper } from '@go-wasm/relooper';
import { stackifier } from '@go-wasm/stackifier';
import { beforeAll, describe, expect, it } from 'vitest';
import { goroot } from '../../linker/test/helpers/go.ts';
import { binaryenModuleOf, TIDY } from './support/binaryen.ts';
import { effort, full, patience, seed } from './support/effort.ts';
import { buildGo, ESBUILD, GOFMT, graphsOf } from './support/go.ts';
import { done, prove } from './support/proof.ts';
import { bodySize, moduleOf } from './support/wasm.ts';

const program = full ? ESBUILD : GOFMT;
const step = effort(20, 1);
const without = goroot() === undefined ? ' (skipped: there is no Go)' : '';

describe.skipIf(without !== '')(`1 in ${step} functions of ${program.name}${without} (SEED=${seed})`, () => {
  let module: Uint8Array;
  beforeAll(async () => {
    module = await buildGo(program);
  }, patience);

  it.each<Structurer>([stackifier, relooper])('$name is right', { timeout: patience }, (structurer) => {
    const before = { ...done };
    let blocks = 0;
    let largest = 0;
    let withLabel = 0;
    for (const { graph } of graphsOf(module, step, seed)) {
      blocks += graph.size;
      largest = Math.max(largest, graph.size);
      // Only irreducible graphs may have a label variable: `prove` sees to that.
      if (prove(structurer, graph, 4).usesLabelVariable) withLabel++;
    }
    console.log(
      `${structurer.name}: ${done.graphs - before.graphs} functions of a module of ${module.length} bytes, ${blocks} blocks, at most ` +
        `${largest} in one, proven; ${done.runs - before.runs} runs compared; ${withLabel} with a label variable`,
    );
    expect(done.graphs).toBeGreaterThan(before.graphs);
  });

  it("takes no more bytes than what Binaryen's Relooper makes", { timeout: patience }, () => {
    const sum = { stackifier: 0, relooper: 0, binaryen: 0, tidied: 0 };
    let largerThanTidied = 0;
    for (const { name, graph } of graphsOf(module, step, seed)) {
      const size = bodySize(moduleOf(stackifier.structure(graph)));
      const binaryen = bodySize(binaryenModuleOf(graph));
      const tidied = bodySize(binaryenModuleOf(graph, TIDY));
      expect(size, name).toBeLessThanOrEqual(binaryen);
      if (size > tidied) largerThanTidied++;
      sum.stackifier += size;
      sum.relooper += bodySize(moduleOf(relooper.structure(graph)));
      sum.binaryen += binaryen;
      sum.tidied += tidied;
    }
    console.log('bytes:', sum, `the stackifier takes more than Binaryen, tidied, in ${largerThanTidied} functions`);
    expect(sum.stackifier).toBeLessThanOrEqual(sum.tidied);
    expect(sum.relooper).toBeLessThanOrEqual(sum.tidied);
  });
});
