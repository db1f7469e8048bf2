/** `fs`, `process` and `path` as a program sees them, made of a file system and streams. */
import { type Callback, type FileStats, type FileSystem, fileError, O, S, segments, stats } from './files.ts';
import { type Input, type Output, type Source, sink, source } from './streams.ts';

/** What a program has of a system: streams, files, globals. */
export interface SystemOptions {
  /** The standard input. Default: the file system's own, if it has one; else empty. */
  stdin?: Input | undefined;
  /** The standard output. Default: the file system's own, if it has one; else the console, line by line. */
  stdout?: Output | undefined;
  /** The standard error, where panics and `print` go as well. Default: as for `stdout`. */
  stderr?: Output | undefined;
  /** The files that the program sees. Default: none. */
  fs?: FileSystem | undefined;
  /** Names that `js.Global()` has for this program only, before those of `globalThis`: `{ process, require }`. */
  globals?: Readonly<Record<string, unknown>> | undefined;
}

export interface System {
  readonly globals: Record<string, unknown>;
  /** Writes at once. */
  write(fd: number, bytes: Uint8Array): void;
  /** The program has ended: resolves when all it wrote has arrived. */
  end(): Promise<unknown>;
}

/** The functions of Node's `fs` that Go knows. */
const FUNCTIONS =
  'chmod chown close fchmod fchown fstat fsync ftruncate lchown link lstat mkdir open read readdir readlink rename rmdir stat symlink truncate unlink utimes write'.split(
    ' ',
  );

// biome-ignore lint/suspicious/noExplicitAny: functions of a file system, by name
type Functions = Record<string, (...args: any[]) => void>;

export function createSystem({ stdin, stdout, stderr, fs = {}, globals }: SystemOptions): System {
  let over = false;
  /** Calls back while there is a program to call: the end of one that waits for a file is nobody's error. */
  const reply = (
    callback: Callback<unknown>,
    error: Error | null,
    ...results: [result?: unknown, buffer?: unknown]
  ): void => {
    if (over) return;
    try {
      // Deno calls back with undefined where Node has null.
      callback(error ?? null, ...results);
    } catch (error) {
      if (!over) throw error;
    }
  };

  const view: Functions = {};
  for (const name of FUNCTIONS) {
    const run = (fs as Functions)[name];
    view[name] = (...args) => {
      const callback = args.pop() as Callback<unknown>;
      if (run) run.call(fs, ...args, (...answer: Parameters<Callback<unknown>>) => reply(callback, ...answer));
      else callback(fileError('ENOSYS'));
    };
  }

  const inherited = fs.stdio === true;
  const input = stdin === undefined && inherited ? undefined : reader(source(stdin));
  const sinks = [stdout, stderr].map((output, k) =>
    output === undefined && inherited ? undefined : sink(output, k === 0 ? console.log : console.error),
  );

  /** Calls back with what `run` gives, if it is a promise in a later turn. */
  const answer = <T>(run: () => T | Promise<T>, callback: Callback<T>): void => {
    const failed = (cause: unknown): void =>
      reply(callback as Callback<unknown>, Object.assign(fileError('EIO'), { cause }));
    const give = (result: T): void => reply(callback as Callback<unknown>, null, result);
    let result: T | Promise<T>;
    try {
      result = run();
    } catch (error) {
      failed(error);
      return;
    }
    if (result instanceof Promise) result.then(give, failed);
    else give(result);
  };

  const { read, write, fstat, close } = view;
  if (input) {
    view.read = (fd, buffer: Uint8Array, offset, length, position, callback) => {
      if (fd === 0) answer(() => input(buffer.subarray(offset, offset + length)), callback);
      else read!(fd, buffer, offset, length, position, callback);
    };
  }
  view.write = (fd, buffer: Uint8Array, offset, length, position, callback) => {
    const sink = sinks[fd - 1];
    if (sink) answer(() => after(sink.write(buffer.subarray(offset, offset + length)), length), callback);
    else write!(fd, buffer, offset, length, position, callback);
  };
  const isStream = (fd: number): boolean => (fd === 0 ? input : sinks[fd - 1]) !== undefined;
  view.fstat = (fd, callback: Callback<FileStats>) => {
    if (isStream(fd)) callback(null, stats(S.device | 0o620, 0, 0));
    else fstat!(fd, callback);
  };
  view.close = (fd, callback: Callback) => {
    if (isStream(fd)) callback(null);
    else close!(fd, callback);
  };

  return {
    // What else the file system has (Node's) the program sees as well.
    globals: {
      fs: Object.setPrototypeOf({ constants: fs.constants ?? O, ...view }, fs),
      process: processOf(fs),
      path: pathOf(fs),
      ...globals,
    },
    write(fd, bytes) {
      const sink = sinks[fd - 1];
      if (sink) Promise.resolve(sink.write(bytes)).catch(() => {});
      else fs.writeSync?.(fd, bytes);
    },
    end() {
      over = true;
      return Promise.allSettled(sinks.map((sink) => sink?.end()));
    },
  };
}

function after<T>(done: unknown, result: T): T | Promise<T> {
  return done instanceof Promise ? done.then(() => result) : result;
}

/** Reads into a buffer what there is; gives how many bytes, 0 at the end. */
function reader(next: Source): (target: Uint8Array) => number | Promise<number> {
  let rest: Uint8Array = new Uint8Array();
  return (target) => {
    const give = (bytes: Uint8Array = new Uint8Array()): number => {
      const taken = bytes.subarray(0, target.length);
      rest = bytes.subarray(taken.length);
      target.set(taken);
      return taken.length;
    };
    if (rest.length > 0) return give(rest);
    const more = next();
    return more instanceof Promise ? more.then(give) : give(more);
  };
}

/** What Go asks of Node's `process`. */
function processOf(fs: FileSystem): Record<string, unknown> {
  const none = (): number => -1;
  const enosys = (): never => {
    throw fileError('ENOSYS');
  };
  return {
    getuid: none,
    getgid: none,
    geteuid: none,
    getegid: none,
    getgroups: enosys,
    pid: -1,
    ppid: -1,
    umask: fs.umask?.bind(fs) ?? enosys,
    cwd: fs.cwd?.bind(fs) ?? enosys,
    chdir: fs.chdir?.bind(fs) ?? enosys,
  };
}

function pathOf(fs: FileSystem): Record<string, unknown> {
  return {
    resolve: (...parts: string[]) => {
      const path = parts.join('/');
      return fs.cwd ? `/${segments(fs.cwd(), path).join('/')}` : path;
    },
  };
}
