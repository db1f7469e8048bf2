#!/usr/bin/env node
// The command, as an npm package would have it: files, standard streams, environment and exit code are Node's.
import { instantiate } from '@go-wasm/runtime';
import { node } from '@go-wasm/runtime/node';

const args = process.argv.slice(2);
const app = await instantiate(new URL('./command.wasm', import.meta.url), { ...node(), args });
process.exitCode = await app.exited;
