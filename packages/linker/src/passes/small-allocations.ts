/**
 * Small objects (512 bytes with pointers, 1,016 without) are allocated by three to five functions of Go's runtime, which keep what they compute in memory.
 * Most of the time they take the next free place of a span (runtime/malloc.go, nextFreeFast), and nothing else happens. That case is done here by
 * one function, in locals:
 *
 * ```
 * func newobject(typ) unsafe.Pointer { if allocate(typ.Size_, typ, true, &result) { return }; …
 * func mallocgc(size, typ, needzero) unsafe.Pointer { if allocate(size, typ, needzero, &result) { return }; …
 * ```
 *
 * It does nothing at all where more is to be done: no free place in the span's 64 bits, a sample for the memory profile, the garbage collector marking, debug options that
 * concern the allocator.
 *
 * Assumes: the runtime's functions for that are those of a release that has been read, told by their code. If they are not, all stays as it is. One thread.
 *
 * Sources: runtime/malloc.go, mallocgc, mallocgcTiny, mallocgcSmallNoscan, mallocgcSmallScanNoHeader, nextFreeFast; runtime/malloc_generated.go (Go 1.27);
 * runtime/mbitmap.go, writeHeapBitsSmall, spanHeapBitsRange; runtime/mcache.go; runtime/mheap.go, type mspan.
 */
import { type GoProgram, type Lifted, SP_LOCAL } from '@go-wasm/lift';
import { Op, ValType } from '@go-wasm/wasm';
import { assemble, begin, get, type Instruction, i32, i64, seq, set, tee } from '../assemble.ts';
import { fingerprint } from '../known-code.ts';
import { IS_CALLED, type Lowered } from '../lowered.ts';
import { G_GLOBAL, GoRuntime } from '../strategies/go-runtime.ts';
import type { Lowering } from '../strategies/strategy.ts';

const {
  Br,
  BrIf,
  Call,
  Else,
  End,
  GlobalGet,
  I32Add,
  I32And,
  I32Ctz,
  I32Eq,
  I32Eqz,
  I32GtU,
  I32LeU,
  I32Load,
  I32Load16U,
  I32Load8U,
  I32LtU,
  I32Mul,
  I32Ne,
  I32Or,
  I32Shl,
  I32ShrU,
  I32Store16,
  I32Sub,
  I32WrapI64,
  I64Add,
  I64And,
  I64Ctz,
  I64Eqz,
  I64ExtendI32U,
  I64GtU,
  I64Load,
  I64LtS,
  I64Ne,
  I64Or,
  I64Shl,
  I64ShrU,
  I64Store,
  I64Sub,
  I64Xor,
  If,
  Loop,
  MemoryFill,
  Return,
  Select,
} = Op;

const NEW_OBJECT = 'runtime.newobject';
const MALLOC = 'runtime.mallocgc';
const NO_SCAN = 'runtime.mallocgcSmallNoscan';
const SCAN = 'runtime.mallocgcSmallScanNoHeader';
const HEAP_BITS = 'runtime.(*mspan).writeHeapBitsSmall';
const COMMON = [NEW_OBJECT, MALLOC, NO_SCAN, SCAN, HEAP_BITS];
/** What Go's compiler calls for an object of a size that it knows, since Go 1.27: parameters and result are those of mallocgc. */
const SIZED = [
  'runtime.mallocgcTinySC2',
  ...[1, 2, 3, 4, 5, 6, 7].map((sizeClass) => `${SCAN}SC${sizeClass}`),
  ...[2, 3, 4, 5, 6, 7].map((sizeClass) => `runtime.mallocgcSmallNoScanSC${sizeClass}`),
];

/** How the allocator of a release differs from that of others. */
interface Release {
  /** Of the functions by which it allocates small objects. */
  digest: number;
  /** How many bytes in front of the end of a span's page say where its objects have pointers. */
  heapBits: number;
  /** Whether all of an array of pointers counts as what the garbage collector will scan; else, one element of it. */
  countsArrays: boolean;
  /** Offset in an m of its processor. */
  processor: number;
  /** Offset in g of what, if it is not zero, keeps its objects out of the blocks for tiny ones. */
  secret?: number;
  /** Which of the addresses in mallocgc are debug.malloc and gcBlackenEnabled. */
  debug: number;
  blacken: number;
}

/** The functions by which small objects are allocated, and the releases that have these. */
const ALLOCATORS: readonly { functions: readonly string[]; releases: readonly Release[] }[] = [
  {
    functions: [...COMMON, 'runtime.mallocgcTiny'],
    releases: [
      // Go 1.24
      { digest: 0xbaafbae0, heapBits: 128, countsArrays: false, processor: 160, debug: 0, blacken: 1 },
      // Go 1.25
      { digest: 0xaed63eaa, heapBits: 128, countsArrays: false, processor: 152, debug: 0, blacken: 1 },
      // Go 1.26
      { digest: 0x6439e8dd, heapBits: 256, countsArrays: false, processor: 160, secret: 228, debug: 0, blacken: 1 },
    ],
  },
  {
    functions: [...COMMON, ...SIZED],
    releases: [
      // Go 1.27
      { digest: 0xd5381257, heapBits: 256, countsArrays: true, processor: 160, debug: 2, blacken: 3 },
    ],
  },
];

/** Offsets in the runtime's structures, the same in all of these releases. */
const G = { m: 48 } as const;
const P = { mcache: 56 } as const;
const CACHE = {
  nextSample: 0,
  profileRate: 8,
  scanAlloc: 16,
  tiny: 24,
  tinyOffset: 32,
  tinyAllocs: 40,
  spans: 48,
} as const;
const SPAN = {
  start: 24,
  freeIndex: 48,
  objects: 50,
  freeIndexForScan: 52,
  allocCache: 56,
  allocCount: 96,
  needZero: 100,
  size: 104,
} as const;
const TYPE = { size: 0, pointerBytes: 8, flags: 20, mask: 32 } as const;
/** In TYPE.flags: TYPE.mask is not yet made. */
const MASK_ON_DEMAND = 16;
const PAGE = 8192;
/** The most that an object with pointers has where the span says where they are (gc.MinSizeForMallocHeader), and one without in the table of size classes. */
const MOST_WITH_POINTERS = 512;
const MOST = 1016;
/** Less than this without pointers goes into a common block, of this size. */
const TINY = 16;
/** The span class of such blocks: size class 2, without pointers. */
const TINY_CLASS = 5;
/** The span class of single pointers, whose heap bits are all set from the start. */
const POINTER_CLASS = 2;

/** Where the parameters and the result of the functions are, from where their return PC is. */
const NEW_OBJECT_FRAME = { type: 8, result: 16 } as const;
const MALLOC_FRAME = { size: 8, type: 16, needZero: 24, result: 32 } as const;

/** Addresses of what is looked at for each object. */
interface Globals {
  debug: number;
  blacken: number;
  barrier: number;
  /** The table of size classes, by size in words. */
  classes: number;
  profileRate: number;
}

export class SmallAllocations {
  /** What functions begin with, by their index among the defined functions. */
  readonly #fronts: Map<number, Instruction[]> = new Map();

  constructor(program: GoProgram, lifted: Lifted, lowering: Pick<Lowering, 'addFunction' | 'define'>) {
    const known = knownAllocator(program, lifted);
    if (known === undefined) return;
    const runtime = new GoRuntime(program, lifted);
    const { I32, I64 } = ValType;
    const type = program.module.types.push({ kind: 'func', params: [I64, I32, I32, I32], results: [I32] }) - 1;
    const allocate = lowering.addFunction('go_wasm.allocate', type);
    lowering.define(allocate, allocateBody(known.release, known.globals));

    const sp = get(SP_LOCAL);
    const front = (result: number, size: Instruction[], typ: Instruction[], needZero: Instruction[]): Instruction[] =>
      seq(
        seq(IS_CALLED, begin(If), size, typ, needZero, sp, i32(result), I32Add, [Call, allocate]),
        seq(begin(If), sp, Return, End, End),
      );
    const typeOf = seq(sp, [I32Load, NEW_OBJECT_FRAME.type, 2]);
    this.#fronts.set(
      runtime.get(NEW_OBJECT),
      front(NEW_OBJECT_FRAME.result, seq(typeOf, [I64Load, TYPE.size, 3]), typeOf, [i32(1)]),
    );
    const { size, type: typ, needZero, result } = MALLOC_FRAME;
    const mallocFront = front(
      result,
      seq(sp, [I64Load, size, 3]),
      seq(sp, [I32Load, typ, 2]),
      seq(sp, [I32Load8U, needZero]),
    );
    for (const name of known.functions.filter((name) => name === MALLOC || SIZED.includes(name))) {
      this.#fronts.set(runtime.get(name), mallocFront);
    }
  }

  run(lowered: Lowered, f: number): void {
    const front = this.#fronts.get(f);
    if (front !== undefined) lowered.prepend(front);
  }
}

/** The allocator that a program has; undefined if it is none that has been read. */
function knownAllocator(
  program: GoProgram,
  lifted: Lifted,
): { functions: readonly string[]; release: Release; globals: Globals } | undefined {
  for (const { functions, releases } of ALLOCATORS) {
    const found = fingerprint(program, lifted, functions);
    const release = releases.find(({ digest }) => digest === found?.digest);
    if (found === undefined || release === undefined) continue;
    const inMalloc = found.addresses.get(MALLOC)!;
    const [, classes, , barrier, profileRate] = found.addresses.get(SCAN)!;
    const globals: Globals = {
      debug: inMalloc[release.debug]!,
      blacken: inMalloc[release.blacken]!,
      barrier: barrier!,
      classes: classes!,
      profileRate: profileRate!,
    };
    return { functions, release, globals };
  }
  return undefined;
}

/** (size: i64, type, needZero, result: i32) -> i32: whether an object has been allocated, and its address, an i64, stored at `result`. */
function allocateBody(release: Release, at: Globals): Uint8Array {
  const [size, type, needZero, result] = [0, 1, 2, 3];
  const [n, cache, pointers, spanClass, span, slotSize, index, next, object, t, u] = [
    4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14,
  ];
  const [free, mask, element, bits, shift] = [15, 16, 17, 18, 19];
  const { I32, I64 } = ValType;
  const failIf = seq(begin(If), i32(0), Return, End);
  const g = seq([GlobalGet, G_GLOBAL], I32WrapI64);
  /** Adds to a 64-bit field of the cache. */
  const add = (field: number, value: readonly Instruction[]): Instruction[] =>
    seq(get(cache), get(cache), [I64Load, field, 3], value, I64Add, [I64Store, field, 3]);
  const done = seq(get(result), get(object), I64ExtendI32U, [I64Store, 0, 3], i32(1));
  const isTiny = seq(get(pointers), I32Eqz, get(n), i32(TINY), I32LtU, I32And);
  /** As many ones as an i64, at least 1, says. */
  const ones = (number: readonly Instruction[]): Instruction[] => seq(i64(-1), i64(64), number, I64Sub, I64ShrU);
  const words = (bytes: number): Instruction[] => seq(get(bytes), i32(3), I32ShrU, I64ExtendI32U);

  /** In the block that tiny objects share, if there is room. */
  const shareBlock = seq(
    // Aligned as the size is, to 8 bytes at most.
    seq(i32(1), get(n), I32Ctz, tee(t), i32(3), get(t), i32(3), I32LtU, Select, I32Shl, tee(t), i32(1), I32Sub),
    seq(get(cache), [I32Load, CACHE.tinyOffset, 2], I32Add, i32(0), get(t), I32Sub, I32And, tee(t)),
    seq(get(n), I32Add, i32(TINY), I32LeU, begin(If)),
    seq(get(cache), [I32Load, CACHE.tiny, 2], tee(object), begin(If)),
    seq(get(object), get(t), I32Add, set(object)),
    seq(get(cache), get(t), get(n), I32Add, I64ExtendI32U, [I64Store, CACHE.tinyOffset, 3]),
    seq(add(CACHE.tinyAllocs, [i64(1)]), done, Return, End, End),
  );
  const chooseSpan = seq(
    seq(isTiny, begin(If), shareBlock, i32(TINY_CLASS), set(spanClass), Else),
    seq(get(pointers), begin(If), get(n), i32(MOST_WITH_POINTERS), I32GtU),
    seq(get(type), [I32Load8U, TYPE.flags], i32(MASK_ON_DEMAND), I32And, I32Or, failIf, End),
    seq(get(n), i32(7), I32Add, i32(3), I32ShrU, [I32Load8U, at.classes], i32(1), I32Shl),
    seq(get(pointers), I32Eqz, I32Or, set(spanClass), End),
    seq(get(cache), get(spanClass), i32(3), I32Shl, I32Add, [I32Load, CACHE.spans, 2], tee(span)),
    seq([I32Load, SPAN.size, 2], set(slotSize)),
  );
  const takeSlot = seq(
    // A sample for the profile.
    seq(get(cache), [I64Load, CACHE.nextSample, 3], get(slotSize), I64ExtendI32U, I64LtS, failIf),
    seq(get(span), [I64Load, SPAN.allocCache, 3], tee(free), I64Eqz, failIf),
    seq(get(span), [I32Load16U, SPAN.freeIndex, 1], get(free), I64Ctz, I32WrapI64, tee(t), I32Add, tee(index)),
    seq(i32(1), I32Add, tee(next), get(span), [I32Load16U, SPAN.objects, 1], tee(u), I32GtU, failIf),
    seq(get(next), i32(63), I32And, I32Eqz, get(next), get(u), I32Ne, I32And, failIf),
    // From here on it is done.
    seq(get(span), get(free), get(t), I64ExtendI32U, I64ShrU, i64(1), I64ShrU, [I64Store, SPAN.allocCache, 3]),
    seq(get(span), get(next), [I32Store16, SPAN.freeIndex, 1], get(span), get(next), [
      I32Store16,
      SPAN.freeIndexForScan,
      1,
    ]),
    seq(get(span), get(span), [I32Load16U, SPAN.allocCount, 1], i32(1), I32Add, [I32Store16, SPAN.allocCount, 1]),
    add(CACHE.nextSample, seq(i64(0), get(slotSize), I64ExtendI32U, I64Sub)),
    seq(get(span), [I32Load, SPAN.start, 2], tee(u), get(index), get(slotSize), I32Mul, I32Add, set(object)),
  );
  const startBlock = seq(
    seq(get(object), i64(0), [I64Store, 0, 3], get(object), i64(0), [I64Store, 8, 3]),
    seq(get(n), get(cache), [I32Load, CACHE.tinyOffset, 2], I32LtU),
    seq(get(cache), [I32Load, CACHE.tiny, 2], I32Eqz, I32Or, begin(If)),
    seq(get(cache), get(object), I64ExtendI32U, [I64Store, CACHE.tiny, 3]),
    seq(get(cache), get(n), I64ExtendI32U, [I64Store, CACHE.tinyOffset, 3], End),
  );
  const clear = seq(
    seq(get(n), get(slotSize), get(pointers), Select, tee(t), i32(128), I32GtU, begin(If)),
    seq(get(object), i32(0), get(t), [MemoryFill], Else),
    seq(begin(Loop), get(t), i32(8), I32Sub, tee(t), get(object), I32Add, i64(0), [I64Store, 0, 3]),
    seq(get(t), [BrIf, 0], End, End),
  );
  /** The mask of a type, once for each element of the array; and how much of that will be scanned. */
  const repeatMask = seq(
    seq(get(type), [I32Load, TYPE.mask, 2], [I64Load, 0, 3], tee(element), set(mask)),
    seq(get(type), [I32Load, TYPE.size, 2], tee(t), i32(8), I32Eq, begin(If), ones(words(n)), set(mask)),
    release.countsArrays ? seq(get(n), set(pointers)) : [],
    seq(Else, get(t), set(next), begin(Loop), get(next), get(n), I32LtU, begin(If)),
    seq(get(mask), get(element), words(next), I64Shl, I64Or, set(mask)),
    seq(get(pointers), get(t), I32Add, set(pointers), get(next), get(t), I32Add, set(next), [Br, 1]),
    seq(End, End, End, add(CACHE.scanAlloc, seq(get(pointers), I64ExtendI32U))),
  );
  /** Into the span's bits, of which they take those of one word, or of two. */
  const writeMask = seq(
    seq(get(object), get(u), I32Sub, i32(3), I32ShrU, tee(t), i32(63), I32And, I64ExtendI32U, set(shift)),
    seq(get(u), i32(PAGE - release.heapBits), I32Add, get(t), i32(6), I32ShrU, i32(3), I32Shl, I32Add, tee(t)),
    seq(get(t), [I64Load, 0, 3], ones(words(slotSize)), tee(bits), get(shift), I64Shl, i64(-1), I64Xor, I64And),
    seq(get(mask), get(shift), I64Shl, I64Or, [I64Store, 0, 3]),
    seq(get(shift), words(slotSize), I64Add, i64(64), I64GtU, begin(If)),
    seq(get(t), get(t), [I64Load, 8, 3], get(bits), i64(64), get(shift), I64Sub, tee(shift), I64ShrU),
    seq(i64(-1), I64Xor, I64And, get(mask), get(shift), I64ShrU, I64Or, [I64Store, 8, 3], End),
  );
  return assemble(
    [I32, I32, I32, I32, I32, I32, I32, I32, I32, I32, I32, I64, I64, I64, I64, I64],
    seq(
      seq(get(size), i64(1), I64Sub, i64(MOST - 1), I64GtU, failIf),
      seq(i32(at.blacken), [I32Load, 0, 2], i32(at.barrier), [I32Load, 0, 2], I32Or),
      seq(i32(at.debug), [I32Load8U, 0], I32Or),
      release.secret === undefined ? [] : seq(g, [I32Load, release.secret, 2], I32Or),
      seq(failIf, g, [I32Load, G.m, 2], [I32Load, release.processor, 2], tee(t), I32Eqz, failIf),
      seq(get(t), [I32Load, P.mcache, 2], tee(cache), [I64Load, CACHE.profileRate, 3]),
      seq(i32(at.profileRate), [I64Load, 0, 3], I64Ne, failIf),
      seq(get(size), I32WrapI64, set(n)),
      seq(get(type), begin(If), get(type), [I32Load, TYPE.pointerBytes, 2], set(pointers), End),
      seq(chooseSpan, takeSlot),
      seq(isTiny, begin(If), startBlock, done, Return, End),
      seq(get(span), [I32Load8U, SPAN.needZero], get(needZero), I32And, begin(If), clear, End),
      seq(get(pointers), begin(If), get(spanClass), i32(POINTER_CLASS), I32Eq, begin(If)),
      seq(add(CACHE.scanAlloc, [i64(8)]), Else, repeatMask, writeMask, End, End),
      done,
    ),
  );
}
