/**
 * A running Go program: the functions that it imports as `gojs`, the JavaScript values it holds, and the ways into it.
 *
 * The contract is that of Go's `lib/wasm/wasm_exec.js`, which is the same in Go 1.24–1.27. An import gets SP; its arguments
 * and results lie above the return address at [SP], each in 8 bytes. A JavaScript value is a `ref` of 64 bits
 * (syscall/js/js.go): a number other than 0 and NaN is itself, 0 bits are undefined, and all else is a NaN whose lower word
 * is the id of the value and whose upper word says of which type it is.
 *
 * Addresses are multiples of 8 wherever a ref or an int lies: so memory is read through typed arrays, `sp >>> 2` being the
 * index of SP's word. 64-bit integers are read as two words: BigInt would be an allocation each.
 */
import { BlockedError, CrashError, ExitedError, StartError } from './errors.ts';
import { createText } from './text.ts';

/** What Go's linker exports of a js/wasm program, next to its go:wasmexport functions. */
export interface GoExports {
  mem: WebAssembly.Memory;
  run(argc: number, argv: number): void;
  resume(): void;
  getsp(): number;
  /**
   * Of modules in which exports may wait (waiting-exports.ts of the linker): the goroutine of the export that has begun to
   * wait, or that is done; and whether exports only give the result that is there.
   */
  'go-wasm:waiting'?: WebAssembly.Global<'i32'>;
  'go-wasm:collect'?: WebAssembly.Global<'i32'>;
  /** Of modules of the strategy `jspi` (jspi.ts): runs the program until it waits, where `run` only starts it. */
  'go_wasm.drain'?: () => void;
  /** Of modules that go-wasm has linked (goroutine-count.ts of the linker). */
  'go-wasm:goroutines'?: () => number;
  /** Of modules in which callbacks may wait (waiting-callbacks.ts): whether the next event gets a goroutine of its own. */
  'go-wasm:spawn'?: WebAssembly.Global<'i32'>;
}

/** The object that the program knows as `jsGo`: events are handed over in it. */
export interface JsGo {
  _pendingEvent: object | null;
  _makeFuncWrapper(id: number): (...args: unknown[]) => unknown;
  /** As many as there are values that Go holds: its own tests look at it. */
  _values?: { readonly length: number };
}

/** A function that a program exports. */
export type Call = (...args: unknown[]) => unknown;

/** A call that waits. */
interface Pending {
  /** Gets the result of an export, once it is there. */
  collect?(): unknown;
  resolve(result: unknown): void;
  reject(reason: unknown): void;
}

/** A call of a `js.FuncOf` function, with the properties that syscall/js gets and sets. */
class CallEvent {
  readonly id: number;
  readonly args: unknown;
  value: unknown;
  /** Whether the function has begun, and has not ended; a released one does not begin. */
  waits = false;
  /** Whether there is a result. */
  finished = false;
  settle: ((result: unknown) => void) | undefined;
  readonly #self: unknown;

  constructor(id: number, self: unknown, args: unknown) {
    this.id = id;
    this.args = args;
    this.#self = self;
  }

  get this(): unknown {
    this.waits = true;
    return this.#self;
  }

  set result(result: unknown) {
    this.waits = false;
    this.finished = true;
    this.value = result;
    this.settle?.(result);
  }
}

/** What a program sees of the world outside. */
export interface World {
  /** Whether the program can be woken without an event: it has the package syscall/js, and its exports are guarded. */
  readonly events: boolean;
  /** Names that js.Global() has for this program, before those of globalThis. */
  readonly globals: Record<string, unknown>;
  /** Writes at once what the Go runtime itself says: panics, `print`. The bytes are the callee's. */
  write(fd: number, bytes: Uint8Array): void;
  /** Called once when the program has exited by itself; from inside it. */
  exited(code: number): void;
  /** Called once when the program has ended in another way. */
  failed(error: unknown): void;
}

/**
 * What modules of the strategy `jspi` import as `go_wasm`. They are run without promises, since JavaScript wants results of
 * calls at once: so nothing suspends, and nothing waits.
 */
export const withoutPromises: WebAssembly.ModuleImports = { suspend() {}, waits: () => 0 };

export interface Program {
  readonly imports: WebAssembly.ModuleImports;
  /** Runs a fresh instance until it waits for an event or exits. @throws StartError, CrashError */
  start(exports: GoExports, argv: readonly string[], env: Readonly<Record<string, string>>): void;
  /** Lets the program handle `_pendingEvent`, or its timers. @throws ExitedError, CrashError */
  resume(): void;
  /** Nothing can happen any more: a program that waits says that all goroutines are asleep, and exits. */
  deadlock(): void;
  /** A function that calls an exported one, with the same number of parameters. It throws a BlockedError if that waits. */
  guard(name: string, exported: Call): Call;
  /** A function that calls an exported one, which may wait. */
  promise(name: string, exported: Call): (...args: unknown[]) => Promise<unknown>;
  /** How many goroutines there are: what runtime.NumGoroutine gives. Undefined where the module does not say. */
  goroutines(): number | undefined;
  /** Ends the program from outside: nothing in it runs any more. */
  stop(reason: unknown): void;
  /** JavaScript values that Go holds. */
  references(): number;
}

// biome-ignore lint/suspicious/noExplicitAny: whatever the program has got from JavaScript; engine errors are its answers
type Any = any;

const NAN_HEAD = 0x7ff80000;
/** Type flags of a ref: `typeFlag…` in syscall/js/js.go. */
const OBJECT = 1;
const STRING = 2;
const SYMBOL = 3;
const FUNCTION = 4;
/** Ids from here on are strings on their way to Go (`prepare` in text.ts), not in the table. */
const PREPARED = 0x40000000;
/** Where arguments and environment go: between Go's zero page and its data (wasmMinDataAddr in cmd/link). */
const ARGS_START = 4096;
const ARGS_END = 4096 + 8192;
/** How many ids Go has without asking: NaN, 0, null, true, false, globalThis, jsGo. */
const PREDEFINED = 7;
const WORD = 4294967296;
/** How many characters are kept of what the Go runtime writes. */
const TRACE = 16384;
const decoder = new TextDecoder();

export function createProgram(go: JsGo, world: World): Program {
  let own: Record<string, unknown> = {};
  const text = createText();
  let memory: WebAssembly.Memory;
  let getsp: () => number;
  let wake: () => void;
  let u8 = new Uint8Array();
  let u32 = new Uint32Array();
  let f64 = new Float64Array();

  /** JavaScript values that Go holds, by id; how often it holds each; and their ids. */
  let values: unknown[] = [];
  let counts: number[] = [];
  let ids = new Map<unknown, number>();
  let free: number[] = [];

  /** Why the program can run no more. */
  let ended: unknown = new ExitedError(0);
  /** How many calls from JavaScript into Go are on the stack; the names of the exports among them. */
  let depth = 0;
  const calls: string[] = [];
  let exports: GoExports;
  /** The export that was called has begun to wait. */
  let paused = false;
  /** What waits: callbacks by their events, exports by the address of the goroutine's g. */
  const pending = new Map<unknown, Pending>();
  let spawn: GoExports['go-wasm:spawn'];
  /** Whether Go is going to run soon, for goroutines that an export has left ready. */
  let soon = false;
  /** What the Go runtime has written last. */
  let trace = '';
  const timers = new Map<number, ReturnType<typeof setTimeout>>();
  let timer = 0;
  /** The return address of the last call of nanotime1, and of the one that the runtime makes before it waits for events. */
  let clockLow = 0;
  let clockHigh = 0;
  let idleLow = 0;
  let idleHigh = 0;

  const look = (): void => {
    const { buffer } = memory;
    u8 = new Uint8Array(buffer);
    u32 = new Uint32Array(buffer);
    f64 = new Float64Array(buffer);
    text.reset(u8);
  };

  const int = (w: number): number => u32[w]! + (u32[w + 1]! | 0) * WORD;
  const setInt = (w: number, value: number): void => {
    u32[w] = value;
    u32[w + 1] = Math.floor(value / WORD);
  };
  const string = (w: number): string => text.decode(u32[w]!, u32[w + 2]!);
  const bytes = (w: number): Uint8Array => {
    const pointer = u32[w]!;
    return u8.subarray(pointer, pointer + u32[w + 2]!);
  };

  const load = (w: number): unknown => {
    const number = f64[w >>> 1]!;
    if (number === 0) return undefined;
    return Number.isNaN(number) ? values[u32[w]!] : number;
  };

  const store = (w: number, value: unknown): void => {
    let id: number;
    let flag = 0;
    switch (typeof value) {
      case 'number':
        if (value !== 0 && !Number.isNaN(value)) {
          f64[w >>> 1] = value;
          return;
        }
        id = value === 0 ? 1 : 0;
        break;
      case 'undefined':
        f64[w >>> 1] = 0;
        return;
      case 'boolean':
        id = value ? 3 : 4;
        break;
      case 'object':
        if (value === null) {
          id = 2;
        } else {
          id = hold(value);
          flag = OBJECT;
        }
        break;
      case 'string':
        id = hold(value);
        flag = STRING;
        break;
      case 'symbol':
        id = hold(value);
        flag = SYMBOL;
        break;
      case 'function':
        id = hold(value);
        flag = FUNCTION;
        break;
      default:
        id = hold(value); // bigint: syscall/js knows no such type, and says so
    }
    u32[w] = id;
    u32[w + 1] = NAN_HEAD | flag;
  };

  /** Equal values have one id: `js.Value.Equal` compares refs. */
  const hold = (value: unknown): number => {
    let id = ids.get(value);
    if (id === undefined) {
      id = free.pop() ?? values.length;
      values[id] = value;
      counts[id] = 1;
      ids.set(value, id);
    } else {
      counts[id]!++;
    }
    return id;
  };

  /** The arguments in a slice of refs. */
  const list = (w: number, length: number): unknown[] => {
    const args = new Array(length);
    for (let k = 0; k < length; k++) args[k] = load(w + 2 * k);
    return args;
  };

  /**
   * SP's word after a call that may have run Go code: that may have moved the stack. If the program has ended in the
   * meantime, all of its frames leave.
   */
  const sync = (): number => {
    if (ended !== undefined) throw ended;
    return getsp() >>> 2;
  };

  const get = (object: Any, name: string): unknown => (object === globalThis && name in own ? own[name] : object[name]);

  /** Assigns without an exception where that fails, as `Reflect.set` does, which is slow. */
  const set = (object: Any, name: string | number, value: unknown): void => {
    try {
      object[name] = value;
    } catch (error) {
      // What a setter throws is the program's; all else may be tried twice.
      for (let o = object; o !== null; o = Object.getPrototypeOf(o)) {
        const property = Object.getOwnPropertyDescriptor(o, name);
        if (property?.set) throw error;
        if (property) break;
      }
      Reflect.set(object, name, value);
    }
  };

  /** Ends a function of syscall/js that tells apart a result and an exception: at `w` from SP. */
  const settle = (w: number, result: unknown, ok: 0 | 1): void => {
    const at = sync() + w;
    store(at, result);
    u8[(at + 2) * 4] = ok;
  };

  const end = (reason: unknown): void => {
    ended = reason;
    for (const id of timers.values()) clearTimeout(id);
    timers.clear();
    go._pendingEvent = null;
    for (const { reject } of pending.values()) reject(reason);
    pending.clear();
  };

  /** What to throw for an exception that has left the program. */
  const fail = (error: unknown): unknown => {
    if (ended === undefined) {
      end(error instanceof BlockedError ? error : new CrashError(error));
      world.failed(ended);
    }
    return ended;
  };

  const leave = (): void => {
    depth--;
    if (ended === undefined) return;
    if (depth === 0) forget();
    // Frames of Go below this call must not go on: they leave by an exception.
    throw ended;
  };

  /** Lets go of all JavaScript values. */
  const forget = (): void => {
    values = [];
    counts = [];
    ids = new Map();
    free = [];
  };

  /** Runs Go code until it waits for events. @throws whatever ends the program, its normal exit too */
  const enter = (run: () => void): void => {
    if (ended !== undefined) throw ended;
    depth++;
    try {
      run();
    } catch (error) {
      fail(error);
    } finally {
      leave();
    }
  };

  /** As `enter`; but a program that exits is no error for the one that it ran for. */
  const enterFromEvent = (run: () => void): void => {
    try {
      enter(run);
    } catch (error) {
      if (depth > 0 || !(error instanceof ExitedError)) throw error;
    }
  };

  const resume = (): void => {
    if (ended !== undefined) throw ended;
    enterFromEvent(wake);
  };

  go._makeFuncWrapper = (id) =>
    function (this: unknown) {
      // biome-ignore lint/complexity/noArguments: as it is, it is what Go wants
      const event = new CallEvent(id, this, arguments);
      if (ended !== undefined) throw ended;
      go._pendingEvent = event;
      if (depth === 0 && spawn) spawn.value = 1;
      resume();
      if (!event.waits || ended !== undefined) return event.value;
      return new Promise((resolve, reject) => {
        pending.set(event, { resolve, reject });
        event.settle = (result) => {
          pending.delete(event);
          resolve(result);
        };
      });
    };

  /** Exports return when they are done, not when all goroutines wait: those go on as soon as JavaScript is done. */
  const runSoon = (): void => {
    if (soon || depth > 0 || !world.events) return;
    soon = true;
    queueMicrotask(() => {
      soon = false;
      try {
        resume();
      } catch {
        // the end of the program has been told
      }
    });
  };

  const beginCall = (name: string): void => {
    if (ended !== undefined) throw ended;
    depth++;
    calls.push(name);
  };

  /** Returns whether the export waits. */
  const endCall = (): boolean => {
    calls.pop();
    leave();
    const waits = paused;
    paused = false;
    if (!waits) runSoon();
    return waits;
  };

  const endSyncCall = (name: string): void => {
    if (endCall())
      throw new BlockedError(name, `call it as async.${name}(…), or write //gowasm:async above it, for a promise`);
  };

  /** An export that waited is done; its result lies where it takes it from. */
  const done = (): void => {
    const id = exports['go-wasm:waiting']?.value;
    const waiter = pending.get(id);
    if (waiter?.collect === undefined) return;
    pending.delete(id);
    const collect = exports['go-wasm:collect']!;
    collect.value = 1;
    try {
      waiter.resolve(waiter.collect());
    } finally {
      collect.value = 0;
    }
  };

  const references = (): number => Math.max(values.length - PREDEFINED - free.length, 0);
  go._pendingEvent = null;
  Object.defineProperty(go, '_values', { get: () => ({ length: references() }) });

  const ring = (id: number): void => {
    try {
      resume();
    } catch {
      return; // the end of the program has been told
    }
    // A clock may be behind the timer: then Go has not seen that its time has come.
    if (timers.has(id)) timers.set(id, setTimeout(ring, 1, id));
  };

  const imports: Record<string, (sp: number) => void> = {
    // func wasmExit(code int32)
    'runtime.wasmExit'(sp) {
      const code = u32[(sp >>> 2) + 2]! | 0;
      // Before it there may be what the program itself has printed.
      const panic = trace.search(/^(panic|fatal error): /m);
      end(new ExitedError(code, code === 2 && panic >= 0 ? trace.slice(panic) : ''));
      world.exited(code);
    },

    // func wasmWrite(fd uintptr, p unsafe.Pointer, n int32)
    'runtime.wasmWrite'(sp) {
      const w = sp >>> 2;
      const pointer = u32[w + 4]!;
      const bytes = u8.slice(pointer, pointer + u32[w + 6]!);
      trace = (trace + decoder.decode(bytes)).slice(-TRACE);
      world.write(u32[w + 2]!, bytes);
    },

    // func resetMemoryDataView()
    'runtime.resetMemoryDataView': look,

    // func nanotime1() int64
    'runtime.nanotime1'(sp) {
      if (sp === 0) return done();
      const w = sp >>> 2;
      clockLow = u32[w]!;
      clockHigh = u32[w + 1]!;
      if (calls.length > 0 && clockLow === idleLow && clockHigh === idleHigh) {
        const name = calls[calls.length - 1]!;
        if (depth > 1) throw new BlockedError(name, 'Go has called the JavaScript that calls it; wait in a goroutine');
        if (!exports['go-wasm:waiting'])
          throw new BlockedError(name, 'link the module with go-wasm, or wait in a goroutine');
        paused = true;
      }
      // Never 0: that would be a clock that does not run.
      setInt(w + 2, performance.now() * 1e6 + 1);
    },

    // func walltime() (sec int64, nsec int32)
    'runtime.walltime'(sp) {
      const w = sp >>> 2;
      const ms = Date.now();
      setInt(w + 2, ms / 1000);
      u32[w + 4] = (ms % 1000) * 1e6;
    },

    // func scheduleTimeoutEvent(delay int64) int32
    'runtime.scheduleTimeoutEvent'(sp) {
      const w = sp >>> 2;
      const id = ++timer;
      timers.set(id, setTimeout(ring, int(w + 2), id));
      u32[w + 4] = id;
    },

    // func clearTimeoutEvent(id int32)
    'runtime.clearTimeoutEvent'(sp) {
      const id = u32[(sp >>> 2) + 2]!;
      clearTimeout(timers.get(id));
      timers.delete(id);
    },

    // func getRandomData(r []byte)
    'runtime.getRandomData'(sp) {
      const target = bytes((sp >>> 2) + 2);
      // Web Crypto gives 64 KiB at most.
      for (let k = 0; k < target.length; k += 65536)
        crypto.getRandomValues(target.subarray(k, k + 65536) as Uint8Array<ArrayBuffer>);
    },

    // func finalizeRef(v ref)
    'syscall/js.finalizeRef'(sp) {
      const id = u32[(sp >>> 2) + 2]!;
      if (id >= PREPARED) {
        text.release(id - PREPARED);
      } else if (--counts[id]! === 0) {
        ids.delete(values[id]);
        values[id] = undefined;
        free.push(id);
      }
    },

    // func stringVal(value string) ref
    'syscall/js.stringVal'(sp) {
      const w = sp >>> 2;
      store(w + 6, string(w + 2));
    },

    // func valueGet(v ref, p string) ref
    'syscall/js.valueGet'(sp) {
      const w = sp >>> 2;
      const result = get(load(w + 2), string(w + 4));
      store(sync() + 8, result);
    },

    // func valueSet(v ref, p string, x ref)
    'syscall/js.valueSet'(sp) {
      const w = sp >>> 2;
      const object = load(w + 2);
      const name = string(w + 4);
      set(object === globalThis && name in own ? own : object, name, load(w + 8));
      if (ended !== undefined) throw ended;
    },

    // func valueDelete(v ref, p string)
    'syscall/js.valueDelete'(sp) {
      const w = sp >>> 2;
      const object = load(w + 2) as object;
      const name = string(w + 4);
      Reflect.deleteProperty(object === globalThis && name in own ? own : object, name);
    },

    // func valueIndex(v ref, i int) ref
    'syscall/js.valueIndex'(sp) {
      const w = sp >>> 2;
      const result = (load(w + 2) as Any)[int(w + 4)];
      store(sync() + 6, result);
    },

    // func valueSetIndex(v ref, i int, x ref)
    'syscall/js.valueSetIndex'(sp) {
      const w = sp >>> 2;
      set(load(w + 2), int(w + 4), load(w + 6));
      if (ended !== undefined) throw ended;
    },

    // func valueCall(v ref, m string, args []ref) (ref, bool)
    'syscall/js.valueCall'(sp) {
      const w = sp >>> 2;
      let result: unknown;
      let ok: 0 | 1 = 1;
      try {
        const object: Any = load(w + 2);
        const name = string(w + 4);
        const args = u32[w + 8]! >>> 2;
        const length = u32[w + 10]!;
        if (object === globalThis && name in own)
          result = Reflect.apply(own[name] as Any, globalThis, list(args, length));
        // Methods of strings and numbers are none to Go, which says so itself.
        else if (typeof object !== 'object' && typeof object !== 'function') ok = 0;
        else if (length === 0) result = object[name]();
        else if (length === 1) result = object[name](load(args));
        else if (length === 2) result = object[name](load(args), load(args + 2));
        else if (length === 3) result = object[name](load(args), load(args + 2), load(args + 4));
        else result = Reflect.apply(object[name], object, list(args, length));
      } catch (error) {
        result = error;
        ok = 0;
      }
      settle(14, result, ok);
    },

    // func valueInvoke(v ref, args []ref) (ref, bool)
    'syscall/js.valueInvoke'(sp) {
      const w = sp >>> 2;
      let result: unknown;
      let ok: 0 | 1 = 1;
      try {
        const call = load(w + 2) as Any;
        const args = u32[w + 4]! >>> 2;
        const length = u32[w + 6]!;
        if (length === 0) result = call();
        else if (length === 1) result = call(load(args));
        else if (length === 2) result = call(load(args), load(args + 2));
        else result = Reflect.apply(call, undefined, list(args, length));
      } catch (error) {
        result = error;
        ok = 0;
      }
      settle(10, result, ok);
    },

    // func valueNew(v ref, args []ref) (ref, bool)
    'syscall/js.valueNew'(sp) {
      const w = sp >>> 2;
      let result: unknown;
      let ok: 0 | 1 = 1;
      try {
        result = Reflect.construct(load(w + 2) as Any, list(u32[w + 4]! >>> 2, u32[w + 6]!));
      } catch (error) {
        result = error;
        ok = 0;
      }
      settle(10, result, ok);
    },

    // func valueLength(v ref) int
    'syscall/js.valueLength'(sp) {
      const w = sp >>> 2;
      const { length } = load(w + 2) as Any;
      setInt(w + 4, typeof length === 'number' ? length : Number.parseInt(length, 10));
    },

    // func valuePrepareString(v ref) (ref, int)
    'syscall/js.valuePrepareString'(sp) {
      const w = sp >>> 2;
      const value = load(w + 2);
      u32[w + 4] = PREPARED + text.prepare(typeof value === 'string' ? value : String(value));
      u32[w + 5] = NAN_HEAD | OBJECT;
      setInt(w + 6, text.length);
    },

    // func valueLoadString(v ref, b []byte)
    'syscall/js.valueLoadString'(sp) {
      const w = sp >>> 2;
      text.copy(u32[w + 2]! - PREPARED, u32[w + 4]!, u32[w + 6]!);
    },

    // func valueInstanceOf(v ref, t ref) bool
    'syscall/js.valueInstanceOf'(sp) {
      const w = sp >>> 2;
      u8[(w + 6) * 4] = (load(w + 2) as Any) instanceof (load(w + 4) as Any) ? 1 : 0;
    },

    // func copyBytesToGo(dst []byte, src ref) (int, bool)
    'syscall/js.copyBytesToGo'(sp) {
      const w = sp >>> 2;
      const source = load(w + 8);
      const ok = isBytes(source);
      u8[(w + 12) * 4] = ok ? 1 : 0;
      if (!ok) return;
      const n = Math.min(u32[w + 4]!, source.length);
      u8.set(n === source.length ? source : source.subarray(0, n), u32[w + 2]);
      setInt(w + 10, n);
    },

    // func copyBytesToJS(dst ref, src []byte) (int, bool)
    'syscall/js.copyBytesToJS'(sp) {
      const w = sp >>> 2;
      const target = load(w + 2);
      const ok = isBytes(target);
      u8[(w + 12) * 4] = ok ? 1 : 0;
      if (!ok) return;
      const pointer = u32[w + 4]!;
      const n = Math.min(u32[w + 6]!, target.length);
      target.set(u8.subarray(pointer, pointer + n));
      setInt(w + 10, n);
    },

    debug: (value) => console.log(value),
  };

  return {
    imports,
    start(given, argv, env) {
      exports = given;
      ({ mem: memory, getsp, resume: wake } = exports);
      spawn = world.events ? exports['go-wasm:spawn'] : undefined;
      look();
      own = Object.assign(Object.create(null), world.globals);
      values = [Number.NaN, 0, null, true, false, globalThis, go];
      // Never released: Go has them without asking.
      counts = values.map(() => 1);
      ids = new Map<unknown, number>([
        [globalThis, 5],
        [go, 6],
      ]);
      free = [];
      calls.length = 0;
      idleLow = 0;
      idleHigh = 0;
      trace = '';
      const at = writeArguments(u8, u32, argv, env);
      ended = undefined;
      enterFromEvent(() => {
        exports.run(argv.length, at);
        exports['go_wasm.drain']?.();
      });
      idleLow = clockLow;
      idleHigh = clockHigh;
    },
    resume,
    deadlock() {
      if (ended !== undefined) return;
      go._pendingEvent = { id: 0 };
      resume();
    },
    guard(name, call) {
      // A call with rest parameters takes three times as long.
      const guarded: Call[] = [
        () => {
          beginCall(name);
          try {
            return call();
          } catch (error) {
            fail(error);
          } finally {
            endSyncCall(name);
          }
        },
        (a) => {
          beginCall(name);
          try {
            return call(a);
          } catch (error) {
            fail(error);
          } finally {
            endSyncCall(name);
          }
        },
        (a, b) => {
          beginCall(name);
          try {
            return call(a, b);
          } catch (error) {
            fail(error);
          } finally {
            endSyncCall(name);
          }
        },
        (...args) => {
          beginCall(name);
          try {
            return call(...args);
          } catch (error) {
            fail(error);
          } finally {
            endSyncCall(name);
          }
        },
      ];
      return guarded[Math.min(call.length, 3)]!;
    },
    promise(name, call) {
      return async (...args) => {
        beginCall(name);
        let result: unknown;
        let waits = false;
        try {
          result = call(...args);
        } catch (error) {
          fail(error);
        } finally {
          waits = endCall();
        }
        if (!waits) return result;
        const id = exports['go-wasm:waiting']!.value;
        return new Promise((resolve, reject) => pending.set(id, { collect: () => call(...args), resolve, reject }));
      };
    },
    stop(reason) {
      if (ended !== undefined) return;
      end(reason);
      if (depth === 0) forget();
      world.failed(reason);
    },
    goroutines() {
      const count = exports?.['go-wasm:goroutines'];
      return count && (ended === undefined ? count() : 0);
    },
    references,
  };
}

function isBytes(value: unknown): value is Uint8Array {
  return value instanceof Uint8Array || value instanceof Uint8ClampedArray;
}

/** Writes what C would have as argc, argv and envp. Returns where argv is. */
function writeArguments(
  u8: Uint8Array,
  u32: Uint32Array,
  argv: readonly string[],
  env: Readonly<Record<string, string>>,
): number {
  const names = Object.keys(env).sort();
  const encoder = new TextEncoder();
  let at = ARGS_START;
  const put = (text: string): number => {
    const start = at;
    const { read, written } = encoder.encodeInto(`${text}\0`, u8.subarray(start, ARGS_END));
    at += (written + 7) & ~7;
    if (read <= text.length) at = ARGS_END + 1;
    return start;
  };
  const pointers = [...argv.map(put), 0, ...names.map((name) => put(`${name}=${env[name]}`)), 0];
  if (at + 8 * pointers.length > ARGS_END) {
    throw new StartError(
      'GW6301',
      `arguments and environment take more than the ${ARGS_END - ARGS_START} bytes that Go has for them: pass fewer, or in a file`,
    );
  }
  // Memory is new: the upper words are 0.
  pointers.forEach((pointer, k) => {
    u32[(at >>> 2) + 2 * k] = pointer;
  });
  return at;
}
