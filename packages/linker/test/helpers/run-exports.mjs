// node run-exports.mjs LIBRARY: calls the exports of exports.go; a js program, or a wasip1 library (-buildmode=c-shared).
import { readFileSync } from 'node:fs';
import { WASI } from 'node:wasi';

const [, , program] = process.argv;
const module = await WebAssembly.compile(readFileSync(program));
const names = WebAssembly.Module.exports(module).map(({ name }) => name);
let instance;
if (names.includes('resume')) {
  globalThis.require = (await import('node:module')).createRequire(import.meta.url);
  globalThis.fs = (await import('node:fs')).default;
  globalThis.path = (await import('node:path')).default;
  await import(`${process.env.GOROOT_OF_TEST}/lib/wasm/wasm_exec.js`);
  const go = new globalThis.Go();
  instance = await WebAssembly.instantiate(module, go.importObject);
  go.exit = (code) => process.exit(code);
  go.run(instance); // stays until it is asked to go on
  await new Promise((resolve) => setTimeout(resolve, 20));
} else {
  const wasi = new WASI({ version: 'preview1', returnOnExit: true });
  instance = await WebAssembly.instantiate(module, wasi.getImportObject());
  try {
    instance.exports.total();
  } catch (error) {
    console.log('before initialize:', error.message.split('\n')[0]);
  }
  wasi.initialize(instance);
}
const { double, nothing, mixed, flag, recurse, switching, collect, recovers, total, fails } = instance.exports;
console.log(double(21), double(-1), double(2 ** 30));
nothing();
console.log(mixed(1, 2n, 0.5, 0.25), flag(1), flag(0));
console.log(recurse(10n), recurse(60000n), recurse(10n));
for (const n of [0, 1, 10, 1000]) console.log(switching(n));
console.log(collect(200), recovers(7), switching(5), recovers(0));
console.log(total());
try {
  console.log(fails(3));
} catch (error) {
  console.log('fails:', error.message.split('\n')[0]);
  process.exit(7);
}
process.exit(0);
