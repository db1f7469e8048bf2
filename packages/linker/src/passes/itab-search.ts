/**
 * `x.(I)`, a type switch with interfaces, and errors.As ask for the table of methods that a type has for an interface (itab). Where Go's compiler has
 * caches for that (amd64, arm64 and others, not WebAssembly) most are found there; else `runtime.getitab` looks into a hash table of the
 * program, in two functions with a call for each entry.
 *
 * With this, getitab begins with that search, in locals, and returns what is found as it would itself:
 *
 * ```
 * func getitab(inter, typ, canfail) { if done := find_itab(&frame); done { return }; …
 * ```
 *
 * Assumes: no other thread changes the table. An entry is there only if getitab has got through its own checks, and one without methods says
 * that the type lacks some. That the table and its entries are where they should be, the code must show; if it does not, getitab stays as it is.
 *
 * Sources: runtime/iface.go, getitab, itabTableType.find; cmd/compile/internal/ssagen, UseInterfaceSwitchCache.
 */
import { type GoProgram, type Lifted, SP_LOCAL } from '@go-wasm/lift';
import { Op, ValType } from '@go-wasm/wasm';
import { assemble, begin, get, type Instruction, i32, seq, set, tee } from '../assemble.ts';
import { IS_CALLED, type Lowered } from '../lowered.ts';
import { GoRuntime, ITAB } from '../strategies/go-runtime.ts';
import type { Lowering } from '../strategies/strategy.ts';

const {
  Br,
  Call,
  End,
  I32Add,
  I32And,
  I32Eq,
  I32Eqz,
  I32Load,
  I32Load8U,
  I32Shl,
  I32Sub,
  I32Xor,
  I64Eqz,
  I64ExtendI32U,
  I64Load,
  I64Store,
  If,
  Loop,
  Return,
} = Op;

/** Arguments and the result of getitab, from where its return PC is. */
const INTER = 8;
const TYPE = 16;
const CANFAIL = 24;
const RESULT = 32;

export class ItabSearch {
  /** Index among the defined functions; −1 if nothing is to be done. */
  readonly #getitab: number = -1;
  readonly #front: Instruction[] = [];

  constructor(program: GoProgram, lifted: Lifted, lowering: Pick<Lowering, 'addFunction' | 'define'>) {
    const runtime = new GoRuntime(program, lifted);
    const table = runtime.itabTable();
    if (table === undefined) return;
    this.#getitab = runtime.find('runtime.getitab');
    const type = program.module.types.push({ kind: 'func', params: [ValType.I32], results: [ValType.I32] }) - 1;
    const find = lowering.addFunction('go_wasm.find_itab', type);
    lowering.define(find, findItab(table));
    this.#front = seq(
      seq(IS_CALLED, begin(If)),
      seq(get(SP_LOCAL), [Call, find], begin(If), get(SP_LOCAL), Return, End, End),
    );
  }

  run(lowered: Lowered, f: number): void {
    if (f === this.#getitab) lowered.prepend(this.#front);
  }
}

/** (sp: i32) -> i32: whether the itab has been found, and stored as the result of the getitab whose frame begins at sp. */
function findItab(tablePointer: number): Uint8Array {
  const [sp, inter, type, table, mask, at, step, itab] = [0, 1, 2, 3, 4, 5, 6, 7];
  return assemble(
    [inter, type, table, mask, at, step, itab].map(() => ValType.I32),
    seq(
      // A type without methods is in no itab.
      seq(get(sp), [I32Load, TYPE, 2], tee(type), [I32Load8U, ITAB.typeFlags], i32(1), I32And, I32Eqz, begin(If)),
      seq(i32(0), Return, End),
      seq(get(sp), [I32Load, INTER, 2], tee(inter), [I32Load, ITAB.typeHash, 2]),
      seq(get(type), [I32Load, ITAB.typeHash, 2], I32Xor),
      seq(i32(tablePointer), [I32Load, 0, 2], tee(table), [I32Load, ITAB.tableSize, 2], i32(1), I32Sub, tee(mask)),
      seq(I32And, set(at)),
      seq(begin(Loop)),
      seq(get(at), i32(3), I32Shl, get(table), I32Add, [I32Load, ITAB.tableEntries, 2], tee(itab), I32Eqz, begin(If)),
      seq(i32(0), Return, End),
      seq(get(itab), [I32Load, ITAB.inter, 2], get(inter), I32Eq),
      seq(get(itab), [I32Load, ITAB.type, 2], get(type), I32Eq, I32And, I32Eqz, begin(If)),
      seq(get(step), i32(1), I32Add, tee(step), get(at), I32Add, get(mask), I32And, set(at), [Br, 1], End, End),
      // The type lacks a method.
      seq(get(itab), [I64Load, ITAB.methods, 3], I64Eqz, begin(If)),
      seq(get(sp), [I32Load8U, CANFAIL], I32Eqz, begin(If), i32(0), Return, End),
      seq(i32(0), set(itab), End),
      seq(get(sp), get(itab), I64ExtendI32U, [I64Store, RESULT, 3], i32(1)),
    ),
  );
}
