/**
 * The WebAssembly binary format: reads, changes, prints and writes modules.
 *
 * @module @go-wasm/wasm
 */

export * from './body.ts';
export * from './code.ts';
export * from './custom.ts';
export { decodeModule } from './decode.ts';
export { encodeModule } from './encode.ts';
export * from './errors.ts';
export * from './limits.ts';
export * from './module.ts';
export * from './names.ts';
export * from './opcodes.ts';
export * from './print.ts';
export * from './producers.ts';
export { Reader } from './reader.ts';
export { ByteWriter, copyBytes } from './writer.ts';
