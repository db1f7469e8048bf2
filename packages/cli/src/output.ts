import {
  closeSync,
  fchmodSync,
  fsyncSync,
  openSync,
  realpathSync,
  renameSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { fileError } from './errors.ts';

/**
 * Writes a file so that at any moment there is either the old one or the whole new one: aside, in the same folder, and
 * renamed. (The usual library writes with one call, and renames a file that a full disk has cut short.)
 *
 * @param mode permission bits of a new file; one that is there keeps its own.
 * @param durable wait for the disk, so that a machine that loses power has the old or the new file as well.
 * @throws EnvironmentError; then the old file is as it was, and nothing else is left.
 */
export function writeWhole(file: string, bytes: Uint8Array, mode: number = 0o666, durable: boolean = true): void {
  let aside: string | undefined;
  try {
    const old = statSync(file, { throwIfNoEntry: false });
    // A pipe or a device (/dev/null) is written to, never replaced.
    if (old && !old.isFile() && !old.isDirectory()) {
      writeFileSync(file, bytes);
      return;
    }
    // A link stays; what it points to is replaced. A folder gives its error when it is opened.
    const target = old ? realpathSync(file) : file;
    if (old) closeSync(openSync(target, 'r+'));
    const name = `${target}.go-wasm-${process.pid}-${process.hrtime.bigint().toString(36)}`;
    const fd = openSync(name, 'wx', mode);
    aside = name;
    try {
      if (old) fchmodSync(fd, old.mode);
      writeFileSync(fd, bytes);
      if (durable) fsyncSync(fd);
    } finally {
      closeSync(fd);
    }
    renameSync(aside, target);
    aside = undefined;
  } catch (cause) {
    throw fileError('write', file, cause);
  } finally {
    if (aside !== undefined) rmSync(aside, { force: true });
  }
}
