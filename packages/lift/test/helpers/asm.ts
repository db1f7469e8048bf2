/**
 * A small assembler for modules as Go's linker writes them: what cmd/internal/obj/wasm/wasmobj.go and
 * cmd/link/internal/wasm/asm.go do, for tests that must not depend on a toolchain.
 *
 * ```
 * import trace (i32)                    ; functions from the host
 * func main.f frame=16 morestack        ; Go's convention; also: asm, deferreturn=LABEL, locals=i64:2,i32:1
 *   i32.const 1                         ; plain instructions, one a line
 *   RAW trace                           ; a call of an import or a helper
 *   i64.const &main.g                   ; the PC of a function
 *   CALL                                ; an indirect call: takes the PC
 * again:                                ; a label is a resume point
 *   CALL main.g
 *   JMPIF again                         ; takes an i32
 *   RET
 * raw helper (i32) -> i32               ; a function with a convention of its own
 *   local.get 0
 *   end
 * ```
 *
 * Further: `RESUME` (a resume point without label), `PC` (the next PC_B, as an inlined call makes it), `CALLNORESUME f`,
 * `CALLFLAG f` (leaves 1 if the wasm stack unwinds), `JMP label`, `JMP f` and `RET f` (tail calls), `RETUNWIND`, `GETSP`, `SETSP`. Comments start with `;`.
 */
import {
  BlockType,
  ByteWriter,
  Code,
  emptyModule,
  emptyNames,
  encodeBody,
  encodeModule,
  type FuncType,
  Imm,
  immediateKind,
  type Locals,
  type Module,
  naturalAlignment,
  Op,
  opcodes,
  opName,
  Section,
  ValType,
  writeNames,
  writeProducers,
} from '@go-wasm/wasm';

const PC_F = 0x1000;
const idOf = new Map(opcodes.map((id) => [opName(id), id]));
const valTypes: Record<string, number> = { i32: ValType.I32, i64: ValType.I64, f32: ValType.F32, f64: ValType.F64 };

export interface AssembleOptions {
  /** What the producers section says of Go; default `go1.26.0`. */
  goVersion?: string;
  /** Export every function under its name. */
  exportAll?: boolean;
  /** Leave the name section out, as `-ldflags=-s` does. */
  stripped?: boolean;
  memoryPages?: number;
}

interface Definition {
  name: string;
  raw: boolean;
  frame: number;
  morestack: boolean;
  assembly: boolean;
  deferReturn: string | undefined;
  locals: Locals;
  type: number;
  lines: string[];
}

/** Assembles a module. */
export function assembleModule(text: string, options: AssembleOptions = {}): Module {
  const { goVersion = 'go1.26.0', exportAll = false, stripped = false, memoryPages = 64 } = options;
  const module = emptyModule();
  const types = new Map<string, number>();
  const typeOf = (signature: string): number => {
    const [params = [], results = []] = signature
      .split('->')
      .map((side) => [...side.matchAll(/[if](32|64)/g)].map(([type]) => valTypes[type]!));
    const type: FuncType = { kind: 'func', params, results };
    const key = JSON.stringify(type);
    let index = types.get(key);
    if (index === undefined) {
      index = module.types.push(type) - 1;
      types.set(key, index);
    }
    return index;
  };
  const goType = typeOf('(i32) -> i32');

  const definitions: Definition[] = [];
  for (const raw of text.split('\n')) {
    const line = raw.replace(/;.*/, '').trim();
    if (line === '') continue;
    const [, kind, name = '', rest = ''] = /^(\S+)(?:\s+(\S+)\s*(.*))?$/.exec(line)!;
    if (kind === 'import') {
      module.imports.push({ module: 'env', name, kind: 'func', type: typeOf(rest) });
    } else if (kind === 'func' || kind === 'raw') {
      const locals: Locals = { counts: kind === 'func' ? [1] : [], types: kind === 'func' ? [ValType.I32] : [] };
      for (const [, type, count] of (/locals=(\S+)/.exec(rest)?.[1] ?? '').matchAll(/(\w\d\d):(\d+)/g)) {
        if (locals.types.at(-1) === valTypes[type!]) locals.counts[locals.counts.length - 1]! += Number(count);
        else {
          locals.types.push(valTypes[type!]!);
          locals.counts.push(Number(count));
        }
      }
      definitions.push({
        name,
        raw: kind === 'raw',
        frame: Number(/frame=(\d+)/.exec(rest)?.[1] ?? 0),
        morestack: /\bmorestack\b/.test(rest),
        assembly: /\basm\b/.test(rest),
        deferReturn: /deferreturn=(\S+)/.exec(rest)?.[1],
        locals,
        type: kind === 'func' ? goType : typeOf(rest.replace(/locals=\S+/, '')),
        lines: [],
      });
    } else definitions.at(-1)!.lines.push(line);
  }

  const names = emptyNames();
  const index = new Map<string, number>();
  module.imports.forEach(({ name }, i) => {
    index.set(name, i);
  });
  const imports = module.imports.length;
  definitions.forEach(({ name }, i) => {
    index.set(name, imports + i);
    names.functions.set(imports + i, name);
  });

  const deferReturns: number[] = [];
  definitions.forEach((definition, f) => {
    const assembler = new FunctionAssembler(definition, f, imports, index);
    module.functions.push(definition.type);
    module.bodies.push(assembler.assemble());
    deferReturns.push(definition.deferReturn === undefined ? 0 : assembler.pcOf(definition.deferReturn));
    if (exportAll) module.exports.push({ name: definition.name, kind: 'func', index: imports + f });
  });
  const { I32, I64 } = ValType;
  for (const type of [I32, I64, I64, I64, I64, I64, I64, I32]) {
    module.globals.push({ type, mutable: true, init: type === I32 ? 0 : new Uint8Array([0x42, 0, 0x0b]) });
  }
  module.tables.push({ min: PC_F + definitions.length, element: ValType.FuncRef });
  module.elements.push({ table: 0, offset: PC_F, functions: definitions.map((_, i) => imports + i) });
  module.memories.push({ min: memoryPages });
  module.exports.push({ name: 'mem', kind: 'memory', index: 0 });
  module.data.push({ memory: 0, offset: 4096, bytes: pclntab(definitions, deferReturns) });
  writeProducers(module, [
    { name: 'language', values: [{ name: 'Go', version: goVersion }] },
    { name: 'processed-by', values: [{ name: 'Go cmd/compile', version: goVersion }] },
  ]);
  if (!stripped) writeNames(module, names);
  for (const custom of module.customs) custom.after = Section.Data;
  return module;
}

/** Assembles a module, to bytes. */
export function assemble(text: string, options?: AssembleOptions): Uint8Array {
  return encodeModule(assembleModule(text, options));
}

type Item =
  | { kind: 'op'; op: number; a?: number; b?: number; labels?: number[] }
  | { kind: 'jump'; label: string }
  | { kind: 'unwind' }
  | { kind: 'return address'; after: number };

class FunctionAssembler {
  readonly #definition: Definition;
  readonly #f: number;
  readonly #imports: number;
  readonly #index: ReadonlyMap<string, number>;
  readonly #items: Item[] = [];
  readonly #labels = new Map<string, number>();
  /** Resume point of each PC_B. */
  readonly #table: number[] = [];
  #resumePoints = 0;
  #pc = 0;

  constructor(definition: Definition, f: number, imports: number, index: ReadonlyMap<string, number>) {
    this.#definition = definition;
    this.#f = f;
    this.#imports = imports;
    this.#index = index;
  }

  pcOf(label: string): number {
    const pc = this.#labels.get(label);
    if (pc === undefined) throw new Error(`there is no label ${label} in ${this.#definition.name}`);
    return pc;
  }

  assemble(): Uint8Array {
    const { raw, frame, morestack, lines, locals } = this.#definition;
    if (morestack) {
      // if SP <= g.stackguard0 { morestack }, which starts the function anew
      this.#ops('GETSP', 'global.get 2', 'i32.wrap_i64', 'i32.load offset=16', 'i32.le_u', 'if');
      this.#call('runtime.morestack_noctxt', 0);
      this.#ops('end');
    }
    if (!raw && frame > 0) {
      this.#addSp(-frame);
      this.#pc++; // as Spadj does
    }
    for (const line of lines) this.#line(line);
    this.#table.push(this.#resumePoints);
    const code = raw ? this.#encode(this.#items) : this.#wrap();
    const writer = new ByteWriter();
    encodeBody(locals, code, 0, code.length, writer);
    return writer.take();
  }

  #line(line: string): void {
    const label = /^(\w+):$/.exec(line)?.[1];
    if (label !== undefined) {
      this.#resumePoint();
      this.#labels.set(label, this.#pc);
      return;
    }
    const [op, target] = line.split(/\s+/) as [string, string | undefined];
    const { frame } = this.#definition;
    switch (op) {
      case 'RESUME':
        this.#resumePoint();
        return;
      case 'PC':
        this.#pc++;
        return;
      case 'JMP':
        if (this.#index.has(target!)) this.#ops('i32.const 0', `call ${target}`, 'RELOAD', 'return');
        else this.#jump(target!);
        return;
      case 'JMPIF':
        this.#ops('if');
        this.#jump(target!);
        this.#ops('end');
        return;
      case 'CALL':
        this.#call(target, this.#pc + 1);
        this.#resumePoint();
        return;
      case 'CALLNORESUME':
        this.#pc++;
        this.#call(target, this.#pc, 'trap');
        return;
      case 'CALLFLAG':
        this.#pc++;
        this.#call(target, this.#pc, 'flag');
        return;
      case 'RET':
      case 'RETUNWIND':
        if (frame > 0) this.#addSp(frame);
        if (target !== undefined) {
          this.#ops('i32.const 0', `call ${target}`, 'RELOAD', 'return');
          return;
        }
        this.#addSp(8);
        this.#ops(`i32.const ${op === 'RET' ? 0 : 1}`, 'return');
        return;
      default:
        this.#ops(line);
    }
  }

  #resumePoint(): void {
    this.#items.push({ kind: 'op', op: Op.End });
    while (this.#table.length <= this.#pc) this.#table.push(this.#resumePoints);
    this.#resumePoints++;
    this.#pc++;
  }

  #jump(label: string): void {
    this.#items.push({ kind: 'jump', label });
  }

  #addSp(n: number): void {
    this.#ops('GETSP', `i32.const ${Math.abs(n)}`, n < 0 ? 'i32.sub' : 'i32.add', 'SETSP');
  }

  /** A call of `target`, or of the PC on the operand stack; behind it, execution goes on at PC_B `after`. */
  #call(target: string | undefined, after: number, ifUnwound: 'unwind' | 'trap' | 'flag' = 'unwind'): void {
    this.#addSp(-8);
    this.#ops('GETSP');
    this.#items.push({ kind: 'return address', after });
    this.#ops('i64.store');
    if (target !== undefined) this.#ops('i32.const 0', `call ${target}`);
    else {
      this.#ops('i64.const 16', 'i64.shr_u', 'i32.wrap_i64', 'local.set 0', 'i32.const 0', 'local.get 0');
      this.#ops('call_indirect 0');
    }
    this.#ops('RELOAD');
    if (ifUnwound === 'trap') this.#ops('if', 'unreachable', 'end');
    else if (ifUnwound === 'unwind') this.#items.push({ kind: 'unwind' });
  }

  /** Plain instructions, and short forms of a few. */
  #ops(...lines: string[]): void {
    for (const line of lines) {
      const [word, ...rest] = line.split(/\s+/) as [string, ...string[]];
      if (word === 'GETSP') this.#op(Op.LocalGet, 1);
      else if (word === 'SETSP') {
        this.#op(Op.LocalTee, 1);
        this.#op(Op.GlobalSet, 0);
      } else if (word === 'RELOAD') {
        this.#op(Op.GlobalGet, 0);
        this.#op(Op.LocalSet, 1);
      } else if (word === 'RAW') {
        this.#ops(`call ${rest[0]}`, 'RELOAD');
      } else this.#plain(word, rest);
    }
  }

  #op(op: number, a = 0, b = 0): void {
    this.#items.push({ kind: 'op', op, a, b });
  }

  #plain(word: string, operands: string[]): void {
    const op = idOf.get(word);
    if (op === undefined) throw new Error(`unknown instruction ${word}`);
    const [first = ''] = operands;
    switch (immediateKind[op]) {
      case Imm.none:
      case Imm.zero:
      case Imm.memory:
        this.#op(op);
        return;
      case Imm.func: {
        const index = this.#index.get(first);
        if (index === undefined) throw new Error(`there is no function ${first}`);
        this.#op(op, index);
        return;
      }
      case Imm.block:
        this.#op(op, valTypes[first] ?? BlockType.Empty);
        return;
      case Imm.memarg:
        this.#op(op, Number(/offset=(\d+)/.exec(first)?.[1] ?? 0), naturalAlignment[op]!);
        return;
      case Imm.i64: {
        const callee = first.startsWith('&') ? this.#index.get(first.slice(1))! - this.#imports : undefined;
        const value = callee === undefined ? BigInt(first) : BigInt(PC_F + callee) << 16n;
        this.#op(op, Number(BigInt.asIntN(32, value)), Number(BigInt.asIntN(32, value >> 32n)));
        return;
      }
      case Imm.brTable:
        this.#items.push({ kind: 'op', op, labels: operands.map(Number) });
        return;
      default:
        this.#op(op, Number(first), Number(operands[1] ?? 0));
        return;
    }
  }

  /** What the assembler puts around the instructions of a function. */
  #wrap(): Code {
    const items = this.#items;
    const unwinds = items.some((item) => item.kind === 'unwind');
    const jumps = items.some((item) => item.kind === 'jump');
    const header: Item[] = [
      { kind: 'op', op: Op.GlobalGet, a: 0 },
      { kind: 'op', op: Op.LocalSet, a: 1 },
    ];
    const empty: number = BlockType.Empty;
    if (unwinds) header.push({ kind: 'op', op: Op.Block, a: empty });
    if (jumps) header.push({ kind: 'op', op: Op.Loop, a: empty });
    if (this.#resumePoints > 0) {
      for (let i = 0; i <= this.#resumePoints; i++) header.push({ kind: 'op', op: Op.Block, a: empty });
      header.push({ kind: 'op', op: Op.LocalGet, a: 0 }, { kind: 'op', op: Op.BrTable, labels: this.#table });
      header.push({ kind: 'op', op: Op.End });
    }
    const footer: Item[] = [];
    if (jumps) footer.push({ kind: 'op', op: Op.End });
    footer.push({ kind: 'op', op: Op.Unreachable });
    if (unwinds) footer.push({ kind: 'op', op: Op.End }, { kind: 'op', op: Op.I32Const, a: 1 });
    footer.push({ kind: 'op', op: Op.End });
    return this.#encode([...header, ...items, ...footer], unwinds ? 1 : 0);
  }

  /** @param unwindDepth how many constructs are open inside of the loop's parent: 1 if there is an unwind exit. */
  #encode(items: readonly Item[], unwindDepth = 0): Code {
    const code = new Code();
    const own = PC_F + this.#f;
    let depth = 0;
    for (const item of items) {
      switch (item.kind) {
        case 'op': {
          const { op, a = 0, b = 0, labels } = item;
          if (op === Op.Block || op === Op.Loop || op === Op.If) depth++;
          else if (op === Op.End) depth--;
          if (labels !== undefined) {
            code.push(op, code.poolLength, labels.length);
            for (const label of labels) code.poolPush(label);
          } else code.push(op, a, b);
          break;
        }
        case 'jump':
          code.push(Op.I32Const, this.pcOf(item.label));
          code.push(Op.LocalSet, 0);
          code.push(Op.Br, depth - unwindDepth - 1);
          break;
        case 'unwind':
          code.push(Op.BrIf, depth - 1);
          break;
        case 'return address':
          code.push(Op.I64Const, (own << 16) | item.after, own >>> 16);
          break;
      }
    }
    return code;
  }
}

/** A function table as that of Go 1.26 (cmd/link/internal/ld/pcln.go), with what the runtime would not miss left out. */
function pclntab(functions: readonly Definition[], deferReturns: readonly number[]): Uint8Array {
  const encoder = new TextEncoder();
  const strings: number[] = [0];
  const string = (text: string): number => strings.push(...encoder.encode(text), 0) - encoder.encode(text).length - 1;
  const nameOffsets = functions.map(({ name }) => string(name));
  const files = [string('main.go'), string('asm_wasm.s')];
  const names = 72;
  const align = (n: number): number => (n + 7) & ~7;
  const units = align(names + strings.length);
  const pcs = units + 8;
  const table = align(pcs + 16);
  const count = functions.length;
  const funcs = align(8 * count + 4);
  const bytes = new Uint8Array(table + funcs + 48 * count);
  const view = new DataView(bytes.buffer);
  view.setUint32(0, 0xfffffff1, true);
  view.setUint32(4, 0x08010000, true);
  [count, 2, 0, names, units, names, pcs, table].forEach((word, k) => {
    view.setBigUint64(8 + 8 * k, BigInt(word), true);
  });
  bytes.set(strings, names);
  // One unit, with two files; two tables of one value each: file 0, file 1 (zig-zag, counted from -1).
  files.forEach((offset, k) => {
    view.setUint32(units + 4 * k, offset, true);
  });
  bytes.set([0, 2, 1, 0, 4, 1, 0], pcs);
  functions.forEach(({ assembly }, f) => {
    const at = table + funcs + 48 * f;
    view.setUint32(table + 8 * f, f, true);
    view.setUint32(table + 8 * f + 4, at - table, true);
    view.setUint32(at, f, true);
    view.setInt32(at + 4, nameOffsets[f]!, true);
    view.setUint32(at + 12, deferReturns[f]!, true);
    view.setUint32(at + 20, assembly ? 4 : 1, true);
  });
  return bytes;
}
