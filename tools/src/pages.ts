/** Pages of headless browsers, and what they tell. */
import { readdirSync, readFileSync } from 'node:fs';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import type { Choice } from '@go-wasm/linker/targets';
import { transform } from 'esbuild';
import { type BrowserName, openPage } from '../../packages/cli/src/browser.ts';
import { root } from './paths.ts';

/** What a server sends: its type and itself. */
export type File = [type: string, body: Uint8Array | string];

export interface Visit {
  /** (chromium) */
  host?: BrowserName;
  /** What the browser must be able to run. (jump-table: it gets no flags for that.) */
  strategy?: Choice['strategy'];
  /** Sent with each file. */
  headers?: Record<string, string>;
  /** Called with each result, before the page knows that it has arrived. */
  onResult?: (name: string, value: unknown) => void;
}

/** Isolated pages have a clock of 5 µs in Chromium, others of 100 µs. */
export const ISOLATED: Readonly<Record<string, string>> = {
  'cross-origin-opener-policy': 'same-origin',
  'cross-origin-embedder-policy': 'require-corp',
};

/**
 * Visits a page. It tells results by `fetch('result/NAME', { method: 'POST', body: JSON })`.
 *
 * @param count how many results there are to wait for, two minutes at most.
 * @param find the file of a name; the page's is empty.
 * @returns the results by name; an incomplete set if it took longer.
 * @throws Error if the page ends by itself.
 */
export async function visit(
  count: number,
  find: (name: string) => File | undefined,
  { host = 'chromium', strategy = 'jump-table', headers, onResult }: Visit = {},
): Promise<Record<string, unknown>> {
  const results: Record<string, unknown> = {};
  let done!: () => void;
  let fail!: (error: Error) => void;
  const finished = new Promise<void>((resolve, reject) => {
    done = resolve;
    fail = reject;
  });
  const server = createServer(async (request, response) => {
    const name = request.url!.slice(1);
    if (name.startsWith('result/')) {
      let text = '';
      for await (const chunk of request) text += chunk;
      const result = name.slice('result/'.length);
      results[result] = JSON.parse(text);
      onResult?.(result, results[result]);
      response.end();
      if (Object.keys(results).length === count) done();
      return;
    }
    const file = find(name);
    if (!file) response.writeHead(404).end();
    else response.writeHead(200, { 'content-type': file[0], ...headers }).end(file[1]);
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const tooLate = setTimeout(done, 120_000);
  let close: (() => Promise<void>) | undefined;
  try {
    close = await openPage(host, strategy, `http://127.0.0.1:${(server.address() as AddressInfo).port}/`, fail);
    await finished;
  } finally {
    clearTimeout(tooLate);
    await close?.();
    server.closeAllConnections();
    server.close();
  }
  return results;
}

export interface PageRun {
  stdout: string;
  /** As Go's exit code; -1 if an exception has ended the program, which is in `stdout` then. */
  exit: number;
  /** From before the module is compiled until the program has ended. */
  ms: number;
}

/** Runs a program with Go's `wasm_exec.js` and the host's half of `jspi`. What it prints tells it, at once. */
const PAGE = `<!doctype html><script src="/wasm_exec.js"></script><script type="module">
import { instantiateFor } from './host.js';
const tell = (name, value) => fetch('result/' + name, { method: 'POST', body: JSON.stringify(value) });
const decoder = new TextDecoder();
let stdout = '';
fs.writeSync = (_fd, bytes) => {
  const text = decoder.decode(bytes, { stream: true });
  stdout += text;
  if (text.includes('parked')) tell('parked', stdout);
  return bytes.length;
};
const start = performance.now();
let ended = false;
// Once: behind its exit, a timer that the program has left may fail, which ends a process in time.
const end = (exit) => {
  if (!ended) tell('end', { stdout, exit, ms: performance.now() - start });
  ended = true;
};
const fail = (error) => {
  stdout += error instanceof Error ? error.stack : String(error);
  end(-1);
};
addEventListener('error', ({ error, message }) => fail(error ?? message));
addEventListener('unhandledrejection', ({ reason }) => fail(reason));
const go = new Go();
go.argv = ['program', ...await (await fetch('args')).json()];
go.exit = end;
const instance = await instantiateFor(go, await WebAssembly.compileStreaming(fetch('program.wasm')), fail);
globalThis.goExports = instance.exports;
await go.run(instance);
</script>`;

/**
 * Runs a js program to its end, in a page of a browser of its own.
 *
 * @param onParked called when it prints that word.
 * @throws Error if the page has crashed or the program does not end.
 */
export async function runInPage(
  program: string,
  args: readonly string[],
  goroot: string,
  visitor: Pick<Visit, 'host' | 'strategy'>,
  onParked?: () => void,
): Promise<PageRun> {
  const host = readFileSync(join(root, 'packages/linker/src/host/jspi.ts'), 'utf8');
  const { code } = await transform(host, { loader: 'ts' });
  const files: Record<string, () => File> = {
    '': () => ['text/html', PAGE],
    args: () => ['application/json', JSON.stringify(args)],
    'wasm_exec.js': () => ['text/javascript', readFileSync(join(goroot, 'lib/wasm/wasm_exec.js'))],
    'host.js': () => ['text/javascript', code],
    'program.wasm': () => ['application/wasm', readFileSync(program)],
  };
  const results = await visit(onParked ? 2 : 1, (name) => files[name]?.(), {
    ...visitor,
    headers: ISOLATED,
    onResult: (name) => {
      if (name === 'parked') onParked?.();
    },
  });
  if (!results.end) throw new Error(`${program} ${args.join(' ')} has not ended`);
  return results.end as PageRun;
}

/** Bytes of memory of a process (Linux). */
export function residentBytes(pid: number): number {
  const [, kilobytes] = /^VmRSS:\s+(\d+) kB/m.exec(readFileSync(`/proc/${pid}/status`, 'utf8')) ?? [];
  return Number(kilobytes) * 1024;
}

/** Bytes of memory of the largest process with a page in it, of those that have come of this one (Linux). */
export function pageBytes(): number {
  const parents = new Map<number, number>();
  const pages: number[] = [];
  for (const entry of readdirSync('/proc')) {
    const pid = Number(entry);
    if (Number.isNaN(pid)) continue;
    try {
      parents.set(pid, Number(/^PPid:\s+(\d+)/m.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))![1]));
      const command = readFileSync(`/proc/${pid}/cmdline`, 'utf8');
      if (/--type=renderer|-contentproc.*\btab\0/s.test(command)) pages.push(pid);
    } catch {
      // It has ended meanwhile.
    }
  }
  const ours = (pid: number | undefined): boolean => {
    for (let at = pid; at; at = parents.get(at)) if (at === process.pid) return true;
    return false;
  };
  return Math.max(...pages.filter(ours).map(residentBytes));
}
