import { readFileSync } from 'node:fs';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { pathToFileURL } from 'node:url';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { effort, isTurn, patience } from '../../cfg/test/support/effort.ts';
import {
  CrashError,
  ExitedError,
  GoRuntimeError,
  type InstantiateOptions,
  instantiate,
  memoryFs,
  type Output,
} from '../src/index.ts';
import { node } from '../src/node.ts';
import { buildGo, linkModule } from './support.ts';

const file = await buildGo('program');
const bytes = readFileSync(file);
const stock = await WebAssembly.compile(bytes);
const linked = await WebAssembly.compile(readFileSync(await linkModule(file)));
const imports = await WebAssembly.compile(readFileSync(await buildGo('imports')));

/** Collects what is written. */
function collect(): { write: Output; text(): string } {
  let text = '';
  const decoder = new TextDecoder();
  const write = (bytes: Uint8Array): void => {
    text += decoder.decode(bytes, { stream: true });
  };
  return { write, text: () => text };
}

/** Runs a program of test/program to its end. */
async function run(args: string[], options: InstantiateOptions = {}, module = stock) {
  const [stdout, stderr] = [collect(), collect()];
  const app = await instantiate(module, { stdout: stdout.write, stderr: stderr.write, ...options, args });
  return { code: await app.exited, stdout: stdout.text(), stderr: stderr.text() };
}

/** The error that a promise is rejected with. */
async function failure(promise: Promise<unknown>): Promise<GoRuntimeError> {
  const error = await promise.then(
    () => undefined,
    (error) => error,
  );
  expect(error).toBeInstanceOf(GoRuntimeError);
  return error;
}

describe('sources', () => {
  let server: Server;
  let base: string;
  beforeAll(async () => {
    server = createServer(({ url }, response) => {
      if (url === '/app.wasm') response.setHeader('content-type', 'application/wasm').end(bytes);
      else if (url === '/plain.wasm') response.setHeader('content-type', 'text/plain').end(bytes);
      else if (url === '/cut.wasm') response.setHeader('content-type', 'application/wasm').end(bytes.subarray(0, 5000));
      else if (url === '/page') response.setHeader('content-type', 'text/html').end('<!doctype html>');
      else response.writeHead(404).end();
    });
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    base = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  });
  afterAll(() => void server.close());

  const starts = async (source: Parameters<typeof instantiate>[0]) => {
    const stdout = collect();
    const app = await instantiate(source, { args: ['args', 'x'], stdout: stdout.write });
    expect(await app.exited).toBe(0);
    expect(stdout.text()).toBe('0 "args"\n1 "x"\n');
  };

  test('bytes, of any view', async () => {
    await starts(bytes);
    const inner = new Uint8Array(bytes.length + 10);
    inner.set(bytes, 7);
    await starts(inner.subarray(7, 7 + bytes.length));
    await starts(inner.buffer.slice(7, 7 + bytes.length));
  });
  test('a compiled module', () => starts(stock));
  test('URLs', async () => {
    await starts(`${base}/app.wasm`);
    await starts(new URL(`${base}/plain.wasm`));
    await starts(pathToFileURL(file));
  });
  test('a response, and the promise of one', async () => {
    await starts(await fetch(`${base}/app.wasm`));
    await starts(fetch(`${base}/app.wasm`));
  });

  test.for([
    ['GW6001', /pass a URL/, () => instantiate(42 as never)],
    ['GW6001', /pass a URL/, () => instantiate(null as never)],
    ['GW6002', /404/, () => instantiate(`${base}/missing.wasm`)],
    ['GW6002', /ENOENT/, () => instantiate(new URL('file:///no/such/file.wasm'))],
    ['GW6002', /cannot load/, () => instantiate('http://127.0.0.1:1/app.wasm')],
    ['GW6004', /text\/html/, () => instantiate(`${base}/page`)],
    ['GW6004', /is not WebAssembly/, () => instantiate(new Uint8Array(4))],
    ['GW6005', /cut short/, () => instantiate(`${base}/cut.wasm`)],
    ['GW6005', /cut short/, () => instantiate(bytes.subarray(0, 5000))],
  ] as const)('%s %s', async ([code, message, start]) => {
    const error = await failure(start());
    expect(error.code).toBe(code);
    expect(error.name).toBe('SourceError');
    expect(error.message).toMatch(message);
  });
  test('GW6003: a response that was read', async () => {
    const response = await fetch(`${base}/app.wasm`);
    await response.arrayBuffer();
    expect(await failure(instantiate(response))).toMatchObject({ code: 'GW6003', name: 'SourceError' });
  });
});

describe('modules', () => {
  const module = (...sections: number[][]) =>
    new Uint8Array([0, 97, 115, 109, 1, 0, 0, 0, ...sections.flatMap(([id, ...body]) => [id!, body.length, ...body])]);
  const text = (s: string) => [s.length, ...new TextEncoder().encode(s)];
  const wasi = [2, 1, ...text('wasi_snapshot_preview1'), ...text('fd_write'), 0, 0];
  const type = [1, 1, 0x60, 0, 0];
  /** A stock module with a section of go-wasm. */
  const marked = (info: object) => {
    const body = [...text('go-wasm'), ...new TextEncoder().encode(JSON.stringify(info))];
    return Buffer.concat([bytes, Buffer.from([0, body.length, ...body])]);
  };

  test('not made by Go', async () => {
    expect(await failure(instantiate(module()))).toMatchObject({ code: 'GW6101', name: 'ModuleError' });
  });
  test('wasip1 says what to use', async () => {
    const error = await failure(instantiate(readFileSync(await buildGo('imports/plain', { goos: 'wasip1' }))));
    expect(error).toMatchObject({ code: 'GW6102', name: 'ModuleError' });
    expect(error.message).toMatch(/wasmtime.*node:wasi.*GOOS=js/);
  });
  test('TinyGo', async () => {
    const both = [2, 2, ...wasi.slice(2), ...text('gojs'), ...text('runtime.ticks'), 0, 0];
    expect(await failure(instantiate(module(type, both)))).toMatchObject({ code: 'GW6103' });
  });
  test('missing imports are named', async () => {
    const error = await failure(instantiate(imports, { imports: { host: { add: () => 0n } } }));
    expect(error).toMatchObject({ code: 'GW6104', name: 'ModuleError' });
    expect(error.message).toContain('host.scale, host.read:');
  });
  test('a go-wasm that is newer', async () => {
    for (const info of [
      { abi: 99, switch: 'resume' },
      { abi: 1, switch: 'teleport' },
    ]) {
      expect(await failure(instantiate(marked(info)))).toMatchObject({ code: 'GW6106', name: 'ModuleError' });
    }
  });
  test('what go-wasm says of a module', async () => {
    expect((await instantiate(stock, { args: ['exports'] })).link).toBeUndefined();
    expect((await instantiate(linked, { args: ['exports'] })).link).toMatchObject({ abi: 1, switch: 'resume' });
  });
  test('arguments that are too long', async () => {
    const error = await failure(instantiate(stock, { args: ['x'.repeat(9000)] }));
    expect(error).toMatchObject({ code: 'GW6301', name: 'StartError' });
    expect(await failure(instantiate(stock, { env: { A: 'ü'.repeat(4090) } }))).toMatchObject({ code: 'GW6301' });
    expect((await run(['args', 'x'.repeat(7000)])).code).toBe(0);
  });
});

describe('options', () => {
  test('arguments, name and environment', async () => {
    expect((await run(['args', 'a b', 'ü'])).stdout).toBe('0 "args"\n1 "a b"\n2 "ü"\n');
    const env = { A: '1', B: undefined, C: '' };
    expect((await run(['env', 'A', 'B', 'C'], { env })).stdout).toBe('A="1" true\nB="" false\nC="" true\n');
  });

  test('standard input: text, bytes, streams, iterables, nothing', async () => {
    const text = 'ünput\n'.repeat(20_000);
    const chunks = function* () {
      for (let k = 0; k < text.length; k += 1000) yield new TextEncoder().encode(text.slice(k, k + 1000));
    };
    const inputs: InstantiateOptions['stdin'][] = [
      text,
      new TextEncoder().encode(text),
      new Blob([text]).stream() as ReadableStream<Uint8Array>,
      (async function* () {
        yield new Uint8Array();
        yield* chunks();
      })(),
    ];
    for (const stdin of inputs) {
      expect((await run(['stdin'], { stdin })).stdout).toBe(`${text}140000 <nil>\n`);
    }
    expect((await run(['stdin'])).stdout).toBe('0 <nil>\n');
  });

  test('an input that fails is an error of the read', async () => {
    const stdin = (async function* () {
      yield new Uint8Array([65]);
      throw new Error('broken');
    })();
    expect((await run(['stdin'], { stdin })).stdout).toContain('I/O error');
  });

  test('outputs: functions, promises, streams', async () => {
    const late: string[] = [];
    const stdout = async (bytes: Uint8Array) => {
      await new Promise((resolve) => setTimeout(resolve, 5));
      late.push(new TextDecoder().decode(bytes));
    };
    const { readable, writable } = new TransformStream<Uint8Array, Uint8Array>();
    const errors = new Response(readable).text();
    expect(await (await instantiate(stock, { args: ['print'], stdout, stderr: writable })).exited).toBe(0);
    expect(late.join('')).toBe('standard output: ünïcödé ✓\nno new line at the end');
    // The stream is closed at the end.
    expect(await errors).toBe("standard error\nthe runtime's own print 1 true\n");
  });

  test('an output that fails is an error of the write', async () => {
    const { stderr } = await run(['print'], {
      stdout: () => {
        throw new Error('full');
      },
    });
    expect(stderr).toContain('standard error');
  });

  test('the console gets lines', async () => {
    const { log, error } = console;
    const lines: string[] = [];
    try {
      console.log = (line) => lines.push(`log ${line}`);
      console.error = (line) => lines.push(`error ${line}`);
      const app = await instantiate(stock, { args: ['print'] });
      await app.exited;
    } finally {
      Object.assign(console, { log, error });
    }
    expect(lines).toEqual([
      'log standard output: ünïcödé ✓',
      'error standard error',
      "error the runtime's own print 1 true",
      'log no new line at the end',
    ]);
  });

  test('names of js.Global() for one program, none for the others', async () => {
    const before = Reflect.ownKeys(globalThis);
    const globals = { own: 'mine', double: (x: number) => 2 * x };
    const { stdout } = await run(['global'], { globals });
    expect(stdout).toBe(
      'fs object\nprocess object\npath object\nown string\nmine <number: 42>\nchanged changed\ntrue\n',
    );
    expect(Reflect.ownKeys(globalThis)).toEqual(before);
    expect(globals.own).toBe('mine');
    expect((await run(['global'])).stdout).toContain('own undefined');
  });

  test('functions for go:wasmimport, which can read memory', async () => {
    const read: string[] = [];
    const stdout = collect();
    const app = await instantiate(imports, {
      stdout: stdout.write,
      imports: (app) => ({
        host: {
          add: (a: number, b: bigint) => BigInt(a) + b,
          scale: (x: number) => x * 2,
          read: (pointer: number, length: number) =>
            read.push(new TextDecoder().decode(new Uint8Array(app.memory.buffer, pointer, length))),
        },
      }),
    });
    expect(await app.exited).toBe(0);
    expect(stdout.text()).toBe('5 5\n');
    expect(read).toEqual(['straight from memory']);
  });

  test('a byte order mark is part of a string', async () => {
    const globals = { program: {} as Record<string, (x: unknown) => unknown> };
    await instantiate(stock, { args: ['callbacks'], globals });
    expect(globals.program.echo!('\ufeffx')).toBe('\ufeffx');
    expect(globals.program.parse!('{"\ufeffa": 1, "b": 2}')).toBe(2);
  });
});

describe.for([
  ['stock', stock],
  ['linked', linked],
] as const)('%s', ([, module]) => {
  interface Exports {
    add(a: number, b: number): number;
    add64(a: bigint, b: number): bigint;
    half(x: number): number;
    not(x: boolean): number;
    sum4(a: number, b: number, c: number, d: number): number;
    pointer(): number;
    talk(n: number): number;
    wait(ms: number): number;
    quit(code: number): void;
    fail(): void;
  }
  const start = (options: InstantiateOptions = {}) =>
    instantiate<Exports>(module, { args: ['exports'], stderr: () => {}, ...options });

  test('exports', async () => {
    const { exports, memory } = await start();
    expect(exports.add(2, 3)).toBe(5);
    expect(exports.add64(2n ** 40n, 4_000_000_000)).toBe(2n ** 40n + 4_000_000_000n);
    expect(exports.half(5)).toBe(2.5);
    expect(exports.not(true)).toBe(0);
    expect(exports.sum4(1, 2, 3, 4)).toBe(10);
    expect(new TextDecoder().decode(new Uint8Array(memory.buffer, exports.pointer(), 16))).toBe("from Go's memory");
    expect(memory.bytes).toBe(memory.buffer.byteLength);
    for (const name of ['run', 'resume', 'getsp', 'mem']) expect(exports).not.toHaveProperty(name);
  });

  test('an export that switches goroutines and grows stacks', async () => {
    const { exports } = await start();
    for (let k = 0; k < 10; k++) expect(exports.talk(100)).toBe(4950);
  });

  test('the end in an export, and use after it', async () => {
    const app = await start();
    expect(() => app.exports.quit(5)).toThrow(ExitedError);
    expect(await app.exited).toBe(5);
    expect(() => app.exports.add(1, 2)).toThrow('already exited with code 5');
    expect(app.memory.references).toBe(0);
  });

  test('a panic in an export', async () => {
    const stderr = collect();
    const app = await start({ stderr: stderr.write });
    expect(() => app.exports.fail()).toThrow(ExitedError);
    expect(await app.exited).toBe(2);
    expect(stderr.text()).toMatch(/^panic: an export panics\n\ngoroutine \d+ \[running\]:\nmain\.fail/);
  });

  test('a function used after the end', async () => {
    const program: Record<string, (x: unknown) => unknown> = {};
    const app = await instantiate(module, { args: ['callbacks'], globals: { program } });
    expect(program.echo!('x')).toBe('x');
    expect(program.exit!(9)).toBeUndefined();
    expect(await app.exited).toBe(9);
    expect(() => program.echo!('x')).toThrow(ExitedError);
  });

  test('an exception of JavaScript that Go cannot catch', async () => {
    const program: Record<string, (x: unknown) => unknown> = {};
    const app = await instantiate(module, {
      args: ['callbacks'],
      globals: {
        get program() {
          return program;
        },
      },
    });
    const ended = app.exited.catch((error) => error);
    const thrown = new Error('from a getter');
    const poisoned = {
      get name() {
        throw thrown;
      },
    };
    const call = program.get!;
    expect(() => call(poisoned)).toThrow(CrashError);
    const error = (await ended) as CrashError;
    expect(error).toMatchObject({ code: 'GW6403', name: 'CrashError', cause: thrown });
    expect(() => program.echo!(1)).toThrow(error);
  });

  const count = effort(100_000, 1_000_000);
  test.runIf(isTurn('odd'))(`${count} callbacks leave nothing behind`, { timeout: patience }, async () => {
    const program: Record<string, (x: unknown) => unknown> = {};
    const app = await instantiate(module, { args: ['callbacks'], globals: { program } });
    const calls = (n: number) => {
      for (let k = 0; k < n; k += 2) {
        const object = { k, text: `text ${k}` };
        if (program.echo!(k) !== k || program.echo!(object) !== object) throw new Error('another value');
      }
    };
    // Until the heap is as large as where collections begin.
    calls(4 * 100_000);
    const { bytes } = app.memory;
    calls(count);
    // 16 bytes a call would be more.
    expect(app.memory.bytes - bytes).toBeLessThan(16 * count);
    // Finalizers run when the program does nothing else.
    for (let k = 0; k < 5; k++) {
      program.gc!(undefined);
      await new Promise((resolve) => setTimeout(resolve, 1));
    }
    expect(app.memory.references).toBeLessThan(200);
  });

  test('abort', async () => {
    const reason = new Error('enough');
    const aborted = AbortSignal.abort(reason);
    await expect(instantiate(module, { signal: aborted })).rejects.toBe(reason);

    const controller = new AbortController();
    const app = await start({ args: ['sleep'], signal: controller.signal });
    controller.abort(reason);
    await expect(app.exited).rejects.toBe(reason);
    expect(() => app.exports.add(1, 2)).toThrow(reason);

    // A program that has ended before is not concerned.
    const other = new AbortController();
    const done = await start({ args: ['args'], stdout: () => {}, signal: other.signal });
    other.abort(reason);
    expect(await done.exited).toBe(0);
  });
});

test('abort while Go calls JavaScript', async () => {
  const controller = new AbortController();
  const reason = new Error('enough');
  const program: Record<string, (x: unknown) => unknown> = {};
  const stderr = collect();
  const app = await instantiate(stock, {
    args: ['callbacks'],
    globals: { program },
    signal: controller.signal,
    stderr: stderr.write,
  });
  const trap = {
    toString: () => 'x',
    get name() {
      controller.abort(reason);
      return 'x';
    },
  };
  expect(() => program.get!(trap)).toThrow(reason);
  await expect(app.exited).rejects.toBe(reason);
  expect(stderr.text()).toBe('');
});

test('several programs at once, of one module', async () => {
  const apps = await Promise.all([1, 2, 3].map((n) => run(['exit', String(n)])));
  expect(apps.map(({ code }) => code)).toEqual([1, 2, 3]);
});

test('a program that ends while it waits for a file', async () => {
  const program: Record<string, (x: unknown) => unknown> = {};
  let answer: (() => void) | undefined;
  const fs = memoryFs({ '/slow': 'x' });
  const open = fs.open!;
  fs.open = (path, flags, mode, callback) => {
    answer = () => open(path, flags, mode, callback);
  };
  const app = await instantiate(stock, { args: ['callbacks', '/slow'], globals: { program }, fs });
  expect(answer).toBeDefined();
  program.exit!(4);
  expect(await app.exited).toBe(4);
  // Nobody is there any more, and that is nobody's error.
  answer!();
});

test("Node's files, streams and process", async () => {
  const { code, stdout } = await run(['cat', file.replace(/[^/]*$/, 'missing')], node());
  expect(code).toBe(0);
  expect(stdout).toContain('No such file or directory');
});
