/** A host that unwinds in each call of `env.yield`, and rewinds at once. */
import binaryen from 'binaryen';

export function assemble(text: string): Uint8Array {
  const module = binaryen.parseText(text);
  const { All, GC, CompactImports } = binaryen.Features as typeof binaryen.Features & { CompactImports: number };
  module.setFeatures(All & ~(GC | CompactImports));
  try {
    return module.emitBinary();
  } finally {
    module.dispose();
  }
}

/** Whether this engine takes modules with two memories: Node 22 and later. */
export const hasMultiMemory: boolean = WebAssembly.validate(
  Uint8Array.of(0, 0x61, 0x73, 0x6d, 1, 0, 0, 0, 5, 5, 2, 0, 1, 0, 1),
);

export interface Run {
  result: unknown;
  /** The arguments of all calls of `env.yield` and `env.log`. */
  trace: number[];
  /** How many bytes of the buffer each unwinding has taken. */
  used: number[];
}

type Exports = Record<string, (...args: number[]) => number> & { memory?: WebAssembly.Memory };

/** Runs `main` in a module that has not been instrumented: `env.yield` just returns. */
export async function runPlain(bytes: Uint8Array, ...args: number[]): Promise<Run> {
  const trace: number[] = [];
  const note = (x: number): number => trace.push(x) * 3 + x;
  const { instance } = await WebAssembly.instantiate(bytes as Uint8Array<ArrayBuffer>, {
    env: { yield: note, log: note },
  });
  return { result: (instance.exports as Exports).main!(...args), trace, used: [] };
}

/** Runs `main` in an instrumented module. The record is at address 1024, the buffer behind it up to `end`. */
export async function runUnwinding(bytes: Uint8Array, memoryName: string, ...args: number[]): Promise<Run> {
  const [record, start, end] = [1024, 1040, 60_000];
  const trace: number[] = [];
  const used: number[] = [];
  const note = (x: number): number => trace.push(x) * 3 + x;
  let pending = 0;
  const { instance } = await WebAssembly.instantiate(bytes as Uint8Array<ArrayBuffer>, {
    env: {
      log: note,
      yield: (x: number): number => {
        if (exports.asyncify_get_state!() === 2) {
          exports.asyncify_stop_rewind!();
          return pending;
        }
        pending = note(x);
        memory.set([start, end], record / 4);
        exports.asyncify_start_unwind!(record);
        return -1;
      },
    },
  });
  const exports = instance.exports as Exports;
  const memory = new Int32Array((instance.exports[memoryName] as WebAssembly.Memory).buffer);
  for (;;) {
    const result = exports.main!(...args);
    if (exports.asyncify_get_state!() === 0) return { result, trace, used };
    exports.asyncify_stop_unwind!();
    used.push(memory[record / 4]! - start);
    exports.asyncify_start_rewind!(record);
  }
}
