// node host-js.mjs PROGRAM.wasm
import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { callAll, host } from './calls.mjs';

const goroot = execFileSync('go', ['env', 'GOROOT'], { encoding: 'utf8' }).trim();
await import(pathToFileURL(join(goroot, 'lib', 'wasm', 'wasm_exec.js')).href);

const go = new globalThis.Go();
const program = readFileSync(process.argv[2]);
const { instance } = await WebAssembly.instantiate(program, { ...go.importObject, host });
go.run(instance);
callAll(instance.exports);
process.exit(0);
