import { type Callback, type FileStats, type FileSystem, fileError, O, S, segments, stats } from './files.ts';

/** A file system in memory. The functions that end with Sync are for the JavaScript side. */
export interface MemoryFs extends FileSystem {
  /** A copy of the file's bytes. */
  readFileSync(path: string): Uint8Array;
  /** Writes a file, and makes the folders it is in. A string is written as UTF-8. */
  writeFileSync(path: string, data: string | Uint8Array): void;
  /** The names in a folder, sorted. */
  readdirSync(path: string): string[];
}

/** What a path leads to. */
interface Entry {
  ino: number;
  /** Type and permissions. Of these, the owner's count when a file is opened; folders are open to all. */
  mode: number;
  uid: number;
  gid: number;
  /** Times in milliseconds. */
  atime: number;
  mtime: number;
  nlink: number;
  /** A file's bytes are the first `size` of `data`, which may be longer: it grows by half. */
  data: Uint8Array;
  size: number;
  /** A file that has not been loaded yet. */
  load?: (() => Promise<Uint8Array>) | undefined;
  /** A folder's entries. */
  entries?: Map<string, Entry>;
  /** Where a symbolic link leads. */
  target?: string;
}

interface OpenFile {
  entry: Entry;
  flags: number;
  position: number;
}

/**
 * What a path means: the folder it ends in, the name there (empty for the root and for a path that ends with a dot, which
 * cannot be moved or removed), and what has that name, if anything.
 */
interface Place {
  folder: Entry;
  name: string;
  entry: Entry | undefined;
}

const MAX_LINKS = 40;
const EMPTY: Uint8Array = new Uint8Array();

/**
 * Makes a file system in memory, with `/tmp` and `/dev/null`.
 *
 * @param files what is in it, by path: `{ '/etc/app.json': '{}' }`.
 */
export function memoryFs(files: Readonly<Record<string, string | Uint8Array>> = {}): MemoryFs {
  const { functions, place, ...tree } = createTree();
  tree.folder('/tmp').mode = S.directory | 0o1777;
  tree.file('/dev/null').mode = S.device | 0o666;
  const fs: MemoryFs = {
    ...callingBack(functions),
    cwd: tree.cwd,
    chdir: tree.chdir,
    umask: tree.umask,
    readFileSync(path) {
      const entry = existing(place(path), path);
      if (entry.entries) throw fileError('EISDIR', path);
      return entry.data.slice(0, entry.size);
    },
    writeFileSync: (path, data) => {
      const entry = tree.file(path);
      entry.data = typeof data === 'string' ? new TextEncoder().encode(data) : data.slice();
      entry.size = entry.data.length;
      entry.mtime = Date.now();
    },
    readdirSync: functions.readdir,
  };
  for (const [path, data] of Object.entries(files)) fs.writeFileSync(path, data);
  return fs;
}

type Result<T> = T | Promise<T>;

/** The functions of a file system with results, and exceptions for errors. Only what loads a file gives a promise. */
interface FileFunctions {
  open(path: string, flags: number, mode: number): Result<number>;
  close(fd: number): void;
  read(fd: number, buffer: Uint8Array, offset: number, length: number, position: number | null): number;
  write(fd: number, buffer: Uint8Array, offset: number, length: number, position: number | null): number;
  stat(path: string): Result<FileStats>;
  lstat(path: string): Result<FileStats>;
  fstat(fd: number): FileStats;
  readdir(path: string): string[];
  mkdir(path: string, mode: number): void;
  rmdir(path: string): void;
  unlink(path: string): void;
  rename(from: string, to: string): void;
  link(path: string, link: string): void;
  symlink(target: string, link: string): void;
  readlink(path: string): string;
  truncate(path: string, length: number): void;
  ftruncate(fd: number, length: number): void;
  utimes(path: string, atime: number, mtime: number): void;
  chmod(path: string, mode: number): void;
  fchmod(fd: number, mode: number): void;
  chown(path: string, uid: number, gid: number): void;
  lchown(path: string, uid: number, gid: number): void;
  fchown(fd: number, uid: number, gid: number): void;
  fsync(fd: number): void;
}

export interface Tree {
  readonly functions: FileFunctions;
  place(path: string, follow?: boolean): Place;
  /** The file or folder at a path; made, with the folders above it, where there is none. */
  file(path: string): Entry;
  folder(path: string): Entry;
  cwd(): string;
  chdir(path: string): void;
  umask(mask: number): number;
}

export function createTree(): Tree {
  let inodes = 0;
  let working = '/';
  let masked = 0o022;
  const open: (OpenFile | undefined)[] = [];

  const make = (mode: number, more: Partial<Entry> = {}): Entry => {
    const now = Date.now();
    return { ino: ++inodes, mode, uid: 0, gid: 0, atime: now, mtime: now, nlink: 1, data: EMPTY, size: 0, ...more };
  };
  const root = make(S.directory | 0o755, { entries: new Map() });

  /** @param follow whether a symbolic link at the end means what it leads to. */
  const place = (path: string, follow = true): Place => {
    const trail = [root];
    let names = `${path.startsWith('/') ? '' : working}/${path}`.split('/');
    let links = 0;
    for (let k = 0; k < names.length; k++) {
      const name = names[k]!;
      if (name === '' || name === '.') continue;
      const folder = trail[trail.length - 1]!;
      if (!folder.entries) throw fileError('ENOTDIR', path);
      if (name === '..') {
        if (trail.length > 1) trail.pop();
        continue;
      }
      const rest = names.slice(k + 1);
      // A path that ends with a slash or a dot is a folder's.
      const last = rest.every((name) => name === '' || name === '.');
      const entry = folder.entries.get(name);
      if (entry?.target !== undefined && (follow || rest.length > 0)) {
        if (++links > MAX_LINKS) throw fileError('ELOOP', path);
        if (entry.target.startsWith('/')) trail.length = 1;
        names = [...entry.target.split('/'), ...rest];
        k = -1;
      } else if (last) {
        if (rest.length > 0 && entry && !entry.entries) throw fileError('ENOTDIR', path);
        const dot = rest.includes('.');
        if (dot && !entry) throw fileError('ENOENT', path);
        return { folder, name: dot ? '' : name, entry };
      } else if (!entry) {
        throw fileError('ENOENT', path);
      } else {
        trail.push(entry);
      }
    }
    return { folder: trail[trail.length - 2] ?? root, name: '', entry: trail[trail.length - 1]! };
  };

  const opened = (fd: number): OpenFile => {
    const file = open[fd];
    if (!file) throw fileError('EBADF');
    return file;
  };

  const add = (path: string, entry: Entry): void => {
    const { folder, name, entry: old } = place(path, false);
    if (old) throw fileError('EEXIST', path);
    folder.entries!.set(name, entry);
    folder.mtime = Date.now();
  };

  const remove = ({ folder, name, entry }: Place): void => {
    folder.entries!.delete(name);
    folder.mtime = Date.now();
    entry!.nlink--;
  };

  const loaded = <T>(entry: Entry, then: () => T): Result<T> => {
    if (!entry.load) return then();
    return entry.load().then((data) => {
      entry.data = data;
      entry.size = data.length;
      entry.load = undefined;
      return then();
    });
  };

  const resize = (entry: Entry, size: number): void => {
    if (entry.entries) throw fileError('EISDIR');
    if (size < 0) throw fileError('EINVAL');
    if (size > entry.data.length) {
      const data = new Uint8Array(Math.max(size, Math.ceil(entry.data.length * 1.5)));
      data.set(entry.data.subarray(0, entry.size));
      entry.data = data;
    } else {
      entry.data.fill(0, size, entry.size);
    }
    entry.size = size;
    entry.mtime = Date.now();
  };

  const info = (entry: Entry): FileStats =>
    stats(entry.mode, entry.target?.length ?? entry.size, entry.mtime, {
      ino: entry.ino,
      nlink: entry.nlink,
      uid: entry.uid,
      gid: entry.gid,
      atimeMs: entry.atime,
    });

  const permit = (entry: Entry, mode: number): void => {
    entry.mode = (entry.mode & S.type) | (mode & 0o7777);
  };
  const own = (entry: Entry, uid: number, gid: number): void => {
    entry.uid = uid;
    entry.gid = gid;
  };
  const at = (path: string): Entry => existing(place(path), path);

  const functions: FileFunctions = {
    open(path, flags, mode) {
      const exclusive = (flags & (O.O_CREAT | O.O_EXCL)) === (O.O_CREAT | O.O_EXCL);
      const { folder, name, entry: old } = place(path, !exclusive);
      if (old && exclusive) throw fileError('EEXIST', path);
      let entry = old;
      if (!entry) {
        if ((flags & O.O_CREAT) === 0) throw fileError('ENOENT', path);
        if (path.endsWith('/')) throw fileError('EISDIR', path);
        entry = make(S.file | (mode & ~masked & 0o7777));
        folder.entries!.set(name, entry);
        folder.mtime = Date.now();
      }
      const writes = (flags & (O.O_WRONLY | O.O_RDWR)) !== 0;
      if (entry.entries && (writes || (flags & O.O_CREAT) !== 0)) throw fileError('EISDIR', path);
      const needs = (flags & O.O_RDWR) !== 0 ? 0o600 : writes ? 0o200 : 0o400;
      if (old && !old.entries && (old.mode & needs) !== needs) throw fileError('EACCES', path);
      if (!entry.entries && (flags & O.O_DIRECTORY) !== 0) throw fileError('ENOTDIR', path);
      return loaded(entry, () => {
        if ((flags & O.O_TRUNC) !== 0 && writes) resize(entry, 0);
        let fd = 3; // 0, 1 and 2 are the standard streams
        while (open[fd]) fd++;
        open[fd] = { entry, flags, position: 0 };
        return fd;
      });
    },
    close(fd) {
      opened(fd);
      open[fd] = undefined;
    },
    read(fd, buffer, offset, length, position) {
      const file = opened(fd);
      const { entry, flags } = file;
      if (entry.entries) throw fileError('EISDIR');
      if ((flags & O.O_WRONLY) !== 0) throw fileError('EBADF');
      const start = position ?? file.position;
      const bytes = entry.data.subarray(start, Math.max(Math.min(start + length, entry.size), start));
      buffer.set(bytes, offset);
      if (position === null) file.position += bytes.length;
      return bytes.length;
    },
    write(fd, buffer, offset, length, position) {
      const file = opened(fd);
      const { entry, flags } = file;
      if ((flags & (O.O_WRONLY | O.O_RDWR)) === 0) throw fileError('EBADF');
      if ((entry.mode & S.type) === S.device) return length;
      const start = (flags & O.O_APPEND) !== 0 ? entry.size : (position ?? file.position);
      if (start + length > entry.size) resize(entry, start + length);
      entry.data.set(buffer.subarray(offset, offset + length), start);
      entry.mtime = Date.now();
      if (position === null) file.position = start + length;
      return length;
    },
    stat(path) {
      const entry = at(path);
      return loaded(entry, () => info(entry));
    },
    lstat(path) {
      const entry = existing(place(path, false), path);
      return loaded(entry, () => info(entry));
    },
    fstat: (fd) => info(opened(fd).entry),
    readdir(path) {
      const { entries } = at(path);
      if (!entries) throw fileError('ENOTDIR', path);
      return [...entries.keys()].sort();
    },
    mkdir: (path, mode) => add(path, make(S.directory | (mode & ~masked & 0o7777), { entries: new Map() })),
    rmdir(path) {
      const found = place(path, false);
      const { entries } = existing(found, path);
      if (!entries) throw fileError('ENOTDIR', path);
      if (entries.size > 0) throw fileError('ENOTEMPTY', path);
      if (found.name === '') throw fileError('EBUSY', path);
      remove(found);
    },
    unlink(path) {
      const found = place(path, false);
      if (existing(found, path).entries) throw fileError('EISDIR', path);
      remove(found);
    },
    rename(from, to) {
      const source = place(from, false);
      const entry = existing(source, from);
      const target = place(to, false);
      if (entry === target.entry) return;
      if (source.name === '' || target.name === '') throw fileError('EBUSY', from);
      if (entry.entries) {
        if (target.entry && !target.entry.entries) throw fileError('ENOTDIR', to);
        if (target.entry?.entries && target.entry.entries.size > 0) throw fileError('ENOTEMPTY', to);
        if (contains(entry, target.folder)) throw fileError('EINVAL', to);
      } else if (target.entry?.entries) {
        throw fileError('EISDIR', to);
      }
      if (target.entry) remove(target);
      source.folder.entries!.delete(source.name);
      target.folder.entries!.set(target.name, entry);
    },
    link(path, link) {
      const entry = existing(place(path, false), path);
      if (entry.entries) throw fileError('EPERM', path);
      add(link, entry);
      entry.nlink++;
    },
    symlink: (target, link) => add(link, make(S.link | 0o777, { target })),
    readlink(path) {
      const { target } = existing(place(path, false), path);
      if (target === undefined) throw fileError('EINVAL', path);
      return target;
    },
    truncate: (path, length) => resize(at(path), length),
    ftruncate(fd, length) {
      const { entry, flags } = opened(fd);
      if ((flags & (O.O_WRONLY | O.O_RDWR)) === 0) throw fileError('EINVAL');
      resize(entry, length);
    },
    utimes: (path, atime, mtime) => void Object.assign(at(path), { atime: atime * 1000, mtime: mtime * 1000 }),
    chmod: (path, mode) => permit(at(path), mode),
    fchmod: (fd, mode) => permit(opened(fd).entry, mode),
    chown: (path, uid, gid) => own(at(path), uid, gid),
    lchown: (path, uid, gid) => own(existing(place(path, false), path), uid, gid),
    fchown: (fd, uid, gid) => own(opened(fd).entry, uid, gid),
    fsync: (fd) => void opened(fd),
  };

  const folder = (path: string): Entry => {
    let at = root;
    for (const name of segments(working, path)) {
      if (!at.entries) throw fileError('ENOTDIR', path);
      let next = at.entries.get(name);
      if (!next) {
        next = make(S.directory | 0o755, { entries: new Map() });
        at.entries.set(name, next);
      }
      at = next;
    }
    return at;
  };

  return {
    functions,
    place,
    folder,
    file(path) {
      const names = segments(working, path);
      const name = names.pop();
      const { entries } = folder(`/${names.join('/')}`);
      if (name === undefined) throw fileError('EISDIR', path);
      if (!entries) throw fileError('ENOTDIR', path);
      const entry = entries.get(name) ?? make(S.file | 0o644);
      if (entry.entries) throw fileError('EISDIR', path);
      entries.set(name, entry);
      return entry;
    },
    umask(mask) {
      const old = masked;
      masked = mask & 0o777;
      return old;
    },
    cwd: () => working,
    chdir(path) {
      if (!at(path).entries) throw fileError('ENOTDIR', path);
      working = `/${segments(working, path).join('/')}`;
    },
  };
}

function existing({ entry }: Place, path: string): Entry {
  if (!entry) throw fileError('ENOENT', path);
  return entry;
}

/** Whether a folder is another one, or in it. */
function contains(folder: Entry, inner: Entry): boolean {
  const waiting = [folder];
  for (let entry = waiting.pop(); entry; entry = waiting.pop()) {
    if (entry === inner) return true;
    if (entry.entries) waiting.push(...entry.entries.values());
  }
  return false;
}

/** The same functions as Go calls them. Callbacks are called at once where nothing need be waited for. */
export function callingBack(functions: Partial<FileFunctions>): FileSystem {
  const fs: Record<string, unknown> = {};
  for (const [name, run] of Object.entries(functions)) {
    fs[name] = (...args: unknown[]) => {
      const callback = args.pop() as Callback<unknown>;
      let result: unknown;
      try {
        result = (run as (...args: unknown[]) => unknown)(...args);
      } catch (error) {
        return callback(error as Error);
      }
      if (result instanceof Promise) result.then((value) => callback(null, value), callback);
      else callback(null, result);
    };
  }
  return fs as FileSystem;
}
