import {
  closeSync,
  copyFileSync,
  existsSync,
  linkSync,
  mkdirSync,
  mkdtempSync,
  openSync,
  readdirSync,
  readSync,
  realpathSync,
  renameSync,
  rmSync,
  statSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { basename, dirname, join, resolve } from 'node:path';
import { fileError } from './errors.ts';

/**
 * Where go works, and where it writes.
 *
 * go builds in a folder of its own and renames the result onto the output. But where it cannot rename (another file
 * system, and always on Windows and in set-group-id folders) it removes the old file and copies: killed then, or on a
 * full disk, neither the old nor the new file is left (cmd/go/internal/work/shell.go, moveOrCopyFile). /tmp is often a
 * file system of its own. So go gets a work folder on the output's file system if our cache is on it; if not, go copies
 * into a folder beside the output, and what it has put there whole is renamed.
 */
export interface Placement {
  /** What go's `GOTMPDIR` must be, if not as it is. */
  workFolder: string | undefined;
  /** What go's `-o` must be, if not as it is. */
  output: string | undefined;
  /** To be called when go has ended: on success, moves what go has written to where it belongs. */
  finish(success: boolean): void;
}

/** What go is about to write. */
export interface Writing {
  /** As given to `-o`; undefined if go is left to find a name. */
  output: string | undefined;
  /** The folder in which go runs. */
  folder: string;
  /** Without `-o`: whether go writes into `folder`. Asked only where it matters, as it may take a while. */
  writesHere: () => Promise<boolean>;
}

/** @param cache our cache folder. */
export async function place(writing: Writing, cache: string, env: NodeJS.ProcessEnv): Promise<Placement> {
  const { output, folder } = writing;
  const target = output === undefined ? folder : resolve(folder, output);
  const old = statSync(target, { throwIfNoEntry: false });
  const nothing: Placement = { workFolder: undefined, output: undefined, finish: () => {} };
  // A device: /dev/null, say.
  if (old && !old.isFile() && !old.isDirectory()) return nothing;

  const isFolder = old?.isDirectory() === true || /[/\\]$/.test(output ?? '');
  const above = existing(isFolder ? target : dirname(target));
  const renames = process.platform !== 'win32' && (above.mode & 0o2000) === 0;
  if (renames && existing(env.GOTMPDIR || tmpdir()).dev === above.dev) return nothing;
  if (renames && !env.GOTMPDIR && existing(cache).dev === above.dev) {
    const work = temporaryFolder(join(cache, 'work'), '');
    return { ...nothing, workFolder: work, finish: () => rmSync(work, { recursive: true, force: true }) };
  }
  if (output === undefined && !(await writing.writesHere())) return nothing;
  return { ...nothing, ...stage(target, isFolder) };
}

/** A folder beside the output that go writes to in its place. */
function stage(target: string, isFolder: boolean): Pick<Placement, 'output' | 'finish'> {
  const folder = isFolder ? target : dirname(target);
  const staged = temporaryFolder(folder, '.go-wasm-');
  // go looks at the old files to see whether they are up to date.
  const names = isFolder ? readdirSync(folder).filter((name) => isModule(join(folder, name))) : [basename(target)];
  const old = new Map<string, string>();
  for (const name of names) {
    const to = join(staged, name);
    sameFile(join(folder, name), to);
    if (existsSync(to)) old.set(name, identity(to));
  }
  return {
    output: isFolder ? join(staged, '/') : join(staged, basename(target)),
    finish(success) {
      try {
        for (const name of success ? readdirSync(staged) : []) {
          const from = join(staged, name);
          const to = join(folder, name);
          if (identity(from) !== old.get(name)) renameSync(from, existsSync(to) ? realpathSync(to) : to);
        }
      } catch (cause) {
        throw fileError('write', target, cause);
      } finally {
        rmSync(staged, { recursive: true, force: true });
      }
    },
  };
}

/** A new folder in `parent`, named after this process. Those that killed processes have left go. */
function temporaryFolder(parent: string, prefix: string): string {
  try {
    mkdirSync(parent, { recursive: true });
    for (const name of readdirSync(parent)) {
      const [, pid] = name.startsWith(prefix) ? (/^(\d+)-\w{6}$/.exec(name.slice(prefix.length)) ?? []) : [];
      if (pid && !isAlive(Number(pid))) rmSync(join(parent, name), { recursive: true, force: true });
    }
    return mkdtempSync(join(parent, `${prefix}${process.pid}-`));
  } catch (cause) {
    throw fileError('write', parent, cause);
  }
}

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'EPERM';
  }
}

/** Gives a file a second name: without a copy where the file system can. Nothing if there is no such file. */
function sameFile(from: string, to: string): void {
  if (!statSync(from, { throwIfNoEntry: false })?.isFile()) return;
  try {
    linkSync(realpathSync(from), to);
  } catch {
    copyFileSync(from, to);
  }
}

/** Tells a file from one that has been put in its place. */
function identity(file: string): string {
  const { ino, mtimeNs } = statSync(file, { bigint: true });
  return `${ino} ${mtimeNs}`;
}

/** What is known of a path, or of the nearest folder above it that exists. */
function existing(path: string): { dev: number; mode: number } {
  for (let at = path; ; at = dirname(at)) {
    const stats = statSync(at, { throwIfNoEntry: false });
    if (stats) return stats;
  }
}

function isModule(file: string): boolean {
  if (!statSync(file, { throwIfNoEntry: false })?.isFile()) return false;
  const magic = Buffer.alloc(4);
  const fd = openSync(file, 'r');
  try {
    readSync(fd, magic);
  } finally {
    closeSync(fd);
  }
  return magic.toString('latin1') === '\0asm';
}
