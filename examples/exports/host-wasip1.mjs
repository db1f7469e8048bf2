// node host-wasip1.mjs LIBRARY.wasm
import { readFileSync } from 'node:fs';
import { WASI } from 'node:wasi';
import { callAll, host } from './calls.mjs';

const wasi = new WASI({ version: 'preview1' });
const library = readFileSync(process.argv[2]);
const { instance } = await WebAssembly.instantiate(library, { ...wasi.getImportObject(), host });
wasi.initialize(instance);
callAll(instance.exports);
