/**
 * The host's half of a module with typed functions (`go-wasm build -emit=module`): arguments and results that WebAssembly
 * does not know, such as texts, cross by way of the Go functions that packages/cli/exports has generated.
 *
 * A call of such a function has a number, under which Go takes the arguments and leaves the results. So any number of them
 * may be in flight.
 */
import { type InstantiateOptions, instantiate, type Source } from './instantiate.ts';
import { createText } from './text.ts';

/** A typed array by its name. */
type ArrayKind = `${'Int' | 'Uint'}${8 | 16 | 32}Array` | `Float${32 | 64}Array` | `Big${'Int' | 'Uint'}64Array`;

/** How a value crosses. `int` and `uint` are those of Go, as numbers; `json`: whatever encoding/json takes. */
export type Kind = 'number' | 'uint32' | 'int' | 'uint' | 'int64' | 'uint64' | 'bool' | 'string' | 'json' | ArrayKind;

/** A function of the module. */
export interface Signature {
  /** What JavaScript calls it, and what the module does. */
  name: string;
  export: string;
  params: readonly Kind[];
  results: readonly Kind[];
  /** It gives a promise. */
  async: boolean;
  /** The module's function takes and gives numbers: nothing crosses by way of its memory. */
  direct: boolean;
}

/** A function of a Go module: see the declarations that come with it. */
export type Bound = (...args: unknown[]) => unknown;

/** A call in flight. */
interface Call {
  args: (Uint8Array | undefined)[];
  kinds: readonly Kind[];
  results: unknown[];
  error?: string;
}

const encoder = new TextEncoder();

/**
 * Runs a module, and gives its functions by name. One with several results gives an array; one whose error is not nil
 * throws an Error with its text.
 *
 * @throws as `instantiate`; the functions throw a TypeError or RangeError for an argument that does not fit, and what
 *   `App.exports` and `App.async` do.
 */
export async function bind(
  source: Source,
  signatures: readonly Signature[],
  options: InstantiateOptions = {},
): Promise<Record<string, Bound>> {
  const calls = new Map<number, Call>();
  let last = 0;
  const app = await instantiate<Record<string, Bound>>(source, {
    ...options,
    imports: (app) => {
      const text = createText();
      let u8 = new Uint8Array();
      /** Memory as it is now: it moves when it grows. */
      const memory = (): Uint8Array => {
        const { buffer } = app.memory;
        if (u8.buffer !== buffer) {
          u8 = new Uint8Array(buffer);
          text.reset(u8);
        }
        return u8;
      };
      // Nobody asks for results where the caller could not wait.
      const give = (id: number, result: unknown): void => void calls.get(id)?.results.push(result);
      const gowasm = {
        take: (id: number, index: number, to: number): void => memory().set(calls.get(id)!.args[index]!, to >>> 0),
        bytes(id: number, from: number, n: number): void {
          const call = calls.get(id);
          if (!call) return;
          const kind = call.kinds[call.results.length]!;
          const start = from >>> 0;
          const bytes = memory();
          const isText = kind === 'string' || kind === 'json';
          call.results.push(isText ? text.decode(start, n) : bytes.slice(start, start + n).buffer);
        },
        number: give,
        bigint: give,
        fail(id: number, from: number, n: number): void {
          const call = calls.get(id);
          memory();
          if (call) call.error = text.decode(from >>> 0, n);
        },
      };
      const given = typeof options.imports === 'function' ? options.imports(app) : options.imports;
      return { ...given, gowasm };
    },
  });

  const bound = (signature: Signature): Bound => {
    const { name, params, results, async, direct } = signature;
    const run = app[async ? 'async' : 'exports'][signature.export]!;
    const check = (args: unknown[]): unknown[] => params.map((kind, k) => argument(kind, args[k], name, k));
    if (direct) {
      const asIs = ([...params, ...results] as string[]).every((kind) => kind === 'number' || kind === 'int64');
      if (asIs) return run;
      const finish = (value: unknown): unknown => (results.length > 0 ? result(results[0]!, value, name) : undefined);
      return async ? async (...args) => finish(await run(...check(args))) : (...args) => finish(run(...check(args)));
    }
    const begin = (given: unknown[]): [number, Call, unknown[]] => {
      const args = check(given);
      last = (last + 1) | 0;
      const bytes = args.map((arg) => (ArrayBuffer.isView(arg) ? bytesOf(arg) : undefined));
      const call: Call = { args: bytes, kinds: results, results: [] };
      calls.set(last, call);
      return [last, call, args.map((arg) => (ArrayBuffer.isView(arg) ? (arg as Uint8Array).length : arg))];
    };
    const finish = (call: Call): unknown => {
      if (call.error !== undefined) throw new Error(call.error);
      const values = results.map((kind, k) => result(kind, call.results[k], name));
      return values.length > 1 ? values : values[0];
    };
    return async
      ? async (...args) => {
          const [id, call, passed] = begin(args);
          try {
            await run(id, ...passed);
          } finally {
            calls.delete(id);
          }
          return finish(call);
        }
      : (...args) => {
          const [id, call, passed] = begin(args);
          try {
            run(id, ...passed);
          } finally {
            calls.delete(id);
          }
          return finish(call);
        };
  };
  return Object.fromEntries(signatures.map((signature) => [signature.name, bound(signature)]));
}

function bytesOf({ buffer, byteOffset, byteLength }: ArrayBufferView): Uint8Array {
  return new Uint8Array(buffer, byteOffset, byteLength);
}

/** What is passed for an argument: a number or bigint, or an array of which Go gets the length and takes the bytes. */
function argument(kind: Kind, value: unknown, name: string, k: number): unknown {
  const wrong = (what: string): TypeError => new TypeError(`${name}: argument ${k + 1} must be ${what}`);
  switch (kind) {
    case 'number':
    case 'uint32':
      if (typeof value !== 'number') throw wrong('a number');
      return value;
    case 'int':
    case 'uint':
      if (!Number.isSafeInteger(value)) throw wrong('a whole number');
      if (kind === 'uint' && (value as number) < 0) throw wrong('at least 0');
      return value;
    case 'int64':
    case 'uint64':
      if (typeof value !== 'bigint') throw wrong('a bigint');
      return value;
    case 'bool':
      if (typeof value !== 'boolean') throw wrong('a boolean');
      return value;
    case 'string':
      if (typeof value !== 'string') throw wrong('a string');
      return encoder.encode(value);
    case 'json': {
      const text = JSON.stringify(value);
      if (text === undefined) throw wrong('what JSON can say');
      return encoder.encode(text);
    }
    default:
      // By its name: one of another realm is as good.
      if (Object.prototype.toString.call(value) !== `[object ${kind}]`) throw wrong(`a ${kind}`);
      return value;
  }
}

function result(kind: Kind, value: unknown, name: string): unknown {
  switch (kind) {
    case 'number':
    case 'int64':
    case 'string':
      return value;
    case 'uint32':
      return (value as number) >>> 0;
    case 'int':
    case 'uint':
      if (Number.isSafeInteger(value)) return value;
      throw new RangeError(
        `${name}: ${value} has no exact number: have the function return int64 or uint64, for a bigint`,
      );
    case 'uint64':
      return BigInt.asUintN(64, value as bigint);
    case 'bool':
      return value !== 0;
    case 'json':
      return JSON.parse(value as string);
    default:
      return new globalThis[kind](value as ArrayBuffer);
  }
}
