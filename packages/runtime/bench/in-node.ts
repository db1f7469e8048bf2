/** node in-node.mjs go|runtime HELLO PROGRAM TEXTS MODULE [WASM_EXEC]: prints times as JSON. */
import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { pathToFileURL } from 'node:url';
import { measure } from './measure.ts';

const [glue, hello, program, texts, module, wasmExec] = process.argv.slice(2);
if (wasmExec !== undefined) createRequire(import.meta.url)(wasmExec);
const times = await measure(glue!, {
  hello: readFileSync(hello!),
  program: readFileSync(program!),
  texts: readFileSync(texts!),
  module: pathToFileURL(module!).href,
});
console.log(JSON.stringify(times));
process.exit();
