// node run-counting-frames.mjs PROGRAM: runs a js program, for which `frames(pattern)` says how many functions of such names are on the wasm stack.
import fs from 'node:fs';
import { createRequire } from 'node:module';
import path from 'node:path';

Object.assign(globalThis, { require: createRequire(import.meta.url), fs, path });
Error.stackTraceLimit = Infinity;
globalThis.frames = (pattern) => new Error().stack.split('\n').filter((line) => new RegExp(pattern).test(line)).length;
await import(`${process.env.GOROOT_OF_TEST}/lib/wasm/wasm_exec.js`);
const go = new globalThis.Go();
go.exit = (code) => {
  process.exitCode = code;
};
const { instance } = await WebAssembly.instantiate(fs.readFileSync(process.argv[2]), go.importObject);
await go.run(instance);
