/** The stages that go function by function. */
import { GoWasmError, InternalError } from '@go-wasm/wasm';
import { nameOf } from './names.ts';
import type { FunctionStage, LinkContext, Stage } from './pipeline.ts';

/** How many functions a thread takes at a time. */
const PORTION = 32;

/** What of {@link Stage}s is done function by function. */
export function functionStages(stages: readonly Stage[]): FunctionStage[] {
  return stages.filter((stage) => 'runFunction' in stage);
}

/**
 * Takes functions from those that are left, and puts each through the stages, until none are left. Before the first of them the
 * stages prepare what concerns the whole program, so that it does not depend on which functions are taken.
 *
 * @param next of one word, which threads may share: the first function that nobody has taken.
 * @param done told each function that has gone through all stages.
 * @param times gets the milliseconds that each of `stages` has taken.
 * @throws GoWasmError with the function's name and the stage's.
 */
export function takeFunctions(
  cx: LinkContext,
  stages: readonly FunctionStage[],
  next: Int32Array,
  { verify, times, done }: { verify?: boolean | undefined; times?: Float64Array; done?: (f: number) => void },
): void {
  const functions = cx.lifted.units;
  for (const stage of stages) stage.start?.(cx);
  for (;;) {
    const first = Atomics.add(next, 0, PORTION);
    if (first >= functions) return;
    const last = Math.min(first + PORTION, functions);
    cx.onProgress?.(first, functions);
    for (let f = first; f < last; f++) {
      if (!cx.lifted.isLifted(f)) continue;
      runFunction(cx, stages, f, verify, times);
      done?.(f);
    }
  }
}

/** Puts one function through the stages, which must have been started. @throws GoWasmError with its name and the stage's. */
export function runFunction(
  cx: LinkContext,
  stages: readonly FunctionStage[],
  f: number,
  verify?: boolean,
  times?: Float64Array,
): void {
  let k = 0;
  try {
    for (; k < stages.length; k++) {
      const stage = stages[k]!;
      const start = performance.now();
      stage.runFunction(cx, f);
      if (times) times[k]! += performance.now() - start;
      if (verify) stage.check?.(cx);
    }
  } catch (error) {
    throw inFunction(error, nameOf(cx.program, cx.lifted, f), stages[k]!.name);
  }
}

/** The error with its place; what is no error of ours is a bug of ours. */
export function inFunction(error: unknown, name: string, stage: string): unknown {
  if (error instanceof GoWasmError) {
    error.where.function ??= name;
    error.where.pass ??= stage;
    return error;
  }
  return new InternalError('GW9100', error instanceof Error ? error.message : String(error), {
    where: { function: name, pass: stage },
    hint: 'please report this; -linkmode=internal builds without go-wasm',
    cause: error,
  });
}
