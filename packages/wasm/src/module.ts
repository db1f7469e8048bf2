/**
 * A module as plain arrays, to be read and changed freely: {@link decodeModule} makes it, {@link encodeModule} writes it.
 * Function bodies and data stay where they are in the input until they are asked for.
 */
import { decodeBody, type Locals } from './body.ts';
import type { Code } from './code.ts';

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
export const sectionOrder: readonly number[] = [
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
export type ExternalKind = 'func' | 'table' | 'memory' | 'global' | 'tag';
/** All of them, in the order of their codes. */
export const externalKinds: readonly ExternalKind[] = ['func', 'table', 'memory', 'global', 'tag'];

/** A field of a struct, or the elements of an array. */
export interface FieldType {
  /** A value type, or `ValType.I8`, `ValType.I16`. */
  type: number;
  mutable: boolean;
}

/** The type of a function: value types (see {@link ValType}). */
export interface FuncType {
  kind: 'func';
  params: number[];
  results: number[];
}
/** The type of a struct of the GC proposal. */
export interface StructType {
  kind: 'struct';
  fields: FieldType[];
}
/** The type of an array of the GC proposal. */
export interface ArrayType {
  kind: 'array';
  element: FieldType;
}
/** The type of a continuation of the stack-switching proposal. */
export interface ContType {
  kind: 'cont';
  /** Type index of the continuation's function type. */
  type: number;
}

/** What the GC proposal says of a type beside its structure. */
export interface Subtyping {
  /** Set where the type says more than “final, no supertype”. */
  sub?: { final: boolean; supers: number[] };
  /** Set at the first type of a recursion group of more than one: how many types it has. */
  recGroup?: number;
}

/** An entry of the type section. */
export type TypeDefinition = (FuncType | StructType | ArrayType | ContType) & Subtyping;

/** Sizes of a memory, in pages, or of a table, in elements. */
export interface Limits {
  min: number;
  max?: number;
  /** Addresses are i64 (memory64, table64). */
  is64?: boolean;
  shared?: boolean;
  /** Memories only: the page size as an exponent of two, if it is not 16 (64 KiB). */
  pageSizeLog2?: number;
}

/** What is known of a table without its contents. */
export interface TableType extends Limits {
  /** A reference type. */
  element: number;
}
/** What is known of a memory without its contents. */
export type MemoryType = Limits;
/** The value type of a global, and whether it can be set. */
export interface GlobalType {
  type: number;
  mutable: boolean;
}
/** The type of a tag: what exceptions, or suspended stacks, carry. */
export interface TagType {
  /** Type index of a function type. */
  type: number;
}

/** What is imported. */
export type ImportType =
  | { kind: 'func' /** Type index. */; type: number }
  | ({ kind: 'table' } & TableType)
  | ({ kind: 'memory' } & MemoryType)
  | ({ kind: 'global' } & GlobalType)
  | ({ kind: 'tag' } & TagType);

/** An entry of the import section. */
export type Import = { module: string; name: string } & ImportType;

/**
 * A constant expression: the number for a lone `i32.const`, the bytes with the final `end` for all others
 * ({@link decodeExpression} reads them).
 */
export type ConstantExpression = number | Uint8Array;

/** An entry of the table section; `init` is what its elements are at first, if not null. */
export interface Table extends TableType {
  init?: ConstantExpression;
}
/** An entry of the global section. */
export interface Global extends GlobalType {
  init: ConstantExpression;
}
/** An entry of the export section; indices count imports first. */
export interface Export {
  name: string;
  kind: ExternalKind;
  index: number;
}

/** An entry of the element section: functions, or expressions of a reference type. */
export type ElementSegment = {
  /** Table index; 0 if there is no `offset`. */
  table: number;
  /** Where an active segment is copied to; absent for passive and declarative ones. */
  offset?: ConstantExpression;
  declarative?: true;
} & (
  | { functions: number[]; type?: never; expressions?: never }
  | { functions?: never /** A reference type. */; type: number; expressions: ConstantExpression[] }
);

/** Bytes `[start, end)` of {@link Module.bytes}. */
export interface ByteRange {
  start: number;
  end: number;
}

/** Where something is in the input, or the bytes that replace it: see {@link bytesOf}. */
export type Bytes = ByteRange | Uint8Array;

/** An entry of the data section. */
export interface DataSegment {
  /** Memory index; 0 if there is no `offset`. */
  memory: number;
  /** Where an active segment is copied to; absent for passive ones. */
  offset?: ConstantExpression;
  bytes: Bytes;
}

/** A custom section; `after` is the id of the last other section in front of it, 0 if there is none. */
export interface CustomSection {
  name: string;
  payload: Uint8Array;
  after: number;
}

/** A module: its sections, by their names in the format. */
export interface Module {
  /** The input, which each {@link ByteRange} points into. */
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
  /** One for each of `functions`, without its size. */
  bodies: Bytes[];
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

/** Decodes the body of defined function `i` into `code`, which is cleared first. */
export function decodeFunction(module: Module, i: number, code: Code): Locals {
  const body = module.bodies[i]!;
  return body instanceof Uint8Array
    ? decodeBody(body, 0, body.length, code)
    : decodeBody(module.bytes, body.start, body.end, code);
}

/** The bytes of a body or of a data segment, not copied. */
export function bytesOf(module: Module, bytes: Bytes): Uint8Array {
  return bytes instanceof Uint8Array ? bytes : module.bytes.subarray(bytes.start, bytes.end);
}

/** How many bytes there are. */
export function lengthOf(bytes: Bytes): number {
  return bytes instanceof Uint8Array ? bytes.length : bytes.end - bytes.start;
}
