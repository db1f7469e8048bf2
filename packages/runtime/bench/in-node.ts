/** node in-node.mjs go|runtime HELLO PROGRAM [WASM_EXEC]: prints times as JSON. */
import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { measure } from './measure.ts';

const [glue, hello, program, wasmExec] = process.argv.slice(2);
if (wasmExec !== undefined) createRequire(import.meta.url)(wasmExec);
console.log(JSON.stringify(await measure(glue!, readFileSync(hello!), readFileSync(program!))));
process.exit();
