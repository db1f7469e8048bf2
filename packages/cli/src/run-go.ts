import { spawn } from 'node:child_process';
import { constants } from 'node:os';
import { goError } from './toolchain.ts';

const FORWARDED = ['SIGINT', 'SIGTERM', 'SIGHUP', 'SIGQUIT'] as const;

/** How a program ended. */
export type Ending = { code: number; signal?: undefined } | { code?: undefined; signal: NodeJS.Signals };

/**
 * Runs a program in our place: its input and outputs are ours, and signals go on to it.
 *
 * @throws the system's error if it cannot be started.
 */
export function runInPlace(
  program: string,
  args: readonly string[],
  options: { env?: NodeJS.ProcessEnv; argv0?: string } = {},
): Promise<Ending> {
  return new Promise((resolve, reject) => {
    const child = spawn(program, args, { stdio: 'inherit', ...options });
    const forward = (signal: NodeJS.Signals) => child.kill(signal);
    const signals = process.platform === 'win32' ? (['SIGINT'] as const) : FORWARDED;
    for (const signal of signals) process.on(signal, forward);
    const done = () => {
      for (const signal of signals) process.off(signal, forward);
    };
    child.on('error', (error) => {
      done();
      reject(error);
    });
    child.on('close', (code, signal) => {
      done();
      resolve(signal === null ? { code: code ?? 1 } : { signal });
    });
  });
}

/** The exit code that says how a program ended, where one cannot end by the same signal: as a shell has it. */
export function exitCode(ending: Ending): number {
  return ending.signal === undefined ? ending.code : 128 + (constants.signals[ending.signal] ?? 0);
}

/** Runs go in our place. Returns its exit code; where a signal ended it, the same signal ends us. */
export async function runGo(args: readonly string[], env: NodeJS.ProcessEnv): Promise<number> {
  const ending = await runInPlace('go', args, { env }).catch((error) => Promise.reject(goError(error)));
  if (ending.signal !== undefined) setImmediate(() => process.kill(process.pid, ending.signal));
  return exitCode(ending);
}
