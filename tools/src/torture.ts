/**
 * `npm run torture`: the program in tools/torture, which prints the same for a seed whatever the schedule, as native Go, as stock wasm and
 * linked with every switch strategy, in every host that can run it. Any difference is a bug.
 *
 *   --seeds N                so many seeds (3)
 *   --seed N                 the first of them (1)
 *   --host a,b               node, node26, chromium, firefox, wasmtime
 *   --switch a,b             jump-table (stock Go), resume, asyncify, stack-switching, jspi
 */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { $ } from 'zx';
import { findToolchain, go, type Toolchain } from './go.ts';
import { linkMeasured } from './measure.ts';
import { parseOptions } from './options.ts';
import { root } from './paths.ts';
import { askedPlaces, endOf, nameOf, optionsOf, type Place, runIn } from './places.ts';

/** The program, built and linked in all ways that are asked for, in a folder that {@link close} removes. */
export class Torture {
  readonly #folder: string;
  readonly #toolchain: Toolchain;

  private constructor(folder: string, toolchain: Toolchain) {
    this.#folder = folder;
    this.#toolchain = toolchain;
  }

  static async build(places: readonly Place[]): Promise<Torture> {
    const folder = await mkdtemp(join(tmpdir(), 'go-wasm-torture-'));
    const torture = new Torture(folder, await findToolchain());
    const cwd = join(root, 'tools/torture');
    await go(torture.#toolchain, ['build', '-o', join(folder, 'native'), '.'], { cwd });
    const made = new Set<string>();
    const make = async (file: string, how: () => Promise<unknown>): Promise<void> => {
      if (!made.has(file)) await how();
      made.add(file);
    };
    for (const place of places) {
      const { goos, engine } = place;
      const stock = torture.#file({ goos, engine, strategy: 'jump-table' });
      const out = torture.#file(place);
      await make(stock, () => go(torture.#toolchain, ['build', '-o', stock, '.'], { goos, cwd }));
      await make(out, () => linkMeasured(stock, out, optionsOf(place)));
    }
    return torture;
  }

  /** One for all engines, where none is named. */
  #file(place: Place): string {
    const { target = 'all' } = optionsOf(place);
    return join(this.#folder, `${place.goos}.${place.strategy}.${target}.wasm`);
  }

  /** What native Go prints. */
  async expected(args: string[]): Promise<string> {
    return (await $({ quiet: true })`${join(this.#folder, 'native')} ${args}`).stdout;
  }

  /** What the program prints in a place; how it ends as well, if that is not well. */
  async run(place: Place, args: string[]): Promise<string> {
    const file = this.#file(place);
    const end = await runIn(place, file, args, this.#toolchain, this.#folder, 60);
    return end.exitCode === 0 ? end.stdout : `${end.stdout}${end.stderr}\n${endOf(end)}`;
  }

  async close(): Promise<void> {
    await rm(this.#folder, { recursive: true, force: true });
  }
}

/** The first line in which two outputs differ. */
export function firstDifference(expected: string, got: string): string {
  const [lines, others] = [expected.split('\n'), got.split('\n')];
  const k = others.findIndex((line, i) => line !== lines[i]);
  return `line ${k + 1}: ${JSON.stringify(others[k])} where native Go prints ${JSON.stringify(lines[k])}\n${others.slice(k, k + 30).join('\n')}`;
}

async function main(): Promise<void> {
  const { values } = parseOptions(import.meta.url, {
    options: {
      seeds: { type: 'string', default: '3' },
      seed: { type: 'string', default: '1' },
      host: { type: 'string' },
      switch: { type: 'string' },
    },
  });
  const places = await askedPlaces(values.host, values.switch);
  const torture = await Torture.build(places);
  let differences = 0;
  try {
    for (let seed = Number(values.seed); seed < Number(values.seed) + Number(values.seeds); seed++) {
      const expected = await torture.expected([String(seed)]);
      for (const place of places) {
        const got = await torture.run(place, [String(seed)]);
        if (got === expected) continue;
        differences++;
        console.log(`seed ${seed}, ${nameOf(place)}: ${firstDifference(expected, got)}`);
      }
      console.log(`seed ${seed}: ${expected.split('\n').length - 1} lines, ${places.length} places compared`);
    }
  } finally {
    await torture.close();
  }
  console.log(`${differences} differences`);
  process.exitCode = differences > 0 ? 1 : 0;
}

if (process.argv[1] && import.meta.url === pathToFileURL(process.argv[1]).href) await main();
