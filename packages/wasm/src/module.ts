/**
 * Modules: bytes ⇄ {@link Module}. Sections are decoded to plain arrays, to be read and changed freely; function bodies
 * stay where they are until they are asked for.
 *
 * Decoding checks the form (sizes, order, known codes, UTF-8), it does not validate: indices may point nowhere.
 * What it allocates is a small multiple of the input, whatever counts the input claims.
 *
 * Source: WebAssembly 3.0 specification, chapter Binary Format; stack-switching for continuation types;
 * custom-page-sizes for `pageSizeLog2`.
 */
import { decodeBody, decodeExpression, type Locals } from './body.ts';
import { Code } from './code.ts';
import { UnsupportedError } from './errors.ts';
import { Op, ValType } from './opcodes.ts';
import { malformed, Reader } from './reader.ts';
import { ByteWriter } from './writer.ts';

/** Ids of the sections. */
export const Section = {
  Custom: 0,
  Type: 1,
  Import: 2,
  Function: 3,
  Table: 4,
  Memory: 5,
  Global: 6,
  Export: 7,
  Start: 8,
  Element: 9,
  Code: 10,
  Data: 11,
  DataCount: 12,
  Tag: 13,
} as const;

/** The sections in the order of the format. */
const sectionOrder: readonly number[] = [
  Section.Type,
  Section.Import,
  Section.Function,
  Section.Table,
  Section.Memory,
  Section.Tag,
  Section.Global,
  Section.Export,
  Section.Start,
  Section.Element,
  Section.DataCount,
  Section.Code,
  Section.Data,
];

/** What can be imported and exported; the place in this list is the code in the format. */
const externalKinds = ['func', 'table', 'memory', 'global', 'tag'] as const;
export type ExternalKind = (typeof externalKinds)[number];

export interface FieldType {
  /** A value type, or `ValType.I8`, `ValType.I16`. */
  type: number;
  mutable: boolean;
}

export interface FuncType {
  kind: 'func';
  params: number[];
  results: number[];
}
export interface StructType {
  kind: 'struct';
  fields: FieldType[];
}
export interface ArrayType {
  kind: 'array';
  element: FieldType;
}
export interface ContType {
  kind: 'cont';
  /** Type index of the continuation's function type. */
  type: number;
}

export interface Subtyping {
  /** Set where the type says more than “final, no supertype”. */
  sub?: { final: boolean; supers: number[] };
  /** Set at the first type of a recursion group of more than one: how many types it has. */
  recGroup?: number;
}

export type TypeDefinition = (FuncType | StructType | ArrayType | ContType) & Subtyping;

export interface Limits {
  min: number;
  max?: number;
  /** Addresses are i64 (memory64, table64). */
  is64?: boolean;
  shared?: boolean;
  /** Memories only: the page size as an exponent of two, if it is not 16 (64 KiB). */
  pageSizeLog2?: number;
}

export interface TableType {
  /** A reference type. */
  element: number;
  limits: Limits;
}
export interface MemoryType {
  limits: Limits;
}
export interface GlobalType {
  type: number;
  mutable: boolean;
}
export interface TagType {
  /** Type index of a function type. */
  type: number;
}

export type Import = { module: string; name: string } & (
  | { kind: 'func'; type: number }
  | ({ kind: 'table' } & TableType)
  | ({ kind: 'memory' } & MemoryType)
  | ({ kind: 'global' } & GlobalType)
  | ({ kind: 'tag' } & TagType)
);

/** A constant expression as its bytes, with the final `end`: see {@link constantI32}, {@link decodeExpression}. */
export type ConstantExpression = Uint8Array;

export interface Table extends TableType {
  init?: ConstantExpression;
}
export interface Global extends GlobalType {
  init: ConstantExpression;
}
export interface Export {
  name: string;
  kind: ExternalKind;
  index: number;
}

/** Where a segment goes: copied at instantiation, kept for `*.init` instructions, or (elements) only declared. */
export type SegmentMode =
  | { mode: 'active' /** Table or memory index. */; index: number; offset: ConstantExpression }
  | { mode: 'passive' }
  | { mode: 'declarative' };

export type ElementSegment = SegmentMode &
  ({ functions: number[] } | { /** A reference type. */ type: number; expressions: ConstantExpression[] });

export type DataSegment = SegmentMode & { bytes: Uint8Array };

/** A custom section; `after` is the id of the last other section in front of it, 0 if there is none. */
export interface CustomSection {
  name: string;
  payload: Uint8Array;
  after: number;
}

/** Bytes `[start, end)` of {@link Module.bytes}. */
export interface ByteRange {
  start: number;
  end: number;
}

/** A function body without its size: where it is in the input, or the bytes that replace it. */
export type Body = ByteRange | Uint8Array;

export interface Module {
  /** The input, which the bodies that are {@link ByteRange}s lie in. */
  bytes: Uint8Array;
  types: TypeDefinition[];
  imports: Import[];
  /** Type index of each defined function: function index `i + importCount(module, 'func')`. */
  functions: number[];
  tables: Table[];
  memories: MemoryType[];
  tags: TagType[];
  globals: Global[];
  exports: Export[];
  start?: number;
  elements: ElementSegment[];
  /** Whether there is a data count section; its value is always `data.length`. */
  dataCount: boolean;
  /** One for each of `functions`. */
  bodies: Body[];
  data: DataSegment[];
  customs: CustomSection[];
}

/** A module without anything. */
export function emptyModule(): Module {
  return {
    bytes: new Uint8Array(),
    types: [],
    imports: [],
    functions: [],
    tables: [],
    memories: [],
    tags: [],
    globals: [],
    exports: [],
    elements: [],
    dataCount: false,
    bodies: [],
    data: [],
    customs: [],
  };
}

/** How many functions, tables … are imported: the index of the first one defined here. */
export function importCount(module: Module, kind: ExternalKind): number {
  let n = 0;
  for (const entry of module.imports) if (entry.kind === kind) n++;
  return n;
}

/** The value of a constant expression that is a lone `i32.const`. */
export function constantI32(expression: ConstantExpression): number | undefined {
  if (expression[0] !== Op.I32Const) return undefined;
  const reader = new Reader(expression, 1);
  const value = reader.s32();
  return reader.pos === expression.length - 1 ? value : undefined;
}

/** The constant expression `i32.const value`. */
export function i32Constant(value: number): ConstantExpression {
  const writer = new ByteWriter(8);
  writer.u8(Op.I32Const);
  writer.s32(value);
  writer.u8(Op.End);
  return writer.take();
}

/** Decodes the body of defined function `i` into `code`, which is cleared first. */
export function decodeFunction(module: Module, i: number, code: Code): Locals {
  const body = module.bodies[i]!;
  return body instanceof Uint8Array
    ? decodeBody(body, 0, body.length, code)
    : decodeBody(module.bytes, body.start, body.end, code);
}

/** The bytes of a body, not copied. */
export function bodyBytes(module: Module, body: Body): Uint8Array {
  return body instanceof Uint8Array ? body : module.bytes.subarray(body.start, body.end);
}

/**
 * Decodes a module. It refers to `bytes`, which must not change while it is in use.
 *
 * @throws MalformedError with the byte offset, UnsupportedError for components, LimitError for sizes beyond 2^53.
 */
export function decodeModule(bytes: Uint8Array): Module {
  const reader = new Reader(bytes);
  if (bytes.length < 8) throw reader.truncated();
  if (bytes[0] !== 0x00 || bytes[1] !== 0x61 || bytes[2] !== 0x73 || bytes[3] !== 0x6d) {
    throw malformed('GW1020', 'not a WebAssembly file: the magic number is missing', 0);
  }
  if (bytes[6] === 0x01 && bytes[7] === 0x00) {
    throw new UnsupportedError('GW2001', 'this is a WebAssembly component, not a module', { where: { offset: 4 } });
  }
  if (bytes[4] !== 0x01 || bytes[5] !== 0x00 || bytes[6] !== 0x00 || bytes[7] !== 0x00) {
    throw malformed('GW1021', 'unknown version of the binary format', 4);
  }
  reader.pos = 8;

  const module = emptyModule();
  module.bytes = bytes;
  const decoder = new SectionDecoder(module, reader);
  let last = 0;
  while (reader.pos < bytes.length) {
    const at = reader.pos;
    const id = reader.u8();
    const size = reader.u32();
    if (size > bytes.length - reader.pos) throw reader.truncated();
    reader.end = reader.pos + size;
    if (id === Section.Custom) {
      const name = reader.name();
      module.customs.push({ name, payload: reader.view(reader.end - reader.pos), after: last });
    } else {
      const place = sectionOrder.indexOf(id);
      if (place < 0) throw malformed('GW1022', `unknown section ${id}`, at);
      if (last !== 0 && place <= sectionOrder.indexOf(last)) {
        throw malformed('GW1023', `section ${id} is out of order or there twice`, at);
      }
      last = id;
      decoder.section(id);
    }
    if (reader.pos !== reader.end) throw malformed('GW1024', `section ${id} is longer than its content`, reader.pos);
    reader.end = bytes.length;
  }
  if (module.bodies.length !== module.functions.length) {
    throw malformed(
      'GW1025',
      `${module.functions.length} functions are declared, ${module.bodies.length} have a body`,
      bytes.length,
    );
  }
  if (module.dataCount && decoder.dataCount !== module.data.length) {
    throw malformed(
      'GW1026',
      `the data count is ${decoder.dataCount}, the number of data segments ${module.data.length}`,
      bytes.length,
    );
  }
  return module;
}

/** Decodes the content of one section after the other into a module. */
class SectionDecoder {
  dataCount = 0;
  readonly #module: Module;
  readonly #reader: Reader;
  /** Constant expressions are decoded to find their end. */
  readonly #scratch = new Code(16);

  constructor(module: Module, reader: Reader) {
    this.#module = module;
    this.#reader = reader;
  }

  section(id: number): void {
    const module = this.#module;
    const reader = this.#reader;
    switch (id) {
      case Section.Type:
        for (let n = reader.count(2); n > 0; n--) this.#recGroup(module.types);
        break;
      case Section.Import:
        for (let n = reader.count(4); n > 0; n--) module.imports.push(this.#import());
        break;
      case Section.Function:
        for (let n = reader.count(); n > 0; n--) module.functions.push(reader.u32());
        break;
      case Section.Table:
        for (let n = reader.count(3); n > 0; n--) module.tables.push(this.#table());
        break;
      case Section.Memory:
        for (let n = reader.count(2); n > 0; n--) module.memories.push(this.#memoryType());
        break;
      case Section.Tag:
        for (let n = reader.count(2); n > 0; n--) module.tags.push(this.#tagType());
        break;
      case Section.Global:
        for (let n = reader.count(3); n > 0; n--) {
          module.globals.push({ ...this.#globalType(), init: this.#expression() });
        }
        break;
      case Section.Export:
        for (let n = reader.count(3); n > 0; n--) {
          module.exports.push({ name: reader.name(), kind: this.#externalKind(), index: reader.u32() });
        }
        break;
      case Section.Start:
        module.start = reader.u32();
        break;
      case Section.Element:
        for (let n = reader.count(2); n > 0; n--) module.elements.push(this.#element());
        break;
      case Section.DataCount:
        module.dataCount = true;
        this.dataCount = reader.u32();
        break;
      case Section.Code:
        for (let n = reader.count(3); n > 0; n--) {
          const size = reader.u32();
          const start = reader.pos;
          if (size > reader.end - start) throw reader.truncated();
          reader.pos = start + size;
          module.bodies.push({ start, end: reader.pos });
        }
        break;
      case Section.Data:
        for (let n = reader.count(2); n > 0; n--) module.data.push(this.#data());
        break;
    }
  }

  #recGroup(types: TypeDefinition[]): void {
    const reader = this.#reader;
    if (reader.bytes[reader.pos] !== 0x4e) {
      types.push(this.#subtype());
      return;
    }
    reader.u8();
    const size = reader.count(2);
    for (let i = 0; i < size; i++) {
      const type = this.#subtype();
      if (i === 0 && size > 1) type.recGroup = size;
      types.push(type);
    }
  }

  #subtype(): TypeDefinition {
    const reader = this.#reader;
    const form = reader.bytes[reader.pos];
    if (form !== 0x50 && form !== 0x4f) return this.#compositeType();
    reader.u8();
    const supers: number[] = [];
    for (let n = reader.count(); n > 0; n--) supers.push(reader.u32());
    const type = this.#compositeType();
    if (form === 0x50 || supers.length > 0) type.sub = { final: form === 0x4f, supers };
    return type;
  }

  #compositeType(): TypeDefinition {
    const reader = this.#reader;
    const at = reader.pos;
    const form = reader.u8();
    switch (form) {
      case 0x60:
        return { kind: 'func', params: this.#valTypes(), results: this.#valTypes() };
      case 0x5f: {
        const fields: FieldType[] = [];
        for (let n = reader.count(2); n > 0; n--) fields.push(this.#field());
        return { kind: 'struct', fields };
      }
      case 0x5e:
        return { kind: 'array', element: this.#field() };
      case 0x5d:
        return { kind: 'cont', type: reader.heapType() };
      default:
        throw malformed('GW1003', `unknown form of type 0x${form.toString(16)}`, at);
    }
  }

  #valTypes(): number[] {
    const types: number[] = [];
    for (let n = this.#reader.count(); n > 0; n--) types.push(this.#reader.valType());
    return types;
  }

  #field(): FieldType {
    return { type: this.#reader.storageType(), mutable: this.#mutability() };
  }

  #mutability(): boolean {
    const at = this.#reader.pos;
    const flag = this.#reader.u8();
    if (flag > 1) throw malformed('GW1027', `unknown mutability ${flag}`, at);
    return flag === 1;
  }

  #externalKind(): ExternalKind {
    const at = this.#reader.pos;
    const code = this.#reader.u8();
    const kind = externalKinds[code];
    if (kind === undefined) throw malformed('GW1028', `unknown kind of import or export ${code}`, at);
    return kind;
  }

  #import(): Import {
    const reader = this.#reader;
    const place = { module: reader.name(), name: reader.name() };
    const kind = this.#externalKind();
    switch (kind) {
      case 'func':
        return { ...place, kind, type: reader.u32() };
      case 'table':
        return { ...place, kind, ...this.#tableType() };
      case 'memory':
        return { ...place, kind, ...this.#memoryType() };
      case 'global':
        return { ...place, kind, ...this.#globalType() };
      case 'tag':
        return { ...place, kind, ...this.#tagType() };
    }
  }

  #limits(knownFlags: number): Limits {
    const reader = this.#reader;
    const at = reader.pos;
    const flags = reader.u8();
    if ((flags & ~knownFlags) !== 0) throw malformed('GW1029', `unknown flags of limits 0x${flags.toString(16)}`, at);
    const limits: Limits = { min: reader.size() };
    if (flags & 1) limits.max = reader.size();
    if (flags & 2) limits.shared = true;
    if (flags & 4) limits.is64 = true;
    if (flags & 8) limits.pageSizeLog2 = reader.u32();
    return limits;
  }

  #tableType(): TableType {
    return { element: this.#reader.valType(), limits: this.#limits(0x07) };
  }

  #memoryType(): MemoryType {
    return { limits: this.#limits(0x0f) };
  }

  #globalType(): GlobalType {
    return { type: this.#reader.valType(), mutable: this.#mutability() };
  }

  #tagType(): TagType {
    const at = this.#reader.pos;
    const attribute = this.#reader.u8();
    if (attribute !== 0) throw malformed('GW1030', `unknown attribute of a tag ${attribute}`, at);
    return { type: this.#reader.u32() };
  }

  #table(): Table {
    const reader = this.#reader;
    if (reader.bytes[reader.pos] !== 0x40) return this.#tableType();
    reader.u8();
    const at = reader.pos;
    if (reader.u8() !== 0) throw malformed('GW1011', 'reserved byte is not zero', at);
    return { ...this.#tableType(), init: this.#expression() };
  }

  #expression(): ConstantExpression {
    const reader = this.#reader;
    const start = reader.pos;
    this.#scratch.clear();
    decodeExpression(reader, this.#scratch);
    return reader.bytes.subarray(start, reader.pos);
  }

  #element(): ElementSegment {
    const reader = this.#reader;
    const at = reader.pos;
    const flags = reader.u32();
    if (flags > 7) throw malformed('GW1031', `unknown flags of an element segment ${flags}`, at);
    const mode = this.#segmentMode(flags);
    let type: number = ValType.FuncRef;
    if ((flags & 3) !== 0) {
      if (flags & 4) type = reader.valType();
      else if (reader.u8() !== 0) throw malformed('GW1032', 'unknown kind of elements', reader.pos - 1);
    }
    if ((flags & 4) === 0) {
      const functions: number[] = [];
      for (let n = reader.count(); n > 0; n--) functions.push(reader.u32());
      return { ...mode, functions };
    }
    const expressions: ConstantExpression[] = [];
    for (let n = reader.count(); n > 0; n--) expressions.push(this.#expression());
    return { ...mode, type, expressions };
  }

  #data(): DataSegment {
    const reader = this.#reader;
    const at = reader.pos;
    const flags = reader.u32();
    if (flags > 2) throw malformed('GW1033', `unknown flags of a data segment ${flags}`, at);
    return { ...this.#segmentMode(flags), bytes: reader.byteVector() };
  }

  /** Bit 0: not active; bit 1: an explicit index, or declarative. */
  #segmentMode(flags: number): SegmentMode {
    if (flags & 1) return { mode: flags & 2 ? 'declarative' : 'passive' };
    return { mode: 'active', index: flags & 2 ? this.#reader.u32() : 0, offset: this.#expression() };
  }
}

/**
 * Encodes a module in the shortest form: LEBs without padding, no empty sections. Bodies that were not replaced and
 * constant expressions are copied as they are.
 */
export function encodeModule(module: Module): Uint8Array {
  const writer = new ByteWriter(module.bytes.length + 1024);
  writer.raw(header);
  encodeCustoms(module, Section.Custom, writer);
  for (const id of sectionOrder) {
    const start = writer.length;
    writer.u8(id);
    const sized = writer.beginSized();
    if (encodeSection(module, id, writer)) writer.endSized(sized);
    else writer.length = start;
    encodeCustoms(module, id, writer);
  }
  return writer.take();
}

const header = Uint8Array.of(0x00, 0x61, 0x73, 0x6d, 0x01, 0x00, 0x00, 0x00);

function encodeCustoms(module: Module, after: number, writer: ByteWriter): void {
  for (const custom of module.customs) {
    if (custom.after !== after) continue;
    writer.u8(Section.Custom);
    const sized = writer.beginSized();
    writer.name(custom.name);
    writer.raw(custom.payload);
    writer.endSized(sized);
  }
}

/** Writes the content of a section; false if there is none. */
function encodeSection(module: Module, id: number, writer: ByteWriter): boolean {
  switch (id) {
    case Section.Type:
      return encodeTypes(module.types, writer);
    case Section.Import:
      return encodeVector(module.imports, encodeImport, writer);
    case Section.Function:
      return encodeVector(module.functions, encodeIndex, writer);
    case Section.Table:
      return encodeVector(module.tables, encodeTable, writer);
    case Section.Memory:
      return encodeVector(module.memories, encodeMemoryType, writer);
    case Section.Tag:
      return encodeVector(module.tags, encodeTagType, writer);
    case Section.Global:
      return encodeVector(module.globals, encodeGlobal, writer);
    case Section.Export:
      return encodeVector(module.exports, encodeExport, writer);
    case Section.Start:
      if (module.start === undefined) return false;
      writer.u32(module.start);
      return true;
    case Section.Element:
      return encodeVector(module.elements, encodeElement, writer);
    case Section.DataCount:
      if (!module.dataCount) return false;
      writer.u32(module.data.length);
      return true;
    case Section.Code:
      return encodeVector(module.bodies, (body) => writer.byteVector(bodyBytes(module, body)), writer);
    case Section.Data:
      return encodeVector(module.data, encodeData, writer);
    default:
      return false;
  }
}

function encodeVector<T>(
  items: readonly T[],
  encode: (item: T, writer: ByteWriter) => void,
  writer: ByteWriter,
): boolean {
  if (items.length === 0) return false;
  writer.u32(items.length);
  for (const item of items) encode(item, writer);
  return true;
}

function encodeIndex(index: number, writer: ByteWriter): void {
  writer.u32(index);
}

function encodeTypes(types: readonly TypeDefinition[], writer: ByteWriter): boolean {
  if (types.length === 0) return false;
  let groups = types.length;
  for (const { recGroup } of types) if (recGroup !== undefined) groups -= recGroup - 1;
  writer.u32(groups);
  for (const type of types) {
    if (type.recGroup !== undefined) {
      writer.u8(0x4e);
      writer.u32(type.recGroup);
    }
    if (type.sub !== undefined) {
      writer.u8(type.sub.final ? 0x4f : 0x50);
      writer.u32(type.sub.supers.length);
      for (const index of type.sub.supers) writer.u32(index);
    }
    encodeCompositeType(type, writer);
  }
  return true;
}

function encodeCompositeType(type: TypeDefinition, writer: ByteWriter): void {
  switch (type.kind) {
    case 'func':
      writer.u8(0x60);
      for (const values of [type.params, type.results]) {
        writer.u32(values.length);
        for (const value of values) writer.valType(value);
      }
      break;
    case 'struct':
      writer.u8(0x5f);
      writer.u32(type.fields.length);
      for (const field of type.fields) encodeGlobalType(field, writer);
      break;
    case 'array':
      writer.u8(0x5e);
      encodeGlobalType(type.element, writer);
      break;
    case 'cont':
      writer.u8(0x5d);
      writer.heapType(type.type);
      break;
  }
}

function encodeImport(entry: Import, writer: ByteWriter): void {
  writer.name(entry.module);
  writer.name(entry.name);
  writer.u8(externalKinds.indexOf(entry.kind));
  switch (entry.kind) {
    case 'func':
      writer.u32(entry.type);
      break;
    case 'table':
      encodeTableType(entry, writer);
      break;
    case 'memory':
      encodeMemoryType(entry, writer);
      break;
    case 'global':
      encodeGlobalType(entry, writer);
      break;
    case 'tag':
      encodeTagType(entry, writer);
      break;
  }
}

function encodeLimits({ min, max, shared, is64, pageSizeLog2 }: Limits, writer: ByteWriter): void {
  writer.u8((max === undefined ? 0 : 1) | (shared ? 2 : 0) | (is64 ? 4 : 0) | (pageSizeLog2 === undefined ? 0 : 8));
  writer.size(min);
  if (max !== undefined) writer.size(max);
  if (pageSizeLog2 !== undefined) writer.u32(pageSizeLog2);
}

function encodeTableType(type: TableType, writer: ByteWriter): void {
  writer.valType(type.element);
  encodeLimits(type.limits, writer);
}

function encodeMemoryType(type: MemoryType, writer: ByteWriter): void {
  encodeLimits(type.limits, writer);
}

/** Fields of structs are encoded as globals are. */
function encodeGlobalType(type: GlobalType | FieldType, writer: ByteWriter): void {
  writer.valType(type.type);
  writer.u8(type.mutable ? 1 : 0);
}

function encodeTagType(type: TagType, writer: ByteWriter): void {
  writer.u8(0);
  writer.u32(type.type);
}

function encodeTable(table: Table, writer: ByteWriter): void {
  if (table.init !== undefined) {
    writer.u8(0x40);
    writer.u8(0x00);
  }
  encodeTableType(table, writer);
  if (table.init !== undefined) writer.raw(table.init);
}

function encodeGlobal(global: Global, writer: ByteWriter): void {
  encodeGlobalType(global, writer);
  writer.raw(global.init);
}

function encodeExport(entry: Export, writer: ByteWriter): void {
  writer.name(entry.name);
  writer.u8(externalKinds.indexOf(entry.kind));
  writer.u32(entry.index);
}

function encodeElement(segment: ElementSegment, writer: ByteWriter): void {
  const isExpressions = 'expressions' in segment;
  // The short forms without a type are for functions, and for funcref in the first table.
  const isShort =
    segment.mode === 'active' && segment.index === 0 && (!isExpressions || segment.type === ValType.FuncRef);
  encodeSegmentMode(segment, isShort, isExpressions ? 4 : 0, writer);
  if (isExpressions) {
    if (!isShort) writer.valType(segment.type);
    writer.u32(segment.expressions.length);
    for (const expression of segment.expressions) writer.raw(expression);
  } else {
    if (!isShort) writer.u8(0);
    writer.u32(segment.functions.length);
    for (const index of segment.functions) writer.u32(index);
  }
}

function encodeData(segment: DataSegment, writer: ByteWriter): void {
  encodeSegmentMode(segment, segment.mode === 'active' && segment.index === 0, 0, writer);
  writer.byteVector(segment.bytes);
}

function encodeSegmentMode(segment: SegmentMode, isShort: boolean, flags: number, writer: ByteWriter): void {
  if (segment.mode !== 'active') {
    writer.u8(flags | (segment.mode === 'passive' ? 1 : 3));
    return;
  }
  writer.u8(flags | (isShort ? 0 : 2));
  if (!isShort) writer.u32(segment.index);
  writer.raw(segment.offset);
}
