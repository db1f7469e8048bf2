/**
 * What the stackful strategies share: a goroutine keeps its wasm frames while other goroutines run.
 *
 * A goroutine's wasm stack is only a cache of its Go stack. All state is in linear memory and every function keeps its
 * resume points, so a wasm stack may be thrown away at any call and is rebuilt by re-entering frames one by one. Only the
 * checks behind calls are gone, and so a switch happens in one place:
 *
 * - `mcall`, around the runtime's own: it calls the function for g0 (`schedule` …) on top of the goroutine's frames, and
 *   that chooses the next goroutine and unwinds by flags, as few functions do (`gogo` and its callers). If another
 *   goroutine was chosen, {@link StackfulLowering.park} leaves. After it comes back, the goroutine must be where it was:
 *   same PC, same depth. If not (a recovered panic), the frames are thrown away.
 * - `morestack`: the stack was grown in place, and the function goes on behind the call. If something else happened
 *   (another goroutine was chosen, the stack was not grown since this was a request to yield), the frames are thrown away
 *   and the function starts anew, as it does in Go.
 * - `pause`, `exit`: throw.
 * - `Goexit` throws; a goroutine that ends by itself unwinds by flags (`goexit`, `goexit1`), which is cheaper.
 *
 * A coroutine ({@link StackfulLowering.coroutine}) runs the scheduler loop: it enters the function at the PC below SP
 * until frames are thrown away. Then it takes on whatever goroutine was chosen, if that has no frames elsewhere. So a
 * coroutine belongs to no goroutine: 10,000 goroutines that are started and end one after the other share one.
 *
 * In `runtime.g`, eight bytes that Go does not use (see {@link GoRuntime.spareField}) hold
 *
 * ```
 * +0  i32  slot: the number under which the strategy keeps the goroutine's frames; 0 = none given yet
 * +4  i32  how far below the upper end of the stack the frames of the current coroutine begin
 * ```
 *
 * Deep recursion: see stack-guard.ts.
 *
 * Assumes: functions that may call `gogo` are called directly by such functions, or by `mcall` and `morestack`.
 */
import { type GoProgram, INDIRECT, type Lifted, SP_GLOBAL, SP_LOCAL } from '@go-wasm/lift';
import { Code, decodeFunction, type Module, Op, ValType } from '@go-wasm/wasm';
import { reaches } from '../analyses/reach.ts';
import { assemble, type Instruction } from '../assemble.ts';
import { Hint, type Lowered } from '../lowered.ts';
import { hasFeature } from '../targets.ts';
import { G, G_GLOBAL, GoRuntime, PAUSE_GLOBAL } from './go-runtime.ts';
import { enterArguments, PC, SpLowering, STORE_RETURN_PC } from './sp-lowering.ts';
import { StackGuard } from './stack-guard.ts';
import type { Facts } from './strategy.ts';
import { letCallbacksWait } from './waiting-callbacks.ts';
import { WaitingExports } from './waiting-exports.ts';

const EMPTY = -0x40;
const { I32, I64 } = ValType;
const {
  Block,
  Br,
  BrIf,
  Call,
  CallIndirect,
  Catch,
  Drop,
  End,
  GlobalGet,
  GlobalSet,
  I32Add,
  I32Const,
  I32Eq,
  I32Eqz,
  I32GtU,
  I32LeU,
  I32Load,
  I32Load16U,
  I32Ne,
  I32Or,
  I32Store,
  I32Sub,
  I32WrapI64,
  I64Const,
  I64Load,
  I64Ne,
  I64Store,
  If,
  LocalGet,
  LocalSet,
  LocalTee,
  Loop,
  RefIsNull,
  Return,
  Throw,
  ThrowRef,
  Try,
  TryTable,
  Unreachable,
} = Op;

/** The functions that return 0 when a goroutine was chosen: `gogo`, and its callers up to those that this layer wraps. */
export const BY_FLAG: { readonly functions: readonly string[]; readonly ignored: ReadonlySet<string> } = {
  functions: ['runtime.gogo'],
  ignored: new Set(['runtime.mcall', 'runtime.morestack']),
};

export abstract class StackfulLowering extends SpLowering {
  protected readonly runtime: GoRuntime;
  /** Type () -> (). */
  protected readonly procedure: number;
  /** Type () -> (paused: i32). */
  protected readonly coroutineType: number;
  /** Runs goroutines until a pause, which it returns 1 for, or until one is chosen that has frames elsewhere: 0. */
  protected readonly coroutine: number;
  /** (g: i32) -> slot. */
  protected readonly slotOf: number;
  /** Global, i32: how many slots have been given. */
  protected readonly slots: number;
  /** Offset in g: how far below the upper end of the stack the frames of the current coroutine begin. */
  protected readonly begin: number;
  /** Global, i32: how many coroutines have frames. */
  protected readonly live: number;

  /**
   * How many goroutines may keep wasm frames at a time; beyond it a goroutine that parks loses them. V8 holds about 21,600
   * stacks in Chromium (32,000 in Node), then the process dies.
   */
  protected readonly liveLimit: number = 8_192;

  readonly #guard: StackGuard;
  readonly #exports: WaitingExports;
  /** Offset of our eight bytes in g. */
  readonly #spare: number;
  readonly #thrown: number;
  /** Global: the exception, once it has been thrown; −1 if `#legacy`, which has no references to exceptions. */
  readonly #exception: number;
  /** Whether exceptions are caught in the way that engines had before the proposal was finished. */
  readonly #legacy: boolean;
  /** Globals: PC_F at which {@link run} ends, and on which goroutine; 0 where only a pause ends it. */
  readonly #stopPc: number;
  readonly #stopG: number;
  readonly #gogo: number;
  readonly #goexit1: number;
  readonly #mcall: number;
  readonly #morestack: number;
  readonly #morestackNoctxt: number;
  /** Index of the function that stands for `mcall`: the one that parks. */
  protected readonly mcallOuter: number;
  readonly #morestackOuter: number;

  constructor(program: GoProgram, lifted: Lifted, facts: Facts) {
    const runtime = new GoRuntime(program, lifted);
    super(program, lifted, facts, leaveByFlag(program, lifted, runtime));
    const { module } = program;
    this.runtime = runtime;
    this.#spare = runtime.spareField();
    this.begin = this.#spare + 4;
    this.#gogo = runtime.getLifted('runtime.gogo');
    this.#goexit1 = runtime.getLifted('runtime.goexit1');
    this.#mcall = runtime.getLifted('runtime.mcall');
    this.#morestack = runtime.getLifted('runtime.morestack');
    this.#morestackNoctxt = runtime.getLifted('runtime.morestack_noctxt');

    const { target } = facts;
    this.#legacy = target !== undefined && !hasFeature(target, 'exceptions') && hasFeature(target, 'legacy-exceptions');
    this.procedure = this.addType([], []);
    this.#thrown = module.tags.push({ type: this.procedure }) - 1;
    this.#exception = this.#legacy ? -1 : this.addGlobal(ValType.ExnRef);
    this.slots = this.addGlobal(I32);
    this.live = this.addGlobal(I32);
    this.#stopPc = this.addGlobal(I32);
    this.#stopG = this.addGlobal(I64);
    this.slotOf = this.addFunction('go_wasm.slot', this.addType([I32], [I32]));
    this.coroutineType = this.addType([], [I32]);
    this.coroutine = this.addFunction('go_wasm.coroutine', this.coroutineType);
    this.#guard = new StackGuard(
      runtime,
      this.addFunction('go_wasm.guard', this.addType([I32], [])),
      this.host().addGlobal,
    );
    this.#exports = new WaitingExports(program, runtime, this.host());
    letCallbacksWait(program, lifted, runtime, this.host());
    this.mcallOuter = this.addFunction('runtime.mcall.switch', this.type);
    this.#morestackOuter = this.addFunction('runtime.morestack.switch', this.type);
    this.wrap(this.#mcall, this.mcallOuter);
    this.wrap(this.#morestack, this.#morestackOuter);
  }

  /**
   * With a slot on the operand stack: leaves its goroutine for the one that was chosen; goes on when it is chosen again. In
   * `mcall`, whose SP is in local 1, and the goroutine's g in local 2.
   */
  protected abstract park(): Instruction[];
  /** In a coroutine, with a slot on the operand stack: whether frames wait there, as 1 or 0; local 0 is free. */
  protected abstract hasFrames(): Instruction[];
  /** Runs coroutines until one returns 1; its locals begin at `first`. */
  protected abstract run(first: number): { locals: readonly number[]; code: Instruction[] };
  /** What a coroutine does when it begins, and when it ends because a goroutine was chosen that has frames elsewhere. */
  protected entering(): Instruction[] {
    return [];
  }
  protected leaving(): Instruction[] {
    return [];
  }
  /** What must be done before the host may call Go. */
  protected beforeHostCall(): Instruction[] {
    return [];
  }
  /** What a new slot needs, its number being in local 1. */
  protected prepareSlot(): Instruction[] {
    return [];
  }
  /** The number of a new slot: they go up from 1. */
  protected newSlot(): Instruction[] {
    return [[GlobalGet, this.slots], [I32Const, 1], [I32Add], [GlobalSet, this.slots], [GlobalGet, this.slots]];
  }
  /** In a coroutine: enters the function at the PC below SP, on g, where frames begin. Leaves what it returns. */
  protected enter(): Instruction[] {
    return [
      [GlobalGet, G_GLOBAL],
      [I32WrapI64],
      [LocalTee, 0],
      [LocalGet, 0],
      [I32Load, G.stackHi, 2],
      [GlobalGet, SP_GLOBAL],
      [I32Sub],
      [I32Store, this.begin, 2],
      [GlobalGet, SP_GLOBAL],
      [Call, this.#guard.index],
      ...PC,
      [I32Load16U, 0, 1],
      [LocalSet, 0],
      ...enterArguments(0),
      ...PC,
      [I32Load, 2, 1],
      [CallIndirect, this.type],
    ];
  }

  protected addType(params: number[], results: number[]): number {
    return this.program.module.types.push({ kind: 'func', params, results }) - 1;
  }

  /** The slot of the goroutine that was chosen. */
  protected chosenSlot(): Instruction[] {
    return [[GlobalGet, G_GLOBAL], [I32WrapI64], [Call, this.slotOf]];
  }

  /** Throws the frames away: the coroutine enters anew at the PC below SP, on g. */
  protected throwFrames(): Instruction[] {
    const make: Instruction = [Throw, this.#thrown];
    if (this.#legacy) return [make];
    // The same one every time: to make one costs V8 a third of the throw, and wasmtime memory, which is never freed where no collector runs.
    const get: Instruction = [GlobalGet, this.#exception];
    return [get, [RefIsNull], [If, EMPTY], make, [End], get, [ThrowRef]];
  }

  protected override lowerCall(f: number, callee: number, pc: number, place: number, into: Lowered): void {
    const { code } = into;
    const { imports } = this.program;
    const defined = callee === INDIRECT ? -1 : callee - imports;
    if (
      (f === this.#mcall && callee === INDIRECT) || // the function for g0
      (f === this.#goexit1 && defined === this.#mcall)
    ) {
      this.call(f, code, callee, pc, place);
      this.check(into);
      return;
    }
    if (callee === INDIRECT || defined === this.#morestack || defined === this.#morestackNoctxt) {
      this.call(f, code, callee, pc, place);
      this.setSp(code);
      return;
    }
    const byFlag = this.isChecked(callee);
    if (byFlag && this.#leavesByFlag(f)) {
      super.lowerCall(f, callee, pc, place, into);
      return;
    }
    this.call(f, code, callee, pc, place);
    if (this.isCut(callee)) {
      code.push(Drop);
      code.push(byFlag ? Throw : Unreachable, byFlag ? this.#thrown : 0);
    } else if (byFlag) {
      code.push(LocalTee, SP_LOCAL);
      code.push(I32Eqz);
      code.push(If, EMPTY, Hint.Unlikely);
      code.push(Throw, this.#thrown);
      code.push(End);
    } else this.setSp(code);
  }

  protected override unwind(f: number, code: Code): void {
    if (f === this.#gogo) super.unwind(f, code);
    else code.push(Throw, this.#thrown);
  }

  /** Whether callers know that `f` may return 0. */
  #leavesByFlag(f: number): boolean {
    return this.checked[f] === 1 || f === this.#mcall || f === this.#morestack;
  }

  override finish(module: Module): void {
    this.define(this.#guard.index, this.#guard.body());
    this.define(this.slotOf, this.#slotBody());
    this.define(this.coroutine, this.#coroutineBody());
    this.define(this.mcallOuter, this.#mcallBody());
    this.define(this.#morestackOuter, this.#morestackBody());
    this.#exports.finish(module, this.#loopBody(2, [LocalGet, 0], this.#hasPaused()));
    super.finish(module);
  }

  /** Helpers that enter Go: all of it runs in coroutines, apart from the start of the runtime. */
  protected override bridge(f: number): Uint8Array {
    switch (this.program.names[f]) {
      case 'wasm_pc_f_loop':
        return this.#loopBody(0, [I32Const, 0]);
      case 'wasm_pc_f_loop_export':
        return this.#loopBody(1, [LocalGet, 0]);
      case 'wasm_export_resume':
        return this.#resumeBody();
    }
    return this.#exportedBody(f) ?? super.bridge(f);
  }

  /**
   * An exported function calls its Go function, and the loop if that unwinds; now the loop always does. Undefined if `f` is
   * no exported function.
   */
  #exportedBody(f: number): Uint8Array | undefined {
    const { module, imports, isGo } = this.program;
    const loop = this.runtime.find('wasm_pc_f_loop_export');
    const code = new Code();
    const { counts, types } = decodeFunction(module, f, code);
    const locals = counts.flatMap((n, g) => new Array<number>(n).fill(types[g]!));
    const type = module.types[module.functions[f]!]!;
    const g = (type.kind === 'func' ? type.params.length : 0) + locals.length - 1;
    const waits = this.#exports.has(f);
    const instructions: Instruction[] = [];
    // Behind it, it is known that the runtime has been started. One that may wait gives its result first, if that is there.
    let checks = waits ? 2 : 1;
    let exported = waits;
    for (let i = 0; i + 1 < code.length; i++) {
      const o = code.op[i]!;
      const callee = o === Call ? code.a[i]! - imports : -1;
      if (callee >= 0 && isGo[callee] === 1) instructions.push([Drop], ...this.enterAt(callee), [I32Const, 1]);
      else instructions.push([o, code.a[i]!, code.b[i]!]);
      if (o === End && --checks === 0) {
        instructions.push(...this.beforeHostCall());
        // That may have changed it.
        if (waits) instructions.push([GlobalGet, G_GLOBAL], [LocalSet, g]);
      }
      if (callee >= 0 && callee === loop) exported = true;
    }
    return exported ? assemble(locals, instructions) : undefined;
  }

  /** Has function `f` entered next, at its start. */
  protected enterAt(f: number): Instruction[] {
    const pcF = this.runtime.pcF(f);
    return [...PC, [I64Const, pcF << 16, pcF >>> 16], [I64Store, 0, 3]];
  }

  /** Lets an event be handled. */
  #resumeBody(): Uint8Array {
    return assemble(
      [],
      [
        ...this.beforeHostCall(),
        // That may have ended the program.
        [GlobalGet, SP_GLOBAL],
        [I32Eqz],
        [If, EMPTY],
        [Return],
        [End],
        ...this.enterAt(this.runtime.get('runtime.handleEvent')),
        [Call, this.program.imports + this.runtime.get('wasm_pc_f_loop')],
      ],
    );
  }

  /** In a loop that has ended, whose parameters are PC_F and g: whether that was at a pause, as 1 or 0. */
  #hasPaused(): Instruction[] {
    return [...PC, [I32Load, 2, 1], [LocalGet, 0], [I32Ne], [GlobalGet, G_GLOBAL], [LocalGet, 1], [I64Ne], [I32Or]];
  }

  /**
   * The scheduler loop, which ends at a pause or where `stop` says; `parameters` is how many the function has, `result` what
   * it returns.
   */
  #loopBody(parameters: number, stop: Instruction, result: readonly Instruction[] = []): Uint8Array {
    const oldPc = parameters;
    const oldG = parameters + 1;
    const g = parameters + 2;
    const begin = parameters + 3;
    const { locals, code } = this.run(parameters + 4);
    return assemble(
      [I32, I64, I32, I32, ...locals],
      [
        [GlobalGet, this.#stopPc],
        [LocalSet, oldPc],
        [GlobalGet, this.#stopG],
        [LocalSet, oldG],
        stop,
        [GlobalSet, this.#stopPc],
        [GlobalGet, G_GLOBAL],
        [GlobalSet, this.#stopG],
        [GlobalGet, G_GLOBAL],
        [I32WrapI64],
        [LocalTee, g],
        [I32Load, this.begin, 2],
        [LocalSet, begin],
        ...code,
        [LocalGet, oldPc],
        [GlobalSet, this.#stopPc],
        [LocalGet, oldG],
        [GlobalSet, this.#stopG],
        // The frames that called the host, if any, begin where they did.
        [GlobalGet, G_GLOBAL],
        [I32WrapI64],
        [LocalGet, g],
        [I32Eq],
        [If, EMPTY],
        [LocalGet, g],
        [LocalGet, begin],
        [I32Store, this.begin, 2],
        ...this.#guardAgain(g),
        [End],
        ...result,
      ],
    );
  }

  /** (g) -> slot. */
  #slotBody(): Uint8Array {
    return assemble(
      [I32],
      [
        [LocalGet, 0],
        [I32Load, this.#spare, 2],
        [LocalTee, 1],
        [I32Eqz],
        [If, EMPTY],
        ...this.newSlot(),
        [LocalSet, 1],
        [LocalGet, 0],
        [LocalGet, 1],
        [I32Store, this.#spare, 2],
        ...this.prepareSlot(),
        [End],
        [LocalGet, 1],
      ],
    );
  }

  #coroutineBody(): Uint8Array {
    const leave: Instruction[] = [[GlobalGet, this.live], [I32Const, 1], [I32Sub], [GlobalSet, this.live]];
    // As deep in both ways.
    const [begin, caught]: [Instruction[], Instruction[]] = this.#legacy
      ? [
          [
            [Block, EMPTY],
            [Try, EMPTY],
          ],
          [[Unreachable], [Catch, this.#thrown], [End], [End]],
        ]
      : [
          [
            [Block, ValType.ExnRef],
            [TryTable, [EMPTY, 1, this.#thrown, 0]],
          ],
          [[End], [Unreachable], [End], [GlobalSet, this.#exception]],
        ];
    return assemble(
      [I32],
      [
        ...this.entering(),
        [GlobalGet, this.live],
        [I32Const, 1],
        [I32Add],
        [GlobalSet, this.live],
        [Loop, EMPTY],
        [Block, EMPTY], // the frames are gone
        ...begin,
        [Loop, EMPTY],
        ...this.enter(),
        [LocalTee, 0],
        [I32Eqz],
        [BrIf, 3],
        [LocalGet, 0],
        [I32Const, 8],
        [I32Add],
        [GlobalSet, SP_GLOBAL],
        // Back in the exported function that was called?
        ...PC,
        [I32Load, 2, 1],
        [GlobalGet, this.#stopPc],
        [I32Ne],
        [BrIf, 0],
        [GlobalGet, G_GLOBAL],
        [GlobalGet, this.#stopG],
        [I64Ne],
        [BrIf, 0],
        [I32Const, 1],
        [GlobalSet, PAUSE_GLOBAL],
        [Br, 3],
        [End],
        ...caught,
        [End],
        [GlobalGet, PAUSE_GLOBAL],
        [If, EMPTY],
        [I32Const, 0],
        [GlobalSet, PAUSE_GLOBAL],
        ...leave,
        [I32Const, 1],
        [Return],
        [End],
        ...this.chosenSlot(),
        ...this.hasFrames(),
        [I32Eqz],
        [BrIf, 0],
        [End],
        ...leave,
        ...this.leaving(),
        [I32Const, 0],
      ],
    );
  }

  #mcallBody(): Uint8Array {
    // Parameters pc, sp; locals: g before, where it goes on, its depth there, the function for g0.
    const [sp, gp, pc, depth, fn] = [1, 2, 3, 4, 5];
    return assemble(
      [I32, I64, I32, I32],
      [
        ...STORE_RETURN_PC,
        [GlobalGet, G_GLOBAL],
        [I32WrapI64],
        [LocalTee, gp],
        [I32Load, G.stackHi, 2],
        [LocalGet, sp],
        [I32Sub],
        [I32Const, 8],
        [I32Sub],
        [LocalSet, depth],
        [LocalGet, sp],
        [I64Load, 0, 3],
        [LocalSet, pc],
        [LocalGet, sp],
        [I32Load, 8, 2],
        [I32Load, 2, 1],
        [LocalSet, fn],
        [LocalGet, 0],
        [LocalGet, sp],
        [Call, this.program.imports + this.#mcall],
        [Drop],
        // A goroutine that ends leaves by flags.
        [LocalGet, fn],
        [I32Const, this.runtime.pcF(this.runtime.get('runtime.goexit0'))],
        [I32Eq],
        [If, EMPTY],
        [I32Const, 0],
        [Return],
        [End],
        [GlobalGet, G_GLOBAL],
        [I32WrapI64],
        [LocalGet, gp],
        [I32Ne],
        [If, EMPTY],
        [GlobalGet, this.live],
        [I32Const, this.liveLimit],
        [I32GtU],
        [If, EMPTY],
        ...this.throwFrames(),
        [End],
        [LocalGet, gp],
        [Call, this.slotOf],
        ...this.park(),
        [End],
        // Is it where it was? A recovered panic goes on elsewhere.
        [GlobalGet, SP_GLOBAL],
        [I32Const, 8],
        [I32Sub],
        [I64Load, 0, 3],
        [LocalGet, pc],
        [I64Ne],
        [LocalGet, gp],
        [I32Load, G.stackHi, 2],
        [GlobalGet, SP_GLOBAL],
        [I32Sub],
        [LocalGet, depth],
        [I32Ne],
        [I32Or],
        [If, EMPTY],
        ...this.throwFrames(),
        [End],
        ...this.#guardAgain(gp),
        ...PC,
      ],
    );
  }

  #morestackBody(): Uint8Array {
    // Parameters pc, sp; locals: g before, the size of its stack.
    const [sp, gp, size] = [1, 2, 3];
    const sizeNow: Instruction[] = [
      [LocalGet, gp],
      [I32Load, G.stackHi, 2],
      [LocalGet, gp],
      [I32Load, G.stackLo, 2],
      [I32Sub],
    ];
    return assemble(
      [I32, I32],
      [
        ...STORE_RETURN_PC,
        [GlobalGet, G_GLOBAL],
        [I32WrapI64],
        [LocalSet, gp],
        ...this.#guard.ifArtificial(gp, sp, this.throwFrames()),
        ...sizeNow,
        [LocalSet, size],
        [LocalGet, 0],
        [LocalGet, sp],
        [Call, this.program.imports + this.#morestack],
        [Drop],
        [GlobalGet, G_GLOBAL],
        [I32WrapI64],
        [LocalGet, gp],
        [I32Ne],
        ...sizeNow,
        [LocalGet, size],
        [I32LeU],
        [I32Or],
        [If, EMPTY],
        ...this.throwFrames(),
        [End],
        ...this.#guardAgain(gp),
        ...PC,
      ],
    );
  }

  /** Go has set the guard of goroutine g, in the local, to where it is on a stack of its own. */
  #guardAgain(g: number): Instruction[] {
    return [
      [LocalGet, g],
      [I32Load, G.stackHi, 2],
      [LocalGet, g],
      [I32Load, this.begin, 2],
      [I32Sub],
      [Call, this.#guard.index],
    ];
  }
}

/**
 * By index among the defined functions: 1 for those that return 0 when a goroutine was chosen, which are `gogo` and who
 * calls it, and for those by which a goroutine ends.
 */
function leaveByFlag(program: GoProgram, lifted: Lifted, runtime: GoRuntime): Uint8Array {
  const result = reaches(program, lifted, BY_FLAG);
  for (const name of BY_FLAG.ignored) result[runtime.get(name)] = 0;
  result[runtime.get('runtime.goexit1')] = 1;
  result[runtime.get('runtime.goexit')] = 1;
  return result;
}
