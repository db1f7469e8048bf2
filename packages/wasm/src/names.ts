/**
 * The name section: names of functions, locals and all else, for people.
 *
 * Source: WebAssembly 3.0 specification, appendix Custom Sections; the extended-name-section proposal for subsections 3 and 5
 * to 9.
 */
import { findCustom, setCustom } from './custom.ts';
import type { Module } from './module.ts';
import { malformed, Reader } from './reader.ts';
import { ByteWriter } from './writer.ts';

/** Names by index. */
export type NameMap = Map<number, string>;
/** Names by index of the function or type, then by index in it. */
export type IndirectNameMap = Map<number, NameMap>;

/** The name section. */
export interface Names {
  module?: string;
  /** By function index, imports first. */
  functions: NameMap;
  /** By function index, then local index. */
  locals: IndirectNameMap;
  /** By function index, then by the label's place among the function's blocks. */
  labels: IndirectNameMap;
  types: NameMap;
  tables: NameMap;
  memories: NameMap;
  globals: NameMap;
  elements: NameMap;
  data: NameMap;
  /** By type index, then field index. */
  fields: IndirectNameMap;
  tags: NameMap;
  /** Subsections that are not known, as they are. */
  unknown: { id: number; payload: Uint8Array }[];
}

const MODULE_NAME = 0;

/** The subsections by id, from 1. */
const subsections = [
  'functions',
  'locals',
  'labels',
  'types',
  'tables',
  'memories',
  'globals',
  'elements',
  'data',
  'fields',
  'tags',
] as const;

type Indirect = 'locals' | 'labels' | 'fields';
const isIndirect = (key: (typeof subsections)[number]): key is Indirect =>
  key === 'locals' || key === 'labels' || key === 'fields';

/** No names. */
export function emptyNames(): Names {
  return {
    functions: new Map(),
    locals: new Map(),
    labels: new Map(),
    types: new Map(),
    tables: new Map(),
    memories: new Map(),
    globals: new Map(),
    elements: new Map(),
    data: new Map(),
    fields: new Map(),
    tags: new Map(),
    unknown: [],
  };
}

/**
 * The names of a module; undefined if it has no name section.
 *
 * @throws MalformedError with the offset in the section. Engines ignore a broken name section: so may the caller.
 */
export function readNames(module: Module): Names | undefined {
  const payload = findCustom(module, 'name');
  return payload && decodeNames(payload);
}

/** Replaces the module's name section, or adds one. */
export function writeNames(module: Module, names: Names): void {
  setCustom(module, 'name', encodeNames(names));
}

/** Decodes the payload of a name section. */
export function decodeNames(payload: Uint8Array): Names {
  const reader = new Reader(payload);
  const names = emptyNames();
  while (reader.pos < payload.length) {
    const id = reader.u8();
    const size = reader.u32();
    if (size > payload.length - reader.pos) throw reader.truncated();
    reader.end = reader.pos + size;
    const key = subsections[id - 1];
    if (id === MODULE_NAME) names.module = reader.name();
    else if (key === undefined) names.unknown.push({ id, payload: reader.view(size) });
    else if (isIndirect(key)) {
      for (let n = reader.count(2); n > 0; n--) names[key].set(reader.u32(), decodeNameMap(reader, new Map()));
    } else decodeNameMap(reader, names[key]);
    if (reader.pos !== reader.end) {
      throw malformed('GW1040', `subsection ${id} of the name section is longer than its content`, reader.pos);
    }
    reader.end = payload.length;
  }
  return names;
}

function decodeNameMap(reader: Reader, map: NameMap): NameMap {
  for (let n = reader.count(2); n > 0; n--) map.set(reader.u32(), reader.name());
  return map;
}

/** Encodes the payload of a name section, indices rising; empty subsections are left out. */
export function encodeNames(names: Names): Uint8Array {
  const writer = new ByteWriter();
  if (names.module !== undefined) {
    writer.u8(MODULE_NAME);
    const sized = writer.beginSized();
    writer.name(names.module);
    writer.endSized(sized);
  }
  subsections.forEach((key, i) => {
    if (names[key].size === 0) return;
    writer.u8(i + 1);
    const sized = writer.beginSized();
    if (isIndirect(key)) {
      writer.u32(names[key].size);
      for (const [index, map] of rising(names[key])) {
        writer.u32(index);
        encodeNameMap(map, writer);
      }
    } else encodeNameMap(names[key], writer);
    writer.endSized(sized);
  });
  for (const { id, payload } of names.unknown) {
    writer.u8(id);
    writer.byteVector(payload);
  }
  return writer.take();
}

function encodeNameMap(map: NameMap, writer: ByteWriter): void {
  writer.u32(map.size);
  for (const [index, name] of rising(map)) {
    writer.u32(index);
    writer.name(name);
  }
}

function rising<T>(map: Map<number, T>): [number, T][] {
  return [...map].sort(([a], [b]) => a - b);
}
