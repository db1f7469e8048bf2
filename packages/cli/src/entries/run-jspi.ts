/**
 * `node run-jspi.cjs WASM_EXEC.js FILE [argument …]`: runs a js program as Go's wasm_exec_node.js does, with the host's half
 * of the `jspi` strategy. A module that does not ask for it (stock Go's, where `auto` fell back) runs as ever.
 */
import crypto from 'node:crypto';
import fs from 'node:fs';
import { createRequire } from 'node:module';
import os from 'node:os';
import path from 'node:path';
import { instantiateFor, type WasmExec } from '@go-wasm/linker/host/jspi';
import { validateLazily } from '../jit.ts';

validateLazily();
const [, , wasmExec, file, ...args] = process.argv;
const require = createRequire(path.resolve(wasmExec!));
Object.assign(globalThis, { require, fs, path });
globalThis.crypto ??= crypto.webcrypto as Crypto;
require(path.resolve(wasmExec!));

const go = new (globalThis as unknown as { Go: new () => WasmExec }).Go();
go.argv = [file!, ...args];
go.env = { TMPDIR: os.tmpdir(), ...process.env };
go.exit = process.exit;

async function main(): Promise<void> {
  const module = await WebAssembly.compile(fs.readFileSync(file!));
  const instance = await instantiateFor(go, module, fail);
  process.on('exit', (code) => {
    // Node exits if no event handler is pending: a deadlock, for which Go prints an error and stack traces.
    if (code === 0 && !go.exited) {
      go._pendingEvent = { id: 0 };
      go._resume();
    }
  });
  await go.run(instance);
}

function fail(error: unknown): void {
  console.error(error);
  process.exit(1);
}

main().catch(fail);
