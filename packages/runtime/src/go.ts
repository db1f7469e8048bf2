import type { FileSystem } from './files.ts';
import { createProgram, type GoExports, type JsGo, type Program, withoutPromises } from './program.ts';
import { createSystem, type System } from './system.ts';

/**
 * The class of wasm_exec.js, for code written for it:
 *
 * ```js
 * import { Go } from '@go-wasm/runtime';
 * const go = new Go();
 * const { instance } = await WebAssembly.instantiateStreaming(fetch('app.wasm'), go.importObject);
 * await go.run(instance);
 * ```
 *
 * It uses `globalThis.fs`, `process` and `path` where they exist, as wasm_exec.js does; it never makes them. `run` may be
 * called again, with a new instance, after the program has exited.
 */
export class Go implements JsGo {
  /** The program's name and arguments. */
  argv: string[] = ['js'];
  env: Record<string, string> = {};
  /** Called when the program exits. */
  exit: (code: number) => void = (code) => {
    if (code !== 0) console.warn('exit code:', code);
  };
  /** Whether the program has exited; undefined before its start. */
  exited: boolean | undefined = undefined;
  readonly importObject: { gojs: WebAssembly.ModuleImports } & WebAssembly.Imports;

  _pendingEvent: object | null = null;
  declare _makeFuncWrapper: (id: number) => (...args: unknown[]) => unknown;
  readonly #program: Program;
  #system: System = systemOfPage();
  #settle: { resolve(): void; reject(error: unknown): void } | undefined;

  constructor() {
    const go = this;
    this.#program = createProgram(this, {
      events: false,
      get globals() {
        return go.#system.globals;
      },
      write: (fd, bytes) => go.#system.write(fd, bytes),
      exited(code) {
        go.exited = true;
        go.#system.end();
        go.exit(code);
        go._resolveExitPromise();
      },
      failed(error) {
        go.#system.end();
        go.#settle?.reject(error);
      },
    });
    this.importObject = { gojs: this.#program.imports, go_wasm: withoutPromises };
  }

  /** Runs the program. Resolves when it has exited. */
  async run(instance: WebAssembly.Instance): Promise<void> {
    if (!(instance instanceof WebAssembly.Instance)) throw new Error('Go.run: WebAssembly.Instance expected');
    const done = new Promise<void>((resolve, reject) => {
      this.#settle = { resolve, reject };
    });
    done.catch(() => {}); // what start throws as well is no second error
    this.exited = false;
    this.#system = systemOfPage();
    this.#program.start(instance.exports as unknown as GoExports, this.argv, this.env);
    await done;
  }

  _resume(): void {
    this.#program.resume();
  }

  _resolveExitPromise(): void {
    this.#settle?.resolve();
  }
}

/** What the page has under the names that wasm_exec.js uses. */
function systemOfPage(): System {
  const { fs, process, path } = globalThis as { fs?: FileSystem; process?: unknown; path?: unknown };
  return createSystem({
    fs: fs && Object.create(fs, { stdio: { value: true } }),
    globals: { ...(fs && { fs }), ...(process ? { process } : {}), ...(path ? { path } : {}) },
  });
}
