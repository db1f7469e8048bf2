// node run-wasip1.mjs PROGRAM [ARG...]: runs a wasip1 program in Node's WASI.
import { readFileSync } from 'node:fs';
import { WASI } from 'node:wasi';

const [, , program, ...args] = process.argv;
const { PATH, GOROOT_OF_TEST, ...env } = process.env;
// No exit by an exception: where one has passed many wasm frames, the V8 of Node 20 crashes.
const wasi = new WASI({ version: 'preview1', args: ['program', ...args], env, returnOnExit: false });
const imports = wasi.getImportObject();
// Node does not say when a pipe is ready: Go must not make its standard streams non-blocking.
const { fd_fdstat_set_flags } = imports.wasi_snapshot_preview1;
imports.wasi_snapshot_preview1.fd_fdstat_set_flags = (fd, flags) => (fd <= 2 ? 58 : fd_fdstat_set_flags(fd, flags));
const { instance } = await WebAssembly.instantiate(readFileSync(program), imports);
process.exitCode = wasi.start(instance);
