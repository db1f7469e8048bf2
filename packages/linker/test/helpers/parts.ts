import { MAX_EXITS } from '@go-wasm/lift';
import { vi } from 'vitest';
import { type Limits, splitFunctions } from '../../src/passes/split-functions.ts';
import { type ProgramStage, pipeline } from '../../src/pipeline.ts';

/** Has functions split wherever that is possible, however small they are. */
export const EVERYWHERE: Limits = { whole: 0, large: 1, small: 1, frame: 0, inLoop: { small: 1, exits: MAX_EXITS } };

/** Has functions split by those limits, until the function that it returns is called. */
export function haveFunctionsSplit(limits: Limits = EVERYWHERE): () => void {
  const stage = pipeline.find(({ name }) => name === 'split-functions') as ProgramStage;
  const spy = vi.spyOn(stage, 'run').mockImplementation((cx) => splitFunctions(cx.program, cx.lifted, cx, limits));
  return () => spy.mockRestore();
}
