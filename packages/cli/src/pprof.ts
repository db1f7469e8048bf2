/** V8's CPU profiles as pprof has them (https://github.com/google/pprof/blob/main/proto/profile.proto). */
import { gzipSync } from 'node:zlib';
import { Function as Func, Line, Location, Profile, Sample, StringTable, ValueType } from 'pprof-format';
import { UsageError } from './errors.ts';
import type { Place } from './places.ts';

/** What is used of a `.cpuprofile`: `Profiler.Profile` of the DevTools protocol. Times are in microseconds. */
interface CpuProfile {
  nodes: {
    id: number;
    callFrame: { functionName: string; url: string; lineNumber: number; columnNumber: number };
    children?: number[];
  }[];
  startTime: number;
  endTime: number;
  samples: number[];
  timeDeltas: number[];
}

/** Not work of functions: the processor waits, or runs what is the engine's own. */
const OUTSIDE: ReadonlySet<string> = new Set(['(idle)', '(program)']);
/** The frame that all stacks begin with. */
const ROOT = '(root)';

/**
 * Makes a profile for `go tool pprof` of one of V8's.
 *
 * @param json the `.cpuprofile`.
 * @param file its name, for errors.
 * @param find the place of a byte offset in the module. Without it functions have the engine's names, and no files.
 * @returns the profile, gzipped as pprof wants it.
 * @throws UsageError if it is no profile.
 */
export function toPprof(
  json: string,
  file: string,
  find: (offset: number) => Place | undefined = () => undefined,
): Uint8Array {
  const profile = parse(json, file);
  const stringTable = new StringTable();
  const text = (s: string) => stringTable.dedup(s);
  const functions = new Map<string, Func>();
  const locations: Location[] = [];
  /** By node: its location, and its caller; undefined for what stands on no stack. */
  const locationOf = new Map<number, number>();
  const callerOf = new Map<number, number>();
  const outside = new Set<number>();

  for (const { id, callFrame, children = [] } of profile.nodes) {
    for (const child of children) callerOf.set(child, id);
    if (OUTSIDE.has(callFrame.functionName)) outside.add(id);
    if (callFrame.functionName === ROOT) continue;
    const { name, file, line } = placeOf(callFrame, find);
    const key = JSON.stringify([name, file, line]);
    let found = functions.get(key);
    if (!found) {
      const id = functions.size + 1;
      found = new Func({ id, name: text(name), systemName: text(name), filename: text(file), startLine: line });
      functions.set(key, found);
      locations.push(new Location({ id, line: [new Line({ functionId: id, line })] }));
    }
    locationOf.set(id, Number(found.id));
  }

  /** By node: how often it was the innermost, and for how long. */
  const counts = new Map<number, { samples: number; micros: number }>();
  profile.samples.forEach((id, k) => {
    if (outside.has(id) || !locationOf.has(id)) return;
    const count = counts.get(id) ?? { samples: 0, micros: 0 };
    count.samples++;
    // What passed until the next sample.
    count.micros += profile.timeDeltas[k + 1] ?? 0;
    counts.set(id, count);
  });
  const sample = [...counts].map(([id, { samples, micros }]) => {
    const locationId: number[] = [];
    for (let node: number | undefined = id; node !== undefined; node = callerOf.get(node)) {
      const location = locationOf.get(node);
      if (location !== undefined) locationId.push(location);
    }
    return new Sample({ locationId, value: [samples, micros * 1000] });
  });
  const duration = profile.endTime - profile.startTime;
  const encoded = new Profile({
    sampleType: [
      new ValueType({ type: text('samples'), unit: text('count') }),
      new ValueType({ type: text('cpu'), unit: text('nanoseconds') }),
    ],
    sample,
    location: locations,
    function: [...functions.values()],
    stringTable,
    // V8 says microseconds of a clock of its own.
    durationNanos: duration * 1000,
    periodType: new ValueType({ type: text('cpu'), unit: text('nanoseconds') }),
    period: Math.round((duration * 1000) / Math.max(profile.samples.length, 1)),
  }).encode();
  return gzipSync(encoded);
}

function placeOf(
  { functionName, url, lineNumber, columnNumber }: CpuProfile['nodes'][number]['callFrame'],
  find: (offset: number) => Place | undefined,
): Place {
  // A module is one line: columns are byte offsets.
  const place = /^wasm:|\.wasm$/.test(url) ? find(columnNumber) : undefined;
  return place ?? { name: functionName || '(anonymous)', file: url, line: Math.max(lineNumber + 1, 0) };
}

function parse(json: string, file: string): CpuProfile {
  try {
    const profile = JSON.parse(json) as CpuProfile;
    if (Array.isArray(profile.nodes) && Array.isArray(profile.samples) && Array.isArray(profile.timeDeltas))
      return profile;
  } catch (cause) {
    if (!(cause instanceof SyntaxError)) throw cause;
  }
  throw new UsageError('GW5006', `${file} is not a CPU profile`, {
    hint: 'give a .cpuprofile file, as DevTools and node --cpu-prof write it',
  });
}
