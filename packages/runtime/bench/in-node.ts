/** node in-node.mjs hello HELLO [WASM_EXEC], or calls PROGRAM TEXTS MODULE [WASM_EXEC]: prints times as JSON. */
import { readFileSync } from 'node:fs';
import { pathToFileURL } from 'node:url';
import { calls, hello } from './measure.ts';

const [what, ...files] = process.argv.slice(2) as [string, string, string, string, string?];
const url = (file: string | undefined) => file && pathToFileURL(file).href;
const times =
  what === 'hello'
    ? await hello(url(files[1]), readFileSync(files[0]))
    : await calls(url(files[3]), {
        program: readFileSync(files[0]),
        texts: readFileSync(files[1]),
        module: url(files[2])!,
      });
console.log(JSON.stringify(times));
process.exit();
