/** Has the linker do to all functions what it does to few, so that tests find what is wrong with it. */
import { MAX_EXITS } from '@go-wasm/lift';
import { vi } from 'vitest';
import { type Limits, splitFunctions } from '../../src/passes/split-functions.ts';
import { type ProgramStage, pipeline } from '../../src/pipeline.ts';

/** Has a stage do something else, until the function that it returns is called. */
function instead(name: string, run: ProgramStage['run']): () => void {
  const stage = pipeline.find((stage) => stage.name === name) as ProgramStage;
  const spy = vi.spyOn(stage, 'run').mockImplementation(run);
  return () => spy.mockRestore();
}

/** Has all functions for some that run once, so that all loops have entries, until the function that it returns is called. */
export function haveAllLoopsEntries(): () => void {
  return instead('loop-entries', (cx) => {
    cx.runsOnce = Uint8Array.from({ length: cx.program.functions }, (_, f) => (cx.lifted.isLifted(f) ? 1 : 0));
  });
}

/** Has functions split wherever that is possible, however small they are. */
export const EVERYWHERE: Limits = {
  whole: 0,
  large: 1,
  small: 1,
  frame: -1,
  inLoop: { small: 1, exits: MAX_EXITS },
};

/** Has all functions split by these limits, until the function that it returns is called. */
export function haveFunctionsSplit(): () => void {
  return instead('split-functions', (cx) => splitFunctions(cx.program, cx.lifted, cx, EVERYWHERE));
}

/** What can be done to all functions: how a test is named that does it, and what does it. */
export const everywhere: readonly (readonly [name: string, have: () => () => void])[] = [
  ['with entries for all loops', haveAllLoopsEntries],
  ['split everywhere', haveFunctionsSplit],
];
