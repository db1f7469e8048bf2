import { UsageError } from '../errors.ts';
import { readInput } from '../input.ts';
import { writeWhole } from '../output.ts';
import { inlineMap, placesOf } from '../places.ts';
import { toPprof } from '../pprof.ts';

/**
 * `go-wasm profile PROFILE -o OUT`: makes a profile for `go tool pprof` of a `.cpuprofile`.
 *
 * @param map the source map of the module, or the module with the map in it; without it names are the engine's.
 */
export function profileCommand(profile: string, output: string, map: string | undefined): void {
  const find = map === undefined ? undefined : placesOf(readMap(map), map);
  writeWhole(output, toPprof(Buffer.from(readInput(profile)).toString(), profile, find));
}

function readMap(file: string): string {
  const bytes = readInput(file);
  if (Buffer.from(bytes.subarray(0, 4)).toString('latin1') !== '\0asm') return Buffer.from(bytes).toString();
  const map = inlineMap(bytes);
  if (map !== undefined) return map;
  throw new UsageError('GW5004', `${file} has no source map in it`, {
    hint: 'build with -sourcemap=inline, or give the .map file that -sourcemap=file has written',
  });
}
