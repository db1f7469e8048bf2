import type { GoProgram, Lifted } from '@go-wasm/lift';
import type { Module } from '@go-wasm/wasm';
import type { Sources } from '../analyses/reach.ts';
import type { FunctionImport } from '../imports.ts';
import type { Lowered } from '../lowered.ts';
import type { Target } from '../targets.ts';

/** What the analyses have found out; arrays go by index among the defined functions. */
export interface Facts {
  readonly neverReturns: Uint8Array;
  readonly mayUnwind: Uint8Array;
  /** Functions whose loops get entries; undefined where none is to have any. */
  readonly runsOnce?: Uint8Array | undefined;
  /** What the module is for; undefined if that is not known. */
  readonly target?: Target | undefined;
}

/** How a goroutine leaves the wasm stack and comes back: a plug-in, chosen by name. */
export interface SwitchStrategy {
  readonly name: string;
  readonly description: string;
  /** Which functions pay for that goroutines are switched: those that reach these places. */
  readonly switchesAt: Sources;
  /** Prepares what concerns the whole program; called once, before any function is lowered. May add types to the module. */
  start(program: GoProgram, lifted: Lifted, facts: Facts): Lowering;
}

/** A strategy at work on one program. */
export interface Lowering {
  /** Turns lifted function `f`, which may have many entries, into a graph with one. */
  lower(f: number, into: Lowered): void;
  /** The type of all lowered functions. */
  readonly type: number;
  /** How many of a lifted function's declared i32 locals are parameters now, beside PC_B. */
  readonly extraParameters: number;
  /** What the function leaves on the operand stack at its unwind exit. */
  readonly unwindResult: number;
  /** What the module imports in addition. */
  readonly newImports: readonly FunctionImport[];
  /** Adds a function to the module, to be {@link define}d before `finish`. Returns its index. */
  addFunction(name: string, type: number): number;
  /** Gives a function that was added its body (locals and code). */
  define(index: number, body: Uint8Array): void;
  /**
   * Adds a function () -> () to the module, after which the wasm frames of the current goroutine are thrown away at the next stack check, and entered
   * anew. Returns its index; undefined if the strategy has no such thing for this program.
   */
  reentry?(): number | undefined;
  /** Changes everything around the lowered functions: helpers, adapters, table, types. */
  finish(module: Module): void;
  /**
   * Rewrites functions of the finished module, if the strategy does such a thing. Returns which ones, by function index.
   * `onProgress` is told how many of how many functions are done.
   */
  instrument?(module: Module, onProgress?: (done: number, total: number) => void): Promise<ReadonlySet<number>>;
}
