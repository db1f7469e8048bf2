/**
 * The `stack-switching` strategy: a coroutine is a continuation of the stack-switching proposal (explainer:
 * WebAssembly/stack-switching, proposals/stack-switching/Explainer.md). All of it is in the module: the host needs
 * nothing more than for a module as Go writes it.
 *
 * ```
 * loop:  slot of the chosen goroutine ─▶ its continuation, or an idle one, or a new one ─▶ resume
 *          ▲                                                                                  │
 *          └── keep: park: in the goroutine's slot; rest: among the idle ones ◀── suspend ────┘
 * ```
 *
 * Where the engine can switch from one continuation to another, a goroutine goes to the next one without that loop:
 *
 * ```
 * park ─▶ continuation of the chosen goroutine, or an idle one, or a new one ─▶ switch ─▶ there: keep the one that comes with it
 * ```
 *
 * A coroutine never ends: one that has nothing to do rests until a goroutine needs one. Engines take their time to make a
 * stack, and wasmtime 49 frees none before the instance ends. So there are never more than have been live at once.
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
  I32Add,
  I32Const,
  I32Eqz,
  I32GeU,
  I32Sub,
  If,
  LocalGet,
  LocalSet,
  LocalTee,
  Loop,
  RefFunc,
  RefIsNull,
  RefNull,
  Resume,
  Return,
  Suspend,
  Switch,
  TableGet,
  TableGrow,
  TableSet,
  TableSize,
  Unreachable,
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
  /** The tag that a coroutine suspends with. */
  protected readonly tag: number;
  /** Global: the slot of the goroutine that left last; 0 for a coroutine that rests. */
  protected readonly parked: number;
  /** (continuation or null) -> (): puts it where that which left last belongs. */
  protected readonly keep: number;
  /** Index of the function that continuations begin with. */
  readonly #start: number;
  /** Continuations by slot. */
  readonly #table: number;
  /** Continuations that rest, and a global: how many. */
  readonly #idle: number;
  readonly #resting: number;
  /** Global: 1 if the coroutine that left last did so at a pause. */
  readonly #paused: number;

  constructor(program: GoProgram, lifted: Lifted, facts: Facts) {
    super(program, lifted, facts);
    const { module } = program;
    const { continuation, startType, tagType } = this.addContinuation(module);
    const reference = refType(continuation, true);
    this.continuation = continuation;
    this.#start = this.addFunction('go_wasm.start', startType);
    this.keep = this.addFunction('go_wasm.keep', this.addType([reference], []));
    this.tag = module.tags.push({ type: tagType }) - 1;
    this.parked = this.addGlobal(ValType.I32);
    this.#paused = this.addGlobal(ValType.I32);
    this.#resting = this.addGlobal(ValType.I32);
    this.#table = module.tables.push({ element: reference, min: 64 }) - 1;
    this.#idle = module.tables.push({ element: reference, min: 64 }) - 1;
    module.elements.push({ table: 0, declarative: true, functions: [this.#start] });
  }

  /** Adds what differs: the type of continuations, of the function that they begin with, and of {@link tag}. */
  protected abstract addContinuation(module: Module): { continuation: number; startType: number; tagType: number };
  /** The operands of `resume` before the continuation, and its handlers. */
  protected abstract readonly resume: { operands: readonly Instruction[]; handlers: readonly number[] };

  /** Keeps the continuation that comes when one goes on for the first time (it is in local 0), and each further time. */
  protected begun(): Instruction[] {
    return [];
  }
  protected arrived(): Instruction[] {
    return [];
  }

  override finish(module: Module): void {
    this.define(this.#start, this.#startBody());
    this.define(this.keep, this.#keepBody());
    super.finish(module);
  }

  protected override hasFrames(): Instruction[] {
    return [[TableGet, this.#table], [RefIsNull], [I32Eqz]];
  }

  protected override prepareSlot(): Instruction[] {
    return [[LocalGet, 1], [TableSize, this.#table], [I32GeU], [If, EMPTY], ...this.#double(this.#table), [End]];
  }

  /** Takes the continuation of the goroutine that was chosen out of its slot, or finds one. Both are locals. */
  protected take(slot: number, continuation: number): Instruction[] {
    return [
      ...this.chosenSlot(),
      [LocalTee, slot],
      [TableGet, this.#table],
      [LocalTee, continuation],
      [RefIsNull],
      [If, EMPTY],
      [GlobalGet, this.#resting],
      [If, EMPTY],
      [GlobalGet, this.#resting],
      [I32Const, 1],
      [I32Sub],
      [LocalTee, slot],
      [GlobalSet, this.#resting],
      [LocalGet, slot],
      [TableGet, this.#idle],
      [LocalSet, continuation],
      [LocalGet, slot],
      [RefNull, this.continuation],
      [TableSet, this.#idle],
      [Else],
      [RefFunc, this.#start],
      [ContNew, this.continuation],
      [LocalSet, continuation],
      [End],
      [Else],
      [LocalGet, slot],
      [RefNull, this.continuation],
      [TableSet, this.#table],
      [End],
    ];
  }

  protected override run(first: number): { locals: number[]; code: Instruction[] } {
    const [slot, continuation] = [first, first + 1];
    const { operands, handlers } = this.resume;
    return {
      locals: [ValType.I32, refType(this.continuation, true)],
      code: [
        [Loop, EMPTY],
        ...this.take(slot, continuation),
        [Block, refType(this.continuation, false)],
        ...operands,
        [LocalGet, continuation], // not null; V8 14.6 cannot compile ref.as_non_null here
        [Resume, [this.continuation, ...handlers]],
        [Unreachable],
        [End],
        [Call, this.keep],
        [GlobalGet, this.#paused],
        [I32Eqz],
        [BrIf, 0],
        [End],
        [I32Const, 0],
        [GlobalSet, this.#paused],
      ],
    };
  }

  /** Doubles a table. */
  #double(table: number): Instruction[] {
    return [[RefNull, this.continuation], [TableSize, table], [TableGrow, table], [Drop]];
  }

  /** What a continuation begins with: it runs goroutines, and rests. */
  #startBody(): Uint8Array {
    return assemble(
      [],
      [
        ...this.begun(),
        [Loop, EMPTY],
        [Call, this.coroutine],
        [GlobalSet, this.#paused],
        [I32Const, 0],
        [GlobalSet, this.parked],
        [Suspend, this.tag],
        ...this.arrived(),
        [Br, 0],
        [End],
        [Unreachable],
      ],
    );
  }

  #keepBody(): Uint8Array {
    return assemble(
      [],
      [
        [LocalGet, 0],
        [RefIsNull],
        [If, EMPTY],
        [Return],
        [End],
        [GlobalGet, this.parked],
        [If, EMPTY],
        [GlobalGet, this.parked],
        [LocalGet, 0],
        [TableSet, this.#table],
        [Return],
        [End],
        [GlobalGet, this.#resting],
        [TableSize, this.#idle],
        [I32GeU],
        [If, EMPTY],
        ...this.#double(this.#idle),
        [End],
        [GlobalGet, this.#resting],
        [LocalGet, 0],
        [TableSet, this.#idle],
        [GlobalGet, this.#resting],
        [I32Const, 1],
        [I32Add],
        [GlobalSet, this.#resting],
      ],
    );
  }
}

/** Coroutines suspend, and the loop resumes the next one. */
class AsymmetricLowering extends StackSwitchingLowering {
  protected override addContinuation({ types }: Module) {
    const continuation = types.push({ kind: 'cont', type: this.procedure }) - 1;
    return { continuation, startType: this.procedure, tagType: this.procedure };
  }

  protected override get resume() {
    return { operands: [], handlers: [0, this.tag, 0] };
  }

  protected override park(): Instruction[] {
    return [
      [GlobalSet, this.parked],
      [Suspend, this.tag],
    ];
  }
}

/** Coroutines switch to the next one, with the continuation of the one that leaves, for {@link keep}. */
class SymmetricLowering extends StackSwitchingLowering {
  /** () -> (): leaves the coroutine for that of the goroutine that was chosen. */
  readonly #switch: number = this.addFunction('go_wasm.switch', this.procedure);
  /** The tag that coroutines switch with. */
  readonly #switchTag: number = this.program.module.tags.push({ type: this.procedure }) - 1;

  protected override addContinuation({ types }: Module) {
    const startType = types.length;
    const continuation = startType + 1;
    const reference = refType(continuation, true);
    types.push({ kind: 'func', params: [reference], results: [], recGroup: 2 });
    types.push({ kind: 'cont', type: startType });
    return { continuation, startType, tagType: this.addType([], [reference]) };
  }

  protected override get resume() {
    return { operands: [[RefNull, this.continuation] as const], handlers: [0, this.tag, 0, 1, this.#switchTag, 0] };
  }

  protected override begun(): Instruction[] {
    return [
      [LocalGet, 0],
      [Call, this.keep],
    ];
  }

  protected override arrived(): Instruction[] {
    return [[Call, this.keep]];
  }

  override finish(module: Module): void {
    const [slot, continuation] = [0, 1];
    this.define(
      this.#switch,
      assemble(
        [ValType.I32, refType(this.continuation, true)],
        [
          ...this.take(slot, continuation),
          [LocalGet, continuation],
          [Switch, this.continuation, this.#switchTag],
          [Call, this.keep],
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
}
