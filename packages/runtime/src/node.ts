/**
 * What Node has for a Go program: files, standard streams, process.
 *
 * @module @go-wasm/runtime/node
 */
import fs from 'node:fs';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { pathToFileURL } from 'node:url';
import type { FileSystem } from './files.ts';
import { type InstantiateOptions, launch } from './instantiate.ts';

/**
 * Node's file system, with its standard streams and working folder. What goes to the standard outputs is written by this
 * thread, as Node's own `console` does it: to ask another one takes longer than to write.
 */
export function nodeFs(): FileSystem {
  return Object.create(fs, {
    stdio: { value: true },
    write: { value: write },
    cwd: { value: () => process.cwd() },
    chdir: { value: (folder: string) => process.chdir(folder) },
    umask: { value: (mask: number) => process.umask(mask) },
  });
}

/**
 * To the standard outputs it writes at once, and calls back in a later turn, so that a goroutine waits for its output as long
 * as others and timers need: their order stays what it is with `fs.write`.
 */
const write: NonNullable<FileSystem['write']> = (fd, buffer, offset, length, position, callback) => {
  if (fd !== 1 && fd !== 2) {
    fs.write(fd, buffer, offset, length, position, callback);
    return;
  }
  let written: number | undefined;
  let failed: NodeJS.ErrnoException | null = null;
  try {
    written = fs.writeSync(fd, buffer, offset, length, position);
  } catch (error) {
    failed = error as NodeJS.ErrnoException;
    // A pipe that is full, and that another process which has it, too, has told not to wait.
    if (failed.code === 'EAGAIN') {
      setTimeout(write, 1, fd, buffer, offset, length, position, callback);
      return;
    }
  }
  setImmediate(callback, failed, written, buffer);
};

/** What of Node the program gets. */
export interface NodeOptions {
  /**
   * Whether `net/http` asks Node's `fetch`. Default true. Go leaves that out where it sees Node, and connects its clients
   * to servers in the same program only, which is what its own tests need.
   */
  fetch?: boolean;
}

/**
 * The options that make a program in Node a program of the system, as wasm_exec_node.js does: its files, streams,
 * environment and process, and `require`.
 *
 * ```ts
 * const app = await instantiate(new URL('./app.wasm', import.meta.url), { ...node(), args: ['-v'] });
 * ```
 */
export function node({ fetch = true }: NodeOptions = {}): Pick<InstantiateOptions, 'fs' | 'env' | 'globals'> {
  return {
    fs: nodeFs(),
    env: { TMPDIR: tmpdir(), ...process.env },
    globals: {
      // Go knows Node by this name.
      process: fetch ? Object.create(process, { argv0: { value: 'go' } }) : process,
      path,
      require: createRequire(pathToFileURL(`${process.cwd()}/`)),
    },
  };
}

/**
 * Runs a program to its end, as `go run` does with wasm_exec_node.js: when nothing is left that could wake it, Go says that
 * all goroutines are asleep.
 *
 * @param file the path of the module, which is the program's name as well.
 * @returns the exit code.
 */
export async function run(
  file: string,
  args: readonly string[] = [],
  options: InstantiateOptions & NodeOptions = {},
): Promise<number> {
  const { app, program } = await launch(fs.readFileSync(file), { ...node(options), argv0: file, args, ...options });
  const wake = (): void => program.deadlock();
  process.once('beforeExit', wake);
  return app.exited.finally(() => process.off('beforeExit', wake));
}
