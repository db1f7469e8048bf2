/**
 * Unwinds and rewinds the stack of any WebAssembly module, by Binaryen's Asyncify.
 *
 * @module @go-wasm/asyncify
 */

export {
  type Analysis,
  type AnalyzeOptions,
  analyze,
  type FunctionPattern,
  type Reason,
  type Step,
} from './analyze.ts';
export { type AsyncifyOptions, type AsyncifyReport, type AsyncifyResult, asyncify } from './asyncify.ts';
export { type BinaryenLike, loadBinaryen, type TransformSettings, transform } from './binaryen.ts';
export { type Instrumented, type InstrumentOptions, instrument } from './instrument.ts';
export { type AsyncifyGlobals, addAsyncifyGlobals, State } from './runtime.ts';
