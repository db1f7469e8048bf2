import { spawnSync } from 'node:child_process';
import { renameSync, rmSync, statSync } from 'node:fs';
import { describe, EnvironmentError, printError } from './errors.ts';
import { readInput } from './input.ts';
import type { Link } from './link-cache.ts';
import { fromFlags, toLinkOptions } from './options.ts';
import { writeWhole } from './output.ts';
import { stageTimes, TERMINAL_VARIABLE, terminalProgress, VERBOSE_VARIABLE } from './progress.ts';

/**
 * Takes the linker's place in a build: `OPTION... -- [-wrap=WORD...] LINKER -o OUT ARG...`, as the shim passes it on.
 * Runs Go's linker into a file beside OUT and writes to OUT what the pipeline makes of it. If the pipeline gives up,
 * OUT is what Go's linker made (`-linkmode=auto`) or nothing is written (`external`).
 *
 * @returns the exit code: that of Go's linker if it fails, 1 for an error of ours.
 */
export async function linkStep(argv: readonly string[], link: Link): Promise<number> {
  const end = argv.indexOf('--');
  const options = fromFlags(argv.slice(0, end));
  // The command takes it out when go has moved the module to where it belongs.
  if (options.sourcemap === 'file') options.sourcemap = 'inline';
  const command = argv.slice(end + 1).map((word) => word.replace(/^-wrap=/, ''));
  // cmd/go puts `-o OUT` first among the linker's own arguments (work/gc.go, ld).
  const o = command.indexOf('-o');
  const out = command[o + 1];
  if (o < 0 || out === undefined) return run(command);

  const stock = `${out}.stock`;
  try {
    const code = run(command.with(o + 1, stock));
    if (code !== 0) return code;
    const progress = process.env[TERMINAL_VARIABLE] ? terminalProgress('linking') : undefined;
    try {
      const { bytes, report } = await link(readInput(stock), {
        ...toLinkOptions(options, out),
        ...(progress && { onProgress: progress.update }),
      });
      // cmd/go works in a folder of its own and moves the file from there: no need to wait for the disk.
      writeWhole(out, bytes, statSync(stock).mode, false);
      if (process.env[VERBOSE_VARIABLE]) process.stderr.write(stageTimes(report));
    } catch (error) {
      if (error instanceof EnvironmentError || options.linkmode === 'external') throw error;
      renameSync(stock, out);
      process.stderr.write(`go-wasm: linked as stock Go does: ${describe(error).line}\n`);
    } finally {
      progress?.end();
    }
    return 0;
  } catch (error) {
    printError(error);
    return 1;
  } finally {
    rmSync(stock, { force: true });
  }
}

/** Runs a command in our place and returns its exit code. */
function run(command: readonly string[]): number {
  const { status, error } = spawnSync(command[0]!, command.slice(1), { stdio: 'inherit' });
  if (error) throw new EnvironmentError('GW4002', `Go's linker cannot be run: ${error.message}`, { cause: error });
  return status ?? 1;
}
