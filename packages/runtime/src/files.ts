/** What a Go program asks of a file system: the functions of Node's `fs` that Go's package syscall calls (syscall/fs_js.go). */

/** As Node calls back: an error with a `code` such as `ENOENT`, or null and the result; `read` and `write` of Node's give the buffer as well. */
export type Callback<T = void> = (error: Error | null, result?: T, buffer?: unknown) => void;

/** What is known of a file, as in Node's `fs.Stats`; times in milliseconds since 1970. */
export interface FileStats {
  readonly dev: number;
  readonly ino: number;
  readonly mode: number;
  readonly nlink: number;
  readonly uid: number;
  readonly gid: number;
  readonly rdev: number;
  readonly size: number;
  readonly blksize: number;
  readonly blocks: number;
  readonly atimeMs: number;
  readonly mtimeMs: number;
  readonly ctimeMs: number;
  isDirectory(): boolean;
}

/**
 * A file system. What it leaves out does not work in the program: Go says `not implemented`. Node's own is
 * `nodeFs()` of `@go-wasm/runtime/node`.
 *
 * Paths are as the program gives them, relative ones too. Times are in seconds. Callbacks may be called at once.
 */
export interface FileSystem {
  /** The bits of `flags` in `open`. Left out: those of Linux, `O` below. */
  readonly constants?: Readonly<Record<string, number>>;
  /** Whether 0, 1 and 2 are open files of it, so that the standard streams need not be given. */
  readonly stdio?: boolean;
  /** The working folder, an absolute path. Left out: there is none, and relative paths mean nothing. */
  cwd?(): string;
  chdir?(path: string): void;
  /** Sets the permissions that new files do not get, and returns the old ones. */
  umask?(mask: number): number;

  open?(path: string, flags: number, mode: number, callback: Callback<number>): void;
  close?(fd: number, callback: Callback): void;
  /** A `position` of null is the file's own, which moves. */
  read?(
    fd: number,
    buffer: Uint8Array,
    offset: number,
    length: number,
    position: number | null,
    callback: Callback<number>,
  ): void;
  write?(
    fd: number,
    buffer: Uint8Array,
    offset: number,
    length: number,
    position: number | null,
    callback: Callback<number>,
  ): void;
  /** Needed with `stdio` only: what the Go runtime itself prints. */
  writeSync?(fd: number, buffer: Uint8Array): number;
  stat?(path: string, callback: Callback<FileStats>): void;
  lstat?(path: string, callback: Callback<FileStats>): void;
  fstat?(fd: number, callback: Callback<FileStats>): void;
  readdir?(path: string, callback: Callback<string[]>): void;
  mkdir?(path: string, mode: number, callback: Callback): void;
  rmdir?(path: string, callback: Callback): void;
  unlink?(path: string, callback: Callback): void;
  rename?(from: string, to: string, callback: Callback): void;
  link?(path: string, link: string, callback: Callback): void;
  symlink?(target: string, link: string, callback: Callback): void;
  readlink?(path: string, callback: Callback<string>): void;
  truncate?(path: string, length: number, callback: Callback): void;
  ftruncate?(fd: number, length: number, callback: Callback): void;
  utimes?(path: string, atime: number, mtime: number, callback: Callback): void;
  chmod?(path: string, mode: number, callback: Callback): void;
  fchmod?(fd: number, mode: number, callback: Callback): void;
  chown?(path: string, uid: number, gid: number, callback: Callback): void;
  lchown?(path: string, uid: number, gid: number, callback: Callback): void;
  fchown?(fd: number, uid: number, gid: number, callback: Callback): void;
  fsync?(fd: number, callback: Callback): void;
}

/** Flags of `open`: Linux's numbers. */
export const O = {
  O_WRONLY: 0o1,
  O_RDWR: 0o2,
  O_CREAT: 0o100,
  O_EXCL: 0o200,
  O_TRUNC: 0o1000,
  O_APPEND: 0o2000,
  O_DIRECTORY: 0o200000,
} as const;

/** The type of a file, in its mode. */
export const S = {
  type: 0o170000,
  link: 0o120000,
  file: 0o100000,
  directory: 0o040000,
  device: 0o020000,
} as const;

/** An error as Go's package syscall knows them: by code. */
export function fileError(code: string, path?: string): Error & { code: string } {
  return Object.assign(new Error(path === undefined ? code : `${code}: ${path}`), { code });
}

/** What is known of a file; all else is 0. `time` in milliseconds. */
export function stats(mode: number, size: number, time: number, more: Partial<FileStats> = {}): FileStats {
  return {
    dev: 1,
    ino: 0,
    mode,
    nlink: 1,
    uid: 0,
    gid: 0,
    rdev: 0,
    size,
    blksize: 4096,
    blocks: Math.ceil(size / 512),
    atimeMs: time,
    mtimeMs: time,
    ctimeMs: time,
    isDirectory: () => (mode & S.type) === S.directory,
    ...more,
  };
}

/** The names in a path, from the root: without `.`, `..` and empty ones, as far as that can be told from the path alone. */
export function segments(cwd: string, path: string): string[] {
  const names: string[] = [];
  for (const name of (path.startsWith('/') ? path : `${cwd}/${path}`).split('/')) {
    if (name === '..') names.pop();
    else if (name !== '' && name !== '.') names.push(name);
  }
  return names;
}
