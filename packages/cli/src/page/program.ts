/**
 * What runs in the page of `go-wasm run -host=chromium`: the program, with the files, streams and environment of the
 * process that has opened the page (entries/run-browser.ts), which it asks over a WebSocket.
 */
import { instantiateFor } from '@go-wasm/linker/host/jspi';
import { Go } from '@go-wasm/runtime';
import { gotest } from '../gotest.ts';
import { type Answer, FILE_FUNCTIONS, NO_ANSWER, pack, type Start, unpack } from './wire.ts';

type Done = (error: Error | null, result?: unknown) => void;

const socket = new WebSocket(new URL('files', location.href.replace(/^http/, 'ws')));
socket.binaryType = 'arraybuffer';
/** By number: who waits for an answer, and where bytes go that are read. */
const waiting = new Map<number, { done: Done; target: Uint8Array | undefined }>();
let last = NO_ANSWER;
let over = false;

function ask(name: string, args: readonly unknown[], done: Done, bytes?: Uint8Array, target?: Uint8Array): void {
  waiting.set(++last, { done, target });
  socket.send(pack(last, { name, args }, bytes));
}

function tell(name: string, args: readonly unknown[], bytes?: Uint8Array): void {
  socket.send(pack(NO_ANSWER, { name, args }, bytes));
}

socket.onmessage = ({ data }) => {
  const { id, head, bytes } = unpack<Answer>(new Uint8Array(data));
  const { done, target } = waiting.get(id)!;
  waiting.delete(id);
  if (over) return;
  target?.set(bytes);
  if (head.error) done(fault(head.error));
  else done(null, isStats(head.result) ? withType(head.result) : head.result);
};

function fault({ code, message }: NonNullable<Answer['error']>): Error {
  return Object.assign(new Error(message), { code });
}

function isStats(result: unknown): result is { mode: number } {
  return typeof result === 'object' && result !== null && 'mode' in result;
}

function withType(stats: { mode: number }): object {
  return { ...stats, isDirectory: () => (stats.mode & 0o170000) === 0o040000 };
}

/** Asks and waits: for what Go wants at once. */
function askNow(name: string, args: readonly unknown[]): unknown {
  const request = new XMLHttpRequest();
  request.open('POST', 'now', false);
  request.send(JSON.stringify({ name, args }));
  const { error, result } = JSON.parse(request.responseText) as Answer;
  if (error) throw fault(error);
  return result;
}

function files(constants: Record<string, number>): object {
  const fs: Record<string, unknown> = {
    constants,
    read: (fd: number, buffer: Uint8Array, offset: number, length: number, position: number | null, done: Done) =>
      ask('read', [fd, length, position], done, undefined, buffer.subarray(offset, offset + length)),
    write: (fd: number, buffer: Uint8Array, offset: number, length: number, position: number | null, done: Done) =>
      ask('write', [fd, position], done, buffer.subarray(offset, offset + length)),
    writeSync(fd: number, buffer: Uint8Array) {
      tell('write', [fd, null], buffer);
      return buffer.length;
    },
  };
  for (const name of FILE_FUNCTIONS) {
    fs[name] = (...args: unknown[]) => {
      const done = args.pop() as Done;
      ask(name, args, done);
    };
  }
  return fs;
}

function system({ cwd, constants, process }: Start): object {
  let folder = cwd;
  const { getgroups, ...rest } = process;
  const ids = Object.fromEntries(
    Object.entries(rest).map(([name, value]) => [name, name.startsWith('get') ? () => value : value]),
  );
  return {
    fs: files(constants),
    process: {
      ...ids,
      getgroups: () => getgroups,
      cwd: () => folder,
      chdir(path: string) {
        folder = askNow('chdir', [path]) as string;
      },
      umask: (mask: number) => askNow('umask', [mask]),
    },
    path: {
      resolve(...parts: string[]) {
        const names: string[] = [];
        const path = parts.reduce((base, part) => (part.startsWith('/') ? part : `${base}/${part}`), folder);
        for (const name of path.split('/')) {
          if (name === '..') names.pop();
          else if (name !== '' && name !== '.') names.push(name);
        }
        return `/${names.join('/')}`;
      },
    },
  };
}

/** Ends the page's part: nothing that comes later reaches the program. */
function exit(code: number): void {
  if (over) return;
  over = true;
  tell('exit', [code]);
}

/** Ends as Node does for an exception that nobody catches. */
function fail(error: unknown): void {
  if (over) return;
  say(2, [error]);
  exit(1);
}

function say(fd: number, values: readonly unknown[]): void {
  const words = values.map((value) => (value instanceof Error ? (value.stack ?? String(value)) : String(value)));
  tell('write', [fd, null], new TextEncoder().encode(`${words.join(' ')}\n`));
}

async function run(start: Start): Promise<void> {
  Object.assign(globalThis, system(start));
  for (const [name, fd] of Object.entries({ log: 1, info: 1, debug: 1, warn: 2, error: 2 })) {
    (console as unknown as Record<string, unknown>)[name] = (...values: unknown[]) => say(fd, values);
  }
  addEventListener('error', ({ error, message }) => fail(error ?? message));
  addEventListener('unhandledrejection', ({ reason }) => fail(reason));

  const go = new Go();
  go.argv = start.argv;
  go.env = start.env;
  go.exit = exit;
  const module = await WebAssembly.compileStreaming(fetch('program.wasm'));
  let exports: WebAssembly.Exports;
  go.importObject._gotest = gotest(() => exports);
  const instance = await instantiateFor(go, module, fail);
  ({ exports } = instance);
  return go.run(instance);
}

// Nobody is there to talk to: what opened the page has been killed.
socket.onclose = () => close();
socket.onopen = () => ask('init', [], (_error, start) => run(start as Start).catch(fail));
