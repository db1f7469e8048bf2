// Runs a js/wasm program with the toolchain's wasm_exec.js and the host's half of a strategy: run-js.mjs WASM_EXEC.js FILE [argument …]
import crypto from 'node:crypto';
import fs from 'node:fs';
import { createRequire } from 'node:module';
import os from 'node:os';
import path from 'node:path';

const [, , wasmExec, file, ...args] = process.argv;
Object.assign(globalThis, { require: createRequire(import.meta.url), fs, path });
globalThis.crypto ??= crypto;
createRequire(import.meta.url)(path.resolve(wasmExec));

const go = new globalThis.Go();
go.argv = [file, ...args];
go.env = { TMPDIR: os.tmpdir(), ...process.env };
go.exit = process.exit;
const module = await WebAssembly.compile(fs.readFileSync(file));
const imports = { ...go.importObject };
let instance;
const has = (name) => WebAssembly.Module.imports(module).some((i) => i.module === 'go_wasm' && i.name === name);
if (has('suspend')) {
  // An engine with JSPI takes TypeScript.
  const { createJspi } = await import('../../src/host/jspi.ts');
  const jspi = createJspi({
    onPause: () => {
      if (go.exited) go._resolveExitPromise();
    },
    onError: (error) => {
      console.error(error);
      process.exit(1);
    },
  });
  imports.go_wasm = jspi.imports;
  const raw = await WebAssembly.instantiate(module, imports);
  jspi.attach(raw.exports);
  const exports = {
    ...raw.exports,
    run: jspi.run,
    resume() {
      const event = go._pendingEvent;
      jspi.resume(() => event === null || 'result' in event);
    },
  };
  instance = Object.create(WebAssembly.Instance.prototype, { exports: { value: exports } });
} else {
  instance = await WebAssembly.instantiate(module, imports);
}
globalThis.goExports = instance.exports;
process.on('exit', (code) => {
  if (code === 0 && !go.exited) {
    go._pendingEvent = { id: 0 };
    go._resume();
  }
});
go.run(instance).catch((error) => {
  console.error(error);
  process.exit(1);
});
