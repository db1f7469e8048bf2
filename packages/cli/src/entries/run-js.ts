/**
 * `node run-js.cjs FILE [argument …]`: runs a js program as Go's wasm_exec_node.js does, in Node and in engines that are much
 * like it, by our own runtime.
 */
import fs from 'node:fs';
import { node, run } from '@go-wasm/runtime/node';
import { gotest } from '../gotest.ts';
import { validateLazily } from '../jit.ts';

validateLazily();
const [, , file, ...args] = process.argv;
// For JavaScript that the program evaluates.
Object.assign(globalThis, { fs, ...node({ fetch: false }).globals });
run(file!, args, { fetch: false, imports: (app) => ({ _gotest: gotest(() => app.exports) }) }).then(
  (code) => process.exit(code),
  (error: unknown) => {
    console.error(error);
    process.exit(1);
  },
);
