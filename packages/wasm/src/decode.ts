/**
 * Bytes → {@link Module}. Decoding checks the form (sizes, order, known codes, UTF-8), it does not validate: indices may
 * point nowhere. What it allocates is a small multiple of the input, whatever counts the input claims.
 *
 * Source: WebAssembly 3.0 specification, chapter Binary Format; the overviews of stack-switching (continuation types),
 * custom-page-sizes and compact-import-section.
 */
import { decodeExpression } from './body.ts';
import { Code } from './code.ts';
import { UnsupportedError } from './errors.ts';
import {
  type ByteRange,
  type ConstantExpression,
  type DataSegment,
  type ElementSegment,
  type ExternalKind,
  emptyModule,
  externalKinds,
  type FieldType,
  type GlobalType,
  type Import,
  type ImportType,
  type Limits,
  type Module,
  Section,
  sectionOrder,
  type Table,
  type TableType,
  type TagType,
  type TypeDefinition,
} from './module.ts';
import { Op, ValType } from './opcodes.ts';
import { malformed, Reader } from './reader.ts';

/**
 * Decodes a module. It refers to `input`, which must not change while it is in use.
 *
 * @throws MalformedError with the byte offset, UnsupportedError for components, LimitError for sizes beyond 2^53.
 */
export function decodeModule(input: Uint8Array): Module {
  // A Buffer would make views that are Buffers, and the loops over bytes polymorphic.
  const bytes = new Uint8Array(input.buffer, input.byteOffset, input.byteLength);
  const reader = new Reader(bytes);
  if (bytes.length < 8) throw reader.truncated();
  if (bytes[0] !== 0x00 || bytes[1] !== 0x61 || bytes[2] !== 0x73 || bytes[3] !== 0x6d) {
    throw malformed('GW1020', 'not a WebAssembly file: the magic number is missing', 0);
  }
  if (bytes[6] === 0x01 && bytes[7] === 0x00) {
    throw new UnsupportedError('GW2010', 'this is a WebAssembly component, not a module', { where: { offset: 4 } });
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
        for (let n = reader.count(4); n > 0; n--) this.#imports(module.imports);
        break;
      case Section.Function:
        for (let n = reader.count(); n > 0; n--) module.functions.push(reader.u32());
        break;
      case Section.Table:
        for (let n = reader.count(3); n > 0; n--) module.tables.push(this.#table());
        break;
      case Section.Memory:
        for (let n = reader.count(2); n > 0; n--) module.memories.push(this.#limits(0x0f));
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
        for (let n = reader.count(3); n > 0; n--) module.bodies.push(this.#range());
        break;
      case Section.Data:
        for (let n = reader.count(2); n > 0; n--) module.data.push(this.#data());
        break;
    }
  }

  /** A byte vector's place. */
  #range(): ByteRange {
    const reader = this.#reader;
    const size = reader.u32();
    const start = reader.pos;
    if (size > reader.end - start) throw reader.truncated();
    reader.pos = start + size;
    return { start, end: reader.pos };
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

  /** One import, or in the form of the compact-imports proposal a group with the same module name. */
  #imports(imports: Import[]): void {
    const reader = this.#reader;
    const module = reader.name();
    const name = reader.name();
    const form = name === '' ? reader.bytes[reader.pos] : undefined;
    if (form !== 0x7f && form !== 0x7e) {
      imports.push({ module, name, ...this.#importType() });
      return;
    }
    reader.u8();
    const shared = form === 0x7e ? this.#importType() : undefined;
    for (let n = reader.count(); n > 0; n--) {
      imports.push({ module, name: reader.name(), ...(shared ?? this.#importType()) });
    }
  }

  #importType(): ImportType {
    const kind = this.#externalKind();
    switch (kind) {
      case 'func':
        return { kind, type: this.#reader.u32() };
      case 'table':
        return { kind, ...this.#tableType() };
      case 'memory':
        return { kind, ...this.#limits(0x0f) };
      case 'global':
        return { kind, ...this.#globalType() };
      case 'tag':
        return { kind, ...this.#tagType() };
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
    return { element: this.#reader.valType(), ...this.#limits(0x07) };
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
    // Nearly all are this one, and modules have tens of thousands.
    if (reader.u8() === Op.I32Const) {
      const value = reader.s32();
      if (reader.u8() === Op.End) return value;
    }
    reader.pos = start;
    const code = this.#scratch;
    code.clear();
    decodeExpression(reader, code);
    return reader.bytes.subarray(start, reader.pos);
  }

  #element(): ElementSegment {
    const reader = this.#reader;
    const at = reader.pos;
    const flags = reader.u32();
    if (flags > 7) throw malformed('GW1031', `unknown flags of an element segment ${flags}`, at);
    const place: { table: number; offset?: ConstantExpression; declarative?: true } = { table: 0 };
    if (flags & 1) {
      if (flags & 2) place.declarative = true;
    } else {
      if (flags & 2) place.table = reader.u32();
      place.offset = this.#expression();
    }
    let type: number = ValType.FuncRef;
    if ((flags & 3) !== 0) {
      if (flags & 4) type = reader.valType();
      else if (reader.u8() !== 0) throw malformed('GW1032', 'unknown kind of elements', reader.pos - 1);
    }
    if ((flags & 4) === 0) {
      const functions: number[] = [];
      for (let n = reader.count(); n > 0; n--) functions.push(reader.u32());
      return { ...place, functions };
    }
    const expressions: ConstantExpression[] = [];
    for (let n = reader.count(); n > 0; n--) expressions.push(this.#expression());
    return { ...place, type, expressions };
  }

  #data(): DataSegment {
    const reader = this.#reader;
    const at = reader.pos;
    const flags = reader.u32();
    if (flags > 2) throw malformed('GW1033', `unknown flags of a data segment ${flags}`, at);
    if (flags === 1) return { memory: 0, bytes: this.#range() };
    return { memory: flags === 2 ? reader.u32() : 0, offset: this.#expression(), bytes: this.#range() };
  }
}
