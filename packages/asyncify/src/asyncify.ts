import { decodeModule, encodeModule, importCount } from '@go-wasm/wasm';
import { type Analysis, type AnalyzeOptions, analyze } from './analyze.ts';
import { instrument } from './instrument.ts';
import { addAsyncifyGlobals, exportAsyncifyFunctions, memoryOf } from './runtime.ts';

/** How to instrument, and what. */
export interface AsyncifyOptions extends AnalyzeOptions {
  /**
   * Where the buffers are: `own`, the module's first memory (any engine), or `secondary`, a memory for nothing else (engines
   * with multi-memory), so that an overflow meets no data of the program. It is exported as `asyncify_memory`. Default `own`.
   */
  memory?: 'own' | 'secondary';
  /** Pages of 64 KiB that a secondary memory begins with. Default 1. */
  pages?: number;
  /** Binaryen's optimization level, 0 to 4, for the functions that are instrumented. Default 1. */
  optimize?: number;
  /** Called as functions are done. */
  onProgress?: (done: number, total: number) => void;
}

/** What has been done; sizes in bytes. */
export interface AsyncifyReport {
  readonly analysis: Analysis;
  /** How many functions the module defines, and how many of them have been instrumented. */
  readonly functions: number;
  readonly instrumented: number;
  readonly inputBytes: number;
  readonly outputBytes: number;
  /** By function index of the module: how many bytes of a buffer its frame takes at most; 0 if it has not been instrumented. */
  readonly frames: Int32Array;
}

/** The new module, and what has been done. */
export interface AsyncifyResult {
  bytes: Uint8Array<ArrayBuffer>;
  report: AsyncifyReport;
}

/**
 * Instruments a module so that its stack can be unwound into a buffer and rewound from there. The module exports Binaryen's
 * five functions in addition (see README); everything that is not instrumented stays as it is, byte by byte.
 *
 * @throws MalformedError for a broken module, UnsupportedError for what cannot be instrumented or if `binaryen` is not
 *   installed, RangeError for a name on a list that no function has.
 */
export async function asyncify(input: Uint8Array, options: AsyncifyOptions = {}): Promise<AsyncifyResult> {
  const module = decodeModule(input);
  const analysis = analyze(module, options);
  const defined = importCount(module, 'memory');
  let memory = 0;
  if (options.memory === 'secondary') {
    memory = defined + module.memories.push({ min: options.pages ?? 1 }) - 1;
    module.exports.push({ name: 'asyncify_memory', kind: 'memory', index: memory });
  } else if (defined + module.memories.length === 0) {
    module.memories.push({ min: options.pages ?? 1 });
    module.exports.push({ name: 'asyncify_memory', kind: 'memory', index: 0 });
  }
  const globals = addAsyncifyGlobals(module, memoryOf(module, memory).is64);
  const imported = importCount(module, 'func');
  const chosen: number[] = [];
  analysis.switchable.forEach((is, f) => {
    if (is === 1 && f >= imported && analysis.why(f)[0]!.reason !== 'start') chosen.push(f);
  });
  const functions = module.functions.length;
  const { frames } = await instrument(module, chosen, {
    ...globals,
    memory,
    unwinds: analysis.switchable,
    ...(options.optimize !== undefined && { optimize: options.optimize }),
    ...(options.onProgress !== undefined && { onProgress: options.onProgress }),
  });
  exportAsyncifyFunctions(module, globals, memory);
  const bytes = encodeModule(module);
  return {
    bytes,
    report: {
      analysis,
      functions,
      instrumented: chosen.length,
      inputBytes: input.length,
      outputBytes: bytes.length,
      frames,
    },
  };
}
