/** `deno run run-js.cjs FILE [argument …]`: runs a js program in an engine that has Node's modules, as wasm_exec_node.js does. */
import { run } from '@go-wasm/runtime/node';

const [, , file, ...args] = process.argv;
run(file!, args, { fetch: false }).then(
  (code) => process.exit(code),
  (error: unknown) => {
    console.error(error);
    process.exit(1);
  },
);
