import { execFileSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { delimiter, dirname, join } from 'node:path';
import type { Choice, Goos } from '@go-wasm/linker/targets';
import { JSPI_RUNNER, WASIP1_RUNNER } from './assets.ts';
import { checkNode, nodeFlags } from './engine.ts';
import { EnvironmentError } from './errors.ts';
import { joinQuoted } from './quoted.ts';
import { type Toolchain, which } from './toolchain.ts';

/**
 * The value of `-exec`: Node with what runs the program. go starts it, and Node must be called by its name: net/http's
 * wasm port looks at `process.argv0`.
 *
 * @throws EnvironmentError if the toolchain comes without the script that runs js programs, or this Node cannot run those
 *   of the strategy.
 */
export function execFlag(go: Toolchain, goos: Goos, strategy: Choice['strategy']): string {
  const stack = stackSize();
  const node = ['node', ...(stack === undefined ? [] : [`--stack-size=${stack}`]), ...nodeFlags(strategy)];
  if (goos === 'wasip1') {
    // Whether Node runs the program at all, the runner decides.
    return joinQuoted([...node, '--disable-warning=ExperimentalWarning', WASIP1_RUNNER, `-switch=${strategy}`]);
  }
  checkNode(strategy);
  return joinQuoted([...node, ...(strategy === 'jspi' ? [JSPI_RUNNER, glue(go, 'wasm_exec.js')] : [jsRunner(go)])]);
}

/** The toolchain's own script that runs a js program in Node. */
export function jsRunner(go: Toolchain): string {
  return glue(go, 'wasm_exec_node.js');
}

function glue(go: Toolchain, name: string): string {
  const script = join(go.GOROOT, 'lib', 'wasm', name);
  if (existsSync(script)) return script;
  throw new EnvironmentError('GW4002', `${go.GOVERSION} has no ${script}`, {
    hint: 'some systems package it apart from Go; or install Go 1.24 or later from https://go.dev/dl',
  });
}

/** The environment in which `node` is the Node that runs us. */
export function withNode(env: NodeJS.ProcessEnv): NodeJS.ProcessEnv {
  if (which('node', env) === process.execPath) return env;
  const name = Object.keys(env).find((key) => key.toUpperCase() === 'PATH') ?? 'PATH';
  return { ...env, [name]: dirname(process.execPath) + delimiter + (env[name] ?? '') };
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
