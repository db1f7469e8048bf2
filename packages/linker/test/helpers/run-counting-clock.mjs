// node run-counting-clock.mjs PROGRAM: runs a js program, and prints how often it has asked for the time.
import fs from 'node:fs';
import { createRequire } from 'node:module';
import path from 'node:path';

Object.assign(globalThis, { require: createRequire(import.meta.url), fs, path });
await import(`${process.env.GOROOT_OF_TEST}/lib/wasm/wasm_exec.js`);
const go = new globalThis.Go();
const { gojs } = go.importObject;
const now = gojs['runtime.nanotime1'];
let calls = 0;
gojs['runtime.nanotime1'] = (sp) => {
  calls++;
  now(sp);
};
const { instance } = await WebAssembly.instantiate(fs.readFileSync(process.argv[2]), go.importObject);
await go.run(instance);
console.log(calls);
