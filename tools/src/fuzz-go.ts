/**
 * `npm run fuzz:go`: generated Go programs as native Go, as stock wasm and linked with every switch strategy, in every engine. All must trace
 * the same. Functions are built many at a time. Of one that differs, statements are left out while it still does, and what is left is
 * written to tools/fuzz/programs, which tools/fuzz-go.test.ts replays.
 *
 *   --seed N        the first seed (1)
 *   --count N       so many functions (200)
 *   --host a,b      node, node26, wasmtime, chromium (all but chromium)
 *   --switch a,b    jump-table (stock Go), resume, asyncify, stack-switching, jspi
 *   --level a,b     0, 1, 2, s: by turns (0, 2, s)
 */
import { cp, mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { type Level, type LinkOptions, link } from '@go-wasm/linker';
import { $ } from 'zx';
import type { Goos } from './engines.ts';
import { fewest } from './fuzz/minimise.ts';
import { type GeneratedFunction, generate, sourceOf, statementsOf } from './fuzz/program.ts';
import { findToolchain, go, type Toolchain } from './go.ts';
import { parseOptions } from './options.ts';
import { root } from './paths.ts';
import { askedPlaces, endOf, nameOf, optionsOf, type Place, runIn } from './places.ts';
import { asTyped, writeResult } from './results.ts';

/** How many functions are built at once. */
const BATCH = 50;
export const programs: string = join(root, 'tools/fuzz/programs');
const prelude = join(root, 'tools/fuzz/go');

/** A place, and how the module for it is linked. */
export interface Variant {
  place: Place;
  options: LinkOptions;
}

/** Each place with one of the levels and structurers, by turns, so that seeds see all pairs in the end. */
export function variants(all: readonly Place[], seed: number, levels: readonly Level[] = ['0', '2', 's']): Variant[] {
  return all.map((place, k) => ({
    place,
    options: {
      ...optionsOf(place),
      level: levels[(seed + k) % levels.length]!,
      structure: (seed + k) % 4 === 0 ? 'relooper' : 'stackifier',
    },
  }));
}

function label({ place, options: { level, structure } }: Variant): string {
  return place.strategy === 'jump-table' ? nameOf(place) : `${nameOf(place)} -O${level} ${structure}`;
}

export interface Difference {
  variant: Variant;
  /** The name of the function whose line is the first that differs. */
  function: string;
  expected: string | undefined;
  got: string | undefined;
}

/** Builds programs in a folder of its own, which {@link close} removes. */
export class Programs {
  readonly #folder: string;
  readonly #toolchain: Toolchain;

  private constructor(folder: string, toolchain: Toolchain) {
    this.#folder = folder;
    this.#toolchain = toolchain;
  }

  static async open(toolchain?: Toolchain): Promise<Programs> {
    const folder = await mkdtemp(join(tmpdir(), 'go-wasm-fuzz-'));
    await cp(prelude, folder, { recursive: true });
    return new Programs(folder, toolchain ?? (await findToolchain()));
  }

  async close(): Promise<void> {
    await rm(this.#folder, { recursive: true, force: true });
  }

  /** What native Go prints for a source of functions. @throws ProcessOutput where Go does not compile it. */
  async expected(source: string): Promise<string> {
    await writeFile(join(this.#folder, 'generated.go'), source);
    const file = join(this.#folder, process.platform === 'win32' ? 'native.exe' : 'native');
    await go(this.#toolchain, ['build', '-o', file, '.'], { cwd: this.#folder });
    return (await $({ quiet: true, timeout: '60s' })`${file}`).stdout;
  }

  /** Where the program prints something else than `expected`: the first difference in each place. */
  async differences(source: string, expected: string, all: readonly Variant[]): Promise<Difference[]> {
    await writeFile(join(this.#folder, 'generated.go'), source);
    const stock = new Map<Goos, Uint8Array>();
    for (const goos of new Set(all.map(({ place }) => place.goos))) {
      const file = join(this.#folder, `${goos}.wasm`);
      await go(this.#toolchain, ['build', '-o', file, '.'], { goos, cwd: this.#folder });
      stock.set(goos, await readFile(file));
    }
    const linked = new Map<string, Uint8Array>();
    const found: Difference[] = [];
    for (const variant of all) {
      const { place, options } = variant;
      const key = `${place.goos} ${JSON.stringify(options)}`;
      if (!linked.has(key)) linked.set(key, (await link(stock.get(place.goos)!, options)).bytes);
      const got = await this.#run(place, linked.get(key)!);
      if (got !== expected) found.push({ variant, ...firstDifference(expected, got) });
    }
    return found;
  }

  async #run(place: Place, bytes: Uint8Array): Promise<string> {
    const file = join(this.#folder, 'program.wasm');
    await writeFile(file, bytes);
    const end = await runIn(place, file, [], this.#toolchain, this.#folder, 120);
    return end.exitCode === 0 ? end.stdout : `${end.stdout}${endOf(end)}\n${end.stderr}`;
  }
}

function firstDifference(expected: string, got: string): Omit<Difference, 'variant'> {
  const [lines, others] = [expected.split('\n'), got.split('\n')];
  const k = lines.findIndex((line, i) => line !== others[i]);
  const line = lines[k];
  return {
    function: line?.split(' ')[0] ?? '',
    expected: line,
    got: others.slice(k, line === others[k] ? k + 1 : k + 12).join('\n'),
  };
}

/**
 * The source that is left of functions whose trace differs in a place when all is left out that makes no difference.
 *
 * @param functions in the order of the program.
 */
export async function smallestSource(
  programs: Programs,
  functions: readonly GeneratedFunction[],
  variant: Variant,
): Promise<string> {
  const differs = async (source: string): Promise<boolean> => {
    try {
      const expected = await programs.expected(source);
      return (await programs.differences(source, expected, [variant])).length > 0;
    } catch {
      return false; // Go does not compile it.
    }
  };
  const patience = 300_000;
  const some = await fewest(functions, (list) => differs(sourceOf(list)), patience);
  const kept = new Map(some.map((f) => [f.number, new Set(statementsOf(f))]));
  for (const f of some) {
    const left = await fewest(
      statementsOf(f),
      (list) => differs(sourceOf(some, new Map(kept).set(f.number, new Set(list)))),
      patience,
    );
    kept.set(f.number, new Set(left));
  }
  return sourceOf(some, kept);
}

async function main(): Promise<void> {
  const { values } = parseOptions(import.meta.url, {
    options: {
      seed: { type: 'string', default: '1' },
      count: { type: 'string', default: '200' },
      host: { type: 'string', default: 'node,node26,wasmtime' },
      switch: { type: 'string' },
      level: { type: 'string' },
    },
  });
  const first = Number(values.seed);
  const count = Number(values.count);
  const places = await askedPlaces(values.host, values.switch);
  const toolchain = await findToolchain();
  const opened = await Programs.open(toolchain);
  let differences = 0;
  let lines = 0;
  let runs = 0;
  try {
    for (let seed = first, done = 0; done < count; seed++) {
      const functions = Array.from({ length: Math.min(BATCH, count - done) }, (_, k) => generate(seed, k));
      done += functions.length;
      const source = sourceOf(functions);
      const expected = await opened.expected(source);
      const all = variants(places, seed, values.level?.split(',') as Level[] | undefined);
      const found = await opened.differences(source, expected, all);
      lines += expected.split('\n').length - 1;
      runs += all.length;
      console.log(`seed ${seed}: ${functions.length} functions, ${all.length} places, ${found.length} differences`);
      differences += found.length;
      for (const { variant, ...what } of found) console.log(label(variant), what);
      if (found.length > 0) {
        await mkdir(programs, { recursive: true });
        const { variant } = found[0]!;
        const small = await smallestSource(opened, functions, variant);
        await writeFile(join(programs, `seed${seed}.go`), `// ${label(variant)}\n${small}`);
        console.log(`tools/fuzz/programs/seed${seed}.go:\n${small}`);
      }
    }
  } finally {
    await opened.close();
  }
  console.log(`${count} functions, ${lines} traces, ${differences} differences`);
  await writeResult('fuzz-go', {
    command: asTyped('fuzz:go'),
    seed: first,
    functions: count,
    traces: lines,
    runs,
    places: places.map(nameOf),
    differences,
    go: toolchain.version,
  });
  process.exitCode = differences > 0 ? 1 : 0;
}

if (process.argv[1] && import.meta.url === pathToFileURL(process.argv[1]).href) await main();
