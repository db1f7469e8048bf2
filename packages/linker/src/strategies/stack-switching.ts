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
 * Where the engine can switch from one continuation to another, a goroutine goes to the next one without that loop:
 *
 * ```
 * park ─▶ continuation of the chosen goroutine, or a new one ─▶ switch ─▶ there: keep the one that comes with it in its slot
 * ```
 *
 * A callback from the host in the middle of a goroutine runs a loop of its own, on a further coroutine for the same
 * goroutine: the slot is empty while the outer frames are on the stack.
 */
import type { GoProgram, Lifted } from '@go-wasm/lift';
import { type Module, Op, refType, ValType } from '@go-wasm/wasm';
import { assemble, type Instruction } from '../assemble.ts';
import { canHave } from '../targets.ts';
import { BY_FLAG, StackfulLowering } from './stackful.ts';
import type { Facts, SwitchStrategy } from './strategy.ts';

const EMPTY = -0x40;
const {
  Block,
  Br,
  Call,
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
  Switch,
  TableGet,
  TableGrow,
  TableSet,
  TableSize,
} = Op;

export const stackSwitching: SwitchStrategy = {
  name: 'stack-switching',
  description: 'a goroutine keeps its wasm stack as a continuation; needs wasm stack switching and exceptions',
  switchesAt: BY_FLAG,
  start: (program, lifted, facts) =>
    facts.target && canHave(facts.target, 'symmetric-switching')
      ? new SymmetricLowering(program, lifted, facts)
      : new AsymmetricLowering(program, lifted, facts),
};

abstract class StackSwitchingLowering extends StackfulLowering {
  /** Type of continuations. */
  protected readonly continuation: number;
  /** Index of the function that they begin with. */
  protected readonly start: number;
  /** The tag that a coroutine leaves with. */
  protected readonly tag: number;
  /** Global: the slot of the goroutine that left last. */
  protected readonly parked: number;
  /** Continuations by slot. */
  protected readonly table: number;

  constructor(program: GoProgram, lifted: Lifted, facts: Facts) {
    super(program, lifted, facts);
    const { module } = program;
    const { continuation, start, tagType } = this.addContinuation(module);
    this.continuation = continuation;
    this.start = start;
    this.tag = module.tags.push({ type: tagType }) - 1;
    this.parked = this.addGlobal(ValType.I32);
    this.table = module.tables.push({ element: refType(continuation, true), min: 64 }) - 1;
    module.elements.push({ table: 0, declarative: true, functions: [start] });
  }

  /** Adds what differs: the type of continuations, the function that they begin with, and the type of the tag. */
  protected abstract addContinuation(module: Module): { continuation: number; start: number; tagType: number };
  /** What {@link run} does, with two locals that are free. */
  protected abstract loop(slot: number, continuation: number): Instruction[];

  protected override run(first: number): { locals: number[]; code: Instruction[] } {
    return { locals: [ValType.I32, refType(this.continuation, true)], code: this.loop(first, first + 1) };
  }

  protected override hasFrames(): Instruction[] {
    return [[TableGet, this.table], [RefIsNull], [I32Eqz]];
  }

  protected override prepareSlot(): Instruction[] {
    return [
      [LocalGet, 1],
      [TableSize, this.table],
      [I32GeU],
      [If, EMPTY],
      [RefNull, this.continuation],
      [TableSize, this.table],
      [TableGrow, this.table],
      [Drop],
      [End],
    ];
  }

  /** Takes the continuation of the goroutine that was chosen out of its slot, or makes one. Both are locals. */
  protected take(slot: number, continuation: number): Instruction[] {
    return [
      ...this.chosenSlot(),
      [LocalTee, slot],
      [TableGet, this.table],
      [LocalTee, continuation],
      [RefIsNull],
      [If, EMPTY],
      [RefFunc, this.start],
      [ContNew, this.continuation],
      [LocalSet, continuation],
      [Else],
      [LocalGet, slot],
      [RefNull, this.continuation],
      [TableSet, this.table],
      [End],
    ];
  }
}

/** Coroutines suspend, and the loop resumes the next one. */
class AsymmetricLowering extends StackSwitchingLowering {
  protected override addContinuation({ types }: Module) {
    const continuation = types.push({ kind: 'cont', type: this.coroutineType }) - 1;
    return { continuation, start: this.coroutine, tagType: this.procedure };
  }

  protected override park(): Instruction[] {
    return [
      [GlobalSet, this.parked],
      [Suspend, this.tag],
    ];
  }

  protected override loop(slot: number, continuation: number): Instruction[] {
    return [
      [Block, EMPTY],
      [Loop, EMPTY],
      ...this.take(slot, continuation),
      [Block, refType(this.continuation, false)],
      [LocalGet, continuation], // not null; V8 14.6 cannot compile ref.as_non_null here
      [Resume, [this.continuation, 0, this.tag, 0]],
      [BrIf, 2],
      [Br, 1],
      [End],
      [LocalSet, continuation],
      [GlobalGet, this.parked],
      [LocalGet, continuation],
      [TableSet, this.table],
      [Br, 0],
      [End],
      [End],
    ];
  }
}

/** Coroutines switch to the next one, with the continuation of the one that leaves, for its slot. */
class SymmetricLowering extends StackSwitchingLowering {
  /** () -> (): leaves the coroutine for that of the goroutine that was chosen. */
  readonly #switch: number = this.addFunction('go_wasm.switch', this.procedure);
  /** (continuation or null) -> (): puts it into the slot of the goroutine that left. */
  readonly #keep: number = this.addFunction('go_wasm.keep', this.addType([refType(this.continuation, true)], []));

  protected override addContinuation({ types }: Module) {
    const type = types.length;
    const continuation = type + 1;
    types.push({ kind: 'func', params: [refType(continuation, true)], results: [ValType.I32], recGroup: 2 });
    types.push({ kind: 'cont', type });
    return { continuation, start: this.addFunction('go_wasm.start', type), tagType: this.coroutineType };
  }

  override finish(module: Module): void {
    const [slot, continuation] = [0, 1];
    this.define(
      this.start,
      assemble(
        [],
        [
          [LocalGet, 0],
          [Call, this.#keep],
          [Call, this.coroutine],
        ],
      ),
    );
    this.define(
      this.#switch,
      assemble(
        [ValType.I32, refType(this.continuation, true)],
        [
          ...this.take(slot, continuation),
          [LocalGet, continuation],
          [Switch, this.continuation, this.tag],
          [Call, this.#keep],
        ],
      ),
    );
    this.define(
      this.#keep,
      assemble(
        [],
        [
          [LocalGet, 0],
          [RefIsNull],
          [I32Eqz],
          [If, EMPTY],
          [GlobalGet, this.parked],
          [LocalGet, 0],
          [TableSet, this.table],
          [End],
        ],
      ),
    );
    super.finish(module);
  }

  protected override park(): Instruction[] {
    return [
      [GlobalSet, this.parked],
      [Call, this.#switch],
    ];
  }

  protected override loop(slot: number, continuation: number): Instruction[] {
    return [
      [Loop, EMPTY],
      ...this.take(slot, continuation),
      [RefNull, this.continuation],
      [LocalGet, continuation],
      [Resume, [this.continuation, 1, this.tag, 0]],
      [I32Eqz],
      [BrIf, 0],
      [End],
    ];
  }
}
