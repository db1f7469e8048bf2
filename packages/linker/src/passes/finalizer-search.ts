/**
 * Go keeps the finalizers of all objects in the same 8 kB of memory in one list, sorted by address, and walks it from its start for
 * each new one. As memory is handed out in the order of addresses, that is the whole list, of up to 1,024: two thirds of what
 * `runtime.SetFinalizer` takes. Each `js.Value` that is an object, a function or a text has a finalizer.
 *
 * With this, `runtime.addspecial` starts its walk where the last one has ended, if that is in front of the new place:
 *
 * ```
 * iter := &span.specials           →   iter := splicePoint(&span.specials, offset)
 * ```
 *
 * What is remembered is a finalizer's record in the list that was walked last. It is forgotten when `runtime.removespecial` or
 * `runtime.(*sweepLocked).sweep` starts.
 *
 * Assumes: nothing else takes the record of a finalizer out of its list, and no record is added while they run. So it is in Go 1.24 to 1.27:
 * finalizers are removed on the system stack, and a sweep cannot be preempted. (Records of other kinds are not remembered: a goroutine
 * that removes one can be preempted.) That `next` is the first field of a record, and where the others are, the code itself must show; if it
 * does not, all stays as it is.
 *
 * Sources: runtime/mheap.go, addspecial, specialFindSplicePoint, removespecial; runtime/mgcsweep.go, sweep.
 */
import { Exit } from '@go-wasm/cfg';
import { type GoProgram, type Lifted, SP_LOCAL } from '@go-wasm/lift';
import { Op, type Pattern, ValType } from '@go-wasm/wasm';
import { assemble, begin, get, type Instruction, i32, seq, set, tee } from '../assemble.ts';
import { type Lowered, LowOp } from '../lowered.ts';
import { GoRuntime } from '../strategies/go-runtime.ts';
import type { Lowering } from '../strategies/strategy.ts';

const {
  Br,
  Call,
  End,
  GlobalGet,
  GlobalSet,
  I32And,
  I32Const,
  I32Eq,
  I32Load,
  I32Load8U,
  I32Ne,
  I32WrapI64,
  I64Add,
  I64Const,
  I64ExtendI32U,
  I64Load,
  I64Load8U,
  I64LtU,
  If,
  LocalGet,
  LocalSet,
  LocalTee,
  Loop,
} = Op;

/** Fields of `runtime.special`; `next` is at 0. */
const OFFSET = 8;
const KIND = 16;

export class FinalizerSearch {
  /** Indices among the defined functions; −1 if nothing is to be done. */
  readonly #add: number = -1;
  readonly #remove: number = -1;
  readonly #sweep: number = -1;
  readonly #splicePoint: number = -1;
  /** Global: the record that is remembered, 0 for none. */
  readonly #last: number = -1;

  constructor(program: GoProgram, lifted: Lifted, lowering: Lowering) {
    const runtime = new GoRuntime(program, lifted);
    const kind = runtime.byteOfFinalizer(KIND);
    const add = runtime.findLifted('runtime.addspecial');
    const remove = runtime.findLifted('runtime.removespecial');
    const sweep = runtime.findLifted('runtime.(*sweepLocked).sweep');
    if (kind === undefined || add < 0 || remove < 0 || sweep < 0) return;
    const { module } = program;
    const global = (): number => module.globals.push({ type: ValType.I32, mutable: true, init: 0 }) - 1;
    this.#last = global();
    const { I64 } = ValType;
    const type = module.types.push({ kind: 'func', params: [I64, I64], results: [I64] }) - 1;
    this.#splicePoint = lowering.addFunction('go_wasm.splice_point', type);
    lowering.define(this.#splicePoint, splicePoint(kind, this.#last, global()));
    this.#add = add;
    this.#remove = remove;
    this.#sweep = sweep;
  }

  run(lowered: Lowered, f: number): void {
    if (f === this.#add) this.#search(lowered);
    else if (f === this.#remove || f === this.#sweep) {
      lowered.prepend([
        [I32Const, 0],
        [GlobalSet, this.#last],
      ]);
    }
  }

  #search(lowered: Lowered): void {
    const found = findSearch(lowered);
    if (found === undefined) return;
    const { block, iter, offset } = found;
    lowered.insert(block, lowered.end[block]!, [
      [LocalGet, iter],
      [LocalGet, offset],
      [Call, this.#splicePoint],
      [LocalSet, iter],
    ]);
  }
}

/**
 * The block in front of the loop that walks the list, and the locals that hold where it starts and the offset to find:
 *
 * ```
 * iter = span + specials; offset = …; kind = …
 * loop: record = *iter; … record.offset … record.kind …
 * ```
 */
function findSearch({ code, start, end, graph }: Lowered): { block: number; iter: number; offset: number } | undefined {
  const { size, kind, succ, succStart } = graph!;
  const { a, length } = code;
  for (let block = 0; block < size; block++) {
    if (kind[block] !== Exit.Goto) continue;
    const at = end[block]! - FRONTS[0]!.length;
    const head = start[succ[succStart[block]!]!]!;
    if (at < start[block]! || !FRONTS.some((front) => code.matches(at, front))) continue;
    const [iter, offset, record] = [a[at + 2]!, a[at + 5]!, a[head + 3]!];
    if (!code.matches(head, [[LocalGet, iter], [I32WrapI64], [I64Load, 0], [LocalTee]])) continue;
    const reads = (load: number, field: number): boolean => {
      const pattern: Pattern = [[LocalGet, record], [I32WrapI64], [load, field]];
      for (let i = head; i < length; i++) if (code.matches(i, pattern)) return true;
      return false;
    };
    if (reads(I64Load, OFFSET) && reads(I64Load8U, KIND)) return { block, iter, offset };
  }
  return undefined;
}

/** The end of the block in front, by each of the ways in which strategies push SP. */
const FRONTS: readonly Pattern[] = ([[LowOp.Sp], [LocalGet, SP_LOCAL]] as const).map((sp) => [
  ...([[I64Const], [I64Add], [LocalSet]] as const),
  ...([sp, [I64Load], [LocalSet]] as const),
  ...([sp, [I64Load8U], [LocalSet]] as const),
]);

/**
 * (list, offset: i64) -> i64: where the first record is referred to that is not in front of `offset` in `list`, a list's head.
 *
 * @param finalizer the kind of a finalizer's record.
 * @param last the global that holds what is remembered.
 * @param walked the one for the list that was walked last.
 */
function splicePoint(finalizer: number, last: number, walked: number): Uint8Array {
  const [list, offset, head, at, next] = [0, 1, 2, 3, 4];
  /** What is done if the next record is in front of the offset. */
  const ifBefore = (...body: Instruction[]): Instruction[] =>
    seq(get(next), [I64Load, OFFSET], get(offset), I64LtU, begin(If), get(next), set(at), body, End);
  return assemble(
    [ValType.I32, ValType.I32, ValType.I32],
    seq(
      seq(get(list), I32WrapI64, tee(head), set(at)),
      seq([GlobalGet, walked], get(head), I32Eq, [GlobalGet, last], tee(next), i32(0), I32Ne, I32And, begin(If)),
      seq(ifBefore(), End),
      // As `next` is the first field, a record is where its successor is referred to.
      seq(begin(Loop), get(at), I32Load, tee(next), begin(If)),
      seq(ifBefore([Br, 2]), End, End),
      seq(get(head), [GlobalSet, walked]),
      seq(i32(0), [GlobalSet, last], get(at), get(head), I32Ne, begin(If)),
      seq(get(at), [I32Load8U, KIND], i32(finalizer), I32Eq, begin(If), get(at), [GlobalSet, last], End, End),
      seq(get(at), I64ExtendI32U),
    ),
  );
}
