/**
 * Functions are lowered, structured and emitted by several threads: the one that links, and workers. What concerns the whole
 * program is done once, but for `decode` and `plan`, which each thread does by itself; lifted code lies in shared memory.
 *
 * ```
 * link    decode ─▶ lift ─▶ analyses ─▶ plan ─▶ functions ─▶ …
 *            │ input                      │ work    ▲ done
 * worker     ▼     decode ─▶ (waits)      ▼ plan ─▶ functions
 * ```
 *
 * Each thread takes a few functions, and the next when it has done those. What becomes of a function does not depend on who does
 * it, and functions that stages add are added before: the module has the same bytes however many workers there are. What a worker
 * fails to do, the thread that links does, and meets the same error.
 *
 * Assumes: lowering a function leaves nothing behind that later stages need (asyncify's does, and goes without workers).
 */
import { type GoProgram, Lifted, readProgram } from '@go-wasm/lift';
import { ByteWriter } from '@go-wasm/wasm';
import { functionStages, takeFunctions } from './functions.ts';
import { type LinkOptions, prepare } from './link.ts';
import type { LinkContext } from './pipeline.ts';

/** A thread that runs {@link worker}, as the thread that links sees it. Who starts it ends it. */
export interface LinkWorker {
  post(message: Uint8Array | Work): void;
  /** What `worker` has returned; rejected if the thread fails. */
  readonly done: Promise<Done>;
}

/** What a worker needs to know, beside the module. */
export interface Work {
  options: Omit<LinkOptions, 'workers' | 'onProgress' | 'sourceMap'>;
  lifted: Lifted;
  neverReturns: Uint8Array;
  mayUnwind: Uint8Array;
  /** Of one word, in shared memory: the first function that nobody has taken. */
  next: Int32Array;
  /** Whether it is to be noted where code has come from, for a source map or DWARF. */
  places: boolean;
}

/** The functions that a worker has done. */
export interface Done {
  /**
   * One after the other: index among the defined functions, bytes of its body, words of its branch hints, those words, words
   * of its places (−1 if none are wanted), those words.
   */
  functions: Int32Array;
  /** Their bodies, in the same order. */
  bodies: Uint8Array;
}

/** The stages whose results are posted, or that are done when the input comes. */
const GIVEN: ReadonlySet<string> = new Set(['decode', 'lift', 'never-returns', 'may-unwind', 'split-functions']);

/** A worker's part: to be called with what is posted to it. Returns what is to be posted back, if anything. */
export function worker(): (message: Uint8Array | Work) => Done | undefined {
  let program: GoProgram | undefined;
  return (message) => {
    if (message instanceof Uint8Array) program = readProgram(message);
    else return work(program!, message);
    return undefined;
  };
}

function work(program: GoProgram, { options, lifted, neverReturns, mayUnwind, next, places }: Work): Done {
  const { cx, stages } = prepare(program.module.bytes, options);
  Object.assign(cx, { program, lifted: Lifted.received(lifted), neverReturns, mayUnwind });
  if (places) cx.places = [];
  for (const stage of stages) {
    if ('runFunction' in stage) break;
    if (!GIVEN.has(stage.name)) stage.run(cx);
  }
  const functions: number[] = [];
  const bodies = new ByteWriter(1 << 20);
  const pack = (f: number): void => {
    const body = program.module.bodies[f] as Uint8Array;
    const last = cx.hints?.at(-1);
    const hints = last?.f === f ? last.hints : [];
    const places = cx.places?.[f];
    functions.push(f, body.length, hints.length, ...hints, places?.length ?? -1, ...(places ?? []));
    bodies.raw(body);
  };
  try {
    takeFunctions(cx, functionStages(stages), next, { verify: options.verify, done: pack });
  } catch {
    // The thread that links comes to the same end, and says so.
  }
  return { functions: Int32Array.from(functions), bodies: bodies.take() };
}

/** Takes what a worker has done for its own. `done` is told each function. */
export function merge(cx: LinkContext, { functions, bodies }: Done, done: (f: number) => void): void {
  let offset = 0;
  const words = (from: number, n: number): number[] => Array.from(functions.subarray(from, from + n));
  for (let k = 0; k < functions.length; ) {
    const f = functions[k]!;
    const size = functions[k + 1]!;
    cx.program.module.bodies[f] = bodies.subarray(offset, offset + size);
    offset += size;
    const hints = functions[k + 2]!;
    if (hints > 0) cx.hints!.push({ f, hints: words(k + 3, hints) });
    k += 3 + hints;
    const places = functions[k]!;
    if (places >= 0) cx.places![f] = words(k + 1, places);
    k += 1 + Math.max(places, 0);
    done(f);
  }
}
