/**
 * The host's half of the `jspi` strategy (src/strategies/jspi.ts). A coroutine is a promise; who suspends says which
 * coroutine goes on. All that happens between is in microtasks, so timers and I/O wait until the program does.
 *
 * A call from JavaScript can come
 * - from JavaScript that Go has called, or from a microtask between two steps of a switch: it is done at once, without
 *   suspending anything, since JavaScript waits for the result. In the second case the program first goes on until it is idle,
 *   as stock Go is in a microtask, and the step is dropped;
 * - when the program is idle: coroutines do it. If the callback parks, and so has no result yet when control comes back,
 *   the rest is done without suspending. If it does not, the goroutines that it has woken run after it returns.
 *
 * What the engine throws in wasm, a trap or the overflow of its stack, leaves Go's runtime in no state to go on: from then on
 * nothing is let in again, and nothing returns to it (golang.org/issue/70829).
 */

export interface JspiOptions {
  /**
   * Called whenever the program has come to rest after {@link Jspi.run} or {@link Jspi.resume}: it waits for events, or has
   * exited.
   */
  onPause?: () => void;
  /** Called with what is thrown in a coroutine: the program is broken then. */
  onError?: (error: unknown) => void;
}

export interface Jspi {
  /** The imports of `go_wasm`. */
  readonly imports: WebAssembly.ModuleImports;
  /** To be called with the exports of the instance, once. */
  attach(exports: WebAssembly.Exports): void;
  /** Starts the program. It runs on after the call returns. */
  run(argc: number, argv: number): void;
  /** For each function that Go imports, before it returns to Go. @throws what has broken the program, if it is broken. */
  check(): void;
  /** Handles the event that is pending in `host`, or timers; `done` says whether it has been handled. */
  resume(host: PendingEvent, done: () => boolean): void;
}

/** Where JavaScript leaves the event that Go is to take. */
interface PendingEvent {
  _pendingEvent: object | null;
}

/** What TypeScript's library does not know yet. */
declare const WebAssembly: typeof globalThis.WebAssembly & {
  Suspending: new (f: (...args: number[]) => Promise<void>) => WebAssembly.ImportValue;
  promising<T>(f: () => T): () => Promise<T>;
};

interface Exports {
  run(argc: number, argv: number): void;
  resume(): void;
  'go_wasm.coroutine': () => number;
  'go_wasm.next': () => number;
  'go_wasm.settle': () => void;
  'go_wasm.wake': () => void;
  'go_wasm.between': WebAssembly.Global<'i32'>;
  'go_wasm.cancelled': WebAssembly.Tag;
}

/** Whether this engine has JavaScript promise integration: Chrome 137, Node 24.15, and Firefox 153 have. */
export function hasJspi(): boolean {
  return 'Suspending' in WebAssembly && 'promising' in WebAssembly;
}

/** @throws Error where the engine has no JavaScript promise integration. */
export function createJspi({ onPause = () => {}, onError = rethrow }: JspiOptions = {}): Jspi {
  if (!hasJspi()) {
    throw new Error(
      'this program was linked with -switch=jspi, and this engine has no JavaScript promise integration: ' +
        'it needs Chrome 137, Node 24.15, Firefox 153, or later; link with -switch=resume to run it here',
    );
  }
  /** By slot: lets the coroutine that waits there go on. */
  const waiting: ((() => void) | undefined)[] = [];
  /** Whether coroutines are on their way: until the program pauses. */
  let running = false;
  /** What has broken the program. */
  let crash: Error | undefined;
  let exports: Exports;
  let coroutine: () => Promise<number>;

  function dispatch(slot: number): void {
    const go = waiting[slot];
    if (go === undefined) queueMicrotask(step);
    else {
      waiting[slot] = undefined;
      go();
    }
  }

  /** Calls into wasm, if it is in a state for it. */
  function enter<T>(call: () => T): T {
    if (crash !== undefined) throw crash;
    try {
      return call();
    } catch (error) {
      throw fail(error);
    }
  }

  function fail(error: unknown): Error {
    crash ??= crashed(error);
    return crash;
  }

  /** The step of a switch that starts a coroutine. */
  function step(): void {
    if (crash !== undefined) return;
    if (exports['go_wasm.between'].value === 1) start();
    else paused();
  }

  function start(): void {
    coroutine().then(ended, failed);
  }

  function ended(hasPaused: number): void {
    if (hasPaused === 1 || exports['go_wasm.between'].value === 0) paused();
    else dispatch(exports['go_wasm.next']());
  }

  function paused(): void {
    running = false;
    onPause();
  }

  function failed(error: unknown): void {
    running = false;
    if (error instanceof WebAssembly.Exception && error.is(exports['go_wasm.cancelled'])) onPause();
    else onError(fail(error));
  }

  return {
    check() {
      if (crash !== undefined) throw crash;
    },
    imports: {
      suspend: new WebAssembly.Suspending(
        (slot, next) =>
          new Promise((resolve) => {
            waiting[slot!] = resolve;
            dispatch(next!);
          }),
      ),
      waits(slot: number, drop: number): number {
        if (waiting[slot] === undefined) return 0;
        if (drop !== 0) waiting[slot] = undefined;
        return 1;
      },
    },
    attach(instanceExports) {
      exports = instanceExports as unknown as Exports;
      coroutine = WebAssembly.promising(exports['go_wasm.coroutine']);
    },
    run(argc, argv) {
      enter(() => exports.run(argc, argv));
      running = true;
      start();
    },
    resume(host, done) {
      if (exports['go_wasm.between'].value === 1) {
        // What goes on first may have JavaScript call Go with an event of its own.
        const event = host._pendingEvent;
        host._pendingEvent = null;
        enter(() => exports['go_wasm.settle']());
        host._pendingEvent = event;
      }
      if (!running) {
        enter(() => exports['go_wasm.wake']());
        running = true;
        start();
        if (done()) return;
      }
      enter(() => exports.resume());
    },
  };
}

/** The error that a program has ended with, as @go-wasm/runtime has it; `cause` is what the engine has thrown. */
function crashed(cause: unknown): Error {
  const hint = cause instanceof RangeError ? "; the engine's stack is too small (in Node: --stack-size)" : '';
  const error = new Error(`the Go program has crashed: ${cause}${hint}`, { cause });
  return Object.assign(error, { name: 'CrashError', code: 'GW6403' });
}

/** What is used of the class that wasm_exec.js puts into the global scope, and of that of @go-wasm/runtime. */
export interface WasmExec extends PendingEvent {
  argv: string[];
  env: Record<string, string | undefined>;
  exit: (code: number) => void;
  readonly importObject: WebAssembly.Imports;
  readonly exited: boolean | undefined;
  run(instance: WebAssembly.Instance): Promise<void>;
  _resume(): void;
  _resolveExitPromise(): void;
}

/**
 * Instantiates a module for `go.run` of Go's own wasm_exec.js, with the host's half of the strategy where the module asks for it.
 *
 * @param fail called with what is thrown in a coroutine: the program is broken then.
 */
export async function instantiateFor(
  go: WasmExec,
  module: WebAssembly.Module,
  fail: (error: unknown) => void,
): Promise<WebAssembly.Instance> {
  if (!WebAssembly.Module.imports(module).some((i) => i.module === 'go_wasm')) {
    return WebAssembly.instantiate(module, go.importObject);
  }
  const jspi = createJspi({
    onPause: () => {
      if (go.exited) go._resolveExitPromise();
    },
    onError: fail,
  });
  const imports: WebAssembly.Imports = { ...go.importObject, go_wasm: jspi.imports };
  // wasm_exec.js makes a panic of what JavaScript throws: of what ends the program as well, where it was Go that JavaScript called.
  imports.gojs = Object.fromEntries(
    Object.entries(imports.gojs!).map(([name, call]) => [
      name,
      (sp: number) => {
        (call as (sp: number) => void)(sp);
        jspi.check();
      },
    ]),
  );
  const { exports } = await WebAssembly.instantiate(module, imports);
  jspi.attach(exports);
  const replaced = {
    ...exports,
    // With it @go-wasm/runtime runs such programs without promises.
    'go_wasm.drain': undefined,
    run: jspi.run,
    resume() {
      const event: { result?: unknown; finished?: boolean } | null = go._pendingEvent;
      jspi.resume(go, () => event === null || (event.finished ?? 'result' in event));
    },
  };
  // wasm_exec.js looks whether it gets an instance.
  return Object.create(WebAssembly.Instance.prototype, { exports: { value: replaced } });
}

function rethrow(error: unknown): never {
  throw error;
}
