// Runs a wasip1 module in Node's own WASI, with the same view of the machine as Go's go_wasip1_wasm_exec: `wasi.js FILE.wasm [args]`.
import { readFile } from 'node:fs/promises';
import { WASI } from 'node:wasi';

const [file, ...args] = process.argv.slice(2);
const { PWD = process.cwd(), PATH = '' } = process.env;
const wasi = new WASI({ version: 'preview1', args: [file, ...args], env: { PWD, PATH }, preopens: { '/': '/' } });
const { instance } = await WebAssembly.instantiate(await readFile(file), wasi.getImportObject());
process.exitCode = wasi.start(instance);
