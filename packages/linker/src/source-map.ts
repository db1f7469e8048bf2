/**
 * Source maps for what comes out: offsets in the module → lines of Go, from Go's own tables ({@link LineTable}).
 *
 * A Go call stores its return PC, so each call is known exactly, as in Go's tracebacks: it has the line of its return PC
 * less one. What stands between two calls gets the line of the first PC behind the earlier one, in the order in which Go
 * wrote it; blocks may have moved since.
 *
 * Format: ECMA-426; names are those of Go functions, where they begin; lines are 0 throughout, columns are byte offsets in the module (WebAssembly tool conventions,
 * tool-conventions/Debugging.md). V8 gives positions of calls in the same way.
 *
 * Assumes: instructions keep the place in the input that they came from (`Code.offset`), or have none.
 */

import { type GoProgram, type Lifted, LineTable } from '@go-wasm/lift';
import { type ByteRange, ByteWriter, decodeModule, Reader } from '@go-wasm/wasm';
import { encode } from '@jridgewell/sourcemap-codec';

/** Of one function: pairs of an offset in its new body and the place in the input that is there now. */
export type Places = number[];

/** Where a source map is to be found, and what is in it. */
export interface SourceMapOptions {
  /** What the module says of where its map is, given the map: a URL. */
  url: (map: string) => string;
  /** The text of a source file, to be put into the map. */
  content?: ((file: string) => string | undefined) | undefined;
}

/** @param places by index among the defined functions */
export function sourceMap(
  program: GoProgram,
  lifted: Lifted,
  places: readonly (Places | undefined)[],
  output: Uint8Array,
  content: SourceMapOptions['content'],
): string {
  const lines = new LineTable(program);
  const segments: ([number] | [number, number, number, number] | [number, number, number, number, number])[] = [];
  const names: string[] = [];
  (decodeModule(output).bodies as ByteRange[]).forEach(({ start }, f) => {
    const { end, file, line } = lines.of(f);
    if (end.length === 0) {
      segments.push([start]); // ours, or unknown
      return;
    }
    const list = places[f] ?? [];
    const pcOf = pcs(lifted, f);
    let last = 0;
    segments.push([start, file[0]!, line[0]! - 1, 0, names.push(program.names[f]!) - 1]);
    for (let k = 0; k < list.length; k += 2) {
      const pc = pcOf(list[k + 1]!);
      const at = upperBound(end, pc);
      if (at === last || at === end.length) continue;
      last = at;
      segments.push([start + list[k]!, file[at]!, line[at]! - 1, 0]);
    }
  });
  return JSON.stringify({
    version: 3,
    sources: lines.files,
    ...(content && { sourcesContent: lines.files.map((file) => content(file) ?? null) }),
    names,
    mappings: encode([segments]),
  });
}

/** The places of a module that stays as it is. */
export function placesAsTheyAre(program: GoProgram, lifted: Lifted): Places[] {
  const { code, goOps, funcGoOp } = lifted;
  return program.bodies.map(({ start }, f) => {
    const places: Places = [];
    for (let k = funcGoOp[f]!; k < funcGoOp[f + 1]!; k++) {
      const place = code.offset[goOps[k]!]!;
      places.push(place - start, place, place + 1 - start, place + 1);
    }
    return places;
  });
}

/** The PC whose line an instruction of function `f` has, by the place in the input that it came from. */
function pcs(lifted: Lifted, f: number): (place: number) => number {
  const { code, goOps, funcGoOp } = lifted;
  const calls: number[] = [];
  const after: number[] = [];
  for (let k = funcGoOp[f]!; k < funcGoOp[f + 1]!; k++) {
    const i = goOps[k]!;
    if (code.b[i] === 0) continue; // no return PC
    calls.push(code.offset[i]!);
    after.push(code.b[i]!);
  }
  return (place) => {
    const k = upperBound(calls, place) - 1;
    if (k < 0) return 0;
    return calls[k] === place ? after[k]! - 1 : after[k]!;
  };
}

/** How many of the rising numbers are no larger than `x`. */
function upperBound(numbers: readonly number[], x: number): number {
  let low = 0;
  let high = numbers.length;
  while (low < high) {
    const middle = (low + high) >>> 1;
    if (numbers[middle]! <= x) low = middle + 1;
    else high = middle;
  }
  return low;
}

/** The module with the section that says where its map is, at its end: nothing else moves. */
export function withSourceMapUrl(module: Uint8Array, url: string): Uint8Array {
  const payload = new ByteWriter();
  payload.name(SECTION);
  payload.name(url);
  const section = new ByteWriter();
  section.u8(0);
  section.u32(payload.length);
  section.raw(payload.take());
  const result = new Uint8Array(module.length + section.length);
  result.set(module);
  result.set(section.take(), module.length);
  return result;
}

/** A module as {@link withSourceMapUrl} has made it, without that section, and the URL; undefined if there is none at its end. */
export function splitSourceMapUrl(bytes: Uint8Array): { module: Uint8Array; url: string } | undefined {
  const custom = decodeModule(bytes).customs.at(-1);
  if (custom?.name !== SECTION) return undefined;
  const url = new Reader(custom.payload).name();
  const size = withSourceMapUrl(new Uint8Array(), url).length;
  return { module: bytes.subarray(0, bytes.length - size), url };
}

const SECTION = 'sourceMappingURL';
