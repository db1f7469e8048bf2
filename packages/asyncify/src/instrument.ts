/**
 * Functions through Binaryen's Asyncify pass, in batches.
 *
 * Binaryen never sees the module. Each batch becomes a small module of its own, in which all that its functions refer to is
 * imported under its index in the real one; the pass runs on it, and the bodies come back with the indices put right:
 *
 * ```
 * functions ─▶ batch: (import "unwinds" "17" (func …)) (import "global" "0" …) … bodies ─▶ Asyncify ─▶ bodies
 * ```
 *
 * So memory is bounded by the batch, progress can be told, everything that is not instrumented stays as it is (names, data,
 * the order of tables and exports, custom sections), and there is no second notion of which functions are instrumented: an
 * import that may unwind is in module `unwinds`, one that does not in `returns`.
 *
 * The buffers are in a memory of their own in each batch, whatever memory they are in later. So what the saving of a frame
 * writes can be told from everything else, and the size of a frame be found.
 *
 * Assumes: Asyncify's pass needs to know of callees only whether they may unwind (src/passes/Asyncify.cpp, ModuleAnalyzer).
 */
import {
  ByteWriter,
  Code,
  decodeFunction,
  decodeModule,
  type ExternalKind,
  emptyModule,
  encodeBody,
  encodeModule,
  type FuncType,
  heapTypeOf,
  Imm,
  type Import,
  type ImportType,
  InternalError,
  immediateKind,
  importCount,
  isRefType,
  type Locals,
  lengthOf,
  type Module,
  naturalAlignment,
  Op,
  opName,
  readNames,
  type TypeDefinition,
  UnsupportedError,
} from '@go-wasm/wasm';
import type Binaryen from 'binaryen';
import { loadBinaryen, transform } from './binaryen.ts';
import { type AsyncifyGlobals, addFuncType, memoryOf } from './runtime.ts';

export interface InstrumentOptions extends AsyncifyGlobals {
  /** The memory with the buffers. */
  memory: number;
  /** By function index of the module: 1 where a call may unwind. All that is instrumented does. */
  unwinds: Uint8Array;
  /** Binaryen's optimization level, 0 to 4. Default 1; 0 makes code about three times as large. */
  optimize?: number;
  onProgress?: (done: number, total: number) => void;
}

/** What is known of the functions that have been instrumented. */
export interface Instrumented {
  /** By function index of the module: how many bytes of a buffer the frame takes at most; 0 if it is not instrumented. */
  readonly frames: Int32Array;
}

/** How much code goes into a batch, in bytes: Binaryen takes some hundred times as much memory. */
const BATCH = 1 << 17;

/**
 * Instruments functions of a module, given by their index, in place. Tail calls in them become calls.
 *
 * @throws UnsupportedError for a function that Asyncify cannot rewind into, or if `binaryen` is not installed.
 */
export async function instrument(
  module: Module,
  functions: readonly number[],
  options: InstrumentOptions,
): Promise<Instrumented> {
  const imported = importCount(module, 'func');
  const frames = new Int32Array(imported + module.functions.length);
  if (functions.length === 0) return { frames };
  const binaryen = await loadBinaryen<typeof Binaryen>('Asyncify');
  const names = readNames(module)?.functions;
  const nameOf = (f: number): string => names?.get(f) ?? String(f);
  let done = 0;
  while (done < functions.length) {
    const first = done;
    for (let size = 0; done < functions.length && size < BATCH; done++) {
      size += lengthOf(module.bodies[functions[done]! - imported]!);
    }
    new Batch(module, functions.slice(first, done), options, nameOf).run(binaryen, frames);
    options.onProgress?.(done, functions.length);
  }
  return { frames };
}

/** Kinds of instructions that Asyncify's pass does not know, or that refer to what a batch does not have. */
const refused: ReadonlySet<number> = new Set([
  Imm.type,
  Imm.typeType,
  Imm.typeField,
  Imm.typeCount,
  Imm.typeData,
  Imm.typeElem,
  Imm.typeTag,
  Imm.cast,
  Imm.tryTable,
  Imm.resume,
  Imm.resumeThrow,
  Imm.data,
  Imm.elem,
  Imm.dataMemory,
  Imm.elemTable,
]);

/** What an instruction can refer to by index. */
type Space = ExternalKind | 'type';

/** The name of the module that something is imported from in a batch. */
const FROM = { table: 'table', memory: 'memory', global: 'global', tag: 'tag' } as const;

class Batch {
  readonly #module: Module;
  readonly #functions: readonly number[];
  readonly #options: InstrumentOptions;
  readonly #nameOf: (f: number) => string;
  readonly #externals: Readonly<Record<ExternalKind, readonly ImportType[]>>;
  /** Of the batch: what has been imported, by kind and index in the real module; and the index in the batch. */
  readonly #imports: Import[] = [];
  readonly #indices = new Map<string, number>();
  readonly #counts: Record<ExternalKind, number> = { func: 0, table: 0, memory: 0, global: 0, tag: 0 };
  readonly #writer = new ByteWriter();

  constructor(module: Module, functions: readonly number[], options: InstrumentOptions, nameOf: (f: number) => string) {
    this.#module = module;
    this.#functions = functions;
    this.#options = options;
    this.#nameOf = nameOf;
    const { imports } = module;
    const all = (kind: ExternalKind, defined: readonly ImportType[]): ImportType[] => [
      ...imports.filter((entry) => entry.kind === kind),
      ...defined,
    ];
    this.#externals = {
      func: all(
        'func',
        module.functions.map((type) => ({ kind: 'func', type })),
      ),
      table: all(
        'table',
        module.tables.map(({ init: _, ...type }) => ({ kind: 'table', ...type })),
      ),
      memory: all(
        'memory',
        module.memories.map((type) => ({ kind: 'memory', ...type })),
      ),
      global: all(
        'global',
        module.globals.map(({ type, mutable }) => ({ kind: 'global', type, mutable })),
      ),
      tag: all(
        'tag',
        module.tags.map(({ type }) => ({ kind: 'tag', type })),
      ),
    };
  }

  run(binaryen: typeof Binaryen, frames: Int32Array): void {
    const input = this.#encode();
    let output: Uint8Array;
    try {
      output = runAsyncify(binaryen, input, this.#options.optimize ?? 1);
    } catch (cause) {
      const names = this.#functions.map((f) => this.#nameOf(f));
      throw new InternalError('GW9201', `Binaryen has failed: ${cause instanceof Error ? cause.message : cause}`, {
        where: { function: names.length === 1 ? names[0] : `${names[0]} … ${names.at(-1)}`, pass: 'asyncify' },
        cause,
      });
    }
    this.#transplant(decodeModule(output), frames);
  }

  #encode(): Uint8Array {
    const from = this.#module;
    const module = emptyModule();
    const imported = importCount(from, 'func');
    const code = new Code();
    // The memory of the buffers comes first, so that it has the same index before and after.
    const { is64 } = memoryOf(from, this.#options.memory);
    this.#imports.push({ module: 'buffers', name: '', kind: 'memory', min: 1, ...(is64 && { is64 }) });
    this.#counts.memory = 1;
    module.exports.push({ name: 'memory', kind: 'memory', index: 0 });
    const own = new Map(this.#functions.map((f, k) => [f, k]));
    const bodies: { locals: Locals; code: Code }[] = [];
    for (const f of this.#functions) {
      const locals = decodeFunction(from, f - imported, code);
      this.#refuse(f, from.functions[f - imported]!, locals, code);
      bodies.push({ locals, code: withoutTailCalls(code) });
    }
    // Functions of the batch come behind all imports, of which there must be a count first.
    for (const { code: body } of bodies) {
      eachIndex(body, (space, index) => {
        if (space !== 'type' && !(space === 'func' && own.has(index))) this.#import(space, index);
        return index;
      });
    }
    for (const { locals, code: body } of bodies) {
      eachIndex(body, (space, index) => {
        if (space === 'type') return index;
        const k = space === 'func' ? own.get(index) : undefined;
        return k === undefined ? this.#import(space, index) : this.#counts.func + k;
      });
      this.#writer.clear();
      encodeBody(locals, body, 0, body.length, this.#writer);
      module.bodies.push(this.#writer.take());
    }
    module.types = from.types.map((type) => (isPlainType(type) ? type : { kind: 'func', params: [], results: [] }));
    module.functions = this.#functions.map((f) => from.functions[f - imported]!);
    module.imports = this.#imports;
    return encodeModule(module);
  }

  #import(kind: ExternalKind, index: number): number {
    const key = `${kind} ${index}`;
    const known = this.#indices.get(key);
    if (known !== undefined) return known;
    const type = this.#externals[kind][index]!;
    const from = kind !== 'func' ? FROM[kind] : this.#options.unwinds[index] === 1 ? 'unwinds' : 'returns';
    this.#imports.push({ ...type, module: from, name: String(index) });
    const here = this.#counts[kind]++;
    this.#indices.set(key, here);
    return here;
  }

  /** @throws UnsupportedError if Asyncify cannot rewind into the function. */
  #refuse(f: number, type: number, locals: Locals, code: Code): void {
    const refuse = (what: string, offset?: number): never => {
      throw new UnsupportedError('GW2202', `Asyncify cannot rewind into a function with ${what}`, {
        where: { function: this.#nameOf(f), offset },
        hint: 'if it is never on the stack when that is unwound, put it on the list of functions to remove',
      });
    };
    const signature = (index: number, offset?: number): void => {
      if (!isPlainType(this.#module.types[index]!)) refuse('types of the GC proposal', offset);
    };
    signature(type);
    if (!locals.types.every(isPlain)) refuse('locals of the GC proposal');
    for (let i = 0; i < code.length; i++) {
      const op = code.op[i]!;
      if (refused.has(immediateKind[op]!) || op === Op.BrOnNull || op === Op.BrOnNonNull) {
        refuse(opName(op), code.offset[i]);
      }
    }
    eachIndex(code, (space, index) => {
      if (space === 'type') signature(index);
      else {
        const external = this.#externals[space][index]!;
        if (external.kind === 'func' || external.kind === 'tag') signature(external.type);
        else if (external.kind === 'global' && !isPlain(external.type)) refuse('globals of the GC proposal');
        else if (external.kind === 'table' && !isPlain(external.element)) refuse('tables of the GC proposal');
      }
      return index;
    });
  }

  #transplant(batch: Module, frames: Int32Array): void {
    const { state, data, memory } = this.#options;
    const to = this.#module;
    const imported = importCount(to, 'func');
    const indices: Record<ExternalKind, number[]> = { func: [], table: [], memory: [], global: [], tag: [] };
    for (const { kind, module: from, name } of batch.imports) {
      indices[kind].push(from === 'buffers' ? memory : Number(name));
    }
    indices.func.push(...this.#functions);
    indices.global.push(state, data);
    const buffers = batch.imports.filter(({ kind }) => kind === 'memory').findIndex((m) => m.module === 'buffers');
    const types = new Map<number, number>();
    const typeOf = (index: number): number => {
      const type = batch.types[index];
      if (type === undefined || !isPlainType(type)) throw new InternalError('GW9202', 'Binaryen has made up a type');
      const there = types.get(index) ?? addFuncType(to, type.params, type.results);
      types.set(index, there);
      return there;
    };
    const code = new Code();
    this.#functions.forEach((f, k) => {
      const locals = decodeFunction(batch, k, code);
      frames[f] = frameSize(code, buffers);
      eachIndex(code, (space, index) => {
        const there = space === 'type' ? typeOf(index) : indices[space][index];
        if (there === undefined) throw new InternalError('GW9202', `Binaryen has made up a ${space}`);
        return there;
      });
      this.#writer.clear();
      encodeBody(locals, code, 0, code.length, this.#writer);
      to.bodies[f - imported] = this.#writer.take();
    });
  }
}

/** Whether a value type means the same in all modules. */
function isPlain(type: number): boolean {
  return !isRefType(type) || heapTypeOf(type) < 0;
}

function isPlainType(type: TypeDefinition): type is FuncType {
  return type.kind === 'func' && type.sub === undefined && [...type.params, ...type.results].every(isPlain);
}

function runAsyncify(binaryen: typeof Binaryen, input: Uint8Array, optimize: number): Uint8Array {
  const { Features } = binaryen;
  const { GC, StackSwitching, SharedEverything, CompactImports, Strings, All } = Features as typeof Features &
    Record<'CompactImports', number>;
  const features = All & ~(GC | StackSwitching | SharedEverything | CompactImports | Strings);
  const passArguments = { 'asyncify-imports': 'unwinds.*', 'asyncify-onlylist': '*' };
  return transform(binaryen, input, { features, optimize, shrink: 0, passArguments }, (module) =>
    module.runPasses(['asyncify']),
  );
}

/** A copy in which tail calls are calls with a return behind them. */
function withoutTailCalls(code: Code): Code {
  const result = new Code(code.length);
  for (let i = 0; i < code.length; i++) {
    const op = code.op[i]!;
    if (op === Op.ReturnCall || op === Op.ReturnCallIndirect) {
      result.push(op === Op.ReturnCall ? Op.Call : Op.CallIndirect, code.a[i], code.b[i]);
      result.push(Op.Return);
    } else result.pushFrom(code, i);
  }
  return result;
}

/** How many bytes the frame takes at most: the index of the call, and what is written behind it. */
function frameSize({ op, a, b, length }: Code, buffers: number): number {
  let locals = 0;
  for (let i = 0; i < length; i++) {
    const o = op[i]!;
    const isStore = (o >= Op.I32Store && o <= Op.I64Store32) || o === Op.V128Store;
    if (isStore && ((b[i]! >>> 8) & 0xff) === buffers) locals = Math.max(locals, a[i]! + (1 << naturalAlignment[o]!));
  }
  return 4 + locals;
}

/** Replaces each index in the code by what `map` says. */
function eachIndex(code: Code, map: (space: Space, index: number) => number): void {
  const { op, a, b } = code;
  for (let i = 0; i < code.length; i++) {
    switch (immediateKind[op[i]!]) {
      case Imm.func:
        a[i] = map('func', a[i]!);
        break;
      case Imm.global:
        a[i] = map('global', a[i]!);
        break;
      case Imm.table:
        a[i] = map('table', a[i]!);
        break;
      case Imm.memory:
        a[i] = map('memory', a[i]!);
        break;
      case Imm.tag:
        a[i] = map('tag', a[i]!);
        break;
      case Imm.typeTable:
        a[i] = map('type', a[i]!);
        b[i] = map('table', b[i]!);
        break;
      case Imm.memoryMemory:
        a[i] = map('memory', a[i]!);
        b[i] = map('memory', b[i]!);
        break;
      case Imm.tableTable:
        a[i] = map('table', a[i]!);
        b[i] = map('table', b[i]!);
        break;
      case Imm.memarg:
      case Imm.memargLane:
        b[i] = (b[i]! & ~0xff00) | (map('memory', (b[i]! >>> 8) & 0xff) << 8);
        break;
      case Imm.block:
        if (a[i]! >= 0) a[i] = map('type', a[i]!);
        break;
    }
  }
}
