/**
 * `npm run soak`: the program in tools/soak for minutes: 100,000 goroutines at once, then channels, timers, select, panics, collections, and a
 * thousand calls a second from JavaScript. Memory must not grow once it is warm, and nothing may be wrong.
 *
 *   --minutes N     for each place (1)
 *   --host a,b      node, node26, wasmtime (node26, wasmtime)
 *   --switch a,b    jump-table (stock Go), resume, asyncify, stack-switching, jspi
 */
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { link } from '@go-wasm/linker';
import { findToolchain, go } from './go.ts';
import { parseOptions } from './options.ts';
import { root } from './paths.ts';
import { askedPlaces, endOf, nameOf, optionsOf, type Place, runIn } from './places.ts';
import { asTyped, writeResult } from './results.ts';

/** What the program says of itself, twice a second. Memory in bytes; `host` is the whole process, 0 where it cannot be known. */
interface Sample {
  heap: number;
  system: number;
  host: number;
  goroutines: number;
  operations: number;
  callbacks: number;
  wrong: number;
}

export interface Soak {
  samples: Sample[];
  /** Most memory in the last third over most in the second third, by what was measured. */
  growth: { heap: number; system: number; host: number };
  /** What is not as it should be. */
  problems: string[];
}

/** Builds the program, links it for a place and runs it for so many seconds. */
export async function soak(place: Place, seconds: number): Promise<Soak> {
  const { goos } = place;
  const folder = await mkdtemp(join(tmpdir(), 'go-wasm-soak-'));
  try {
    const toolchain = await findToolchain();
    const file = join(folder, 'soak.wasm');
    await go(toolchain, ['build', '-o', file, '.'], { goos, cwd: join(root, 'tools/soak') });
    const { bytes } = await link(await readFile(file), optionsOf(place));
    await writeFile(file, bytes);
    const end = await runIn(place, file, [`${seconds}`], toolchain, folder, seconds * 2 + 120);
    const samples = end.stdout
      .split('\n')
      .filter(Boolean)
      .map((line) => JSON.parse(line) as Sample);
    const found = judge(samples, end.exitCode === 0 ? undefined : `${endOf(end)}: ${end.stderr.slice(0, 2000)}`);
    const calls = samples.at(-1)?.callbacks ?? 0;
    if (goos === 'js' && calls < 900 * seconds) found.problems.push(`${calls} callbacks in ${seconds} seconds`);
    return found;
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

/** Holds samples against what is promised. */
export function judge(samples: Sample[], failure?: string): Soak {
  const problems = failure === undefined ? [] : [failure];
  if (samples.length < 6) problems.push(`${samples.length} samples are too few to say anything`);
  const third = Math.floor(samples.length / 3);
  const most = (of: 'heap' | 'system' | 'host', from: number, to?: number): number =>
    Math.max(1, ...samples.slice(from, to).map((sample) => sample[of]));
  const growth = { heap: 0, system: 0, host: 0 };
  for (const of of ['heap', 'system', 'host'] as const) {
    const [before, after] = [most(of, third, 2 * third), most(of, 2 * third)];
    growth[of] = after / before;
    // A collector may be late by some megabytes.
    if (after > before * 1.1 + 8e6) problems.push(`${of} has grown from ${before} to ${after} bytes`);
  }
  const last = samples.at(-1);
  if (last && last.wrong > 0) problems.push(`${last.wrong} results were wrong`);
  if (last && last.operations === 0) problems.push('nothing was done');
  return { samples, growth, problems };
}

async function main(): Promise<void> {
  const { values } = parseOptions(import.meta.url, {
    options: {
      minutes: { type: 'string', default: '1' },
      host: { type: 'string', default: 'node26,wasmtime' },
      switch: { type: 'string' },
    },
  });
  const seconds = Number(values.minutes) * 60;
  const rows = [];
  let problems = 0;
  for (const place of await askedPlaces(values.host, values.switch)) {
    const found = await soak(place, seconds);
    const last = found.samples.at(-1);
    const perSecond = Math.round((last?.callbacks ?? 0) / seconds);
    console.log(
      `${nameOf(place)}: ${last?.operations} rounds, ${perSecond} callbacks a second, heap × ${found.growth.heap.toFixed(2)}, memory × ${found.growth.system.toFixed(2)}`,
    );
    for (const problem of found.problems) console.log(`  ${problem}`);
    problems += found.problems.length;
    rows.push({
      place: nameOf(place),
      rounds: last?.operations ?? 0,
      callbacksPerSecond: perSecond,
      heapMB: Math.round((last?.heap ?? 0) / 1e6),
      systemMB: Math.round((last?.system ?? 0) / 1e6),
      growth: found.growth.system,
      problems: found.problems,
    });
  }
  await writeResult('soak', { command: asTyped('soak'), seconds, rows, problems });
  process.exitCode = problems > 0 ? 1 : 0;
}

if (process.argv[1] && import.meta.url === pathToFileURL(process.argv[1]).href) await main();
