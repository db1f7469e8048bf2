/** Runs a program as wasm_exec_node.js does: node run.mjs FILE [argument …] */
import { run } from '../src/node.ts';

const [file, ...args] = process.argv.slice(2);
// Not by `await`: in Deno and Bun a module that waits for ever does not come to its `beforeExit`.
run(file!, args, { fetch: false })
  .catch((error) => {
    console.error(error);
    return 1;
  })
  .then((code) => process.exit(code));
