/** Go's functions, files and lines, by byte offset in a module. */
import { decodeModule, findCustom, Reader } from '@go-wasm/wasm';
import { decodedMappings, TraceMap } from '@jridgewell/trace-mapping';
import { UsageError } from './errors.ts';

/** What is known of a byte offset in the module. */
export interface Place {
  name: string;
  file: string;
  line: number;
}

/** The source map that is in a module (`-sourcemap=inline`), as JSON; undefined if there is none. */
export function inlineMap(module: Uint8Array): string | undefined {
  const section = findCustom(decodeModule(module), 'sourceMappingURL');
  const url = section && new Reader(section).name();
  return url?.startsWith('data:') ? Buffer.from(url.replace(/^[^,]*,/, ''), 'base64').toString() : undefined;
}

/** The places of a source map of ours, given as JSON. @throws UsageError if the file, by its name, is no source map. */
export function placesOf(json: string, file: string): (offset: number) => Place | undefined {
  let map: TraceMap;
  try {
    map = new TraceMap(json);
  } catch (cause) {
    if (!(cause instanceof SyntaxError)) throw cause;
    throw new UsageError('GW5004', `${file} is not a source map`, {
      hint: 'give the .map file that go-wasm build -sourcemap=file has written',
      cause,
    });
  }
  const segments = decodedMappings(map)[0] ?? [];
  return (offset) => {
    let low = 0;
    let high = segments.length;
    while (low < high) {
      const middle = (low + high) >>> 1;
      if (segments[middle]![0] <= offset) low = middle + 1;
      else high = middle;
    }
    const segment = segments[low - 1];
    if (segment === undefined || segment.length === 1) return undefined;
    // A function's name stands where it begins.
    let first = low - 1;
    while (first > 0 && segments[first]!.length !== 5) first--;
    const name = segments[first]![4];
    if (name === undefined) return undefined;
    return { name: map.names[name]!, file: map.sources[segment[1]] ?? '', line: segment[2] + 1 };
  };
}
