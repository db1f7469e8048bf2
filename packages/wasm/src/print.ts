/** Functions as text, one instruction a line: the flat form of the WebAssembly text format. For people and for tests. */
import type { Locals } from './body.ts';
import { Code, WIDE_OFFSET } from './code.ts';
import { InternalError } from './errors.ts';
import { decodeFunction, type FuncType, importCount, type Module } from './module.ts';
import type { NameMap, Names } from './names.ts';
import {
  BlockType,
  HeapType,
  heapTypeOf,
  Imm,
  immediateKind,
  isNullable,
  isRefType,
  naturalAlignment,
  Op,
  opName,
  ValType,
} from './opcodes.ts';

/** What to print beside the instructions. */
export interface PrintOptions {
  /** Names instead of indices, where there are any. */
  names?: Names | undefined;
  /** The function whose locals have their names printed. */
  function?: number | undefined;
  /** The byte offset of each instruction in front of it. */
  offsets?: boolean | undefined;
}

/**
 * The text of a function.
 *
 * @param index Function index, imports first.
 * @throws MalformedError if its body is broken.
 */
export function printFunction(module: Module, index: number, names?: Names, options: PrintOptions = {}): string {
  const printer = new Printer({ ...options, names, function: index });
  const imports = module.imports.filter((entry) => entry.kind === 'func');
  const imported = imports[index];
  const name = printer.definition(names?.functions, index);
  if (imported !== undefined) {
    const signature = printer.signature(module, imported.type, index);
    return `(import ${quoted(imported.module)} ${quoted(imported.name)} (func${name}${signature}))\n`;
  }
  const defined = index - importCount(module, 'func');
  const type = module.functions[defined];
  if (type === undefined) throw new InternalError('GW9002', `there is no function ${index}`);
  const code = new Code();
  const locals = decodeFunction(module, defined, code);
  const signature = printer.signature(module, type, index);
  const params = (module.types[type] as FuncType | undefined)?.params?.length ?? 0;
  const body = printer.instructions(code, 0, code.length - 1, 1);
  return `(func${name}${signature}\n${printer.locals(locals, params)}${body})\n`;
}

/** The text of instructions `[from, to)` of `code`. */
export function printInstructions(code: Code, from = 0, to: number = code.length, options: PrintOptions = {}): string {
  return new Printer(options).instructions(code, from, to, 0);
}

const numberTypes: Record<number, string> = {
  [ValType.I32]: 'i32',
  [ValType.I64]: 'i64',
  [ValType.F32]: 'f32',
  [ValType.F64]: 'f64',
  [ValType.V128]: 'v128',
  [ValType.I8]: 'i8',
  [ValType.I16]: 'i16',
};

const heapTypes: Record<number, string> = Object.fromEntries(
  Object.entries(HeapType).map(([name, type]) => [type, name.toLowerCase()]),
);

const catchNames = ['catch', 'catch_ref', 'catch_all', 'catch_all_ref'];

/** Text names that two opcodes share, see {@link opName}. */
const textNames: Record<number, string> = {
  [Op.SelectTyped]: 'select',
  [Op.RefTestNull]: 'ref.test',
  [Op.RefCastNull]: 'ref.cast',
};

class Printer {
  readonly #names: Names | undefined;
  readonly #locals: NameMap | undefined;
  readonly #offsets: boolean;
  /** Numbers of the blocks that are open, for comments at branches. */
  #labels: number[] = [];

  constructor(options: PrintOptions) {
    this.#names = options.names;
    this.#locals = options.function === undefined ? undefined : options.names?.locals.get(options.function);
    this.#offsets = options.offsets ?? false;
  }

  /** A name where something is defined, with its index as a comment. */
  definition(names: NameMap | undefined, index: number): string {
    const name = names?.get(index);
    return `${name === undefined ? '' : ` ${identifier(name)}`} (;${index};)`;
  }

  signature(module: Module, index: number, func: number): string {
    const type = module.types[index];
    let text = ` (type ${this.#use(this.#names?.types, index)})`;
    if (type?.kind !== 'func') return text;
    const locals = this.#names?.locals.get(func);
    type.params.forEach((param, i) => {
      const name = locals?.get(i);
      text += ` (param ${name === undefined ? '' : `${identifier(name)} `}${this.valType(param)})`;
    });
    for (const result of type.results) text += ` (result ${this.valType(result)})`;
    return text;
  }

  locals(locals: Locals, params: number): string {
    let text = '';
    let index = params;
    const named = [...(this.#locals?.keys() ?? [])].sort((a, b) => a - b);
    let nextNamed = 0;
    locals.types.forEach((type, group) => {
      const word = this.valType(type);
      const end = index + locals.counts[group]!;
      while (index < end) {
        const name = this.#locals?.get(index);
        // Locals without names are shown as a run, long runs shortened: there can be billions.
        while (nextNamed < named.length && named[nextNamed]! <= index) nextNamed++;
        const next = name === undefined ? Math.min(named[nextNamed] ?? end, end) : index + 1;
        const shown = Math.min(next - index, 16);
        const label = name === undefined ? '' : ` ${identifier(name)}`;
        const more = next - index > shown ? ` ;; and ${next - index - shown} more` : '';
        text += `  (local (;${index};)${label}${` ${word}`.repeat(shown)})${more}\n`;
        index = next;
      }
    });
    return text;
  }

  valType(type: number): string {
    if (!isRefType(type)) return numberTypes[type] ?? `unknown ${type}`;
    return `(ref ${isNullable(type) ? 'null ' : ''}${this.heapType(heapTypeOf(type))})`;
  }

  heapType(type: number): string {
    return type >= 0 ? this.#use(this.#names?.types, type) : (heapTypes[type] ?? `unknown ${type}`);
  }

  instructions(code: Code, from: number, to: number, indent: number): string {
    const lines: string[] = [];
    let label = 0;
    for (let i = from; i < to; i++) {
      const id = code.op[i]!;
      const kind = immediateKind[id]!;
      const closes = id === Op.End || id === Op.Delegate;
      const divides = id === Op.Else || id === Op.Catch || id === Op.CatchAll;
      if (closes) this.#labels.pop();
      const depth = indent + this.#labels.length - (divides ? 1 : 0);
      let line = `${'  '.repeat(Math.max(depth, 0))}${textNames[id] ?? opName(id)}${this.#immediates(code, i)}`;
      if (kind === Imm.block || kind === Imm.tryTable) {
        this.#labels.push(++label);
        line += ` ;; @${label}`;
      }
      lines.push(this.#offsets ? `(;${code.offset[i]!.toString(16).padStart(6, '0')};) ${line}\n` : `${line}\n`);
    }
    return lines.join('');
  }

  #use(names: NameMap | undefined, index: number): string {
    const name = names?.get(index);
    return name === undefined ? `${index}` : identifier(name);
  }

  /** A branch target as its depth, with the number of its block as a comment. */
  #label(depth: number): string {
    const label = this.#labels[this.#labels.length - 1 - depth];
    return label === undefined ? `${depth}` : `${depth} (;@${label};)`;
  }

  #blockType(type: number): string {
    if (type === BlockType.Empty) return '';
    return type >= 0 ? ` (type ${this.#use(this.#names?.types, type)})` : ` (result ${this.valType(type)})`;
  }

  #memory(index: number): string {
    return index === 0 ? '' : ` ${this.#use(this.#names?.memories, index)}`;
  }

  #immediates(code: Code, i: number): string {
    const id = code.op[i]!;
    const kind = immediateKind[id]!;
    const a = code.a[i]!;
    const b = code.b[i]!;
    const names = this.#names;
    const first = a >>> 0;
    const second = b >>> 0;
    switch (kind) {
      case Imm.none:
      case Imm.zero:
        return '';
      case Imm.label:
        return ` ${this.#label(first)}`;
      case Imm.func:
        return ` ${this.#use(names?.functions, first)}`;
      case Imm.local:
        return ` ${this.#use(this.#locals, first)}`;
      case Imm.global:
        return ` ${this.#use(names?.globals, first)}`;
      case Imm.table:
        return ` ${this.#use(names?.tables, first)}`;
      case Imm.memory:
        return this.#memory(first);
      case Imm.tag:
        return ` ${this.#use(names?.tags, first)}`;
      case Imm.type:
        return ` ${this.#use(names?.types, first)}`;
      case Imm.data:
        return ` ${this.#use(names?.data, first)}`;
      case Imm.elem:
        return ` ${this.#use(names?.elements, first)}`;
      case Imm.typeTable:
        return `${second === 0 ? '' : ` ${this.#use(names?.tables, second)}`} (type ${this.#use(names?.types, first)})`;
      case Imm.typeType:
        return ` ${this.#use(names?.types, first)} ${this.#use(names?.types, second)}`;
      case Imm.typeField:
        return ` ${this.#use(names?.types, first)} ${this.#use(names?.fields.get(first), second)}`;
      case Imm.typeCount:
        return ` ${this.#use(names?.types, first)} ${second}`;
      case Imm.typeData:
        return ` ${this.#use(names?.types, first)} ${this.#use(names?.data, second)}`;
      case Imm.typeElem:
        return ` ${this.#use(names?.types, first)} ${this.#use(names?.elements, second)}`;
      case Imm.typeTag:
        return ` ${this.#use(names?.types, first)} ${this.#use(names?.tags, second)}`;
      case Imm.dataMemory:
        return `${this.#memory(second)} ${this.#use(names?.data, first)}`;
      case Imm.memoryMemory:
        return first === 0 && second === 0
          ? ''
          : ` ${this.#use(names?.memories, first)} ${this.#use(names?.memories, second)}`;
      case Imm.elemTable:
        return ` ${this.#use(names?.tables, second)} ${this.#use(names?.elements, first)}`;
      case Imm.tableTable:
        return ` ${this.#use(names?.tables, first)} ${this.#use(names?.tables, second)}`;
      case Imm.block:
        return this.#blockType(a);
      case Imm.heap:
        return id === Op.RefNull
          ? ` ${this.heapType(a)}`
          : ` (ref ${id === Op.RefTestNull || id === Op.RefCastNull ? 'null ' : ''}${this.heapType(a)})`;
      case Imm.lane:
        return ` ${a}`;
      case Imm.i32:
        return ` ${a}`;
      case Imm.i64:
        return ` ${long(a, b)}`;
      case Imm.f32:
        return ` ${float32(a)}`;
      case Imm.f64:
        return ` ${float64(a, b)}`;
      case Imm.memarg:
      case Imm.memargLane: {
        const offset =
          (b & WIDE_OFFSET) === 0 ? BigInt(first) : BigInt.asUintN(64, long(code.pool[a]!, code.pool[a + 1]!));
        const align = b & 0x3f;
        return (
          this.#memory((b >> 8) & 0xff) +
          (offset === 0n ? '' : ` offset=${offset}`) +
          (align === naturalAlignment[id] ? '' : ` align=${2 ** align}`) +
          (kind === Imm.memargLane ? ` ${(b >> 16) & 0xff}` : '')
        );
      }
      default:
        return this.#pooled(id, kind, code.pool.subarray(a, a + b));
    }
  }

  #pooled(id: number, kind: number, words: Int32Array): string {
    let text = '';
    switch (kind) {
      case Imm.brTable:
        for (const label of words) text += ` ${this.#label(label)}`;
        return text;
      case Imm.types:
        for (const type of words) text += ` (result ${this.valType(type)})`;
        return text;
      case Imm.v128:
        if (id === Op.V128Const) {
          for (const word of words) text += ` 0x${(word >>> 0).toString(16).padStart(8, '0')}`;
          return ` i32x4${text}`;
        }
        for (const word of words) text += ` ${word & 0xff} ${(word >> 8) & 0xff} ${(word >> 16) & 0xff} ${word >>> 24}`;
        return text;
      case Imm.cast:
        return ` ${this.#label(words[0]!)} ${this.valType(words[1]!)} ${this.valType(words[2]!)}`;
      case Imm.tryTable:
        text = this.#blockType(words[0]!);
        for (let k = 1; k < words.length; k += 3) {
          const tag = words[k]! < 2 ? ` ${this.#use(this.#names?.tags, words[k + 1]!)}` : '';
          text += ` (${catchNames[words[k]!]}${tag} ${this.#label(words[k + 2]!)})`;
        }
        return text;
      case Imm.resume:
      case Imm.resumeThrow: {
        text = ` ${this.#use(this.#names?.types, words[0]!)}`;
        if (kind === Imm.resumeThrow) text += ` ${this.#use(this.#names?.tags, words[1]!)}`;
        for (let k = kind === Imm.resume ? 1 : 2; k < words.length; k += 3) {
          const target = words[k] === 0 ? this.#label(words[k + 2]!) : 'switch';
          text += ` (on ${this.#use(this.#names?.tags, words[k + 1]!)} ${target})`;
        }
        return text;
      }
      default:
        throw new InternalError('GW9001', `immediate kind ${kind} has no text`);
    }
  }
}

/** A name as an identifier; in quotes where it has characters that identifiers do not. */
function identifier(name: string): string {
  return /^[\w!#$%&'*+\-./:<=>?@\\^`|~]+$/.test(name) ? `$${name}` : `$${quoted(name)}`;
}

/** A string with what is not plain escaped. */
function quoted(text: string): string {
  // biome-ignore lint/suspicious/noControlCharactersInRegex: these are the ones to escape.
  return `"${text.replace(/[\x00-\x1f"\\\x7f]/g, (c) => `\\${c.charCodeAt(0).toString(16).padStart(2, '0')}`)}"`;
}

function long(low: number, high: number): bigint {
  return (BigInt(high) << 32n) | BigInt(low >>> 0);
}

const scratch = new DataView(new ArrayBuffer(8));

function float32(bits: number): string {
  scratch.setInt32(0, bits);
  return float(scratch.getFloat32(0), bits < 0, (bits & 0x7f_ffff).toString(16), '400000');
}

function float64(low: number, high: number): string {
  scratch.setInt32(0, high);
  scratch.setInt32(4, low);
  const payload = BigInt.asUintN(52, long(low, high)).toString(16);
  return float(scratch.getFloat64(0), high < 0, payload, '8000000000000');
}

function float(value: number, negative: boolean, payload: string, canonical: string): string {
  const sign = negative ? '-' : '';
  if (Number.isNaN(value)) return `${sign}nan${payload === canonical ? '' : `:0x${payload}`}`;
  return `${sign}${Math.abs(value) === Number.POSITIVE_INFINITY ? 'inf' : Math.abs(value)}`;
}
