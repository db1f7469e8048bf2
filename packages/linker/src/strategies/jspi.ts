/**
 * The `jspi` strategy: a coroutine is a call that JavaScript promise integration can suspend (WebAssembly/js-promise-integration).
 * The host's half is in host/jspi.ts; the two share
 *
 * | name               | what                                                                                         |
 * |--------------------|----------------------------------------------------------------------------------------------|
 * | import `suspend`   | (slot, next: i32): leaves the coroutine in `slot` for that in `next`; a suspending function    |
 * | import `waits`     | (slot, drop: i32) -> i32: whether a coroutine waits in `slot`; if `drop`, no more              |
 * | export `coroutine` | () -> (paused: i32): to be called as a promising function                                     |
 * | export `next`      | () -> (slot: i32): of the goroutine that was chosen                                           |
 * | export `settle`    | (): the goroutine that was chosen goes on, and others, until the program pauses                |
 * | export `wake`      | (): has the next coroutine handle an event                                                    |
 * | export `drain`     | (): runs the program until it pauses, without suspending anything                              |
 * | export `between`   | global i32: 1 while a goroutine was chosen that has not gone on yet                           |
 * | export `cancelled` | tag: ends a coroutine that was to go on, but has been dropped                                  |
 *
 * imports from `go_wasm`, exports as `go_wasm.coroutine` … . `run` starts the runtime only: the host goes on from there. One that
 * calls `drain` then, and `resume` for events, never suspends anything: a goroutine that parks loses its frames.
 *
 * Calls from JavaScript must be done before control goes back there, but no stack can be resumed before that. So in them
 * nothing suspends: a goroutine that parks loses its frames, and those that have some elsewhere are rebuilt. Such a call may
 * also come in a microtask between two steps of a switch. Stock Go would be idle by then: so the program first goes on until it is.
 */
import type { GoProgram, Lifted } from '@go-wasm/lift';
import { type Module, Op, ValType } from '@go-wasm/wasm';
import { assemble, type Instruction } from '../assemble.ts';
import { checkGoos } from '../targets.ts';
import { BY_FLAG, StackfulLowering } from './stackful.ts';
import type { Facts, SwitchStrategy } from './strategy.ts';

const EMPTY = -0x40;
const { I32 } = ValType;
const {
  BrIf,
  Call,
  Drop,
  Else,
  End,
  GlobalGet,
  GlobalSet,
  I32Add,
  I32Const,
  I32Eqz,
  I32And,
  I32GtU,
  I32Sub,
  If,
  LocalGet,
  LocalSet,
  Loop,
  Throw,
} = Op;

export const jspi: SwitchStrategy = {
  name: 'jspi',
  description: 'a goroutine keeps its wasm stack, suspended by promises; needs JavaScript promise integration',
  switchesAt: BY_FLAG,
  start: (program, lifted, facts) => {
    checkGoos('jspi', program.goos);
    return new JspiLowering(program, lifted, facts);
  },
};

class JspiLowering extends StackfulLowering {
  readonly #suspend: number;
  readonly #waits: number;
  readonly #next: number;
  readonly #wake: number;
  readonly #drain: number;
  /** Global: whether the runtime has been started. */
  readonly #started: number;
  readonly #settle: number;
  readonly #between: number;
  readonly #cancelled: number;
  /** Global: how many calls from JavaScript are being done. */
  readonly #events: number;

  constructor(program: GoProgram, lifted: Lifted, facts: Facts) {
    super(program, lifted, facts);
    this.#suspend = this.addImport('go_wasm', 'suspend', this.addType([I32, I32], []));
    this.#waits = this.addImport('go_wasm', 'waits', this.addType([I32, I32], [I32]));
    this.#next = this.addFunction('go_wasm.next', this.addType([], [I32]));
    this.#wake = this.addFunction('go_wasm.wake', this.procedure);
    this.#drain = this.addFunction('go_wasm.drain', this.procedure);
    this.#settle = this.addFunction('go_wasm.settle', this.procedure);
    this.#started = this.addGlobal(I32);
    this.#between = this.addGlobal(I32);
    this.#cancelled = program.module.tags.push({ type: this.procedure }) - 1;
    this.#events = this.addGlobal(I32);
  }

  override finish(module: Module): void {
    this.define(this.#next, assemble([], this.chosenSlot()));
    this.define(this.#settle, this.#settleBody());
    this.define(this.#drain, assemble([], this.#runToPause()));
    this.define(this.#wake, assemble([], this.enterAt(this.runtime.get('runtime.handleEvent'))));
    module.exports.push(
      { name: 'go_wasm.coroutine', kind: 'func', index: this.coroutine },
      { name: 'go_wasm.next', kind: 'func', index: this.#next },
      { name: 'go_wasm.settle', kind: 'func', index: this.#settle },
      { name: 'go_wasm.wake', kind: 'func', index: this.#wake },
      { name: 'go_wasm.drain', kind: 'func', index: this.#drain },
      { name: 'go_wasm.between', kind: 'global', index: this.#between },
      { name: 'go_wasm.cancelled', kind: 'tag', index: this.#cancelled },
    );
    super.finish(module);
  }

  protected override park(): Instruction[] {
    return [
      [GlobalGet, this.#events],
      [If, EMPTY],
      ...this.throwFrames(),
      [End],
      ...this.chosenSlot(),
      ...this.#setBetween(1),
      [Call, this.#suspend],
      [GlobalGet, this.#between],
      [I32Eqz],
      [If, EMPTY],
      [GlobalGet, this.live],
      [I32Const, -1],
      [I32Add],
      [GlobalSet, this.live],
      [Throw, this.#cancelled],
      [End],
      ...this.#setBetween(0),
    ];
  }

  protected override hasFrames(): Instruction[] {
    // In a call from JavaScript, what waits is dropped.
    return [
      [GlobalGet, this.#events],
      [Call, this.#waits],
      [LocalSet, 0],
      [GlobalGet, this.live],
      [LocalGet, 0],
      [GlobalGet, this.#events],
      [I32Eqz],
      [I32GtU],
      [I32Sub],
      [GlobalSet, this.live],
      [LocalGet, 0],
      [GlobalGet, this.#events],
      [I32Eqz],
      [I32And],
    ];
  }

  protected override entering(): Instruction[] {
    return this.#setBetween(0);
  }

  protected override leaving(): Instruction[] {
    return this.#setBetween(1);
  }

  #setBetween(value: number): Instruction[] {
    return [
      [I32Const, value],
      [GlobalSet, this.#between],
    ];
  }

  protected override beforeHostCall(): Instruction[] {
    return [[GlobalGet, this.#between], [If, EMPTY], [Call, this.#settle], [End]];
  }

  /** Has the goroutine that was chosen go on, and others, until the program pauses. */
  #settleBody(): Uint8Array {
    return assemble(
      [I32],
      [
        ...this.#setBetween(0),
        ...this.#addEvents(1),
        // It may have frames: they are dropped.
        ...this.chosenSlot(),
        ...this.hasFrames(),
        [Drop],
        ...this.#addEvents(-1),
        ...this.#runToPause(),
      ],
    );
  }

  #addEvents(n: number): Instruction[] {
    return [[GlobalGet, this.#events], [I32Const, n], [I32Add], [GlobalSet, this.#events]];
  }

  /** Without suspending anything. */
  #runToPause(): Instruction[] {
    return [
      ...this.#addEvents(1),
      [Loop, EMPTY],
      [Call, this.coroutine],
      [I32Eqz],
      [BrIf, 0],
      [End],
      ...this.#addEvents(-1),
    ];
  }

  protected override run(): { locals: number[]; code: Instruction[] } {
    return {
      locals: [],
      code: [
        [GlobalGet, this.#started],
        [If, EMPTY],
        ...this.#runToPause(),
        [Else],
        [I32Const, 1],
        [GlobalSet, this.#started],
        [End],
      ],
    };
  }
}
