/** Runs a program as wasm_exec_node.js does: node run.mjs FILE [argument …] */
import { run } from '../src/node.ts';

const [file, ...args] = process.argv.slice(2);
process.exit(
  await run(file!, args, { fetch: false }).catch((error) => {
    console.error(error);
    return 1;
  }),
);
