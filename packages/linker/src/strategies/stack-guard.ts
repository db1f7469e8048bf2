/**
 * Deep recursion: Go's stacks grow to a gigabyte, an engine's do not. So `stackguard0` of a running goroutine is set no
 * lower than a segment below the place where its wasm frames begin:
 *
 * ```
 * hi ──────────────────────────────────────────────────────────────── lo
 *      frames without wasm frames │ wasm frames begin ··· segment ··· │ artificial guard ···  real guard
 * ```
 *
 * A function that comes to the artificial guard calls `morestack`, as ever. There the guard is set back, all wasm frames
 * are thrown away, and the function is entered anew on an empty wasm stack, where the next segment begins. Callers are
 * re-entered when it is their turn.
 *
 * On the usual small stacks the real guard is the higher one.
 *
 * Assumes: a wasm frame is no more than a few times as large as its Go frame, so that a segment fits into what engines
 * give (V8: just under 1 MB). Where that fails the engine's stack overflows, and the instance is lost.
 */
import { Op, ValType } from '@go-wasm/wasm';
import { assemble, type Instruction } from './assemble.ts';
import { G, G_GLOBAL, type GoRuntime } from './go-runtime.ts';

const {
  End,
  GlobalGet,
  I32Add,
  I32And,
  I32Const,
  I32GtU,
  I32Load,
  I32LtU,
  I32Store,
  I32Sub,
  I32WrapI64,
  If,
  LocalGet,
  LocalSet,
  Select,
} = Op;

const EMPTY = -0x40;

/** How much of a Go stack may have wasm frames, in bytes. */
const SEGMENT = 200 * 1024;

export class StackGuard {
  /** Index of the function (base: i32) -> () that sets the guard of the current goroutine, whose frames begin at SP = base. */
  readonly index: number;
  readonly #real: number;

  constructor(runtime: GoRuntime, index: number) {
    this.index = index;
    this.#real = runtime.stackGuard();
  }

  body(): Uint8Array {
    const real = this.#real;
    return assemble(
      [ValType.I32],
      [
        [GlobalGet, G_GLOBAL],
        [I32WrapI64],
        [LocalSet, 1],
        ...this.#isAddress(1),
        [If, EMPTY],
        [LocalGet, 1],
        [LocalGet, 0],
        [I32Const, SEGMENT],
        [I32Sub],
        [LocalGet, 1],
        [I32Load, G.stackLo, 2],
        [I32Const, real],
        [I32Add],
        [LocalGet, 0],
        [LocalGet, 1],
        [I32Load, G.stackLo, 2],
        [I32Sub],
        [I32Const, SEGMENT + real],
        [I32GtU],
        [Select],
        [I32Store, G.stackGuard0, 2],
        [End],
      ],
    );
  }

  /**
   * For the start of `morestack`: where the guard of g, an i32 in the local, is artificial, sets it back and runs `then`.
   */
  ifArtificial(g: number, then: readonly Instruction[]): Instruction[] {
    return [
      [LocalGet, g],
      [I32Load, G.stackGuard0, 2],
      [LocalGet, g],
      [I32Load, G.stackLo, 2],
      [I32Sub],
      [I32Const, this.#real],
      [I32GtU],
      ...this.#isAddress(g),
      [I32And],
      [If, EMPTY],
      [LocalGet, g],
      [LocalGet, g],
      [I32Load, G.stackLo, 2],
      [I32Const, this.#real],
      [I32Add],
      [I32Store, G.stackGuard0, 2],
      ...then,
      [End],
    ];
  }

  /** Whether the guard of g is one: Go's requests to yield are numbers above all addresses. */
  #isAddress(g: number): Instruction[] {
    return [[LocalGet, g], [I32Load, G.stackGuard0, 2], [LocalGet, g], [I32Load, G.stackHi, 2], [I32LtU]];
  }
}
