// @ts-check
/**
 * The host's half of the `jspi` strategy (src/strategies/jspi.ts). A coroutine is a promise; who suspends says which
 * coroutine goes on. All that happens between is in microtasks, so timers and I/O wait until the program does.
 *
 * An event can come
 * - from JavaScript that Go has called, or from a microtask between two steps of a switch: `resume` handles it at once,
 *   without suspending anything, since JavaScript waits for the result;
 * - when the program is idle: the same, unless nobody waits for a result: then `wake` lets coroutines handle it.
 */

/**
 * @typedef {object} JspiOptions
 * @property {() => void} [onPause] Called whenever the program has come to rest after {@link Jspi.run} or
 *   {@link Jspi.wake}: it waits for events, or has exited.
 * @property {(error: unknown) => void} [onError] Called with what is thrown in a coroutine: the program is broken then.
 */

/**
 * @typedef {object} Jspi
 * @property {WebAssembly.ModuleImports} imports The imports of `go_wasm`.
 * @property {(exports: WebAssembly.Exports) => void} attach To be called with the exports of the instance, once.
 * @property {(argc: number, argv: number) => void} run Starts the program. It runs on after the call returns.
 * @property {() => void} resume Handles an event before it returns.
 * @property {() => void} wake Handles an event that nobody waits for, such as a timer.
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
  /** How many events are being handled at once. */
  let events = 0;
  /** Whether coroutines are on their way: until the program pauses. */
  let running = false;
  /** @type {any} */
  let exports;
  /** @type {() => Promise<number>} */
  let coroutine;

  /** @param {number} slot */
  function dispatch(slot) {
    const go = waiting[slot];
    if (go === undefined) queueMicrotask(start);
    else {
      waiting[slot] = undefined;
      go();
    }
  }

  function start() {
    coroutine().then(ended, failed);
  }

  /** @param {number} paused */
  function ended(paused) {
    if (paused === 0) dispatch(exports['go_wasm.next']());
    else {
      running = false;
      onPause();
    }
  }

  /** @param {unknown} error */
  function failed(error) {
    running = false;
    onError(error);
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
      waits(/** @type {number} */ slot) {
        if (waiting[slot] === undefined) return 0;
        if (events === 0) return 1;
        waiting[slot] = undefined;
        exports['go_wasm.live'].value--;
        return 0;
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
    resume() {
      events++;
      try {
        exports.resume();
      } finally {
        events--;
      }
    },
    wake() {
      if (running || events > 0) {
        this.resume();
        return;
      }
      exports['go_wasm.wake']();
      running = true;
      start();
    },
  };
}

/** @param {unknown} error */
function rethrow(error) {
  throw error;
}
