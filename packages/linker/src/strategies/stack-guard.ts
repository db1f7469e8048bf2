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
 * On the usual small stacks the real guard is the higher one. Where the frame of the very function that was entered is
 * larger than a segment, the segment is doubled until it fits.
 *
 * Assumes: a wasm frame is no more than a few times as large as its Go frame, so that a segment fits into what engines
 * give (V8: just under 1 MB). Where that fails the engine's stack overflows, and the instance is lost.
 */
import { SP_GLOBAL } from '@go-wasm/lift';
import { Op, ValType } from '@go-wasm/wasm';
import { assemble, begin, get, type Instruction, i32, seq, tee } from '../assemble.ts';
import { G, G_GLOBAL, type GoRuntime } from './go-runtime.ts';

const {
  End,
  GlobalGet,
  GlobalSet,
  I32Add,
  I32And,
  I32Const,
  I32Eq,
  I32GtU,
  I32LeU,
  I32Load,
  I32LtU,
  I32Ne,
  I32Shl,
  I32Store,
  I32Sub,
  I32WrapI64,
  If,
  LocalGet,
  LocalSet,
  LocalTee,
  Select,
} = Op;

const EMPTY = -0x40;

/** How much of a Go stack may have wasm frames, in bytes. */
const SEGMENT = 200 * 1024;

export class StackGuard {
  /** Index of the function (base: i32) -> () that sets the guard of the current goroutine, whose frames begin at SP = base. */
  readonly index: number;
  readonly #real: number;
  /** Globals, i32: where the frames of the current goroutine begin, and the size of their segment. */
  readonly #base: number;
  readonly #segment: number;

  /** @param addGlobal Has the module have one more i32, which starts as 0. */
  constructor(runtime: GoRuntime, index: number, addGlobal: () => number) {
    this.index = index;
    this.#real = runtime.stackGuard();
    this.#base = addGlobal();
    this.#segment = addGlobal();
  }

  body(): Uint8Array {
    const real = this.#real;
    return assemble(
      [ValType.I32],
      [
        [LocalGet, 0],
        [GlobalGet, this.#base],
        [I32Ne],
        [If, EMPTY],
        [LocalGet, 0],
        [GlobalSet, this.#base],
        [I32Const, SEGMENT],
        [GlobalSet, this.#segment],
        [End],
        [GlobalGet, G_GLOBAL],
        [I32WrapI64],
        [LocalSet, 1],
        ...this.#isAddress(1),
        [If, EMPTY],
        [LocalGet, 1],
        [LocalGet, 0],
        [GlobalGet, this.#segment],
        [I32Sub],
        [LocalGet, 1],
        [I32Load, G.stackLo, 2],
        [I32Const, real],
        [I32Add],
        [LocalGet, 0],
        [LocalGet, 1],
        [I32Load, G.stackLo, 2],
        [I32Sub],
        [GlobalGet, this.#segment],
        [I32Const, real],
        [I32Add],
        [I32GtU],
        [Select],
        [I32Store, G.stackGuard0, 2],
        [End],
      ],
    );
  }

  /**
   * The body of a function () -> () that has an artificial guard found at the next stack check: the guard is set to where SP is never
   * below. Only where the frames since the scheduler loop are all of the current goroutine: not under `systemstack`.
   */
  reentryBody(): Uint8Array {
    const g = 0;
    return assemble(
      [ValType.I32],
      seq(
        seq([GlobalGet, G_GLOBAL], I32WrapI64, tee(g), [I32Load, G.stackLo, 2], [GlobalGet, this.#base], I32LtU),
        seq([GlobalGet, this.#base], get(g), [I32Load, G.stackHi, 2], I32LeU, I32And),
        seq(this.#isAddress(g), I32And, begin(If)),
        seq(get(g), get(g), [I32Load, G.stackHi, 2], i32(1), I32Sub, [I32Store, G.stackGuard0, 2], End),
      ),
    );
  }

  /**
   * For the start of `morestack`: where the guard of g, an i32 in the local, is artificial, sets it back, has SP where the
   * function starts anew, and runs `then`. `sp` is the local with SP in morestack, below its return address.
   */
  ifArtificial(g: number, sp: number, then: readonly Instruction[]): Instruction[] {
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
      [LocalGet, sp],
      [I32Const, 8],
      [I32Add],
      [LocalTee, sp],
      [GlobalSet, SP_GLOBAL],
      [LocalGet, sp],
      [GlobalGet, this.#base],
      [I32Eq],
      [If, EMPTY],
      [GlobalGet, this.#segment],
      [I32Const, 1],
      [I32Shl],
      [GlobalSet, this.#segment],
      [End],
      ...then,
      [End],
    ];
  }

  /** Whether the guard of g is one: Go's requests to yield are numbers above all addresses. */
  #isAddress(g: number): Instruction[] {
    return [[LocalGet, g], [I32Load, G.stackGuard0, 2], [LocalGet, g], [I32Load, G.stackHi, 2], [I32LtU]];
  }
}
