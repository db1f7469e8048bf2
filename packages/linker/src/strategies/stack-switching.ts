/**
 * The `stack-switching` strategy: a coroutine is a continuation of the stack-switching proposal (explainer:
 * WebAssembly/stack-switching, proposals/stack-switching/Explainer.md). All of it is in the module: the host needs
 * nothing more than for a module as Go writes it.
 *
 * ```
 * loop:  slot of the chosen goroutine ─▶ its continuation, or a new one ─▶ resume
 *          ▲                                                                │ suspend(slot): keep it in the slot
 *          └────────────────────────────────────────────────────────────────┘ return: nothing to keep
 * ```
 *
 * A callback from the host in the middle of a goroutine runs a loop of its own, on a further coroutine for the same
 * goroutine: the slot is empty while the outer frames are on the stack.
 */
import type { GoProgram, Lifted } from '@go-wasm/lift';
import { Op, refType, ValType } from '@go-wasm/wasm';
import type { Instruction } from '../assemble.ts';
import { BY_FLAG, StackfulLowering } from './stackful.ts';
import type { Facts, SwitchStrategy } from './strategy.ts';

const EMPTY = -0x40;
const {
  Block,
  Br,
  ContNew,
  BrIf,
  Drop,
  Else,
  End,
  GlobalGet,
  GlobalSet,
  I32Eqz,
  I32GeU,
  If,
  LocalGet,
  LocalSet,
  LocalTee,
  Loop,
  RefFunc,
  RefIsNull,
  RefNull,
  Resume,
  Suspend,
  TableGet,
  TableGrow,
  TableSet,
  TableSize,
} = Op;

export const stackSwitching: SwitchStrategy = {
  name: 'stack-switching',
  description: 'a goroutine keeps its wasm stack as a continuation; needs wasm stack switching and exceptions',
  switchesAt: BY_FLAG,
  start: (program, lifted, facts) => new StackSwitchingLowering(program, lifted, facts),
};

class StackSwitchingLowering extends StackfulLowering {
  readonly #continuation: number;
  /** The tag that a coroutine suspends with. */
  readonly #suspended: number;
  /** Global: the slot of the goroutine that suspended. */
  readonly #parked: number;
  /** Continuations by slot. */
  readonly #table: number;

  constructor(program: GoProgram, lifted: Lifted, facts: Facts) {
    super(program, lifted, facts);
    const { module } = program;
    this.#continuation = module.types.push({ kind: 'cont', type: this.coroutineType }) - 1;
    this.#suspended = module.tags.push({ type: this.procedure }) - 1;
    this.#parked = this.addGlobal(ValType.I32);
    this.#table = module.tables.push({ element: refType(this.#continuation, true), min: 64 }) - 1;
    module.elements.push({ table: 0, declarative: true, functions: [this.coroutine] });
  }

  protected override park(): Instruction[] {
    return [
      [GlobalSet, this.#parked],
      [Suspend, this.#suspended],
    ];
  }

  protected override hasFrames(): Instruction[] {
    return [[TableGet, this.#table], [RefIsNull], [I32Eqz]];
  }

  protected override prepareSlot(): Instruction[] {
    return [
      [LocalGet, 1],
      [TableSize, this.#table],
      [I32GeU],
      [If, EMPTY],
      [RefNull, this.#continuation],
      [TableSize, this.#table],
      [TableGrow, this.#table],
      [Drop],
      [End],
    ];
  }

  protected override run(first: number): { locals: number[]; code: Instruction[] } {
    const slot = first;
    const continuation = first + 1;
    return {
      locals: [ValType.I32, refType(this.#continuation, true)],
      code: [
        [Block, EMPTY],
        [Loop, EMPTY],
        ...this.chosenSlot(),
        [LocalTee, slot],
        [TableGet, this.#table],
        [LocalTee, continuation],
        [RefIsNull],
        [If, EMPTY],
        [RefFunc, this.coroutine],
        [ContNew, this.#continuation],
        [LocalSet, continuation],
        [Else],
        [LocalGet, slot],
        [RefNull, this.#continuation],
        [TableSet, this.#table],
        [End],
        [Block, refType(this.#continuation, false)],
        [LocalGet, continuation], // not null; V8 14.6 cannot compile ref.as_non_null here
        [Resume, [this.#continuation, 0, this.#suspended, 0]],
        [BrIf, 2],
        [Br, 1],
        [End],
        [LocalSet, continuation],
        [GlobalGet, this.#parked],
        [LocalGet, continuation],
        [TableSet, this.#table],
        [Br, 0],
        [End],
        [End],
      ],
    };
  }
}
