import { readFileSync } from 'node:fs';
import { decodedMappings, TraceMap } from '@jridgewell/trace-mapping';
import { UsageError } from '../errors.ts';
import { readInput } from '../input.ts';

/** `go-wasm symbolize MAP [TRACE]`: prints a trace (a file, or standard input) with Go's functions, files and lines in it. */
export function symbolizeCommand(mapFile: string, traceFile: string | undefined): void {
  const find = lookup(mapFile);
  const trace = traceFile === undefined ? readFileSync(0, 'utf8') : Buffer.from(readInput(traceFile)).toString();
  process.stdout.write(symbolize(trace, find));
}

/** What is known of a byte offset in the module. */
interface Place {
  name: string;
  file: string;
  line: number;
}

/**
 * The places of a trace by name. Engines write them as V8, Firefox and Safari do
 * (https://webassembly.github.io/spec/web-api/#conventions): `URL:wasm-function[INDEX]:0xOFFSET`, some with the
 * function's name before; wasmtime as `0xOFFSET - <unknown>!NAME`.
 */
function symbolize(trace: string, find: (offset: number) => Place | undefined): string {
  const replaced = (whole: string, offset: string, write: (place: Place) => string): string => {
    const place = find(Number.parseInt(offset, 16));
    return place === undefined ? whole : write(place);
  };
  return trace
    .replace(/(?:\S+ \()?[^\s()]*wasm-function\[\d+\]:0x([0-9a-f]+)\)?/g, (whole, offset) =>
      replaced(whole, offset, ({ name, file, line }) => `${name} (${file}:${line})`),
    )
    .replace(/0x([0-9a-f]+) - \S*!.*/g, (whole, offset) =>
      replaced(whole, offset, ({ name, file, line }) => `${name} (${file}:${line})`),
    );
}

/** @throws UsageError if the file is no source map. */
function lookup(file: string): (offset: number) => Place | undefined {
  let map: TraceMap;
  try {
    map = new TraceMap(Buffer.from(readInput(file)).toString());
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
