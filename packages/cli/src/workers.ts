/** Threads that take part in a link. */
import { availableParallelism } from 'node:os';
import { parentPort, Worker, type WorkerOptions } from 'node:worker_threads';
import { type Done, type LinkResult, type LinkWorker, type Work, worker } from '@go-wasm/linker';
import type { Link } from './link-cache.ts';

/**
 * For how many bytes of a module one more thread is worth its start: it has to compile the linker's code anew, while the engine
 * still compiles that of the first thread on another core. With two cores, 14 MB take longer with a second thread, 49 MB do not.
 */
const BYTES_EACH = 24_000_000;

/** More of them would wait for what one thread does alone. */
const MOST = 3;

/** How many threads take part in linking a module of `bytes` bytes, beside the one that links. */
export function workersFor(bytes: number): number {
  return Math.min(Math.floor(bytes / BYTES_EACH), availableParallelism() - 1, MOST);
}

/**
 * Starts threads, has them take part in a link, and ends them.
 *
 * @param script what calls {@link serveLink} when it is not the main thread.
 */
export async function withWorkers(
  count: number,
  script: string | URL,
  link: (workers: readonly LinkWorker[]) => Promise<LinkResult>,
  options: WorkerOptions = {},
): Promise<LinkResult> {
  const threads = Array.from({ length: count }, () => new Worker(script, options));
  try {
    return await link(threads.map(linkWorker));
  } finally {
    await Promise.all(threads.map((thread) => thread.terminate()));
  }
}

function linkWorker(thread: Worker): LinkWorker {
  const done = new Promise<Done>((resolve, reject) => {
    thread.once('message', resolve);
    thread.once('error', reject);
    thread.once('exit', () => reject(new Error('the thread has ended')));
  });
  // Whoever waits for it hears of it.
  done.catch(() => {});
  return { done, post: (message) => thread.postMessage(message) };
}

/** What a thread does that {@link withWorkers} has started. */
export function serveLink(): void {
  const answer = worker();
  parentPort!.on('message', (message: Uint8Array | Work) => {
    const done = answer(message);
    if (done) parentPort!.postMessage(done, [done.functions.buffer as ArrayBuffer, done.bodies.buffer as ArrayBuffer]);
  });
}

/** `link`, with as many threads as it is worth. */
export function linkWithWorkers(link: Link, script: string | URL): Link {
  return (input, options) =>
    withWorkers(workersFor(input.length), script, (workers) => link(input, { ...options, workers }));
}
