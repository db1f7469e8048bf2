import { vi } from 'vitest';
import { type ProgramStage, pipeline } from '../../src/pipeline.ts';

/** Has all functions for some that run once, so that all loops have entries, until the function that it returns is called. */
export function haveAllLoopsEntries(): () => void {
  const stage = pipeline.find(({ name }) => name === 'loop-entries') as ProgramStage;
  const spy = vi.spyOn(stage, 'run').mockImplementation((cx) => {
    cx.runsOnce = Uint8Array.from({ length: cx.program.functions }, (_, f) => (cx.lifted.isLifted(f) ? 1 : 0));
  });
  return () => spy.mockRestore();
}
