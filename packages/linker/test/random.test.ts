/**
 * Random functions in the shape that Go's assembler writes do the same before and after: the same calls of the host with
 * the same SP, while goroutines switch, stacks grow and move, and panics are recovered, at random. `SEED=n` repeats a run,
 * `PROOF=full` runs a hundred times as many.
 */
import { liftProgram, readProgram } from '@go-wasm/lift';
import fc from 'fast-check';
import { expect, onTestFinished, test } from 'vitest';
import { effort, ofToday, patience, seed } from '../../cfg/test/support/effort.ts';
import { assemble } from '../../lift/test/helpers/asm.ts';
import { walkLifted, walkRaw } from '../../lift/test/helpers/walk.ts';
import { link } from '../src/index.ts';
import { everywhere } from './helpers/everywhere.ts';
import { MEMORY_PAGES, randomProgram, run, sourceOf } from './helpers/random-program.ts';

const numRuns = effort(100, 20_000);
const assembled = (source: string): Uint8Array => assemble(source, { exportAll: true, memoryPages: MEMORY_PAGES });

test.each([['as usual', undefined], ...ofToday(everywhere)] as const)(
  `${numRuns} random programs run the same, %s`,
  { timeout: patience },
  async (_, have) => {
    if (have) onTestFinished(have());
    const ends = new Map<string, number>();
    const property = fc.asyncProperty(randomProgram, fc.integer(), fc.nat(255), async (functions, decisions, kept) => {
      const source = sourceOf(functions);
      const input = assembled(source);
      const { names, deferReturn } = readProgram(input);
      const functionOf = (name: string): number => names.indexOf(name);
      const deferReturns = functions.map((_, k) => deferReturn[functionOf(`main.f${k}`)]!);
      const runIt = (bytes: Uint8Array) => run(bytes, functionOf, deferReturns, functions.length, decisions);
      const expected = runIt(input);
      ends.set(expected.end, (ends.get(expected.end) ?? 0) + 1);

      const some = functions.map((_, k) => k).filter((k) => ((kept >> k) & 1) === 1);
      for (const structure of ['stackifier', 'relooper'] as const) {
        for (const keep of [undefined, new RegExp(`^main\\.f[${some.join('')}-]$`)]) {
          const { bytes, report } = await link(input, { structure, verify: true, ...(keep && { keep }) });
          expect(report.functions.kept.map(({ name }) => name)).toEqual(keep ? some.map((k) => `main.f${k}`) : []);
          expect(runIt(bytes), `${structure}, kept: ${keep?.source ?? 'nothing'}\n${source}`).toEqual(expected);
        }
      }
    });
    await fc.assert(property, { numRuns, seed });
    // The generator must not degenerate: some programs come to their end, some run on.
    expect(ends.get('done')).toBeGreaterThan(numRuns / 10);
    expect(ends.get('Error: enough')).toBeGreaterThan(numRuns / 10);
  },
);

test(`${numRuns} random programs are lifted without a change`, { timeout: patience }, () => {
  const property = fc.property(randomProgram, fc.integer(), (functions, decisions) => {
    const program = readProgram(assembled(sourceOf(functions)));
    const lifted = liftProgram(program);
    for (let f = 0; f < program.functions; f++) {
      if (program.isGo[f] === 0) continue;
      expect(lifted.reason[f]).toBeUndefined();
      const pcs = [0, ...lifted.entryPc.subarray(lifted.funcEntry[f], lifted.funcEntry[f + 1])];
      for (const pc of pcs)
        expect(walkLifted(lifted, f, pc, decisions)).toEqual(walkRaw(program, lifted, f, pc, decisions));
    }
  });
  fc.assert(property, { numRuns, seed });
});
