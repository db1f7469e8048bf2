/**
 * The `asyncify` strategy: a coroutine's frames are written into a buffer, by code that Binaryen's Asyncify pass adds to
 * functions, and read back from there. All of it is in the module: the host needs nothing more than for a module as Go
 * writes it.
 *
 * Instrumented code is larger and slower, so only some functions are: those that reach `mcall` by direct calls
 * ({@link AsyncifyLowering.instrument}). Which ones is a matter of speed alone, for wasm frames are only a cache. A
 * goroutine that parks walks its stack in memory, from `mcall` up to where its frames begin:
 *
 * ```
 * mcall ─[return PC]─▶ gopark ─[return PC]─▶ chanrecv1 ─[return PC]─▶ main.worker ─▶ … begin
 *                        │ table[PC_F]          │                        │
 *                        ▼ size of its frame on the stack, size of its frame in the buffer; 0 = not instrumented
 * ```
 *
 * If all functions are instrumented, it is known how large the buffer must be, and the frames are saved. If one is not, they
 * are thrown away, as everywhere in the stackful strategies. So no buffer overflows, and no indirect call, panic or
 * callback needs to be foreseen.
 *
 * The table and the buffers are in a second memory, which Go's allocator does not see:
 *
 * ```
 * 0      4        4 + 4 × functions
 * mcall │ table │ records and buffers, as they are needed ···
 * ```
 *
 * Where the target has one memory only, they are in Go's: the table behind Go's data, where its heap would begin, and the rest in
 * pieces that are taken as Go itself takes memory, by moving its break. Go takes them for memory that another part of it uses.
 *
 * The slot of a goroutine is the address of its record:
 *
 * ```
 * +0   where the next frame goes    +8   start of the buffer               +16  1 while frames wait in the buffer
 * +4   end of the buffer            +12  PC_F of the outermost function
 * ```
 *
 * The two must be the same: functions that others call which have no frame on the stack (tail calls, cold calls, adapters,
 * helpers) count as not instrumented; loops have no entries (loop-entries.ts), and functions no parts (split-functions.ts). If any Go function has not been lifted, or goes on in an unknown one, frames are always
 * thrown away.
 */
import { instrument, State } from '@go-wasm/asyncify';
import { type GoProgram, INDIRECT, type Lifted, SP_GLOBAL } from '@go-wasm/lift';
import { bytesOf, Code, decodeFunction, EngineLimits, lengthOf, type Module, Op, ValType } from '@go-wasm/wasm';
import { reach, UNREACHED } from '../analyses/reach.ts';
import { assemble, type Instruction } from '../assemble.ts';
import { hasFeature } from '../targets.ts';
import { G } from './go-runtime.ts';
import { StackfulLowering } from './stackful.ts';
import type { Facts, SwitchStrategy } from './strategy.ts';

const EMPTY = -0x40;
const { I32 } = ValType;
const {
  BrIf,
  Call,
  CallIndirect,
  Else,
  End,
  GlobalGet,
  GlobalSet,
  I32Add,
  I32And,
  I32Const,
  I32Eq,
  I32Eqz,
  I32GtU,
  I32Load,
  I32LtU,
  I32Ne,
  I32Or,
  I32Shl,
  I32ShrU,
  I32Store,
  I32Sub,
  I64Const,
  If,
  LocalGet,
  LocalSet,
  LocalTee,
  Loop,
  MemoryGrow,
  Return,
  Unreachable,
} = Op;

/** A page of memory, in bits. */
const PAGE = 16;
/** How many pages are taken at a time. */
const PIECE = 16;

const RECORD = { next: 0, end: 4, start: 8, pc: 12, waits: 16, size: 20 } as const;

/** An entry of the table: size of the frame on the stack in units of 8 bytes, and in the buffer in units of 4 bytes. */
const STACK_BITS = 20;
const BUFFER_BITS = 12;

/**
 * Functions by which nearly everything reaches `mcall`, and which seldom come to it: allocation that helps or starts the
 * garbage collector or clears much memory, panics, the handing over of a lock, the first use of a pool or of a method's
 * type. For their sake alone nothing is instrumented.
 */
const RARE: ReadonlySet<string> = new Set([
  'reflect.makeMethodValue',
  'runtime.(*_panic).nextDefer',
  'runtime.gcAssistAlloc',
  'runtime.gcStart',
  'runtime.gopanic',
  'runtime.goyield',
  'runtime.memclrNoHeapPointersChunked',
  'sync.(*Pool).pinSlow',
]);

export const asyncify: SwitchStrategy = {
  name: 'asyncify',
  description: "a goroutine's wasm stack is saved to memory and restored by code that Binaryen's Asyncify adds",
  switchesAt: { functions: ['runtime.mcall'], ignored: RARE },
  start: (program, lifted, facts) => new AsyncifyLowering(program, lifted, facts),
};

class AsyncifyLowering extends StackfulLowering {
  /** Bounded by memory only. */
  protected override readonly liveLimit = 0x7fff_ffff;
  readonly #state: number;
  readonly #data: number;
  /** The memory with the table and the buffers; in the immediate of a load or store of an i32; address of the table there. */
  readonly #memory: 0 | 1;
  readonly #word: number;
  readonly #table: number = 0;
  /** Bytes of the table. */
  readonly #tableSize: number;
  /** Globals: the ends of what is in use of the piece of memory that was taken last, and of that piece. */
  readonly #top: number;
  readonly #limit: number;
  readonly #allocate: number;
  readonly #canSave: number;
  readonly #switch: number;
  /** Functions that are called by ones without a frame on the stack, by function index of the module. */
  readonly #hidden: Set<number> = new Set();
  #goesOnAnywhere = false;

  constructor(program: GoProgram, lifted: Lifted, facts: Facts) {
    // What a goroutine's buffer must hold is told by its stack in memory: a function cannot have more frames than it has there.
    super(program, lifted, facts);
    this.#state = this.addGlobal(I32);
    this.#data = this.addGlobal(I32);
    this.#top = this.addGlobal(I32);
    this.#limit = this.addGlobal(I32);
    this.#tableSize = 4 + 4 * program.functions;
    const { target } = facts;
    this.#memory = target === undefined || hasFeature(target, 'multi-memory') ? 1 : 0;
    this.#word = 2 | (this.#memory << 8);
    if (this.#memory === 0) this.#table = roundUp(this.runtime.word(this.runtime.breaks().end));
    this.#allocate = this.addFunction('go_wasm.allocate', this.addType([I32], [I32]));
    this.#canSave = this.addFunction('go_wasm.can_save', this.addType([I32, I32, I32], [I32]));
    this.#switch = this.addFunction('go_wasm.switch', this.procedure);
  }

  override finish(module: Module): void {
    const pages = roundUp(this.#tableSize) >>> PAGE;
    if (this.#memory === 1) {
      module.memories.push({ min: pages });
      module.globals[this.#top]!.init = this.#tableSize;
      module.globals[this.#limit]!.init = pages << PAGE;
    } else {
      module.memories[0]!.min += pages;
      const end = new Uint8Array(new BigUint64Array([BigInt(this.#table + this.#tableSize)]).buffer);
      addSegment(module, { memory: 0, offset: this.runtime.breaks().end, bytes: end });
    }
    this.define(this.#allocate, this.#allocateBody());
    this.define(this.#canSave, this.#canSaveBody());
    this.define(this.#switch, this.#switchBody());
    super.finish(module);
  }

  /** Runs Binaryen, and writes the table. */
  async instrument(module: Module, onProgress?: (done: number, total: number) => void): Promise<Set<number>> {
    const { program, lifted } = this;
    const { imports, functions, frame } = program;
    const { mcallOuter } = this;
    const next = reach(program, lifted, asyncify.switchesAt);
    this.#findHidden(module);
    const chosen = new Set([mcallOuter]);
    for (let f = 0; f < functions; f++) {
      const index = imports + f;
      if (next[f] === UNREACHED || !lifted.isLifted(f) || !fits(frame[f]!)) continue;
      if (!this.#hidden.has(index)) chosen.add(index);
    }
    const unwinds = new Uint8Array(imports + module.functions.length);
    for (const index of [...chosen, this.#switch]) unwinds[index] = 1;
    const { frames } = await instrument(module, [...chosen], {
      state: this.#state,
      data: this.#data,
      memory: this.#memory,
      unwinds,
      ...(onProgress !== undefined && { onProgress }),
    });
    const table = new Uint32Array(1 + functions);
    table[0] = frames[mcallOuter]!;
    const keepsAll = !this.#goesOnAnywhere && program.isGo.every((is, f) => is === 0 || lifted.isLifted(f));
    for (const index of chosen) {
      const inBuffer = Math.ceil(frames[index]! / 4);
      if (index === mcallOuter || !keepsAll || inBuffer >= 1 << BUFFER_BITS) continue;
      table[1 + index - imports] = (frame[index - imports]! >>> 3) | (inBuffer << STACK_BITS);
    }
    addSegment(module, { memory: this.#memory, offset: this.#table, bytes: new Uint8Array(table.buffer) });
    return chosen;
  }

  /** Adds the Go functions that helpers, adapters and cold calls call. */
  #findHidden(module: Module): void {
    const { imports, functions, isGo } = this.program;
    const code = new Code();
    for (let f = 0; f < module.functions.length; f++) {
      if (f < functions && isGo[f] === 1) continue;
      decodeFunction(module, f, code);
      for (let i = 0; i < code.length; i++) {
        const callee = code.op[i] === Call ? code.a[i]! : -1;
        if (callee >= imports && callee < imports + functions) this.#hidden.add(callee);
      }
    }
  }

  /** The function that is gone on in stands alone on the stack, but not in wasm. */
  protected override lowerTailCall(f: number, code: Code, callee: number, place: number): void {
    if (callee !== INDIRECT) this.#hidden.add(callee);
    // Of systemstack it is what runs on g0, where nothing parks.
    else if (this.program.names[f] !== 'runtime.systemstack') this.#goesOnAnywhere = true;
    super.lowerTailCall(f, code, callee, place);
  }

  protected override park(): Instruction[] {
    const [sp, gp] = [1, 2];
    return [
      [LocalGet, sp],
      [LocalGet, gp],
      [Call, this.#canSave],
      [I32Eqz],
      [If, EMPTY],
      ...this.throwFrames(),
      [End],
      [Call, this.#switch],
    ];
  }

  protected override newSlot(): Instruction[] {
    return [
      [I32Const, RECORD.size],
      [Call, this.#allocate],
      [LocalTee, 1],
      [I32Eqz],
      [If, EMPTY],
      [Unreachable],
      [End],
      [LocalGet, 1],
    ];
  }

  protected override hasFrames(): Instruction[] {
    return [[I32Load, RECORD.waits, this.#word]];
  }

  /** Frames that come back have been counted already. */
  protected override entering(): Instruction[] {
    return [
      ...this.#ifState(State.Rewinding),
      [GlobalGet, this.live],
      [I32Const, 1],
      [I32Sub],
      [GlobalSet, this.live],
      [End],
    ];
  }

  protected override enter(): Instruction[] {
    return [
      [GlobalGet, this.#state],
      [I32Const, State.Rewinding],
      [I32Eq],
      [If, I32],
      [I64Const, 0],
      [GlobalGet, SP_GLOBAL],
      [GlobalGet, this.#data],
      [I32Load, RECORD.pc, this.#word],
      [CallIndirect, this.type],
      [Else],
      ...super.enter(),
      [End],
      ...this.#ifState(State.Unwinding),
      ...this.#setState(State.Normal),
      [I32Const, 0],
      [Return],
      [End],
    ];
  }

  protected override run(first: number): { locals: number[]; code: Instruction[] } {
    const slot = first;
    return {
      locals: [I32],
      code: [
        [Loop, EMPTY],
        ...this.chosenSlot(),
        [LocalTee, slot],
        [I32Load, RECORD.waits, this.#word],
        [If, EMPTY],
        [LocalGet, slot],
        [I32Const, 0],
        [I32Store, RECORD.waits, this.#word],
        [LocalGet, slot],
        [GlobalSet, this.#data],
        ...this.#setState(State.Rewinding),
        [End],
        [Call, this.coroutine],
        [I32Eqz],
        [BrIf, 0],
        [End],
      ],
    };
  }

  #setState(state: number): Instruction[] {
    return [
      [I32Const, state],
      [GlobalSet, this.#state],
    ];
  }

  #ifState(state: number): Instruction[] {
    return [[GlobalGet, this.#state], [I32Const, state], [I32Eq], [If, EMPTY]];
  }

  /** The place where unwinding starts, and where rewinding ends. */
  #switchBody(): Uint8Array {
    return assemble(
      [],
      [
        ...this.#ifState(State.Rewinding),
        ...this.#setState(State.Normal),
        [Return],
        [End],
        ...this.#setState(State.Unwinding),
      ],
    );
  }

  /** (bytes) -> address, or 0 if there is no more memory. */
  #allocateBody(): Uint8Array {
    const [bytes, address, end, pages, start] = [0, 1, 2, 3, 4];
    return assemble(
      [I32, I32, I32, I32],
      [
        [GlobalGet, this.#top],
        [LocalTee, address],
        [LocalGet, bytes],
        [I32Add],
        [LocalTee, end],
        [LocalGet, address],
        [I32LtU],
        [LocalGet, end],
        [GlobalGet, this.#limit],
        [I32GtU],
        [I32Or],
        [If, EMPTY],
        [LocalGet, bytes],
        [I32Const, PAGE],
        [I32ShrU],
        [I32Const, PIECE],
        [I32Add],
        [LocalSet, pages],
        ...(this.#memory === 1 ? growSecond(pages, start) : this.#moveBreak(pages, start, end)),
        // Behind the last piece it makes that larger.
        [LocalGet, start],
        [GlobalGet, this.#limit],
        [I32Ne],
        [If, EMPTY],
        [LocalGet, start],
        [LocalSet, address],
        [End],
        [LocalGet, start],
        [LocalGet, pages],
        [I32Const, PAGE],
        [I32Shl],
        [I32Add],
        [GlobalSet, this.#limit],
        [LocalGet, address],
        [LocalGet, bytes],
        [I32Add],
        [LocalSet, end],
        [End],
        [LocalGet, end],
        [GlobalSet, this.#top],
        [LocalGet, address],
      ],
    );
  }

  /** Takes pages as Go's sbrk does; has #allocate return 0 if there are no more. `end` is free to use. */
  #moveBreak(pages: number, start: number, end: number): Instruction[] {
    const { bloc, blocMax } = this.runtime.breaks();
    const view = this.program.module.imports
      .filter(({ kind }) => kind === 'func')
      .findIndex(({ name }) => name === 'runtime.resetMemoryDataView');
    return [
      [I32Const, 0],
      [I32Load, bloc, 2],
      [LocalTee, start],
      [LocalGet, pages],
      [I32Const, PAGE],
      [I32Shl],
      [I32Add],
      [LocalTee, end],
      [LocalGet, start],
      [I32LtU],
      [If, EMPTY],
      [I32Const, 0],
      [Return],
      [End],
      [LocalGet, end],
      [I32Const, 0],
      [I32Load, blocMax, 2],
      [I32GtU],
      [If, EMPTY],
      [LocalGet, end],
      [I32Const, 0],
      [I32Load, blocMax, 2],
      [I32Sub],
      [I32Const, PAGE],
      [I32ShrU],
      [MemoryGrow, 0],
      ...unlessGrown,
      [I32Const, 0],
      [LocalGet, end],
      [I32Store, blocMax, 2],
      // What JavaScript knows of the memory is out of date.
      ...(view < 0
        ? []
        : ([
            [GlobalGet, SP_GLOBAL],
            [Call, view],
          ] as Instruction[])),
      [End],
      [I32Const, 0],
      [LocalGet, end],
      [I32Store, bloc, 2],
    ];
  }

  /**
   * (slot, sp, g) -> 1 if the frames between `mcall`, where SP is `sp`, and the coroutine can be saved. Then there is room for
   * them, and all is ready for {@link #switch}.
   */
  #canSaveBody(): Uint8Array {
    const [slot, sp, gp, begin, size, entry, pc, start] = [0, 1, 2, 3, 4, 5, 6, 7];
    const fail: Instruction[] = [[I32Const, 0], [Return]];
    return assemble(
      [I32, I32, I32, I32, I32],
      [
        [LocalGet, gp],
        [I32Load, G.stackHi, 2],
        [LocalGet, gp],
        [I32Load, this.begin, 2],
        [I32Sub],
        [LocalSet, begin],
        [I32Const, 0],
        [I32Load, this.#table, this.#word],
        [LocalSet, size],
        [Loop, EMPTY],
        [LocalGet, sp],
        [I32Load, 2, 1],
        [LocalTee, pc],
        [I32Const, this.runtime.pcF(0)],
        [I32Sub],
        [I32Const, 2],
        [I32Shl],
        [I32Load, this.#table + 4, this.#word],
        [LocalTee, entry],
        [I32Eqz],
        [If, EMPTY],
        ...fail,
        [End],
        [LocalGet, size],
        [LocalGet, entry],
        [I32Const, STACK_BITS],
        [I32ShrU],
        [I32Const, 2],
        [I32Shl],
        [I32Add],
        [LocalSet, size],
        // SP in this function, and then SP when it was called: frames begin at one of them, or further up.
        [LocalGet, sp],
        [I32Const, 8],
        [I32Add],
        [LocalTee, sp],
        [LocalGet, begin],
        [I32Ne],
        [LocalGet, sp],
        [LocalGet, entry],
        [I32Const, (1 << STACK_BITS) - 1],
        [I32And],
        [I32Const, 3],
        [I32Shl],
        [I32Add],
        [LocalTee, sp],
        [LocalGet, begin],
        [I32LtU],
        [I32And],
        [BrIf, 0],
        [End],
        // Room for it.
        [LocalGet, slot],
        [I32Load, RECORD.start, this.#word],
        [LocalSet, start],
        [LocalGet, slot],
        [I32Load, RECORD.end, this.#word],
        [LocalGet, start],
        [I32Sub],
        [LocalGet, size],
        [I32LtU],
        [If, EMPTY],
        // Twice as much as now, so that what is given up is no more than what is in use.
        [LocalGet, size],
        [I32Const, 1],
        [I32Shl],
        [LocalTee, size],
        [Call, this.#allocate],
        [LocalTee, start],
        [I32Eqz],
        [If, EMPTY],
        ...fail,
        [End],
        [LocalGet, slot],
        [LocalGet, start],
        [I32Store, RECORD.start, this.#word],
        [LocalGet, slot],
        [LocalGet, start],
        [LocalGet, size],
        [I32Add],
        [I32Store, RECORD.end, this.#word],
        [End],
        [LocalGet, slot],
        [LocalGet, start],
        [I32Store, RECORD.next, this.#word],
        [LocalGet, slot],
        [LocalGet, pc],
        [I32Store, RECORD.pc, this.#word],
        [LocalGet, slot],
        [I32Const, 1],
        [I32Store, RECORD.waits, this.#word],
        [LocalGet, slot],
        [GlobalSet, this.#data],
        [I32Const, 1],
      ],
    );
  }
}

/** Whether the size of a frame on the stack is known, and fits into the table. */
function fits(frame: number): boolean {
  return frame >= 0 && frame >>> 3 < 1 << STACK_BITS;
}

/** With what `memory.grow` gave on the operand stack: has #allocate return 0 if there was no more. */
const unlessGrown: readonly Instruction[] = [[I32Const, -1], [I32Eq], [If, EMPTY], [I32Const, 0], [Return], [End]];

/** Takes pages of the second memory; has #allocate return 0 if there are no more. */
function growSecond(pages: number, start: number): Instruction[] {
  return [
    [LocalGet, pages],
    [MemoryGrow, 1],
    [LocalTee, start],
    ...unlessGrown,
    [LocalGet, start],
    [I32Const, PAGE],
    [I32Shl],
    [LocalSet, start],
  ];
}

function roundUp(bytes: number): number {
  return Math.ceil(bytes / (1 << PAGE)) << PAGE;
}

/** Adds a data segment, which counts where it overlaps others. */
function addSegment(module: Module, segment: Module['data'][number]): void {
  if (module.data.length >= EngineLimits.dataSegments) joinTwoSegments(module);
  module.data.push(segment);
}

/** Makes one data segment of the two with the fewest bytes between them: Go's linker writes as many as engines take. */
function joinTwoSegments(module: Module): void {
  const { data } = module;
  const start = (k: number): number => Number(data[k]!.offset) >>> 0;
  const size = (k: number): number => lengthOf(data[k]!.bytes);
  let best = 0;
  let least = Number.POSITIVE_INFINITY;
  for (let k = 0; k + 1 < data.length; k++) {
    const gap = start(k + 1) - start(k) - size(k);
    if (gap >= 0 && gap < least) [best, least] = [k, gap];
  }
  const bytes = new Uint8Array(size(best) + least + size(best + 1));
  bytes.set(bytesOf(module, data[best]!.bytes));
  bytes.set(bytesOf(module, data[best + 1]!.bytes), size(best) + least);
  data.splice(best, 2, { ...data[best]!, bytes });
}
