/**
 * Runs a js program in a page of a headless browser, as wasm_exec_node.js does in Node: with this process's arguments,
 * environment, working folder, files and standard streams, and its exit code.
 *
 *     node run-browser.cjs [-host=chromium|firefox] [-switch=STRATEGY] [-fetch] [-profiles=FOLDER] PROGRAM [ARG...]
 *
 * `-profiles` has the browser write a CPU profile there. `-fetch` has net/http use the browser's `fetch`. Without it net/http reaches what is in the program itself, as in Node.
 * A server on this machine's own interface gives the page the program; all else the page asks for over a WebSocket
 * (page/wire.ts). Both are behind a token that only the page knows.
 */
import { randomBytes } from 'node:crypto';
import fs from 'node:fs';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { constants, tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import type { Choice } from '@go-wasm/linker/targets';
import { WebSocketServer } from 'ws';
import { type BrowserName, ENDPOINT_VARIABLE, openPage } from '../browser.ts';
import { EnvironmentError, printError } from '../errors.ts';
import { type Answer, FILE_FUNCTIONS, pack, type Question, type Start, unpack } from '../page/wire.ts';
import { TERMINAL_VARIABLE, VERBOSE_VARIABLE } from '../progress.ts';

const argv = process.argv.slice(2);
const flags = new Map<string, string>();
while (argv[0]?.startsWith('-')) {
  const [name, value = ''] = argv.shift()!.slice(1).split('=', 2);
  flags.set(name!, value);
}
const [program] = argv;
const host = (flags.get('host') ?? 'chromium') as BrowserName;
const strategy = (flags.get('switch') ?? 'jump-table') as Choice['strategy'];
const token = randomBytes(16).toString('hex');

function start(): Start {
  const { [ENDPOINT_VARIABLE]: _e, [TERMINAL_VARIABLE]: _t, [VERBOSE_VARIABLE]: _v, ...env } = process.env;
  return {
    argv,
    env: { TMPDIR: tmpdir(), ...(env as Record<string, string>) },
    cwd: process.cwd(),
    constants: fs.constants as unknown as Record<string, number>,
    process: {
      // By this name net/http knows Node, where it does not use fetch.
      argv0: flags.has('fetch') ? 'browser' : 'node',
      pid: process.pid,
      ppid: process.ppid,
      getuid: process.getuid?.() ?? -1,
      getgid: process.getgid?.() ?? -1,
      geteuid: process.geteuid?.() ?? -1,
      getegid: process.getegid?.() ?? -1,
      getgroups: process.getgroups?.() ?? [],
    },
  };
}

/** Writes all of it now, so that output has the order in which it was made. */
function writeNow(fd: number, bytes: Uint8Array): void {
  for (let at = 0; at < bytes.length; ) {
    try {
      at += fs.writeSync(fd, bytes, at);
    } catch (error) {
      // A pipe that is full, and that somebody has made non-blocking.
      if ((error as NodeJS.ErrnoException).code !== 'EAGAIN') throw error;
      Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 1);
    }
  }
}

type Reply = (answer: Answer, bytes?: Uint8Array) => void;

function handle({ name, args }: Question, bytes: Uint8Array, reply: Reply): void {
  const done = (error: NodeJS.ErrnoException | null, result?: unknown, read?: Uint8Array): void =>
    reply(error ? failure(error) : { result }, read);
  // biome-ignore lint/suspicious/noExplicitAny: the page's arguments are those of the function
  const given = args as any[];
  if (name === 'init') done(null, start());
  else if (name === 'exit') end(given[0]);
  else if (name === 'read') {
    const [fd, length, position] = given;
    const buffer = Buffer.alloc(length);
    fs.read(fd, buffer, 0, length, position, (error, n) => done(error, n, buffer.subarray(0, n)));
  } else if (name === 'write' && (given[0] === 1 || given[0] === 2)) {
    try {
      writeNow(given[0], bytes);
      done(null, bytes.length);
    } catch (error) {
      done(error as NodeJS.ErrnoException);
    }
  } else if (name === 'write') fs.write(given[0], bytes, 0, bytes.length, given[1], (error, n) => done(error, n));
  else if (FILE_FUNCTIONS.includes(name)) {
    try {
      (fs as unknown as Record<string, (...args: unknown[]) => void>)[name]!(...given, done);
    } catch (error) {
      // Arguments that Node refuses at once.
      done(error as NodeJS.ErrnoException);
    }
  } else done(Object.assign(new Error(name), { code: 'ENOSYS' }));
}

function failure({ code, message }: NodeJS.ErrnoException): Answer {
  return { error: { code: code ?? 'EIO', message } };
}

/** What Go wants at once. */
function handleNow({ name, args: [arg] }: Question): Answer {
  try {
    if (name === 'umask') return { result: process.umask(arg as number) };
    process.chdir(arg as string);
    return { result: process.cwd() };
  } catch (error) {
    return failure(error as NodeJS.ErrnoException);
  }
}

const HTML = '<!doctype html><meta charset="utf-8"><title>go-wasm</title><script src="page.js"></script>';
const FILES: Readonly<Record<string, [type: string, read: () => fs.ReadStream | string]>> = {
  '': ['text/html', () => HTML],
  'page.js': ['text/javascript', () => fs.createReadStream(join(dirname(process.argv[1]!), 'program-page.global.js'))],
  'program.wasm': ['application/wasm', () => fs.createReadStream(program!)],
};
const HEADERS = {
  // Isolated pages have a finer clock.
  'cross-origin-opener-policy': 'same-origin',
  'cross-origin-embedder-policy': 'credentialless',
};

const server = createServer(async (request, response) => {
  const [, given, name] = /^\/(\w+)\/([\w.]*)$/.exec(request.url!) ?? [];
  if (given !== token) {
    response.writeHead(404).end();
    return;
  }
  if (name === 'now' && request.method === 'POST') {
    let text = '';
    for await (const chunk of request) text += chunk;
    response.end(JSON.stringify(handleNow(JSON.parse(text))));
    return;
  }
  const file = FILES[name!];
  if (!file) {
    response.writeHead(404).end();
    return;
  }
  const [type, read] = file;
  const body = read();
  response.writeHead(200, { 'content-type': type, ...HEADERS });
  if (typeof body === 'string') response.end(body);
  else body.pipe(response);
});
new WebSocketServer({ server, path: `/${token}/files`, maxPayload: 2 ** 31 - 1 }).on('connection', (socket) => {
  socket.on('message', (data: Buffer) => {
    const { id, head, bytes } = unpack<Question>(data);
    handle(head, bytes, (answer, read) => {
      if (id !== 0) socket.send(pack(id, answer, read));
    });
  });
  socket.on('close', () => fail(new EnvironmentError('GW4034', 'the page has gone before the program ended')));
});

let close: () => Promise<void> = async () => {};
let ending = false;

/** Ends the page, and this process with the program's exit code. */
async function end(code: number): Promise<void> {
  if (ending) return;
  ending = true;
  // A page that is busy does not close; a browser of our own ends with us.
  const late = new Promise((resolve) => setTimeout(resolve, flags.has('profiles') ? 60_000 : 2000));
  await Promise.race([close().catch(() => {}), late]);
  process.exit(code);
}

function fail(error: unknown): void {
  if (ending) return;
  printError(error);
  end(1);
}

async function main(): Promise<void> {
  fs.accessSync(program!, fs.constants.R_OK);
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}/${token}/`;
  const folder = flags.get('profiles');
  close = await openPage(host, strategy, url, fail, folder && join(folder, 'page.cpuprofile'));
}

for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP', 'SIGQUIT'] as const) {
  if (signal !== 'SIGQUIT' || process.platform !== 'win32') {
    process.on(signal, () => end(128 + constants.signals[signal]));
  }
}
main().catch(fail);
