/** Measures one glue in one engine: what Go measures of itself, and then what JavaScript measures of Go. */
export type Times = Record<string, number>;

/** A module's bytes, the names it sees of JavaScript, what it writes. Resolves to what it exports when it has started. */
type Start = (
  bytes: BufferSource,
  globals: Record<string, unknown>,
  write: (text: string) => void,
) => Promise<Record<string, (...args: number[]) => number>>;

interface GoClass {
  new (): {
    importObject: WebAssembly.Imports;
    run(instance: WebAssembly.Instance): Promise<void>;
  };
}

/** By `wasm_exec.js`, which its URL loads. */
const byGo =
  (url: string): Start =>
  async (bytes, globals, write) => {
    await import(url);
    const { Go, fs } = globalThis as unknown as { Go: GoClass; fs: { writeSync: unknown } };
    Object.assign(globalThis, globals);
    const decoder = new TextDecoder();
    fs.writeSync = (_fd: number, bytes: Uint8Array) => {
      write(decoder.decode(bytes));
      return bytes.length;
    };
    const go = new Go();
    const { instance } = await WebAssembly.instantiate(bytes, go.importObject);
    void go.run(instance);
    return instance.exports as Record<string, () => number>;
  };

const byRuntime: Start = async (bytes, globals, write) => {
  // As in a bundle: without what is not imported.
  const { instantiate } = await import('../src/instantiate.ts');
  const decoder = new TextDecoder();
  const app = await instantiate<Record<string, () => number>>(bytes, {
    globals,
    stdout: (bytes) => write(decoder.decode(bytes)),
  });
  return app.exports;
};

/** Nanoseconds from before the glue is loaded until the program has written something: to be measured once in a process. */
export async function hello(wasmExec: string | undefined, bytes: BufferSource): Promise<Times> {
  const start = wasmExec === undefined ? byRuntime : byGo(wasmExec);
  const begin = performance.now();
  await new Promise<void>((resolve) => void start(bytes, {}, () => resolve()));
  return { 'hello, to the first output in a new process': (performance.now() - begin) * 1e6 };
}

/** Nanoseconds that one of `batch` runs takes: the best of a tenth of a second. */
function best(run: () => void, batch = 1000): number {
  let best = Number.POSITIVE_INFINITY;
  for (const start = performance.now(); performance.now() - start < 100; ) {
    const begin = performance.now();
    for (let k = 0; k < batch; k++) run();
    best = Math.min(best, performance.now() - begin);
  }
  return (best * 1e6) / batch;
}

/** Modules: as bytes, and the URL of one of `-emit=module` that does what `texts` does. */
export interface Modules {
  program: BufferSource;
  texts: BufferSource;
  module: string;
}

/** @param wasmExec the URL of Go's glue, which is measured then; this runtime without it. */
export async function calls(wasmExec: string | undefined, { program, texts, module }: Modules): Promise<Times> {
  const start = wasmExec === undefined ? byRuntime : byGo(wasmExec);
  const times: Times = {};
  const bench: Record<string, (...args: number[]) => unknown> = {};
  let ready!: () => void;
  const done = new Promise<void>((resolve) => {
    ready = resolve;
  });
  const report = (name: string, time: number): void => {
    times[name] = time;
  };
  const started = start(program, { bench: Object.assign(bench, { report, ready }) }, console.log);
  await done;
  const { add } = await started;
  const { callback, sum } = bench as Record<string, (...args: number[]) => number>;
  if (add!(2, 3) !== 5 || sum!(2, 3) !== 5) throw new Error('wrong sum');
  times['js.FuncOf, no argument'] = best(() => callback!());
  times['js.FuncOf, two numbers'] = best(() => sum!(2, 3));
  times['export, two numbers'] = best(() => add!(2, 3));

  const functions: { echo?(text: string): string } = {};
  if (wasmExec !== undefined) await start(texts, { bench: functions }, console.log);
  const { echo } = wasmExec !== undefined ? functions : ((await import(module)) as typeof functions);
  for (const length of [12, 1000]) {
    const text = 'x'.repeat(length);
    if (echo!(text) !== text) throw new Error('wrong text');
    times[`text of ${length} bytes to Go and back: js.FuncOf, or -emit=module`] = best(() => echo!(text));
  }
  return times;
}
