import { type FileSystem, fileError, O } from './files.ts';
import { callingBack, createTree } from './memory-fs.ts';

/** How {@link fetchFs} fetches. */
export interface FetchFsOptions {
  /** Used instead of the global `fetch`: to add headers, for example. */
  fetch?: (url: URL) => Promise<Response>;
}

/**
 * Makes a read-only file system of files that a server has. A file is fetched when it is opened or asked for its size for
 * the first time, and kept.
 *
 * @param base the URL of the root folder. A relative one is the page's.
 * @param files the paths of all files below it: folders are made of them, as HTTP cannot list them.
 */
export function fetchFs(base: string | URL, files: readonly string[], options: FetchFsOptions = {}): FileSystem {
  const { fetch = globalThis.fetch.bind(globalThis) } = options;
  const root = new URL(base, (globalThis as { location?: { href: string } }).location?.href);
  if (!root.pathname.endsWith('/')) root.pathname += '/';
  const tree = createTree();
  for (const path of files) {
    const relative = path.replace(/^\/+/, '');
    let loading: Promise<Uint8Array> | undefined;
    tree.file(`/${relative}`).load = () => {
      loading ??= load(new URL(relative.split('/').map(encodeURIComponent).join('/'), root)).finally(() => {
        loading = undefined;
      });
      return loading;
    };
  }

  const load = async (url: URL): Promise<Uint8Array> => {
    let response: Response;
    try {
      response = await fetch(url);
    } catch (cause) {
      throw Object.assign(fileError('EIO', url.href), { cause });
    }
    if (!response.ok) throw fileError(response.status === 404 ? 'ENOENT' : 'EIO', `${url.href}: ${response.status}`);
    return new Uint8Array(await response.arrayBuffer());
  };

  const { open, close, read, stat, lstat, fstat, readdir, readlink, fsync } = tree.functions;
  const readOnly = (): never => {
    throw fileError('EROFS');
  };
  const WRITES = O.O_WRONLY | O.O_RDWR | O.O_CREAT | O.O_TRUNC;
  return {
    ...callingBack({
      open: (path, flags, mode) => ((flags & WRITES) === 0 ? open(path, flags, mode) : readOnly()),
      ...{ close, read, stat, lstat, fstat, readdir, readlink, fsync },
      ...{ write: readOnly, mkdir: readOnly, rmdir: readOnly, unlink: readOnly, rename: readOnly, link: readOnly },
      ...{ symlink: readOnly, truncate: readOnly, ftruncate: readOnly, utimes: readOnly },
      ...{ chmod: readOnly, fchmod: readOnly, chown: readOnly, lchown: readOnly, fchown: readOnly },
    }),
    cwd: tree.cwd,
    chdir: tree.chdir,
  };
}
