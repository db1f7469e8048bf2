/**
 * `node run-jspi.cjs WASM_EXEC.js FILE [argument …]`: runs a js program as Go's wasm_exec_node.js does, with the host's half
 * of the `jspi` strategy. A module that does not ask for it (stock Go's, where `auto` fell back) runs as ever.
 */
import crypto from 'node:crypto';
import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { createJspi } from '@go-wasm/linker/host/jspi';

/** What is used of the class that wasm_exec.js puts into the global scope. */
interface Go {
  argv: string[];
  env: Record<string, string | undefined>;
  exit: (code: number) => void;
  importObject: WebAssembly.Imports;
  exited: boolean;
  run(instance: WebAssembly.Instance): Promise<void>;
  _pendingEvent: object | null;
  _resume(): void;
  _resolveExitPromise(): void;
}

const [, , wasmExec, file, ...args] = process.argv;
Object.assign(globalThis, { require, fs, path });
globalThis.crypto ??= crypto.webcrypto as Crypto;
require(wasmExec!);

const go = new (globalThis as unknown as { Go: new () => Go }).Go();
go.argv = [file!, ...args];
go.env = { TMPDIR: os.tmpdir(), ...process.env };
go.exit = process.exit;

async function main(): Promise<void> {
  const module = await WebAssembly.compile(fs.readFileSync(file!));
  const instance = await instantiate(module);
  process.on('exit', (code) => {
    // Node exits if no event handler is pending: a deadlock, for which Go prints an error and stack traces.
    if (code === 0 && !go.exited) {
      go._pendingEvent = { id: 0 };
      go._resume();
    }
  });
  await go.run(instance);
}

async function instantiate(module: WebAssembly.Module): Promise<WebAssembly.Instance> {
  if (!WebAssembly.Module.imports(module).some((i) => i.module === 'go_wasm')) {
    return WebAssembly.instantiate(module, go.importObject);
  }
  const jspi = createJspi({
    onPause: () => {
      if (go.exited) go._resolveExitPromise();
    },
    onError: fail,
  });
  const { exports } = await WebAssembly.instantiate(module, { ...go.importObject, go_wasm: jspi.imports });
  jspi.attach(exports);
  const replaced = {
    ...exports,
    run: jspi.run,
    resume() {
      const event = go._pendingEvent;
      jspi.resume(() => event === null || 'result' in event);
    },
  };
  // wasm_exec.js looks whether it gets an instance.
  return Object.create(WebAssembly.Instance.prototype, { exports: { value: replaced } });
}

function fail(error: unknown): void {
  console.error(error);
  process.exit(1);
}

main().catch(fail);
