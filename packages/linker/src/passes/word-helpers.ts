/**
 * Go's helpers that compare and search memory go byte by byte, or by four: `memeqbody` (==, bytes.Equal, map keys), `memcmp`
 * (<, strings.Compare), `memchr` (bytes.IndexByte, strings.IndexByte). These do the same by eight bytes: what is left over at
 * the end is read together with what has been read already, so that no byte outside is touched. Where all engines of the
 * target have vectors, 16 bytes and more are done by 16.
 *
 * Assumes: the helper is the one that all supported releases have, told by its bytes. If it is not, it stays.
 *
 * Sources: internal/bytealg/equal_wasm.s, compare_wasm.s, indexbyte_wasm.s; for the search, Hacker's Delight, 6-1.
 */
import type { GoProgram } from '@go-wasm/lift';
import { Op, ValType } from '@go-wasm/wasm';
import { advance, assemble, begin, get, type Instruction, i32, i64, seq, set, tee } from '../assemble.ts';
import { digestOfBytes } from '../known-code.ts';
import type { Lowering } from '../strategies/strategy.ts';

const {
  Block,
  Br,
  BrIf,
  Call,
  End,
  I32Add,
  I32And,
  I32Ctz,
  I32Eq,
  I32Eqz,
  I32GeU,
  I32Load,
  I32Load8U,
  I32LtU,
  I32Or,
  I32ShrU,
  I32Sub,
  I32WrapI64,
  I32Xor,
  I64Add,
  I64And,
  I64Ctz,
  I64Eq,
  I64Eqz,
  I64ExtendI32U,
  I64GeU,
  I64Load,
  I64Mul,
  I64Ne,
  I64ShrU,
  I64Xor,
  I8x16Bitmask,
  I8x16Eq,
  I8x16Ne,
  I8x16Splat,
  If,
  Loop,
  Return,
  V128AnyTrue,
  V128Load,
  V128Xor,
} = Op;

/** Replaces the helpers; `simd`: by such as use vectors. */
export function replaceByWords(
  program: GoProgram,
  lowering: Pick<Lowering, 'addFunction' | 'define'>,
  simd: boolean,
): void {
  const { module, bodies, names } = program;
  for (const { name, digest, body } of HELPERS) {
    const f = names.indexOf(name);
    const range = bodies[f];
    if (range === undefined || digestOfBytes(module.bytes.subarray(range.start, range.end)) !== digest) continue;
    const add: Add = (added, words) => {
      const index = lowering.addFunction(added, module.functions[f]!);
      lowering.define(index, words);
      return index;
    };
    module.bodies[f] = body(simd, add);
  }
}

/** Adds a function of the same type, and returns its index. */
type Add = (name: string, body: Uint8Array) => number;

const HELPERS: readonly { name: string; digest: number; body: (simd: boolean, add: Add) => Uint8Array }[] = [
  { name: 'memeqbody', digest: 0xf0ccb978, body: (simd, add) => memeqbody(add('memeqbody.words', memeqWords(simd))) },
  { name: 'memcmp', digest: 0x69615d5d, body: memcmp },
  { name: 'memchr', digest: 0x19ce26da, body: memchr },
];

/** Where `b` is when `a` is at `end`. */
const lastOf = (b: number, a: number, end: number): Instruction[] => seq(get(b), get(end), I32Add, get(a), I32Sub);

/** `while (at < end) { body; at += step; }`. A branch out of the body to what is around the loop has a depth of 2. */
function stepByStep(step: 8 | 16, at: number, end: number, body: readonly Instruction[]): Instruction[] {
  return seq(begin(Loop), get(at), get(end), I32LtU, begin(If), body, advance(at, step), [Br, 1], End, End);
}

/**
 * (p, q, n: i64) -> i64: 1 if the n bytes at p and at q are the same, else 0. `words`, a function of the same type, is for eight
 * and more: so this one is small enough to be inlined where short strings are compared.
 */
function memeqbody(words: number): Uint8Array {
  const [p, q, n, a, b] = [0, 1, 2, 3, 4];
  /** The bits in which what is loaded from a and b differs, `offset` bytes behind each. */
  const differ = (load: number, ...offset: Parameters<typeof seq>): Instruction[] =>
    seq(get(a), ...offset, [load], get(b), ...offset, [load], I32Xor);
  return assemble(
    [ValType.I32, ValType.I32],
    seq(
      seq(get(n), i64(8), I64GeU, begin(If), get(p), get(q), get(n), [Call, words], Return, End),
      seq(get(p), I32WrapI64, set(a), get(q), I32WrapI64, set(b)),
      // The first four and the last four, or the first, the one in the middle and the last.
      seq(get(n), i64(4), I64GeU, begin(If)),
      differ(I32Load),
      differ(I32Load, get(n), I32WrapI64, i32(4), I32Sub, I32Add),
      seq(I32Or, I32Eqz, I64ExtendI32U, Return, End),
      seq(get(n), I64Eqz, begin(If), i64(1), Return, End),
      differ(I32Load8U),
      differ(I32Load8U, get(n), I32WrapI64, i32(1), I32ShrU, I32Add),
      differ(I32Load8U, get(n), I32WrapI64, i32(1), I32Sub, I32Add),
      seq(I32Or, I32Or, I32Eqz, I64ExtendI32U),
    ),
  );
}

/** The same, for at least eight bytes. */
function memeqWords(simd: boolean): Uint8Array {
  const [p, q, n, a, b, end] = [0, 1, 2, 3, 4, 5];
  const differ = seq(get(a), [V128Load], get(b), [V128Load], V128Xor, V128AnyTrue);
  const vectors = seq(
    seq(get(n), i64(16), I64GeU, begin(If)),
    seq(get(a), get(n), I32WrapI64, I32Add, i32(16), I32Sub, set(end)),
    stepByStep(16, a, end, seq(differ, begin(If), i64(0), Return, End, advance(b, 16))),
    seq(lastOf(b, a, end), set(b), get(end), set(a)),
    seq(differ, I32Eqz, I64ExtendI32U, Return, End),
  );
  return assemble(
    [ValType.I32, ValType.I32, ValType.I32],
    seq(
      seq(get(p), get(q), I64Eq, begin(If), i64(1), Return, End),
      seq(get(p), I32WrapI64, set(a), get(q), I32WrapI64, set(b)),
      simd ? vectors : [],
      seq(get(a), get(n), I32WrapI64, I32Add, i32(8), I32Sub, set(end)),
      stepByStep(
        8,
        a,
        end,
        seq(get(a), I64Load, get(b), I64Load, I64Ne, begin(If), i64(0), Return, End, advance(b, 8)),
      ),
      seq(get(end), I64Load, lastOf(b, a, end), I64Load, I64Eq, I64ExtendI32U),
    ),
  );
}

/** (a, b, n: i32) -> i32: less than, equal to or greater than 0 as the n bytes at a are, compared with those at b. */
function memcmp(simd: boolean): Uint8Array {
  const [a, b, n, end, x, y] = [0, 1, 2, 3, 4, 5];
  /** Sets n to a bit for each byte, of 16, that differs; leaves it on the operand stack, too. */
  const differ = seq(get(a), [V128Load], get(b), [V128Load], I8x16Ne, I8x16Bitmask, tee(n));
  const vectors = seq(
    seq(get(n), i32(16), I32GeU, begin(If), begin(Block)),
    seq(get(a), get(n), I32Add, i32(16), I32Sub, set(end)),
    stepByStep(16, a, end, seq(differ, [BrIf, 2], advance(b, 16))),
    seq(lastOf(b, a, end), set(b), get(end), set(a)),
    seq(differ, I32Eqz, begin(If), i32(0), Return, End, End),
    seq(get(n), I32Ctz, tee(n), get(a), I32Add, I32Load8U, get(n), get(b), I32Add, I32Load8U, I32Sub, Return, End),
  );
  /** The byte of a word that is n bits up. */
  const byte = (word: number): Instruction[] =>
    seq(get(word), get(n), I64ExtendI32U, I64ShrU, I32WrapI64, i32(255), I32And);
  return assemble(
    [ValType.I32, ValType.I64, ValType.I64],
    seq(
      simd ? vectors : [],
      seq(get(n), i32(8), I32GeU, begin(If), begin(Block)),
      seq(get(a), get(n), I32Add, i32(8), I32Sub, set(end)),
      stepByStep(8, a, end, seq(get(a), I64Load, tee(x), get(b), I64Load, tee(y), I64Ne, [BrIf, 2], advance(b, 8))),
      seq(get(end), I64Load, set(x), lastOf(b, a, end), I64Load, set(y)),
      seq(get(x), get(y), I64Eq, begin(If), i32(0), Return, End, End),
      // The first byte that differs is the lowest one.
      seq(get(x), get(y), I64Xor, I64Ctz, I32WrapI64, i32(56), I32And, set(n)),
      seq(byte(x), byte(y), I32Sub, Return, End),
      seq(begin(Loop), get(n), begin(If)),
      seq(get(a), I32Load8U, get(b), I32Load8U, I32Sub, tee(end), begin(If), get(end), Return, End),
      seq(advance(a, 1), advance(b, 1), advance(n, -1), [Br, 1], End, End),
      i32(0),
    ),
  );
}

/** (p, c, n: i32) -> i32: where c, which is 0 to 255, is first among the n bytes at p; 0 if it is not. */
function memchr(simd: boolean): Uint8Array {
  const [p, c, n, end, same, t, all] = [0, 1, 2, 3, 4, 5, 6];
  /** The same among sixteen; n is free. */
  const findVector = (at: number): Instruction[] =>
    seq(
      seq(get(at), [V128Load], get(all), I8x16Eq, I8x16Bitmask, tee(n), begin(If)),
      seq(get(at), get(n), I32Ctz, I32Add, Return, End),
    );
  const vectors = seq(
    seq(get(n), i32(16), I32GeU, begin(If)),
    seq(get(c), I8x16Splat, set(all), get(p), get(n), I32Add, i32(16), I32Sub, set(end)),
    stepByStep(16, p, end, findVector(p)),
    seq(findVector(end), i32(0), Return, End),
  );
  /** Returns the place of the first c among the eight bytes at `at`, if there is one. */
  const find = (at: number): Instruction[] =>
    seq(
      // Zero where c is; then zero bytes are marked by their highest bit. Of the marks, the lowest one is right.
      seq(get(at), I64Load, get(same), I64Xor, tee(t), i64(-0x01010101, -0x01010102), I64Add),
      seq(get(t), i64(-1), I64Xor, I64And, i64(-0x7f7f7f80, -0x7f7f7f80), I64And, tee(t), I64Eqz, I32Eqz, begin(If)),
      seq(get(at), get(t), I64Ctz, i64(3), I64ShrU, I32WrapI64, I32Add, Return, End),
    );
  return assemble(
    [ValType.I32, ValType.I64, ValType.I64, ...(simd ? [ValType.V128] : [])],
    seq(
      simd ? vectors : [],
      seq(get(n), i32(8), I32GeU, begin(If)),
      seq(get(c), I64ExtendI32U, i64(0x01010101, 0x01010101), I64Mul, set(same)),
      seq(get(p), get(n), I32Add, i32(8), I32Sub, set(end)),
      stepByStep(8, p, end, find(p)),
      seq(find(end), i32(0), Return, End),
      seq(begin(Loop), get(n), begin(If)),
      seq(get(p), I32Load8U, get(c), I32Eq, begin(If), get(p), Return, End),
      seq(advance(p, 1), advance(n, -1), [Br, 1], End, End),
      i32(0),
    ),
  );
}
