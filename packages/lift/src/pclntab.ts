/**
 * The function table that Go's linker leaves in every program, stripped or not (runtime/symtab.go, pcHeader and _func;
 * cmd/link/internal/ld/pcln.go). It is where names, source files and the deferreturn points come from.
 */

import { FUNC_VALUE_OFFSET } from './ops.ts';

/** What the table says of one function. */
export interface PclnFunction {
  /** Index among the functions that the module defines (PC_F − 0x1000). */
  index: number;
  name: string;
  /** PC_B at which a recovered panic goes on, or 0 if the function has no deferred calls (`_func.deferreturn`). */
  deferReturn: number;
  /** The size of its frame on the goroutine stack in bytes, return address not included; −1 if that is not the same everywhere. */
  frame: number;
  /** The size of its arguments and results in bytes (`_func.args`); −1 if it differs from call to call. */
  arguments: number;
  /** Whether it was written in assembly: its first file's name ends in `.s`. */
  assembly: boolean;
}

const MAGIC = 0xfffffff1; // internal/abi, Go120PCLnTabMagic: Go 1.20 and later
const HEADER_SIZE = 72;

/**
 * Finds and reads the table in a memory image.
 *
 * @param image the memory as the module initialises it
 * @param functions how many functions the module defines
 * @returns one record a function that the table has, in the order of the table (rising index), or undefined if there
 *   is no such table
 */
export function readPclntab(image: Uint8Array, functions: number): PclnFunction[] | undefined {
  const table = findTable(image, functions);
  if (table === undefined) return undefined;
  const { view, names, pcs } = table;
  const isAssembly = new Map<number, boolean>();
  const fileIsAssembly = (offset: number): boolean => {
    let known = isAssembly.get(offset);
    if (known === undefined) {
      known = textAt(image, table.files + offset).endsWith('.s');
      isAssembly.set(offset, known);
    }
    return known;
  };
  return table.functions.map(({ index, func }) => {
    const pcfile = view.getUint32(func + 20, true);
    const file = firstFile(image, pcs + pcfile);
    const fileOffset = fileOffsetOf(table, func, file);
    return {
      index,
      name: textAt(image, names + view.getInt32(func + 4, true)),
      deferReturn: view.getUint32(func + 12, true),
      frame: frameSize(image, pcs + view.getUint32(func + 16, true)),
      arguments: argumentBytes(view.getInt32(func + 8, true)),
      assembly: pcfile !== 0 && file >= 0 && fileOffset !== NO_FILE && fileIsAssembly(fileOffset),
    };
  });
}

/** Addresses in the image. */
export interface Pclntab {
  readonly view: DataView;
  /** Of the table's header. */
  readonly base: number;
  readonly names: number;
  readonly units: number;
  readonly files: number;
  readonly pcs: number;
  /** By rising index among the defined functions: where each one's `_func` is. */
  readonly functions: readonly { index: number; func: number }[];
}

const NO_FILE = 0xffffffff;

/** Finds the table in a memory image; undefined if there is none. */
export function findTable(image: Uint8Array, functions: number): Pclntab | undefined {
  const view = new DataView(image.buffer, image.byteOffset, image.byteLength);
  for (let at = 0; at + HEADER_SIZE <= image.length; at += 8) {
    // magic, two bytes of padding, minLC = 1, ptrSize = 8
    if (view.getUint32(at, true) === MAGIC && view.getUint32(at + 4, true) === 0x08010000) {
      const table = readHeader(image, view, at, functions);
      if (table !== undefined) return table;
    }
  }
  return undefined;
}

function readHeader(image: Uint8Array, view: DataView, base: number, functions: number): Pclntab | undefined {
  const word = (k: number): number => Number(view.getBigUint64(base + 8 + 8 * k, true));
  const count = word(0);
  if (count > functions || count === 0) return undefined;
  const names = base + word(3);
  const units = base + word(4);
  const files = base + word(5);
  const pcs = base + word(6);
  const table = base + word(7);
  if (![names, units, files, pcs, table].every((x) => x > base && x < image.length)) return undefined;
  if (table + 8 * count > image.length) return undefined;

  // Entry offsets are PCs (PC_F << 16) up to Go 1.25, PC_Fs from Go 1.26 on; either may be relative to the first one.
  const second = count > 1 ? view.getUint32(table + 8, true) : 0;
  const shift = second >= 0x10000 ? 16 : 0;
  const first = second >>> shift >= FUNC_VALUE_OFFSET ? FUNC_VALUE_OFFSET : 0;
  const result: { index: number; func: number }[] = [];
  for (let i = 0; i < count; i++) {
    const index = (view.getUint32(table + 8 * i, true) >>> shift) - first;
    const func = table + view.getUint32(table + 8 * i + 4, true);
    if (func + 44 > image.length || index < 0 || index >= functions) return undefined;
    result.push({ index, func });
  }
  return { view, base, names, units, files, pcs, functions: result };
}

/**
 * Finds `runtime.firstmoduledata` (runtime/symtab.go, moduledata), which begins with the addresses of the table's header and of its names.
 *
 * @returns what reads its words of eight bytes, by their number; undefined if it is not there.
 */
export function findModuleData({ view, base, names }: Pclntab): ((word: number) => number) | undefined {
  for (let at = 0; at + 16 <= view.byteLength; at += 8) {
    if (view.getUint32(at, true) !== base || view.getUint32(at + 8, true) !== names) continue;
    return (word) => {
      const end = at + 8 * word + 8;
      return end <= view.byteLength ? Number(view.getBigUint64(end - 8, true)) : 0;
    };
  }
  return undefined;
}

/** Where in the table of file names that of a function's file is, by the file's number in a pc-value table. */
export function fileOffsetOf({ view, units }: Pclntab, func: number, file: number): number {
  const at = units + 4 * (view.getUint32(func + 32, true) + file);
  return at >= 0 && at + 4 <= view.byteLength ? view.getUint32(at, true) : 0;
}

/** The text at an address, which ends with a zero byte, or after `LONGEST` bytes; empty for an address outside of the image. */
export function textAt(image: Uint8Array, at: number): string {
  if (at < 0) return '';
  const text = image.subarray(at, at + LONGEST);
  const end = text.indexOf(0);
  return decoder.decode(end < 0 ? text : text.subarray(0, end));
}

/** No name that Go writes is so long: without an end, names would be as long as the image, each of them. */
const LONGEST = 1 << 16;

const decoder = new TextDecoder();

/**
 * Reads a pc-value table (runtime/symtab.go, step): `visit` is called with each value and the PC up to which it holds,
 * from PC 0 on.
 */
export function readPcValues(image: Uint8Array, start: number, visit: (value: number, end: number) => void): void {
  let value = -1;
  let pc = 0;
  for (let at = start, first = true; at < image.length; first = false) {
    const delta = varint(image, at);
    if (delta.value === 0 && !first) return;
    value += signed(delta.value);
    const length = varint(image, delta.next);
    // Sound tables rise, and a PC_B has 16 bits.
    if (length.value <= 0 || pc > 0xffff) return;
    pc += length.value;
    at = length.next;
    visit(value, pc);
  }
}

/** The first value of a pc-value table: a zig-zag varint, counted from −1 (runtime/symtab.go, step). */
function firstFile(image: Uint8Array, start: number): number {
  return -1 + signed(varint(image, start).value);
}

/** abi.ArgsSizeUnknown is the least of all numbers. */
function argumentBytes(args: number): number {
  return args < 0 ? -1 : args;
}

/** The one value of a pc-value table of SP offsets other than 0 (before the prologue and behind the epilogue). */
function frameSize(image: Uint8Array, start: number): number {
  let size = 0;
  readPcValues(image, start, (value) => {
    if (value !== 0 && value !== size) size = size === 0 ? value : -1;
  });
  return size;
}

function varint(image: Uint8Array, at: number): { value: number; next: number } {
  let value = 0;
  let next = at;
  for (let shift = 0; shift < 35 && next < image.length; shift += 7) {
    const byte = image[next++]!;
    value |= (byte & 0x7f) << shift;
    if (byte < 0x80) break;
  }
  return { value, next };
}

function signed(zigzag: number): number {
  return (zigzag & 1) !== 0 ? ~(zigzag >>> 1) : zigzag >>> 1;
}
