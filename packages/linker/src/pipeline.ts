/**
 * The way of a module through the linker: {@link pipeline} is the one list.
 *
 * A stage works on the whole program, or on one function at a time. Function stages that stand side by side are run
 * function by function, so that they share the memory they work in and the bytes of one function stay in the cache.
 */
import { checkStructured, Scratch, type Structured, type Structurer } from '@go-wasm/cfg';
import { type GoProgram, type Lifted, type LiftOptions, liftProgram, readProgram } from '@go-wasm/lift';
import {
  ByteWriter,
  decodeModule,
  EngineLimits,
  encodeModule,
  InternalError,
  LimitError,
  type Locals,
  lengthOf,
  type Module,
  ValType,
} from '@go-wasm/wasm';
import { mayUnwind } from './analyses/may-unwind.ts';
import { neverReturns } from './analyses/never-returns.ts';
import { runsOnce } from './analyses/runs-once.ts';
import { type BinaryenLevel, optimize } from './binaryen.ts';
import { type BranchHints, Emitter } from './emit.ts';
import { addGoroutineCount } from './goroutine-count.ts';
import { addImports, moveFunctions } from './imports.ts';
import { Lowered } from './lowered.ts';
import { ByteCount } from './passes/byte-count.ts';
import { DeadLocals } from './passes/dead-locals.ts';
import { FinalizerSearch } from './passes/finalizer-search.ts';
import { computeFunctionIndex } from './passes/function-index.ts';
import { HeapMinimum } from './passes/heap-minimum.ts';
import { raiseInliningBudget } from './passes/inlining-budget.ts';
import { ItabSearch } from './passes/itab-search.ts';
import { MarkAssists } from './passes/mark-assists.ts';
import { NothingToWake } from './passes/nothing-to-wake.ts';
import { OnStackReplacement } from './passes/on-stack-replacement.ts';
import { Simplifier } from './passes/simplify.ts';
import { SmallAllocations } from './passes/small-allocations.ts';
import { SmallCopies } from './passes/small-copies.ts';
import { checkParts, splitFunctions } from './passes/split-functions.ts';
import { replaceByWords } from './passes/word-helpers.ts';
import { WriteBarriers } from './passes/write-barriers.ts';
import type { Places } from './places.ts';
import { addBranchHints, mark } from './sections.ts';
import { LOOP_ENTRY_LOCALS } from './strategies/loop-entries.ts';
import type { Lowering, SwitchStrategy } from './strategies/strategy.ts';
import { hasFeature, type StrategyName, type Target, usedFeatures } from './targets.ts';

/** All that the stages share. A stage reads what earlier ones have set. */
export class LinkContext {
  readonly input: Uint8Array;
  readonly strategy: SwitchStrategy;
  readonly structurer: Structurer;
  readonly keep: LiftOptions['keep'];
  readonly target: Target | undefined;

  program!: GoProgram;
  lifted!: Lifted;
  neverReturns!: Uint8Array;
  mayUnwind!: Uint8Array;
  runsOnce: Uint8Array | undefined;
  lowering!: Lowering;
  /** What comes out. */
  module!: Module;
  output!: Uint8Array;

  // One function at a time.
  readonly lowered: Lowered = new Lowered();
  /** By the names of their stages. */
  readonly passes: Map<string, FunctionPass> = new Map();
  readonly scratch: Scratch = new Scratch();
  structured!: Structured;
  readonly emitter: Emitter = new Emitter();
  readonly writer: ByteWriter = new ByteWriter(1 << 20);
  /** Branch hints, by index among the defined functions; undefined if none are wanted. */
  hints: { f: number; hints: BranchHints }[] | undefined;
  /** By index among the defined functions: where their code has come from, for a source map; undefined if none is wanted. */
  places: (Places | undefined)[] | undefined;
  binaryen: BinaryenLevel | undefined;
  /** Whether other threads take part. */
  shared = false;
  onProgress: ((done: number, total: number) => void) | undefined;

  constructor(
    input: Uint8Array,
    strategy: SwitchStrategy,
    structurer: Structurer,
    keep: LiftOptions['keep'],
    target?: Target,
  ) {
    this.input = input;
    this.strategy = strategy;
    this.structurer = structurer;
    this.keep = keep;
    this.target = target;
  }

  /** Whether every engine that the module is for has vectors. */
  get simd(): boolean {
    return this.target !== undefined && hasFeature(this.target, 'simd');
  }
}

/**
 * How much is optimized, as compilers name it: 0 nothing, 1 what makes the module smaller at once, 2 (the default) what makes programs fast
 * as well, 3 what helps few of them, at a price in bytes, s what makes the module smaller, at a price in the link's time.
 */
export const levels = ['0', '1', '2', '3', 's'] as const;
/** One of {@link levels}. */
export type Level = (typeof levels)[number];
const SMALLER: readonly Level[] = ['1', '2', '3', 's'];
/** What takes more of the link's time than it gives. */
const SMALLEST: readonly Level[] = ['s'];
const FASTER: readonly Level[] = ['2', '3'];

interface AnyStage {
  readonly name: string;
  readonly description: string;
  /** The levels of optimization at which it is run, if the result is right without it, too. */
  readonly levels?: readonly Level[];
  /** The only strategy that it is run for, if there is one. */
  readonly strategy?: string;
  /** The strategy that it cannot be run for, if there is one. */
  readonly notFor?: string;
  /** The option that it is run for, if it is not always run. */
  readonly asked?: 'binaryen';
  /** Checks what the stage has done; throws InternalError. Run under `verify`. */
  readonly check?: (cx: LinkContext) => void;
}

/** Works on the whole program. */
export interface ProgramStage extends AnyStage {
  readonly run: (cx: LinkContext) => void | Promise<void>;
}

/** Works on one function at a time, in any order, and in several threads. */
export interface FunctionStage extends AnyStage {
  /** Before the first function: all that concerns the whole program. */
  readonly start?: (cx: LinkContext) => void;
  readonly runFunction: (cx: LinkContext, f: number) => void;
}

export type Stage = ProgramStage | FunctionStage;

/** Changes lowered functions, one after the other. */
export interface FunctionPass {
  /** @param f its index among the defined functions and the parts of such. */
  run(lowered: Lowered, f: number): void;
}

/** The stage of a pass that `start` prepares for the whole program. */
function functionPass({
  start,
  ...stage
}: AnyStage & { readonly start: (cx: LinkContext) => FunctionPass }): FunctionStage {
  return {
    ...stage,
    start: (cx) => {
      cx.passes.set(stage.name, start(cx));
    },
    runFunction: (cx, f) => cx.passes.get(stage.name)!.run(cx.lowered, f),
  };
}

export const pipeline: readonly Stage[] = [
  {
    name: 'decode',
    description: "read the module and Go's own tables, and make sure that it is what Go's linker writes",
    run: (cx) => {
      cx.program = readProgram(cx.input);
    },
  },
  {
    name: 'lift',
    description: 'jump tables → blocks with exits; Go calls, returns and resume points by name',
    run: (cx) => {
      cx.lifted = liftProgram(cx.program, { keep: cx.keep, shared: cx.shared });
    },
  },
  {
    name: 'never-returns',
    description: 'which calls end their block',
    run: (cx) => {
      cx.neverReturns = neverReturns(cx.program, cx.lifted);
    },
  },
  {
    name: 'may-unwind',
    description: 'which calls need a check and a resume point behind them',
    run: (cx) => {
      cx.mayUnwind = mayUnwind(cx.program, cx.lifted);
    },
  },
  {
    name: 'loop-entries',
    description:
      'the loops of functions that run once can be entered, so that they go on by the better code that engines have then',
    levels: FASTER,
    notFor: 'asyncify',
    run: (cx) => {
      cx.runsOnce = runsOnce(cx.program, cx.lifted);
    },
  },
  {
    name: 'split-functions',
    description: 'large functions become several, so that engines optimize only what is hot of them',
    levels: FASTER,
    notFor: 'asyncify',
    run: (cx) => splitFunctions(cx.program, cx.lifted, cx),
    check: (cx) => checkParts(cx.program, cx.lifted),
  },
  {
    name: 'plan',
    description: 'calling convention, adapters',
    run: (cx) => {
      cx.lowering = cx.strategy.start(cx.program, cx.lifted, cx);
    },
  },
  {
    name: 'lower',
    description: 'many entries → one; calls in the new convention',
    runFunction: (cx, f) => cx.lowering.lower(f, cx.lowered),
  },
  functionPass({
    name: 'finalizer-search',
    description: "where an object's finalizer goes in its list is sought from where the last one went",
    levels: FASTER,
    start: (cx) => new FinalizerSearch(cx.program, cx.lifted, cx.lowering),
  }),
  functionPass({
    name: 'itab-search',
    description: 'the methods that a type has for an interface are sought in one function, in locals',
    levels: FASTER,
    start: (cx) => new ItabSearch(cx.program, cx.lifted, cx.lowering),
  }),
  functionPass({
    name: 'byte-count',
    description: 'how often a byte is in a text is counted by eight or sixteen bytes at a time',
    levels: FASTER,
    start: (cx) => new ByteCount(cx.program, cx.lifted, cx.lowering, cx.simd),
  }),
  functionPass({
    name: 'nothing-to-wake',
    description: 'what is done at a switch to wake others is left out where there is nobody',
    levels: FASTER,
    start: (cx) => new NothingToWake(cx.program, cx.lifted),
  }),
  functionPass({
    name: 'small-allocations',
    description: 'small objects are allocated in one function, in locals',
    levels: FASTER,
    start: (cx) => new SmallAllocations(cx.program, cx.lifted, cx.lowering),
  }),
  functionPass({
    name: 'heap-minimum',
    description: 'garbage is first collected when the heap has 16 MB, instead of 4',
    levels: FASTER,
    start: (cx) => new HeapMinimum(cx.program, cx.lifted),
  }),
  functionPass({
    name: 'mark-assists',
    description: 'who allocates while the garbage collector marks helps it often, so that it is done soon',
    levels: FASTER,
    start: (cx) => new MarkAssists(cx.program, cx.lifted),
  }),
  functionPass({
    name: 'on-stack-replacement',
    description: 'functions that run for long are entered anew, by the better code that engines have then',
    levels: FASTER,
    start: (cx) => new OnStackReplacement(cx.program, cx.lifted, cx.lowering),
  }),
  functionPass({
    name: 'simplify',
    description: 'shorter sequences of instructions for the same: addresses, conditions, SP',
    levels: SMALLER,
    start: () => new Simplifier(),
  }),
  functionPass({
    name: 'dead-locals',
    description: 'values that are only stored are left on the operand stack; nothing is set that nobody reads',
    levels: SMALLEST,
    start: () => new DeadLocals(),
  }),
  functionPass({
    name: 'write-barriers',
    description: 'calls of the write barrier in fewer bytes',
    levels: SMALLEST,
    start: (cx) => new WriteBarriers(cx.program, cx.lowering),
  }),
  functionPass({
    name: 'small-copies',
    description: 'a few bytes are copied and cleared by loads and stores',
    levels: FASTER,
    start: (cx) => new SmallCopies(cx.program.module, cx.lowering),
  }),
  {
    name: 'structure',
    description: 'graph → block, loop, if',
    runFunction: (cx) => {
      cx.structured = cx.structurer.structure(cx.lowered.graph!, { scratch: cx.scratch });
    },
    check: (cx) => checkStructured(cx.lowered.graph!, cx.structured),
  },
  {
    name: 'emit',
    description: 'structured tokens → bytes',
    runFunction: emitFunction,
  },
  {
    name: 'word-helpers',
    description: "Go's helpers that compare and search memory, eight or sixteen bytes at a time",
    levels: FASTER,
    run: ({ program, lowering, simd }) => replaceByWords(program, lowering, simd),
  },
  {
    name: 'finish',
    description: 'helpers and adapters, the mark of go-wasm',
    run: (cx) => {
      const { module, imports } = cx.program;
      const { newImports } = cx.lowering;
      cx.lowering.finish(module);
      if (newImports.length > 0) addImports(module, imports, newImports, (f) => cx.lifted.isLifted(f));
      mark(module, { switch: cx.strategy.name, structure: cx.structurer.name });
      cx.module = module;
    },
  },
  {
    name: 'asyncify',
    description: "Binaryen's Asyncify, for functions that may be on the stack at a switch",
    strategy: 'asyncify',
    run: async (cx) => {
      const rewritten = await cx.lowering.instrument!(cx.module, cx.onProgress);
      const first = cx.program.imports + cx.lowering.newImports.length;
      cx.hints = cx.hints?.filter(({ f }) => !rewritten.has(first + f));
      // Nor is it known where their instructions are now.
      for (const index of rewritten) {
        const f = index - first;
        if (cx.places) cx.places[f] = undefined;
        checkSize(cx, f, lengthOf(cx.module.bodies[f]!), 'asyncify');
      }
    },
  },
  {
    name: 'branch-hints',
    description: 'which way branches usually go, for the engine',
    levels: ['3'],
    run: (cx) => addBranchHints(cx.module, cx.hints!, cx.program.imports + cx.lowering.newImports.length),
  },
  {
    name: 'binaryen',
    description: "Binaryen's optimizer, where it is asked for",
    asked: 'binaryen',
    run: async (cx) => {
      cx.module = decodeModule(
        await optimize(encodeModule(cx.module), cx.binaryen!, [
          ...usedFeatures(cx.strategy.name as StrategyName),
          ...(cx.simd ? (['simd'] as const) : []),
        ]),
      );
    },
  },
  {
    name: 'goroutine-count',
    description: 'an export that says how many goroutines there are',
    run: ({ program, lifted, module }) => {
      if (program.goos === 'js') addGoroutineCount(program, lifted, module);
    },
  },
  {
    name: 'function-index',
    description: "Go's index of functions by PC is filled in when the module starts, not stored",
    levels: SMALLER,
    run: ({ program, module }) => computeFunctionIndex(program, module),
  },
  {
    name: 'inlining-budget',
    description: 'small functions that do nothing, so that engines inline more',
    levels: FASTER,
    run: (cx) => raiseInliningBudget(cx.module),
  },
  {
    name: 'encode',
    description: 'module → bytes',
    run: (cx) => {
      cx.output = encodeModule(cx.module);
    },
    check: (cx) => {
      if (!WebAssembly.validate(cx.output as Uint8Array<ArrayBuffer>)) {
        throw new InternalError('GW9102', 'the engine does not accept the module that was made');
      }
    },
  },
];

function emitFunction(cx: LinkContext, f: number): void {
  const { program, lifted, lowering, writer } = cx;
  const locals = lifted.locals[f]!;
  const added = lowering.newImports.length;
  if (added > 0) moveFunctions(cx.lowered.code, program.imports, added);
  writer.clear();
  let places: Places | undefined;
  if (cx.places !== undefined) {
    places = [];
    cx.places[f] = places;
  }
  const hints: BranchHints | undefined = cx.hints && [];
  cx.emitter.emit(
    cx.lowered,
    cx.structured,
    {
      locals: withLoopEntries(cx.lowered, withoutFirst(locals, lowering.extraParameters)),
      parameters: 1 + lowering.extraParameters,
      unwindResult: lowering.unwindResult,
      hints,
      places,
    },
    writer,
  );
  checkSize(cx, f, writer.length, 'emit');
  program.module.bodies[f] = writer.take();
  if (hints !== undefined && hints.length > 0) cx.hints!.push({ f, hints });
}

/** @throws LimitError for a body that engines do not take. */
function checkSize({ program, lifted }: LinkContext, f: number, bytes: number, pass: string): void {
  if (bytes > EngineLimits.functionSize) {
    throw new LimitError('GW3101', `it would have ${bytes} bytes, more than engines take`, {
      where: { function: program.names[lifted.originOf(f)], pass },
    });
  }
}

/** Locals, and those that entries for loops need. */
function withLoopEntries({ loopEntries }: Lowered, locals: Locals): Locals {
  if (loopEntries === 0) return locals;
  return { counts: [...locals.counts, LOOP_ENTRY_LOCALS * loopEntries], types: [...locals.types, ValType.I32] };
}

/** Locals without the first `n`, which must be declared together. */
function withoutFirst(
  { counts, types }: { counts: number[]; types: number[] },
  n: number,
): { counts: number[]; types: number[] } {
  if (n === 0) return { counts, types };
  if (counts[0]! < n) throw new InternalError('GW9101', 'the local that holds SP is not where it should be');
  return counts[0] === n
    ? { counts: counts.slice(1), types: types.slice(1) }
    : { counts: [counts[0]! - n, ...counts.slice(1)], types };
}
