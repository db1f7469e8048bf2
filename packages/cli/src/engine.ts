import { execFileSync, spawnSync } from 'node:child_process';
import {
  type Choice,
  chooseSwitch,
  engineFlags,
  engines,
  type Goos,
  parseTarget,
  runnable,
  type StrategyName,
  type SwitchName,
  type Target,
  whoRuns,
} from '@go-wasm/linker/targets';
import { EnvironmentError } from './errors.ts';
import { which } from './toolchain.ts';

/** The Node that runs us. */
export function thisNode(): Target {
  return parseTarget(`node${process.versions.node.replace(/-.*/, '')}`);
}

/** A wasmtime; the newest if it does not say which one it is. */
export function wasmtimeAt(path: string): Target {
  const { stdout } = spawnSync(path, ['--version'], { encoding: 'utf8' });
  return parseTarget(`wasmtime${/^wasmtime\D*(\d+(\.\d+)*)/.exec(stdout)?.[1] ?? ''}`);
}

/**
 * What `go-wasm run` runs a program in: js in this Node, wasip1 in wasmtime if it is in PATH, else in this Node.
 *
 * @param host what `-host` says. Of one that is not in the table nothing is known: it can do what all can.
 */
export function thisHost(
  goos: Goos,
  host: string | undefined,
  env: NodeJS.ProcessEnv = process.env,
): Target | undefined {
  if (host !== undefined && host !== 'node' && host !== 'wasmtime') {
    return Object.hasOwn(engines, host) ? parseTarget(host) : undefined;
  }
  const asked = host ?? env.GOWASIRUNTIME;
  if (goos === 'js' || asked === 'node') return thisNode();
  const wasmtime = which('wasmtime', env);
  if (asked && asked !== 'wasmtime') return parseTarget(asked);
  return wasmtime === undefined ? thisNode() : wasmtimeAt(wasmtime);
}

/** The strategy for `-switch` and `-target`. @param host stands in for a target where `auto` is asked for and none was named. */
export function strategyFor(
  options: { switch: SwitchName; target: string },
  goos: Goos,
  host?: () => Target | undefined,
): Choice {
  const named = options.target === '' ? undefined : parseTarget(options.target);
  return chooseSwitch(options.switch, named ?? (options.switch === 'auto' ? host?.() : undefined), goos);
}

/** The flags that this Node needs to run programs of a strategy; none if it cannot. */
export function nodeFlags(strategy: SwitchName): readonly string[] {
  return engineFlags(thisNode(), strategy);
}

/** @throws EnvironmentError if the Node that runs us cannot run programs of a strategy. */
export function checkNode(strategy: Choice['strategy']): void {
  checkEngine(thisNode(), `Node ${process.version}`, strategy);
}

/** @throws EnvironmentError if an engine, which people know by `name`, cannot run programs of a strategy. */
export function checkEngine(engine: Target, name: string, strategy: Choice['strategy']): void {
  if (strategy === 'jump-table' || runnable(engine).all.includes(strategy)) return;
  throw new EnvironmentError('GW4031', `${name} cannot run programs for -switch=${strategy}`, {
    hint: `choose -switch=resume; -switch=${strategy} runs in ${whoRuns(strategy)}`,
  });
}

/** What an engine can run, in words: for `go-wasm doctor`. */
export function strategiesOf(target: Target): string {
  const { all, plain } = runnable(target);
  const withFlags = all.filter((name) => !plain.includes(name));
  const flags = (name: StrategyName) => `${name} (with ${engineFlags(target, name).join(' ')})`;
  return `${[...plain, ...withFlags.map(flags)].join(', ')}; -switch=auto takes ${chooseSwitch('auto', target).strategy}`;
}

/**
 * V8's stack size for a Go program, in KB: the 8192 that Go's own runner asks for, as far as the system's limit for the
 * main thread allows. Beyond that, deep recursion is a segmentation fault instead of an exception. Undefined on Windows,
 * where the limit is in node.exe.
 */
export function stackSize(): number | undefined {
  if (process.platform === 'win32') return undefined;
  const limit = Number(execFileSync('/bin/sh', ['-c', 'ulimit -s'], { encoding: 'utf8' }));
  // What V8 calls from there, and the environment, need room below the limit.
  return Number.isNaN(limit) ? 8192 : Math.max(984, Math.min(8192, limit - 512));
}
