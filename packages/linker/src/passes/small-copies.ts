/**
 * Engines leave wasm to copy and to fill memory: 5 to 10 ns for a few bytes, which is what most copies of Go are about (memmove
 * for append, strings, map elements; memclr for small objects). Up to 32 bytes, loads and stores take a fraction of that.
 *
 * Where the length is a constant nothing is changed: engines know what to do.
 *
 * Assumes no more than WebAssembly's semantics: the ranges may overlap, so all is loaded before anything is stored.
 */
import { type Module, Op, ValType } from '@go-wasm/wasm';
import { assemble, begin, get, type Instruction, i32, i64, seq, set, tee } from '../assemble.ts';
import type { Lowered } from '../lowered.ts';
import type { Lowering } from '../strategies/strategy.ts';

const {
  Call,
  End,
  I32Add,
  I32And,
  I32Const,
  I32GeU,
  I32GtU,
  I32Load16U,
  I32Load8U,
  I32Store16,
  I32Store8,
  I32Load,
  I32Store,
  I32Mul,
  I32Sub,
  I64ExtendI32U,
  I64Load,
  I64Mul,
  I64Store,
  If,
  MemoryCopy,
  MemoryFill,
  Return,
} = Op;

export class SmallCopies {
  readonly #copy: number;
  readonly #fill: number;

  constructor(module: Module, lowering: Lowering) {
    const params = [ValType.I32, ValType.I32, ValType.I32];
    const type = module.types.push({ kind: 'func', params, results: [] }) - 1;
    const add = (name: string, body: Uint8Array): number => {
      const index = lowering.addFunction(name, type);
      lowering.define(index, body);
      return index;
    };
    this.#copy = add('go_wasm.copy', copyBody());
    this.#fill = add('go_wasm.fill', fillBody());
  }

  run({ code }: Lowered): void {
    const { op, length } = code;
    for (let i = 1; i < length; i++) {
      const o = op[i]!;
      if ((o !== MemoryCopy && o !== MemoryFill) || op[i - 1] === I32Const) continue;
      code.set(i, Call, o === MemoryCopy ? this.#copy : this.#fill);
    }
  }
}

const [TO, N] = [0, 2];
/** If there are at least `n` bytes, runs `body` and returns. */
const fromBytes = (n: number, body: readonly Instruction[]): Instruction[] =>
  seq(get(N), i32(n), I32GeU, begin(If), body, Return, End);
/** The address `n` bytes in front of the end of what starts at `from`. */
const beforeEnd = (from: number, n: number): Instruction[] => seq(get(from), get(N), I32Add, i32(n), I32Sub);

/** (to, from, n: i32): copies n bytes. */
function copyBody(): Uint8Array {
  const [from, w, x, y, z, i, j] = [1, 3, 4, 5, 6, 7, 8];
  /** The first and the last bytes, which overlap where there are less than twice as many. */
  const ends = (bytes: number, load: number, store: number, first: number, last: number): Instruction[] =>
    seq(
      seq(get(from), [load], set(first), beforeEnd(from, bytes), [load], set(last)),
      seq(get(TO), get(first), [store], beforeEnd(TO, bytes), get(last), [store]),
    );
  return assemble(
    [ValType.I64, ValType.I64, ValType.I64, ValType.I64, ValType.I32, ValType.I32],
    seq(
      seq(get(N), i32(32), I32GtU, begin(If), get(TO), get(from), get(N), MemoryCopy, Return, End),
      fromBytes(
        16,
        seq(
          seq(get(from), I64Load, set(w), get(from), [I64Load, 8], set(x)),
          seq(beforeEnd(from, 16), I64Load, set(y), beforeEnd(from, 8), I64Load, set(z)),
          seq(get(TO), get(w), I64Store, get(TO), get(x), [I64Store, 8]),
          seq(beforeEnd(TO, 16), get(y), I64Store, beforeEnd(TO, 8), get(z), I64Store),
        ),
      ),
      fromBytes(8, ends(8, I64Load, I64Store, w, x)),
      fromBytes(4, ends(4, I32Load, I32Store, i, j)),
      fromBytes(2, ends(2, I32Load16U, I32Store16, i, j)),
      fromBytes(1, seq(get(TO), get(from), I32Load8U, I32Store8)),
    ),
  );
}

/** (to, byte, n: i32): fills n bytes. */
function fillBody(): Uint8Array {
  const [byte, word] = [1, 3];
  const ends = (bytes: number, store: number, value: number): Instruction[] =>
    seq(get(TO), get(value), [store], beforeEnd(TO, bytes), get(value), [store]);
  return assemble(
    [ValType.I64],
    seq(
      seq(get(N), i32(32), I32GtU, begin(If), get(TO), get(byte), get(N), MemoryFill, Return, End),
      seq(get(byte), i32(255), I32And, i32(0x01010101), I32Mul, tee(byte)),
      seq(I64ExtendI32U, i64(1, 1), I64Mul, set(word)),
      fromBytes(
        16,
        seq(
          seq(get(TO), get(word), I64Store, get(TO), get(word), [I64Store, 8]),
          seq(beforeEnd(TO, 16), get(word), I64Store, beforeEnd(TO, 8), get(word), I64Store),
        ),
      ),
      fromBytes(8, ends(8, I64Store, word)),
      fromBytes(4, ends(4, I32Store, byte)),
      fromBytes(2, ends(2, I32Store16, byte)),
      fromBytes(1, seq(get(TO), get(byte), I32Store8)),
    ),
  );
}
