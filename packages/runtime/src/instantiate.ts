import { SourceError } from './errors.ts';
import { check, diagnose, type LinkInfo, lacks, linkInfo } from './module.ts';
import { type Call, createProgram, type GoExports, type JsGo, type Program, withoutPromises } from './program.ts';
import { createSystem, type SystemOptions } from './system.ts';

/**
 * Where a module comes from: its URL (a relative one is the page's), a response of `fetch` (compiled while it arrives),
 * its bytes, or the compiled module.
 */
export type Source = string | URL | Response | PromiseLike<Response> | BufferSource | WebAssembly.Module;

/** What a program is started with. */
export interface InstantiateOptions extends SystemOptions {
  /** The arguments after the program's name: `os.Args[1:]`. */
  args?: readonly string[];
  /** The program's name, `os.Args[0]`. Default `js`, as with wasm_exec.js. */
  argv0?: string;
  /** The environment. Default: empty. */
  env?: Readonly<Record<string, string | undefined>>;
  /** Functions for the program's own `go:wasmimport`s, by module and name. */
  imports?: WebAssembly.Imports | ((app: App) => WebAssembly.Imports);
  /** Ends the program when it is aborted: `exited` is rejected with the reason, and so is `instantiate` before that. */
  signal?: AbortSignal;
}

/** A `go:wasmexport` function: int64 and uint64 are bigint, all other types numbers. */
export type GoExport = (...args: (number | bigint | boolean)[]) => number | bigint | undefined;

/** The same function, whose result is a promise. */
export type Async<Function> = Function extends (...args: infer Args) => infer Result
  ? (...args: Args) => Promise<Awaited<Result>>
  : never;

/** A running program. */
export interface App<Exports = Record<string, GoExport>> {
  /**
   * The program's `go:wasmexport` functions. They are synchronous: one that waits for a timer, a file or a fetch throws a
   * BlockedError, and goes on without its caller.
   */
  readonly exports: Exports;
  /**
   * The same functions, which may wait: each returns a promise. It is rejected with an ExitedError if the program ends
   * before, by a panic for example. In a module that go-wasm has not linked, one that waits ends the program.
   */
  readonly async: { readonly [Name in keyof Exports]: Async<Exports[Name]> };
  /**
   * Resolves to the exit code (2 after a panic) when the program has ended, and all it wrote has been taken. Rejected with
   * a CrashError or a BlockedError when it cannot go on, and with the reason of the signal that ended it.
   */
  readonly exited: Promise<number>;
  readonly memory: MemoryUse;
  /**
   * How many goroutines there are, as `runtime.NumGoroutine()` counts: the main one and, once the program has waited, the
   * one that handles events are among them. 0 when the program has ended; undefined for a module that go-wasm has not linked.
   */
  readonly goroutines: number | undefined;
  /** What go-wasm says of the module; undefined for one that is as Go's linker made it. */
  readonly link: LinkInfo | undefined;
}

/** What a program takes. */
export interface MemoryUse {
  /** The program's memory, for what exports return pointers to. Another one after memory has grown. */
  readonly buffer: ArrayBuffer;
  /** Its size in bytes. It never shrinks. */
  readonly bytes: number;
  /** JavaScript values (objects, functions, strings, symbols) that Go holds. */
  readonly references: number;
}

/**
 * Loads a Go program (GOOS=js GOARCH=wasm, stock or linked by go-wasm) and runs it until it waits for the first time.
 *
 * @throws SourceError, ModuleError, EngineError, StartError; CrashError if it crashes before it waits.
 */
export async function instantiate<Exports = Record<string, GoExport>>(
  source: Source,
  options: InstantiateOptions = {},
): Promise<App<Exports>> {
  return (await launch<Exports>(source, options)).app;
}

/** As `instantiate`; the program too, for those who run its event loop. */
export async function launch<Exports>(
  source: Source,
  options: InstantiateOptions,
): Promise<{ app: App<Exports>; program: Program }> {
  const { signal } = options;
  signal?.throwIfAborted();
  const compiling = compile(await source, signal);
  // Meanwhile: Node takes as long to load its cryptography, which Go starts with, as to compile a small program.
  crypto.getRandomValues(new Uint8Array(1));
  const module = await compiling;
  const link = linkInfo(module);

  const system = createSystem(options);
  const { promise: exited, resolve, reject } = withResolvers<number>();
  const end = (report: () => void): void => {
    signal?.removeEventListener('abort', abort);
    system.end().then(report);
  };
  const program = createProgram({} as JsGo, {
    events: WebAssembly.Module.imports(module).some(({ name }) => name.startsWith('syscall/js.')),
    globals: system.globals,
    write: system.write,
    exited: (code) => end(() => resolve(code)),
    failed: (error) => end(() => reject(error)),
  });
  const abort = (): void => {
    // The one who aborts need not wait for it.
    exited.catch(() => {});
    program.stop(signal!.reason);
  };

  let memory: WebAssembly.Memory | undefined;
  const exports: Record<string, unknown> = {};
  const async: Record<string, unknown> = {};
  const app: App<Exports> = {
    exports: exports as Exports,
    async: async as App<Exports>['async'],
    exited,
    link,
    memory: {
      get buffer() {
        return (memory?.buffer as ArrayBuffer | undefined) ?? new ArrayBuffer(0);
      },
      get bytes() {
        return this.buffer.byteLength;
      },
      get references() {
        return program.references();
      },
    },
    get goroutines() {
      return program.goroutines();
    },
  };
  const given = typeof options.imports === 'function' ? options.imports(app as App) : options.imports;
  const imports = { ...given, gojs: { ...program.imports, ...given?.gojs }, go_wasm: withoutPromises };
  check(module, imports);
  const instance = await WebAssembly.instantiate(module, imports);
  signal?.throwIfAborted();
  signal?.addEventListener('abort', abort);
  const {
    run: _run,
    resume: _resume,
    getsp: _getsp,
    mem,
    ...own
  } = instance.exports as unknown as GoExports & WebAssembly.Exports;
  memory = mem;
  for (const [name, value] of Object.entries(own)) {
    if (typeof value !== 'function') continue;
    // What the linker has added is not the program's.
    if (/^go[-_]wasm[.:]/.test(name)) continue;
    // What -emit=module exports in place of a function has its name, with this in front.
    const known = name.replace(/^gowasm\./, '');
    exports[name] = program.guard(known, value as Call);
    async[name] = program.promise(known, value as Call);
  }
  const { args = [], argv0 = 'js', env = {} } = options;
  try {
    program.start(instance.exports as unknown as GoExports, [argv0, ...args], withoutUndefined(env));
  } catch (error) {
    // It is thrown: nobody can wait for `exited`.
    exited.catch(() => {});
    throw error;
  }
  return { app, program };
}

async function compile(source: Awaited<Source>, signal: AbortSignal | undefined): Promise<WebAssembly.Module> {
  if (typeof WebAssembly !== 'object') throw lacks('WebAssembly');
  if (typeof source === 'string' || source instanceof URL) source = await load(source, signal);
  if (is(source, 'WebAssembly.Module')) return source as WebAssembly.Module;
  if (isBytes(source)) return compileBytes(source);
  if (is(source, 'Response')) return compileResponse(source as Response);
  throw new SourceError(
    'GW6001',
    `cannot load a program from ${source === null ? null : typeof source}: pass a URL, a Response, bytes or a WebAssembly.Module`,
  );
}

/** By name: an object of another realm (a frame, a sandbox) is as good. */
function is(value: unknown, name: string): boolean {
  return Object.prototype.toString.call(value) === `[object ${name}]`;
}

function isBytes(value: unknown): value is BufferSource {
  return ArrayBuffer.isView(value) || is(value, 'ArrayBuffer') || is(value, 'SharedArrayBuffer');
}

async function load(url: string | URL, signal: AbortSignal | undefined): Promise<Response | BufferSource> {
  const failed = (cause: unknown) => new SourceError('GW6002', `cannot load ${url}: ${cause}`, { cause });
  try {
    // Node's fetch knows no files.
    const { getBuiltinModule } = (globalThis as { process?: NodeJS.Process }).process ?? {};
    if (getBuiltinModule && /^file:/i.test(String(url))) {
      return await getBuiltinModule('node:fs').promises.readFile(new URL(url), { signal });
    }
    return await fetch(url, signal ? { signal } : {});
  } catch (error) {
    throw signal?.aborted ? error : failed(error);
  }
}

async function compileResponse(response: Response): Promise<WebAssembly.Module> {
  const { ok, status, url, bodyUsed, headers } = response;
  if (!ok) throw new SourceError('GW6002', `cannot load ${url || 'the program'}: the server answers ${status}`);
  if (bodyUsed) throw new SourceError('GW6003', 'the response has been read already: pass it on, or its bytes');
  const type = headers.get('content-type') ?? '';
  if (!/^application\/wasm\b/.test(type) || !WebAssembly.compileStreaming) {
    return compileBytes(await response.arrayBuffer(), `${url} (${type || 'no content type'})`);
  }
  try {
    return await WebAssembly.compileStreaming(response);
  } catch (error) {
    if (error instanceof WebAssembly.CompileError) throw diagnose(error);
    throw error;
  }
}

async function compileBytes(bytes: BufferSource, name = 'what was given'): Promise<WebAssembly.Module> {
  const view = ArrayBuffer.isView(bytes)
    ? new Uint8Array(bytes.buffer, bytes.byteOffset, bytes.byteLength)
    : new Uint8Array(bytes);
  if (String.fromCharCode(...view.subarray(0, 4)) !== '\0asm') {
    throw new SourceError(
      'GW6004',
      `${name} is not WebAssembly: is the URL right, and does the server send the file itself?`,
    );
  }
  try {
    return await WebAssembly.compile(bytes);
  } catch (error) {
    throw diagnose(error, view);
  }
}

function withoutUndefined(env: Readonly<Record<string, string | undefined>>): Record<string, string> {
  return Object.fromEntries(Object.entries(env).filter((entry): entry is [string, string] => entry[1] !== undefined));
}

/** `Promise.withResolvers`, which Node 20 does not have. */
function withResolvers<T>(): { promise: Promise<T>; resolve(value: T): void; reject(error: unknown): void } {
  let resolve!: (value: T) => void;
  let reject!: (error: unknown) => void;
  const promise = new Promise<T>((yes, no) => {
    resolve = yes;
    reject = no;
  });
  return { promise, resolve, reject };
}
