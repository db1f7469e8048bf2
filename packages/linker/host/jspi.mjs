// @ts-check
/**
 * The host's half of the `jspi` strategy (src/strategies/jspi.ts). A coroutine is a promise; who suspends says which
 * coroutine goes on. All that happens between is in microtasks, so timers and I/O wait until the program does.
 *
 * A call from JavaScript can come
 * - from JavaScript that Go has called, or from a microtask between two steps of a switch: it is done at once, without
 *   suspending anything, since JavaScript waits for the result. In the second case the step is dropped;
 * - when the program is idle: coroutines do it. If the callback parks, and so has no result yet when control comes back,
 *   the rest is done without suspending. If it does not, the goroutines that it has woken run after it returns.
 */

/**
 * @typedef {object} JspiOptions
 * @property {() => void} [onPause] Called whenever the program has come to rest after {@link Jspi.run} or
 *   {@link Jspi.resume}: it waits for events, or has exited.
 * @property {(error: unknown) => void} [onError] Called with what is thrown in a coroutine: the program is broken then.
 */

/**
 * @typedef {object} Jspi
 * @property {WebAssembly.ModuleImports} imports The imports of `go_wasm`.
 * @property {(exports: WebAssembly.Exports) => void} attach To be called with the exports of the instance, once.
 * @property {(argc: number, argv: number) => void} run Starts the program. It runs on after the call returns.
 * @property {(done: () => boolean) => void} resume Handles an event, or timers; `done` says whether it has been handled.
 */

/** Whether this engine has JavaScript promise integration: Chrome 137, Node 25, and Firefox 149 have. */
export function hasJspi() {
  return 'Suspending' in WebAssembly && 'promising' in WebAssembly;
}

/**
 * @param {JspiOptions} [options]
 * @returns {Jspi}
 */
export function createJspi({ onPause = () => {}, onError = rethrow } = {}) {
  if (!hasJspi()) {
    throw new Error(
      'this program was linked with -switch=jspi, and this engine has no JavaScript promise integration: ' +
        'it needs Chrome 137, Node 25, or later; link with -switch=resume to run it here',
    );
  }
  /** By slot: lets the coroutine that waits there go on. @type {((() => void) | undefined)[]} */
  const waiting = [];
  /** Whether coroutines are on their way: until the program pauses. */
  let running = false;
  /** @type {any} */
  let exports;
  /** @type {() => Promise<number>} */
  let coroutine;

  /** @param {number} slot */
  function dispatch(slot) {
    const go = waiting[slot];
    if (go === undefined) queueMicrotask(step);
    else {
      waiting[slot] = undefined;
      go();
    }
  }

  /** The step of a switch that starts a coroutine. */
  function step() {
    if (exports['go_wasm.between'].value === 1) start();
    else paused();
  }

  function start() {
    coroutine().then(ended, failed);
  }

  /** @param {number} hasPaused */
  function ended(hasPaused) {
    if (hasPaused === 1 || exports['go_wasm.between'].value === 0) paused();
    else dispatch(exports['go_wasm.next']());
  }

  function paused() {
    running = false;
    onPause();
  }

  /** @param {unknown} error */
  function failed(error) {
    running = false;
    // @ts-expect-error: TypeScript does not know exceptions yet
    if (error instanceof WebAssembly.Exception && error.is(exports['go_wasm.cancelled'])) onPause();
    else onError(error);
  }

  return {
    imports: {
      // @ts-expect-error: TypeScript does not know it yet
      suspend: new WebAssembly.Suspending(
        (/** @type {number} */ slot, /** @type {number} */ next) =>
          new Promise((resolve) => {
            waiting[slot] = /** @type {() => void} */ (resolve);
            dispatch(next);
          }),
      ),
      waits(/** @type {number} */ slot, /** @type {number} */ drop) {
        if (waiting[slot] === undefined) return 0;
        if (drop !== 0) waiting[slot] = undefined;
        return 1;
      },
    },
    attach(instanceExports) {
      exports = instanceExports;
      // @ts-expect-error: TypeScript does not know it yet
      coroutine = WebAssembly.promising(exports['go_wasm.coroutine']);
    },
    run(argc, argv) {
      exports.run(argc, argv);
      running = true;
      start();
    },
    resume(done) {
      if (!running) {
        exports['go_wasm.wake']();
        running = true;
        start();
        if (done()) return;
      }
      exports.resume();
    },
  };
}

/** @param {unknown} error */
function rethrow(error) {
  throw error;
}
