/**
 * Source maps for what comes out: offsets in the module → lines of Go.
 *
 * Format: ECMA-426; names are those of Go functions, where they begin; lines are 0 throughout, columns are byte offsets in the module (WebAssembly tool conventions,
 * tool-conventions/Debugging.md). V8 gives positions of calls in the same way.
 */

import { ByteWriter, decodeModule, Reader } from '@go-wasm/wasm';
import { encode } from '@jridgewell/sourcemap-codec';
import { type Mapped, upperBound } from './places.ts';

/** Where a source map is to be found, and what is in it. */
export interface SourceMapOptions {
  /** What the module says of where its map is, given the map: a URL. */
  url: (map: string) => string;
  /** The text of a source file, to be put into the map. */
  content?: ((file: string) => string | undefined) | undefined;
}

/** The map, as JSON. */
export function sourceMap({ program, table, functions }: Mapped, content: SourceMapOptions['content']): string {
  const segments: ([number] | [number, number, number, number] | [number, number, number, number, number])[] = [];
  const names: string[] = [];
  for (const { f, start, lines, offset, pc } of functions()) {
    const { end, file, line } = lines;
    if (end.length === 0) {
      segments.push([start]); // ours, or unknown
      continue;
    }
    let last = 0;
    segments.push([start, file[0]!, line[0]! - 1, 0, names.push(program.names[f]!) - 1]);
    for (let k = 0; k < offset.length; k++) {
      const at = upperBound(end, pc[k]!);
      if (at === last || at === end.length) continue;
      last = at;
      segments.push([start + offset[k]!, file[at]!, line[at]! - 1, 0]);
    }
  }
  return JSON.stringify({
    version: 3,
    sources: table.files,
    ...(content && { sourcesContent: table.files.map((file) => content(file) ?? null) }),
    names,
    mappings: encode([segments]),
  });
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
