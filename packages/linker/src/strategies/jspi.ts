/**
 * The `jspi` strategy: a coroutine is a call that JavaScript promise integration can suspend (WebAssembly/js-promise-integration).
 * The host's half is in host/jspi.mjs; the two share
 *
 * | name               | what                                                                                        |
 * |--------------------|---------------------------------------------------------------------------------------------|
 * | import `suspend`   | (slot, next: i32): leaves the coroutine in `slot` for that in `next`; a suspending function   |
 * | import `waits`     | (slot: i32) -> i32: whether a coroutine waits in the slot; in an event: drops it, and is 0   |
 * | export `coroutine` | () -> (paused: i32): to be called as a promising function                                   |
 * | export `next`      | () -> (slot: i32): of the goroutine that was chosen                                         |
 * | export `wake`      | (): has the next coroutine handle an event                                                  |
 * | export `live`      | global i32: how many coroutines there are; the host takes off what it drops                 |
 *
 * imports from `go_wasm`, exports as `go_wasm.coroutine` … . `run` starts the runtime only: the host goes on from there.
 *
 * Events from JavaScript must be handled before control goes back there, but no stack can be resumed before that. So in
 * `resume` nothing suspends: a goroutine that parks loses its frames, and those that have some elsewhere are rebuilt.
 */
import type { GoProgram, Lifted } from '@go-wasm/lift';
import { type Module, Op, UnsupportedError, ValType } from '@go-wasm/wasm';
import { assemble, type Instruction } from './assemble.ts';
import { StackfulLowering } from './stackful.ts';
import type { Facts, SwitchStrategy } from './strategy.ts';

const EMPTY = -0x40;
const { I32 } = ValType;
const { BrIf, Call, Else, End, GlobalGet, GlobalSet, I32Add, I32Const, I32Eqz, If, Loop } = Op;

export const jspi: SwitchStrategy = {
  name: 'jspi',
  description: 'a goroutine keeps its wasm stack, suspended by promises; needs JavaScript promise integration',
  requires: ['exceptions', 'jspi'],
  start: (program, lifted, facts) => {
    if (program.goos !== 'js') {
      throw new UnsupportedError('GW2107', 'the switch strategy jspi is for GOOS=js', {
        hint: 'choose -switch=resume or -switch=stack-switching',
      });
    }
    return new JspiLowering(program, lifted, facts);
  },
};

class JspiLowering extends StackfulLowering {
  readonly #suspend: number;
  readonly #waits: number;
  readonly #next: number;
  readonly #wake: number;
  /** Global: whether the runtime has been started. */
  readonly #started: number;
  /** Global: how many events are being handled. */
  readonly #events: number;

  constructor(program: GoProgram, lifted: Lifted, facts: Facts) {
    super(program, lifted, facts);
    this.#suspend = this.addImport('go_wasm', 'suspend', this.addType([I32, I32], []));
    this.#waits = this.addImport('go_wasm', 'waits', this.addType([I32], [I32]));
    this.#next = this.addFunction('go_wasm.next', this.addType([], [I32]));
    this.#wake = this.addFunction('go_wasm.wake', this.procedure);
    this.#started = this.addGlobal(I32);
    this.#events = this.addGlobal(I32);
  }

  override finish(module: Module): void {
    this.define(this.#next, assemble([], this.chosenSlot()));
    this.define(this.#wake, assemble([], this.enterAt(this.runtime.get('runtime.handleEvent'))));
    module.exports.push(
      { name: 'go_wasm.coroutine', kind: 'func', index: this.coroutine },
      { name: 'go_wasm.next', kind: 'func', index: this.#next },
      { name: 'go_wasm.wake', kind: 'func', index: this.#wake },
      { name: 'go_wasm.live', kind: 'global', index: this.live },
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
      [Call, this.#suspend],
    ];
  }

  /** In an event, what waited is as good as ended. */
  protected override hasFrames(): Instruction[] {
    return [[Call, this.#waits]];
  }

  protected override run(): { locals: number[]; code: Instruction[] } {
    const addEvents = (n: number): Instruction[] => [
      [GlobalGet, this.#events],
      [I32Const, n],
      [I32Add],
      [GlobalSet, this.#events],
    ];
    return {
      locals: [],
      code: [
        [GlobalGet, this.#started],
        [If, EMPTY],
        ...addEvents(1),
        [Loop, EMPTY],
        [Call, this.coroutine],
        [I32Eqz],
        [BrIf, 0],
        [End],
        ...addEvents(-1),
        [Else],
        [I32Const, 1],
        [GlobalSet, this.#started],
        [End],
      ],
    };
  }
}
