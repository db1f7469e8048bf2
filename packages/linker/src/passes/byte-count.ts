/**
 * `strings.Count` and `bytes.Count` of one byte, as of line ends, go byte by byte on WebAssembly. With this they begin with a count by eight
 * bytes at a time, or by sixteen where all engines of the target have vectors:
 *
 * ```
 * func Count(s, substr string) int { if len(substr) == 1 { return count_byte(s, substr[0]) }; …
 * ```
 *
 * Assumes: the functions of the standard library do what their documentation says, and what they are passed lies as Go's calling convention for
 * memory (ABI0) has it; a string has no byte outside of memory.
 *
 * Sources: strings/strings.go, bytes/bytes.go, internal/bytealg/count_generic.go; Hacker's Delight, 6-1, for bytes that are zero.
 */
import { type GoProgram, type Lifted, SP_LOCAL } from '@go-wasm/lift';
import { Op, ValType } from '@go-wasm/wasm';
import { advance, assemble, begin, get, type Instruction, i32, i64, seq, set, tee } from '../assemble.ts';
import { IS_CALLED, type Lowered } from '../lowered.ts';
import { GoRuntime } from '../strategies/go-runtime.ts';
import type { Lowering } from '../strategies/strategy.ts';

const {
  Br,
  Call,
  End,
  I32Add,
  I32Eq,
  I32GeU,
  I32Load,
  I32Load8U,
  I32Ne,
  I32Popcnt,
  I32Sub,
  I32WrapI64,
  I64Add,
  I64And,
  I64Eq,
  I64ExtendI32U,
  I64Load,
  I64Mul,
  I64Or,
  I64Popcnt,
  I64Store,
  I64Xor,
  I8x16Bitmask,
  I8x16Eq,
  I8x16Splat,
  If,
  Loop,
  Return,
  V128Load,
} = Op;

/** The functions, and where what is sought and the result are, from the return PC. The text is at 8. */
const COUNTS = [
  { name: 'strings.Count', sought: 24, result: 40 },
  { name: 'bytes.Count', sought: 32, result: 56 },
] as const;
const TEXT = 8;
/** From where the address of a string or slice is: its length. */
const LENGTH = 8;

export class ByteCount {
  /** What functions begin with, by their index among the defined functions. */
  readonly #fronts: Map<number, Instruction[]> = new Map();

  constructor(program: GoProgram, lifted: Lifted, lowering: Pick<Lowering, 'addFunction' | 'define'>, simd: boolean) {
    const runtime = new GoRuntime(program, lifted);
    let count = -1;
    for (const { name, sought, result } of COUNTS) {
      const f = runtime.findLifted(name);
      if (f < 0) continue;
      if (count < 0) {
        const { I32 } = ValType;
        const type = program.module.types.push({ kind: 'func', params: [I32, I32, I32], results: [I32] }) - 1;
        count = lowering.addFunction('go_wasm.count_byte', type);
        lowering.define(count, countByte(simd));
      }
      const argument = (offset: number): Instruction[] => seq(get(SP_LOCAL), [I32Load, offset, 2]);
      this.#fronts.set(
        f,
        seq(
          seq(IS_CALLED, begin(If)),
          seq(get(SP_LOCAL), [I64Load, sought + LENGTH, 3], i64(1), I64Eq, begin(If), get(SP_LOCAL)),
          seq(argument(TEXT), argument(TEXT + LENGTH), argument(sought), I32Load8U, [Call, count], I64ExtendI32U),
          seq([I64Store, result, 3], get(SP_LOCAL), Return, End, End),
        ),
      );
    }
  }

  run(lowered: Lowered, f: number): void {
    const front = this.#fronts.get(f);
    if (front !== undefined) lowered.prepend(front);
  }
}

/** (p, n, c: i32) -> i32: how many of the n bytes at p are c, which is 0 to 255. */
export function countByte(simd: boolean): Uint8Array {
  const [p, n, c, count, end, same, t, all] = [0, 1, 2, 3, 4, 5, 6, 7];
  /** `while (end - p >= step) { count += what the body leaves; p += step; }` */
  const by = (step: number, body: readonly Instruction[]): Instruction[] =>
    seq(
      seq(begin(Loop), get(end), get(p), I32Sub, i32(step), I32GeU, begin(If)),
      seq(get(count), body, I32Add, set(count), advance(p, step), [Br, 1], End, End),
    );
  const [low7, high] = [i64(0x7f7f7f7f, 0x7f7f7f7f), i64(-0x7f7f7f80, -0x7f7f7f80)];
  return assemble(
    [ValType.I32, ValType.I32, ValType.I64, ValType.I64, ...(simd ? [ValType.V128] : [])],
    seq(
      seq(get(p), get(n), I32Add, set(end)),
      simd ? seq(get(c), I8x16Splat, set(all)) : [],
      simd ? by(16, seq(get(p), [V128Load], get(all), I8x16Eq, I8x16Bitmask, I32Popcnt)) : [],
      seq(get(c), I64ExtendI32U, i64(0x01010101, 0x01010101), I64Mul, set(same)),
      // A byte that is c becomes 0. Of others, its lower bits plus 127 or itself have the highest bit.
      by(
        8,
        seq(
          seq(get(p), I64Load, get(same), I64Xor, tee(t), low7, I64And, low7, I64Add, get(t), I64Or),
          seq(i64(-1), I64Xor, high, I64And, I64Popcnt, I32WrapI64),
        ),
      ),
      seq(begin(Loop), get(p), get(end), I32Ne, begin(If)),
      seq(get(count), get(p), I32Load8U, get(c), I32Eq, I32Add, set(count)),
      seq(advance(p, 1), [Br, 1], End, End),
      get(count),
    ),
  );
}
