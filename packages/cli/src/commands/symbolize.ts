import { readFileSync } from 'node:fs';
import { readInput } from '../input.ts';
import { type Place, placesOf } from '../places.ts';

/** `go-wasm symbolize MAP [TRACE]`: prints a trace (a file, or standard input) with Go's functions, files and lines in it. */
export function symbolizeCommand(mapFile: string, traceFile: string | undefined): void {
  const find = placesOf(Buffer.from(readInput(mapFile)).toString(), mapFile);
  const trace = traceFile === undefined ? readFileSync(0, 'utf8') : Buffer.from(readInput(traceFile)).toString();
  process.stdout.write(symbolize(trace, find));
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
