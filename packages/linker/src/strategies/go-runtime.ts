/**
 * What a strategy must know of Go's runtime: some functions by name, and where some fields of its structures are.
 * Sources: runtime/asm_wasm.s, runtime/runtime2.go (type g), runtime/proc.go (execute), runtime/os_wasm.go (sigpanic).
 */
import { Exit } from '@go-wasm/cfg';
import { FUNC_VALUE_OFFSET, GoOp, type GoProgram, INDIRECT, type Lifted, SP_LOCAL } from '@go-wasm/lift';
import { Op, type Pattern, UnsupportedError } from '@go-wasm/wasm';

/** Offsets in the g of a goroutine that are the same in all supported releases (the assembly functions use them). */
export const G = {
  stackLo: 0,
  stackHi: 8,
  stackGuard0: 16,
} as const;

/** Offsets in `internal/abi.Type`, `runtime.itabTableType` and `internal/abi.ITab`, as {@link GoRuntime.itabTable} sees them used. */
export const ITAB = {
  typeHash: 16,
  typeFlags: 20,
  tableSize: 0,
  tableEntries: 16,
  inter: 0,
  type: 8,
  methods: 24,
} as const;

/** The globals beside SP that stand for Go's registers. */
export const CTXT_GLOBAL = 1;
export const G_GLOBAL = 2;
export const PAUSE_GLOBAL = 7;

export class GoRuntime {
  readonly #program: GoProgram;
  readonly #lifted: Lifted;

  constructor(program: GoProgram, lifted: Lifted) {
    this.#program = program;
    this.#lifted = lifted;
  }

  /** Index of a function among the defined functions; −1 if the linker has found no use for it. */
  find(name: string): number {
    return this.#program.names.indexOf(name);
  }

  /** The same for a function that must have been lifted to be of use; −1 if it was not, too. */
  findLifted(name: string): number {
    const f = this.find(name);
    return f >= 0 && this.#lifted.isLifted(f) ? f : -1;
  }

  /** The same for a function that every program has. */
  get(name: string): number {
    const f = this.find(name);
    if (f < 0) throw unknownRuntime(`there is no ${name}`);
    return f;
  }

  /** The same for a function that must have been lifted. */
  getLifted(name: string): number {
    const f = this.get(name);
    if (!this.#lifted.isLifted(f)) throw unknownRuntime(`${name} was not understood: ${this.#lifted.reason[f]}`);
    return f;
  }

  /** PC_F of a function. */
  pcF(f: number): number {
    return FUNC_VALUE_OFFSET + f;
  }

  /** How far stackguard0 is above the lower end of a goroutine's stack: `stackGuard`, as runtime.execute sets it. */
  stackGuard(): number {
    for (const [i, { op, a, b }] of this.#instructions('runtime.execute')) {
      if (
        op[i] === Op.I64Store &&
        a[i] === G.stackGuard0 &&
        op[i - 1] === Op.I64Add &&
        op[i - 2] === Op.I64Const &&
        b[i - 2] === 0
      )
        return a[i - 2]!;
    }
    throw unknownRuntime('runtime.execute does not set the stack guard');
  }

  /**
   * Offset in g of eight bytes that Go does not use: `racectx`, for the race detector, which wasm does not have. Found by
   * its distance from `sig`, the field that runtime.sigpanic sets to SIGSEGV:
   *
   * ```
   * sig uint32 · [secret int32] · writebuf []byte · sigcode0, sigcode1, sigpc uintptr · parentGoid uint64 ·
   * gopc uintptr · ancestors *[]ancestorInfo · startpc uintptr · racectx uintptr
   * ```
   *
   * runtime.newproc1 must store to the offsets of parentGoid, gopc and startpc that follow from it.
   */
  spareField(): number {
    for (const [i, { op, a }] of this.#instructions('runtime.sigpanic')) {
      if (op[i] !== Op.I64Store32 || op[i - 1] !== Op.I64Const || a[i - 1] !== 11) continue;
      const afterSig = a[i]! + 4;
      const writebuf = (afterSig + 7) & ~7;
      const parentGoid = writebuf + 3 * 8 + 3 * 8;
      const stored = new Set<number>();
      for (const [k, code] of this.#instructions('runtime.newproc1')) {
        if (code.op[k] === Op.I64Store) stored.add(code.a[k]!);
      }
      if ([parentGoid, parentGoid + 8, parentGoid + 24].every((offset) => stored.has(offset))) return parentGoid + 32;
    }
    throw unknownRuntime('the fields of runtime.g are not where they should be');
  }

  /**
   * Addresses of `firstmoduledata.end`, the end of Go's data, behind which its heap begins; and of `bloc` and `blocMax`, where what
   * it has taken of memory ends, and where memory ends (runtime/mem_sbrk.go). As runtime.osinit sets them:
   *
   * ```
   * bloc = (firstmoduledata.end + 65535) &^ 65535; blocMax = bloc
   * ```
   */
  breaks(): { end: number; bloc: number; blocMax: number } {
    const stored: number[] = [];
    let end = -1;
    for (const [i, { op, a, b }] of this.#instructions('runtime.osinit')) {
      if (op[i] !== Op.I64Const || b[i] !== 0) continue;
      if (end < 0) {
        if (a[i] === 65_535 && op[i - 1] === Op.I64Load && op[i - 3] === Op.I64Const) end = a[i - 3]! + a[i - 1]!;
      } else if (op[i + 1] === Op.I32WrapI64 && op[i + 3] === Op.I64Store) {
        stored.push(a[i]! + a[i + 3]!);
        if (stored.length === 2) return { end, bloc: stored[0]!, blocMax: stored[1]! };
      }
    }
    throw unknownRuntime('runtime.osinit does not set where its memory ends');
  }

  /**
   * Where `runtime.gcount` looks: addresses of i32s and of slices, and an offset in a P.
   *
   * - `all`: allglen, how many g's there are, which runtime.allgadd sets;
   * - `system`: sched.ngsys, how many of them are the runtime's own, which runtime.gdestroy counts down;
   * - `free`: how many of them are kept for later (sched.gFree: one count in Go 1.24, two since 1.25), and `freeOfP`, how many a P keeps:
   *   what runtime.gfget counts down;
   * - `allp`: the slice of P's, of which runtime.procresize asks the length first, and sets it.
   *
   * Undefined if the code of these functions is not like that, or was not lifted.
   */
  goroutineCounts():
    | { all: number; system: number; free: readonly number[]; allp: number; freeOfP: number }
    | undefined {
    const looked = ['runtime.allgadd', 'runtime.gdestroy', 'runtime.gfget', 'runtime.procresize'];
    if (looked.some((name) => this.findLifted(name) < 0)) return undefined;
    const all = this.#passedTo('runtime.allgadd', 'internal/runtime/atomic.Storeuintptr');
    const system = this.#passedTo('runtime.gdestroy', 'internal/runtime/atomic.Xaddint32');
    const free = new Set<number>();
    const freeOfP = new Set<number>();
    for (const [i, { op, a }] of this.#instructions('runtime.gfget')) {
      if (op[i] !== Op.I64Store32 || op[i - 1] !== Op.I64Add || op[i - 2] !== Op.I64Const || a[i - 2] !== -1) continue;
      if (op[i - 3] !== Op.I64Load32S || a[i - 3] !== a[i] || op[i - 4] !== Op.I32WrapI64) continue;
      if (op[i - 5] === Op.I64Const) free.add(a[i - 5]! + a[i]!);
      else freeOfP.add(a[i]!);
    }
    let allp = -1;
    let set = false;
    for (const [i, { op, a }] of this.#instructions('runtime.procresize')) {
      if (op[i] !== Op.I64Const || op[i + 1] !== Op.I32WrapI64) continue;
      if (allp < 0 && op[i + 2] === Op.I64Load && a[i + 2] === 8) allp = a[i]!;
      set ||= a[i] === allp + 8 && op[i + 2] === Op.LocalGet && op[i + 3] === Op.I64Store;
    }
    if (all === undefined || system === undefined || free.size === 0 || freeOfP.size !== 1 || !set) return undefined;
    return { all, system, free: [...free], allp, freeOfP: [...freeOfP][0]! };
  }

  /** The value that runtime.addfinalizer stores at an offset in the record of a finalizer, one byte; undefined if it is not seen. */
  byteOfFinalizer(offset: number): number | undefined {
    if (this.findLifted('runtime.addfinalizer') < 0) return undefined;
    for (const [i, { op, a }] of this.#instructions('runtime.addfinalizer')) {
      if (op[i] === Op.I64Store8 && a[i] === offset && op[i - 1] === Op.I64Const) return a[i - 1]!;
    }
    return undefined;
  }

  /**
   * Offset in g of `gcAssistBytes`: how much a goroutine may still allocate before it must help the garbage collector mark. Both functions that
   * must use it:
   *
   * ```
   * deductAssistCredit  assistG.gcAssistBytes -= size; if assistG.gcAssistBytes < 0 { gcAssistAlloc(assistG) }
   * gcAssistAlloc       debtBytes := -gp.gcAssistBytes
   * ```
   *
   * Undefined if the code of these functions is not like that, or was not lifted.
   */
  assistCredit(): number | undefined {
    const [deduct, assist] = ['runtime.deductAssistCredit', 'runtime.gcAssistAlloc'];
    if (this.findLifted(deduct) < 0 || this.findLifted(assist) < 0) return undefined;
    const calls = this.#calls(deduct);
    if (calls.length !== 1 || calls[0]!.callee !== assist) return undefined;
    for (const [i, code] of this.#instructions(deduct)) {
      if (!code.matches(i, DEDUCTS)) continue;
      const credit = code.a[i]!;
      if (code.a[i + DEDUCTS.length - 1] !== credit) continue;
      for (const [k, { op, a }] of this.#instructions(assist)) {
        if (op[k] === Op.I64Sub && op[k - 1] === Op.I64Load && a[k - 1] === credit) return credit;
      }
    }
    return undefined;
  }

  /**
   * Where a goroutine is told to yield while the collector has had more than its share of the processor: the address of `gcCPULimiter.enabled`, a byte, which both
   * gcAssistAlloc and gcDrainN look at first; and the offset in g of `preempt`, a byte, which execute clears before it sets the stack guard:
   *
   * ```
   * gcAssistAlloc  if gcCPULimiter.limiting() { return }
   * execute        gp.preempt = false; gp.stackguard0 = gp.stack.lo + stackGuard
   * ```
   *
   * Undefined if the code of these functions is not like that, or was not lifted.
   */
  cpuLimiter(): { enabled: number; preempt: number } | undefined {
    const [assist, drain, load] = ['runtime.gcAssistAlloc', 'runtime.gcDrainN', 'internal/runtime/atomic.Load8'];
    if ([assist, drain, 'runtime.execute'].some((name) => this.findLifted(name) < 0)) return undefined;
    const enabled = this.#passedTo(assist, load);
    if (enabled === undefined || this.#passedTo(drain, load) !== enabled) return undefined;
    let preempt: number | undefined;
    for (const [i, { op, a }] of this.#instructions('runtime.execute')) {
      if (op[i] === Op.I64Store8) preempt = op[i - 1] === Op.I64Const && a[i - 1] === 0 ? a[i]! : undefined;
      if (op[i] !== Op.I64Store || a[i] !== G.stackGuard0) continue;
      return preempt === undefined ? undefined : { enabled, preempt };
    }
    return undefined;
  }

  /**
   * Address of `runtime.allDeadlineNotes`, the head of the list that runtime.checkTimeouts walks, having asked for the time:
   *
   * ```
   * now := nanotime(); n := allDeadlineNotes
   * loop: n == nil ? return : …
   * ```
   *
   * Undefined if its code is not like that, or was not lifted.
   */
  deadlineNotes(): number | undefined {
    const check = this.findLifted('runtime.checkTimeouts');
    if (check < 0) return undefined;
    const { code, blockStart, blockEnd, exit, target } = this.#lifted;
    const [clock] = this.#calls('runtime.checkTimeouts');
    if (clock?.callee !== 'runtime.nanotime1' || exit[clock.block] !== Exit.Goto) return undefined;
    const read = target[clock.block]!;
    const at = blockStart[read]!;
    if (exit[read] !== Exit.Goto || !code.matches(at, [...READ, [Op.LocalSet]])) return undefined;
    const loop = target[read]!;
    const isNil = [[Op.LocalGet, code.a[at + READ.length]!], [Op.I64Eqz]] as const;
    if (exit[loop] !== Exit.If || !code.matches(blockStart[loop]!, isNil)) return undefined;
    if (code.op[blockEnd[target[loop]!]! - 1] !== GoOp.Return) return undefined;
    return code.a[at]! + code.a[at + 2]!;
  }

  /**
   * Addresses of what runtime.wakep looks at: `spinning`, how many threads look for work (i32), `idleList`, the first processor that is idle (i64), and
   * `needSpinning` (i32), what it sets if there is none.
   *
   * ```
   * wakep             if sched.nmspinning.Load() != 0 …; … pidlegetSpinning …
   * pidlegetSpinning  pp := pidleget(now); if pp == nil { sched.needspinning.Store(1) …
   * pidleget          pp := sched.pidle; if pp != nil …
   * ```
   *
   * Undefined if the code of these functions is not like that, or was not lifted.
   */
  idleProcessors(): { spinning: number; idleList: number; needSpinning: number } | undefined {
    const [load, store] = ['internal/runtime/atomic.Loadint32', 'internal/runtime/atomic.Store'];
    const expected: readonly [name: string, ...callees: string[]][] = [
      ['runtime.wakep', load, 'internal/runtime/atomic.Casint32', 'runtime.lock2', 'runtime.pidlegetSpinning'],
      ['runtime.pidlegetSpinning', 'runtime.pidleget', store],
      ['runtime.pidleget'],
    ];
    for (const [name, ...callees] of expected) {
      if (this.findLifted(name) < 0) return undefined;
      const calls = this.#calls(name);
      if (callees.some((callee, k) => calls[k]?.callee !== callee)) return undefined;
    }
    const spinning = this.#passedTo('runtime.wakep', load);
    const needSpinning = this.#passedTo('runtime.pidlegetSpinning', store);
    if (spinning === undefined || needSpinning === undefined) return undefined;
    const { code, funcBlock, blockStart, blockEnd } = this.#lifted;
    const block = funcBlock[this.find('runtime.pidleget')]!;
    for (let i = blockStart[block]!; i < blockEnd[block]!; i++) {
      if (!code.matches(i, [...READ, [Op.LocalTee], [Op.I64Eqz]])) continue;
      return { spinning, idleList: code.a[i]! + code.a[i + 2]!, needSpinning };
    }
    return undefined;
  }

  /**
   * Address of `runtime.itabTable`, the pointer to the table that runtime.getitab searches. Both functions must use it, and what is in it, as
   * {@link ITAB} says:
   *
   * ```
   * getitab  if typ.TFlag&abi.TFlagUncommon == 0 …; t := atomic.Loadp(&itabTable); m := t.find(inter, typ) … if m.Fun[0] != 0 …
   * find     mask := t.size - 1; h := inter.Type.Hash ^ typ.Hash & mask
   *          loop: m := t.entries[h]; … if m.Inter == inter && m.Type == typ { return m }; h += i …
   * ```
   *
   * Undefined if the code of these functions is not like that, or was not lifted.
   */
  itabTable(): number | undefined {
    const [get, find, load] = ['runtime.getitab', 'runtime.(*itabTableType).find', 'internal/runtime/atomic.Loadp'];
    if (this.findLifted(get) < 0 || this.findLifted(find) < 0) return undefined;
    const calls = this.#calls(get);
    if (calls[0]?.callee !== load || calls[1]?.callee !== find) return undefined;
    if (this.#calls(find).some(({ callee }) => callee !== load)) return undefined;
    if (!this.#has(get, READS_FLAGS) || !this.#has(get, READS_METHODS)) return undefined;
    if (FINDS_ITAB.some((pattern) => !this.#has(find, pattern))) return undefined;
    return this.#passedTo(get, load);
  }

  /** Whether a pattern is somewhere in the code of a function. */
  #has(name: string, pattern: Pattern): boolean {
    for (const [i, code] of this.#instructions(name)) if (code.matches(i, pattern)) return true;
    return false;
  }

  /** The direct calls that a function makes, but for those of the stack check and of nil checks, in the order of its code. */
  #calls(name: string): { block: number; callee: string }[] {
    const { code, funcBlock, blockStart, blockEnd } = this.#lifted;
    const { imports, names } = this.#program;
    const f = this.getLifted(name);
    const calls: { block: number; callee: string }[] = [];
    for (let block = funcBlock[f]!; block < funcBlock[f + 1]!; block++) {
      for (let i = blockStart[block]!; i < blockEnd[block]!; i++) {
        if (code.op[i] !== GoOp.Call || code.a[i] === INDIRECT) continue;
        const callee = names[code.a[i]! - imports]!;
        if (!/^runtime\.(morestack|sigpanic)/.test(callee)) calls.push({ block, callee });
      }
    }
    return calls;
  }

  /** The constant that a function passes to another one as the first argument, in its first call with one. */
  #passedTo(name: string, callee: string): number | undefined {
    const index = this.#program.imports + this.find(callee);
    for (const [call, { op, a }] of this.#instructions(name)) {
      if (op[call] !== GoOp.Call || a[call] !== index) continue;
      for (let i = call - 1; op[i] !== GoOp.Call && i > 1; i--) {
        if (op[i] === Op.I64Store && a[i] === 0 && op[i - 1] === Op.I64Const && op[i - 2] === Op.LocalGet)
          return a[i - 1]!;
      }
    }
    return undefined;
  }

  /** The word at an address of the data that the module begins with. */
  word(address: number): number {
    const { image } = this.#program;
    if (!(address >= 0 && address + 4 <= image.length)) throw unknownRuntime(`nothing is at ${address}`);
    return new DataView(image.buffer, image.byteOffset, image.byteLength).getUint32(address, true);
  }

  /** Where in the lifted code the instructions of a function are. */
  *places(f: number): Iterable<number> {
    const { funcBlock, blockStart, blockEnd } = this.#lifted;
    for (let b = funcBlock[f]!; b < funcBlock[f + 1]!; b++) {
      for (let i = blockStart[b]!; i < blockEnd[b]!; i++) yield i;
    }
  }

  *#instructions(name: string): Iterable<[number, Lifted['code']]> {
    for (const i of this.places(this.getLifted(name))) yield [i, this.#lifted.code];
  }
}

/** A load from an address that the code names. */
const READ: Pattern = [[Op.I64Const], [Op.I32WrapI64], [Op.I64Load]];

/** x.field -= argument, where x is in a local. */
const DEDUCTS: Pattern = [
  [Op.I64Load],
  [Op.LocalGet, SP_LOCAL],
  [Op.I64Load],
  [Op.I64Sub],
  [Op.LocalSet],
  [Op.LocalGet],
  [Op.I32WrapI64],
  [Op.LocalGet],
  [Op.I64Store],
];

/** typ.TFlag & abi.TFlagUncommon, and m.Fun[0] == 0. */
const READS_FLAGS: Pattern = [[Op.I32WrapI64], [Op.I64Load8U, ITAB.typeFlags], [Op.I64Const, 1], [Op.I64And]];
const READS_METHODS: Pattern = [[Op.LocalGet], [Op.I32WrapI64], [Op.I64Load, ITAB.methods], [Op.I64Eqz]];

/** What the search in the table reads: SP + 48 is the table, then come the interface and the type. */
const FINDS_ITAB: readonly Pattern[] = (() => {
  const argument = (offset: number): Pattern => [
    [Op.LocalGet, SP_LOCAL],
    [Op.I64Load, offset],
  ];
  const [table, inter, type] = [argument(48), argument(56), argument(64)];
  const hash: Pattern = [[Op.I32WrapI64], [Op.I64Load32U, ITAB.typeHash]];
  const same = (field: number, as: Pattern): Pattern => [
    ...([[Op.LocalGet], [Op.I32WrapI64], [Op.I64Load, field]] as const),
    ...as,
    [Op.I64Eq],
  ];
  return [
    [...table, [Op.I32WrapI64], [Op.I64Load, ITAB.tableSize], [Op.I64Const, -1], [Op.I64Add]],
    [...inter, ...hash, ...type, ...hash, [Op.I64Xor]],
    [
      ...table,
      [Op.I64Const, ITAB.tableEntries],
      [Op.I64Add],
      [Op.LocalGet],
      [Op.I64Const, 3],
      [Op.I64Shl],
      [Op.I64Add],
    ],
    same(ITAB.inter, inter),
    same(ITAB.type, type),
  ];
})();

function unknownRuntime(what: string): UnsupportedError {
  return new UnsupportedError('GW2106', `this is not the Go runtime that the switch strategy knows: ${what}`, {
    hint: 'choose -switch=jump-table or another strategy, and report the Go version',
  });
}
