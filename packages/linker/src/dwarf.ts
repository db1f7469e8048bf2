/**
 * DWARF for what comes out: functions, lines and inlined calls, in custom sections at the end of the module. Engines such as
 * wasmtime and native debuggers read it; it comes from where source maps come from ({@link Mapped}).
 *
 *   .debug_info    one unit: a subprogram for each Go function that is inlined somewhere, then one for each function of the
 *                  module, with the calls that are inlined into it as a tree
 *   .debug_line    one sequence for each function
 *   .debug_ranges  where the unit's functions are, and the code of inlined calls that is not in one piece
 *   .debug_abbrev, .debug_str
 *
 * Version 4, which all readers know. Addresses are offsets in the content of the code section (DWARF for WebAssembly,
 * https://yurydelendik.github.io/webassembly-dwarf/). There are no types and no variables: Go's linker writes none for wasm.
 */
import type { Inlining, Lines } from '@go-wasm/lift';
import { ByteWriter, Reader, Section } from '@go-wasm/wasm';
import { type Mapped, type MappedFunction, upperBound } from './places.ts';

/** The names are those of DWARF 4, without DW_ and in small letters. */
const TAG = { compile_unit: 0x11, inlined_subroutine: 0x1d, subprogram: 0x2e } as const;
const AT = {
  name: 0x03,
  stmt_list: 0x10,
  low_pc: 0x11,
  high_pc: 0x12,
  language: 0x13,
  inline: 0x20,
  producer: 0x25,
  abstract_origin: 0x31,
  decl_file: 0x3a,
  decl_line: 0x3b,
  ranges: 0x55,
  call_file: 0x58,
  call_line: 0x59,
} as const;
const FORM = { addr: 0x01, data4: 0x06, data1: 0x0b, strp: 0x0e, udata: 0x0f, ref4: 0x13, sec_offset: 0x17 } as const;
/** Debuggers know no names, and break nowhere, in a language that they do not know: for lldb Go is one. */
const LANG_C99 = 0x0c;
const INL_INLINED = 1;

/** What an entry of `.debug_info` is: its tag, attributes and forms. It has one number without children, and the next one with. */
type Kind = readonly [tag: keyof typeof TAG, ...(readonly [keyof typeof AT, keyof typeof FORM])[]];
const UNIT: Kind = [
  'compile_unit',
  ['producer', 'strp'],
  ['language', 'data1'],
  ['name', 'strp'],
  ['stmt_list', 'sec_offset'],
  ['low_pc', 'addr'],
  ['ranges', 'sec_offset'],
];
const DECLARED = [
  ['name', 'strp'],
  ['decl_file', 'udata'],
  ['decl_line', 'udata'],
] as const;
const CALLED = [
  ['abstract_origin', 'ref4'],
  ['call_file', 'udata'],
  ['call_line', 'udata'],
] as const;
const IN_ONE_PIECE = [
  ['low_pc', 'addr'],
  ['high_pc', 'data4'],
] as const;
/** A function that is inlined somewhere; a function; a call that is inlined, in one piece or in several. */
const ORIGIN: Kind = ['subprogram', ...DECLARED, ['inline', 'data1']];
const FUNCTION: Kind = ['subprogram', ...DECLARED, ...IN_ONE_PIECE];
const INLINED: Kind = ['inlined_subroutine', ...CALLED, ...IN_ONE_PIECE];
const SCATTERED: Kind = ['inlined_subroutine', ...CALLED, ['ranges', 'sec_offset']];
const KINDS = [UNIT, ORIGIN, FUNCTION, INLINED, SCATTERED] as const;

/** `.debug_line`: what a special opcode can say (DWARF 4, 6.2.5.1). */
const LINE_BASE = -5;
const LINE_RANGE = 14;
const OPCODE_BASE = 13;
const LNS = { copy: 1, advance_pc: 2, advance_line: 3, set_file: 4 } as const;
const LNE = { end_sequence: 1, set_address: 2 } as const;
/** How many operands the opcodes below `OPCODE_BASE` take. */
const OPERANDS = [0, 1, 1, 1, 1, 0, 0, 0, 1, 0, 0, 1];

const utf8 = new TextEncoder();

/** The module with its DWARF: nothing of it moves. */
export function withDwarf(mapped: Mapped): Uint8Array {
  const { output } = mapped;
  const sections = new DwarfWriter(mapped).write();
  const writer = new ByteWriter(output.length + sections.reduce((sum, { bytes }) => sum + bytes.length + 32, 0));
  writer.raw(output);
  for (const { name, bytes } of sections) {
    writer.u8(Section.Custom);
    const size = writer.beginSized();
    writer.name(name);
    writer.raw(bytes);
    writer.endSized(size);
  }
  return writer.take();
}

/** Where the content of the code section begins. */
function codeStart(bytes: Uint8Array): number {
  const reader = new Reader(bytes, 8);
  while (reader.pos < bytes.length) {
    const id = reader.u8();
    const size = reader.u32();
    if (id === Section.Code) break;
    reader.pos += size;
  }
  return reader.pos;
}

class DwarfWriter {
  readonly #mapped: Mapped;
  readonly #code: number;
  readonly #info = new ByteWriter(1 << 16);
  /** The line program, without its header. */
  readonly #line = new ByteWriter(1 << 16);
  readonly #ranges = new ByteWriter();
  readonly #text = new ByteWriter(1 << 16);
  readonly #textAt = new Map<string, number>();
  /** Where the entry of an inlined function is, by its name. */
  readonly #origins = new Map<string, number>();

  constructor(mapped: Mapped) {
    this.#mapped = mapped;
    this.#code = codeStart(mapped.output);
  }

  write(): { name: string; bytes: Uint8Array }[] {
    const info = this.#info;
    info.word(0); // the size, when it is known
    u16(info, 4);
    info.word(0); // in .debug_abbrev
    info.u8(4); // bytes of an address
    this.#entry(UNIT, true);
    this.#string('go-wasm');
    info.u8(LANG_C99);
    this.#string('Go');
    info.word(0); // in .debug_line
    info.word(0); // what ranges count from
    const extent = info.length;
    info.word(0); // in .debug_ranges
    const functions: number[] = [];
    for (const described of this.#mapped.functions()) {
      if (described.lines.end.length === 0) continue;
      functions.push(described.start, described.end);
      this.#sequence(described);
      this.#function(described);
    }
    info.u8(0); // the last of the unit's children
    const bytes = info.take();
    const view = new DataView(bytes.buffer);
    view.setUint32(0, bytes.length - 4, true);
    view.setUint32(extent, this.#range(functions, 0), true);
    return [
      { name: '.debug_info', bytes },
      { name: '.debug_abbrev', bytes: abbreviations() },
      { name: '.debug_line', bytes: this.#lines() },
      { name: '.debug_ranges', bytes: this.#ranges.take() },
      { name: '.debug_str', bytes: this.#text.take() },
    ];
  }

  /** Pairs of offsets, which count from `start`, in `.debug_ranges`. @returns where there. */
  #range(pairs: readonly number[], start: number): number {
    const at = this.#ranges.length;
    for (const offset of pairs) this.#ranges.word(start + offset - this.#code);
    this.#ranges.word(0);
    this.#ranges.word(0);
    return at;
  }

  #entry(kind: Kind, children: boolean): void {
    this.#info.u32(numberOf(kind, children));
  }

  #string(text: string): void {
    let at = this.#textAt.get(text);
    if (at === undefined) {
      at = this.#text.length;
      this.#textAt.set(text, at);
      this.#text.raw(utf8.encode(text));
      this.#text.u8(0);
    }
    this.#info.word(at);
  }

  /** A file, by the number that it has in `.debug_line` (0 for none), and a line. */
  #place({ file, line }: Lines, at: number): void {
    this.#info.u32(at < file.length ? file[at]! + 1 : 0);
    this.#info.u32(Math.max(line[at] ?? 0, 0));
  }

  #function({ f, start, end, lines, offset, pc }: MappedFunction): void {
    const { program, table } = this.#mapped;
    const info = this.#info;
    const inlining = table.inlining(f);
    const calls = inlining && pieces(inlining, offset, pc, end - start);
    if (inlining && calls) for (const call of calls.ranges.keys()) this.#origin(inlining, call, lines);
    const outer = calls?.children.get(-1) ?? [];
    this.#entry(FUNCTION, outer.length > 0);
    this.#string(program.names[f]!);
    info.u32(lines.file[0]! + 1);
    info.u32(Math.max(table.start(f), 0));
    info.word(start - this.#code);
    info.word(end - start);
    if (!inlining || !calls || outer.length === 0) return;
    // −1: the end of a list of children.
    const todo = [-1, ...outer.toReversed()];
    while (todo.length > 0) {
      const call = todo.pop()!;
      if (call < 0) {
        info.u8(0);
        continue;
      }
      const inner = calls.children.get(call) ?? [];
      const ranges = calls.ranges.get(call)!;
      const { name, parent } = inlining.calls.get(call)!;
      this.#entry(ranges.length === 2 ? INLINED : SCATTERED, inner.length > 0);
      info.word(this.#origins.get(name)!);
      this.#place(lines, upperBound(lines.end, parent));
      if (ranges.length === 2) {
        info.word(start - this.#code + ranges[0]!);
        info.word(ranges[1]! - ranges[0]!);
      } else {
        info.word(this.#range(ranges, start));
      }
      if (inner.length > 0) todo.push(-1, ...inner.toReversed());
    }
  }

  /** The entry of the function that a call is of, which is what its other calls refer to as well. */
  #origin({ calls, call, end }: Inlining, of: number, lines: Lines): void {
    const { name, line } = calls.get(of)!;
    if (this.#origins.has(name)) return;
    const info = this.#info;
    this.#origins.set(name, info.length);
    this.#entry(ORIGIN, false);
    this.#string(name);
    const at = upperBound(lines.end, end[call.indexOf(of) - 1] ?? 0);
    info.u32(at < lines.file.length ? lines.file[at]! + 1 : 0);
    info.u32(Math.max(line, 0));
    info.u8(INL_INLINED);
  }

  /** The lines of a function. */
  #sequence({ start, end, lines, offset, pc }: MappedFunction): void {
    const writer = this.#line;
    writer.u8(0);
    writer.u32(5);
    writer.u8(LNE.set_address);
    writer.word(start - this.#code);
    let [address, file, line] = [0, 0, 1];
    const row = (to: number, at: number): void => {
      if (lines.file[at]! !== file) {
        file = lines.file[at]!;
        writer.u8(LNS.set_file);
        writer.u32(file + 1);
      }
      let more = lines.line[at]! - line;
      line += more;
      if (more < LINE_BASE || more >= LINE_BASE + LINE_RANGE) {
        writer.u8(LNS.advance_line);
        writer.s32(more);
        more = 0;
      }
      let special = more - LINE_BASE + LINE_RANGE * (to - address) + OPCODE_BASE;
      if (special > 255) {
        writer.u8(LNS.advance_pc);
        writer.u32(to - address);
        special = more - LINE_BASE + OPCODE_BASE;
      }
      address = to;
      writer.u8(special);
    };
    row(0, 0);
    for (let k = 0; k < offset.length; k++) {
      const at = upperBound(lines.end, pc[k]!);
      if (at === lines.end.length || offset[k] === offset[k + 1]) continue;
      if (lines.file[at] !== file || lines.line[at] !== line) row(offset[k]!, at);
    }
    writer.u8(LNS.advance_pc);
    writer.u32(end - start - address);
    writer.u8(0);
    writer.u32(1);
    writer.u8(LNE.end_sequence);
  }

  /** `.debug_line`: the files are known now. */
  #lines(): Uint8Array {
    const header = new ByteWriter();
    for (const byte of [1, 1, 1, LINE_BASE, LINE_RANGE, OPCODE_BASE, ...OPERANDS]) header.u8(byte);
    const { files } = this.#mapped.table;
    const folders = new Map<string, number>([['', 0]]);
    const parts = files.map((file) => {
      const at = file.lastIndexOf('/');
      const folder = at <= 0 ? '' : file.slice(0, at);
      if (!folders.has(folder)) folders.set(folder, folders.size);
      return { name: at <= 0 ? file : file.slice(at + 1), folder: folders.get(folder)! };
    });
    for (const folder of [...folders.keys()].slice(1)) zeroTerminated(header, folder);
    header.u8(0);
    for (const { name, folder } of parts) {
      zeroTerminated(header, name);
      header.u32(folder);
      header.u32(0); // no time
      header.u32(0); // no size
    }
    header.u8(0);
    const writer = new ByteWriter(header.length + this.#line.length + 10);
    writer.word(6 + header.length + this.#line.length);
    u16(writer, 4);
    writer.word(header.length);
    writer.raw(header.take());
    writer.raw(this.#line.take());
    return writer.take();
  }
}

/** How deep calls are inlined into each other at most: Go's budget for inlining ends below it, and no broken table goes in circles. */
const DEPTH = 256;

/** Where the code of inlined calls is now. */
interface Pieces {
  /** Of each call that code is left of: pairs of offsets in the body, from and to, rising and apart. */
  ranges: Map<number, number[]>;
  /** The calls in a call, or in none (−1). */
  children: Map<number, number[]>;
}

function pieces(
  { end, call, calls }: Inlining,
  offset: readonly number[],
  pc: readonly number[],
  size: number,
): Pieces {
  const ranges = new Map<number, number[]>();
  const children = new Map<number, number[]>();
  const callAt = (at: number): number => call[upperBound(end, at)] ?? -1;
  for (let k = 0; k < offset.length; k++) {
    const from = offset[k]!;
    const to = offset[k + 1] ?? size;
    if (from === to) continue;
    for (let inner = callAt(pc[k]!), depth = 0; inner >= 0 && depth < DEPTH; depth++) {
      const outer = callAt(calls.get(inner)!.parent);
      const list = ranges.get(inner);
      if (list === undefined) {
        ranges.set(inner, [from, to]);
        const siblings = children.get(outer);
        if (siblings) siblings.push(inner);
        else children.set(outer, [inner]);
      } else if (list.at(-1) === from) list[list.length - 1] = to;
      else if (list.at(-1)! < from) list.push(from, to);
      inner = outer;
    }
  }
  return { ranges, children };
}

function numberOf(kind: Kind, children: boolean): number {
  return 2 * KINDS.indexOf(kind) + (children ? 2 : 1);
}

/** `.debug_abbrev`. */
function abbreviations(): Uint8Array {
  const writer = new ByteWriter();
  for (const kind of KINDS) {
    const [tag, ...attributes] = kind;
    for (const children of [false, true]) {
      writer.u32(numberOf(kind, children));
      writer.u32(TAG[tag]);
      writer.u8(children ? 1 : 0);
      for (const [attribute, form] of attributes) {
        writer.u32(AT[attribute]);
        writer.u32(FORM[form]);
      }
      writer.u8(0);
      writer.u8(0);
    }
  }
  writer.u8(0);
  return writer.take();
}

function u16(writer: ByteWriter, value: number): void {
  writer.u8(value);
  writer.u8(value >> 8);
}

function zeroTerminated(writer: ByteWriter, text: string): void {
  writer.raw(utf8.encode(text));
  writer.u8(0);
}
