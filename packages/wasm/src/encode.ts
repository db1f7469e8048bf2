/** {@link Module} → bytes. */
import {
  type Bytes,
  type ConstantExpression,
  type DataSegment,
  type ElementSegment,
  type Export,
  externalKinds,
  type FieldType,
  type Global,
  type GlobalType,
  type Import,
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
import { ByteWriter } from './writer.ts';

/**
 * Encodes a module in the shortest form: LEBs without padding, no empty sections. Bodies that were not replaced and
 * constant expressions are copied as they are.
 */
export function encodeModule(module: Module): Uint8Array<ArrayBuffer> {
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
      if (module.functions.length === 0) return false;
      encodeIndices(module.functions, writer);
      return true;
    case Section.Table:
      return encodeVector(module.tables, encodeTable, writer);
    case Section.Memory:
      return encodeVector(module.memories, encodeLimits, writer);
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
      return encodeVector(module.bodies, (body) => encodeBytes(module, body, writer), writer);
    case Section.Data:
      return encodeVector(module.data, (segment) => encodeData(module, segment, writer), writer);
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

function encodeIndices(indices: readonly number[], writer: ByteWriter): void {
  writer.u32(indices.length);
  for (const index of indices) writer.u32(index);
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
      encodeIndices(type.sub.supers, writer);
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
      encodeLimits(entry, writer);
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
  encodeLimits(type, writer);
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
  if (table.init !== undefined) encodeExpression(table.init, writer);
}

function encodeGlobal(global: Global, writer: ByteWriter): void {
  encodeGlobalType(global, writer);
  encodeExpression(global.init, writer);
}

function encodeExport(entry: Export, writer: ByteWriter): void {
  writer.name(entry.name);
  writer.u8(externalKinds.indexOf(entry.kind));
  writer.u32(entry.index);
}

function encodeElement(segment: ElementSegment, writer: ByteWriter): void {
  const { table, offset, declarative, functions, type, expressions } = segment;
  // The form without a type is for functions, and for funcref in the first table.
  const isShort = offset !== undefined && table === 0 && (type === undefined || type === ValType.FuncRef);
  const flags = expressions === undefined ? 0 : 4;
  if (offset === undefined) writer.u8(flags | (declarative ? 3 : 1));
  else {
    writer.u8(flags | (isShort ? 0 : 2));
    if (!isShort) writer.u32(table);
    encodeExpression(offset, writer);
  }
  if (functions !== undefined) {
    if (!isShort) writer.u8(0);
    encodeIndices(functions, writer);
  } else {
    if (!isShort) writer.valType(type);
    writer.u32(expressions.length);
    for (const expression of expressions) encodeExpression(expression, writer);
  }
}

function encodeData(module: Module, { memory, offset, bytes }: DataSegment, writer: ByteWriter): void {
  if (offset === undefined) writer.u8(1);
  else {
    writer.u8(memory === 0 ? 0 : 2);
    if (memory !== 0) writer.u32(memory);
    encodeExpression(offset, writer);
  }
  encodeBytes(module, bytes, writer);
}

function encodeBytes(module: Module, bytes: Bytes, writer: ByteWriter): void {
  if (bytes instanceof Uint8Array) writer.byteVector(bytes);
  else {
    writer.u32(bytes.end - bytes.start);
    writer.copy(module.bytes, bytes.start, bytes.end);
  }
}

function encodeExpression(expression: ConstantExpression, writer: ByteWriter): void {
  if (typeof expression !== 'number') {
    writer.raw(expression);
    return;
  }
  writer.u8(Op.I32Const);
  writer.s32(expression);
  writer.u8(Op.End);
}
