/** Module proxies, as GOPROXY names them (https://go.dev/ref/mod#goproxy-protocol, cmd/go/internal/modfetch/proxy.go). */
import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { terminalProgress, watched } from './progress.ts';

/** One entry of GOPROXY. */
export interface ModuleProxy {
  /** Without a slash at the end; or `direct`, which can only be the last. */
  url: string;
  /** Whether the next one is asked after any failure (`|`), not only if this one does not have it (`,`). */
  fallBackOnError: boolean;
}

/** What GOPROXY says; empty if it forbids everything (`off`). */
export function proxies(env: NodeJS.ProcessEnv): ModuleProxy[] {
  const list: ModuleProxy[] = [];
  for (const [, entry, separator] of (env.GOPROXY || 'https://proxy.golang.org,direct').matchAll(/([^,|]+)([,|]?)/g)) {
    const name = entry!.trim();
    if (name === '') continue;
    if (name === 'off') break;
    const url = name === 'direct' || name.includes(':/') ? name : `https://${name}`;
    list.push({ url: url.replace(/\/$/, ''), fallBackOnError: separator === '|' });
    if (name === 'direct') break;
  }
  return list;
}

/** The first answer. @throws AggregateError with what each proxy that was asked has failed with. */
export async function tryProxies<T>(list: readonly ModuleProxy[], ask: (url: string) => Promise<T>): Promise<T> {
  const failures: Error[] = [];
  for (const { url, fallBackOnError } of list) {
    try {
      return await ask(url);
    } catch (error) {
      failures.push(error as Error);
      if (!fallBackOnError && !isMissing(error)) break;
    }
  }
  throw new AggregateError(failures, failures.map(({ message }) => message).join('; '));
}

/** A server that does not have what it was asked for: it answers 404 or 410, or the file is not there. */
class MissingError extends Error {}

/** Whether something failed only because nobody has it. */
export function isMissing(error: unknown): boolean {
  return error instanceof AggregateError ? error.errors.every(isMissing) : error instanceof MissingError;
}

/** What a URL (`https:`, `http:`, `file:`) gives. @param title of the progress that is shown at a terminal. */
export async function read(url: string, title?: string): Promise<Buffer> {
  try {
    if (url.startsWith('file:')) return readFileSync(fileURLToPath(url));
    const response = await fetch(url);
    if (!response.ok) {
      const { status } = response;
      throw new (status === 404 || status === 410 ? MissingError : Error)(`the server answers ${status}`);
    }
    const total = Number(response.headers.get('content-length'));
    const progress = title !== undefined && watched() && total > 0 ? terminalProgress(title, 'MB', 1e6) : undefined;
    const chunks: Uint8Array[] = [];
    let done = 0;
    try {
      for await (const chunk of response.body ?? []) {
        chunks.push(chunk);
        done += chunk.length;
        progress?.update(done, total);
      }
    } finally {
      progress?.end();
    }
    return Buffer.concat(chunks);
  } catch (error) {
    const { cause, message, code } = error as NodeJS.ErrnoException;
    const missing = error instanceof MissingError || code === 'ENOENT';
    throw new (missing ? MissingError : Error)(`${url}: ${cause instanceof Error ? cause.message : message}`, {
      cause: error,
    });
  }
}
