/**
 * Loads and runs Go programs.
 *
 * @module @go-wasm/runtime
 */

export {
  BlockedError,
  CrashError,
  EngineError,
  ExitedError,
  GoRuntimeError,
  ModuleError,
  SourceError,
  StartError,
} from './errors.ts';
export { type FetchFsOptions, fetchFs } from './fetch-fs.ts';
export type { Callback, FileStats, FileSystem } from './files.ts';
export { Go } from './go.ts';
export {
  type App,
  type Async,
  type GoExport,
  type InstantiateOptions,
  instantiate,
  type MemoryUse,
  type Source,
} from './instantiate.ts';
export { type MemoryFs, memoryFs } from './memory-fs.ts';
export type { LinkInfo } from './module.ts';
export type { Input, Output } from './streams.ts';
export type { SystemOptions } from './system.ts';
