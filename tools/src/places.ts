/** Where programs run: an engine, a target of Go's and a switch strategy; all that there are, and how a file runs in one. */
import type { LinkOptions } from '@go-wasm/linker';
import { type Choice, chooseSwitch, requirements, usedFeatures } from '@go-wasm/linker/targets';
import { $, type ProcessOutput } from 'zx';
import {
  command,
  type Engine,
  type EngineName,
  engineNames,
  findEngine,
  type Goos,
  isBrowser,
  targetOf,
} from './engines.ts';
import type { Toolchain } from './go.ts';

export type Strategy = Choice['strategy'];
const strategies = ['jump-table', ...Object.keys(requirements)] as Strategy[];

export interface Place {
  engine: Engine;
  goos: Goos;
  strategy: Strategy;
}

export function nameOf({ engine, goos, strategy }: Place): string {
  return `${engine.name} ${goos} ${strategy}`;
}

/** How a module for a place is linked. For what asks nothing of an engine, none is named: the module is that of a build without `-target`. */
export function optionsOf({ engine, strategy }: Pick<Place, 'engine' | 'strategy'>): LinkOptions {
  const same = strategy === 'jump-table' || usedFeatures(strategy).length === 0;
  return { switch: strategy, ...(!same && { target: targetOf(engine).text }) };
}

/** Every place that exists, of those that are asked for. `skipped` says why others do not. */
export async function places(
  hosts: readonly EngineName[] = engineNames,
  asked: readonly Strategy[] = strategies,
): Promise<{ places: Place[]; skipped: string[] }> {
  const found: Place[] = [];
  const skipped: string[] = [];
  for (const name of hosts) {
    const engine = await findEngine(name);
    if (!engine) {
      skipped.push(`${name} is not installed: run \`npm run engines\``);
      continue;
    }
    const systems: Goos[] = name === 'wasmtime' ? ['wasip1'] : isBrowser(engine) ? ['js'] : ['js', 'wasip1'];
    for (const goos of systems) {
      for (const strategy of asked) {
        try {
          chooseSwitch(strategy, targetOf(engine), goos);
          found.push({ engine, goos, strategy });
        } catch (error) {
          skipped.push(`${name} ${goos} ${strategy}: ${(error as Error).message}`);
        }
      }
    }
  }
  return { places: found, skipped };
}

/** The places that a command was asked for, by lists with commas; prints which others there are not. */
export async function askedPlaces(hosts: string | undefined, switches: string | undefined): Promise<Place[]> {
  const asked = await places(
    hosts?.split(',') as EngineName[] | undefined,
    switches?.split(',') as Strategy[] | undefined,
  );
  for (const reason of asked.skipped) console.log(`skipped: ${reason}`);
  return asked.places;
}

/**
 * Runs a file to its end, without input.
 *
 * @param cwd the folder it runs in.
 * @param seconds after which it is killed.
 */
export async function runIn(
  { engine, goos, strategy }: Place,
  wasm: string,
  args: string[],
  { goroot }: Toolchain,
  cwd: string,
  seconds: number,
): Promise<ProcessOutput> {
  const started = command(engine, goos, wasm, args, goroot, cwd, strategy);
  const env = { ...process.env, ...started.env };
  const run = $({ cwd, env, nothrow: true, quiet: true, timeout: `${seconds}s` });
  return run`${started.file} ${started.args}`;
}

/** How a program ended, in one word or two. */
export function endOf({ signal, exitCode }: ProcessOutput): string {
  return `exit ${signal ?? exitCode}`;
}
