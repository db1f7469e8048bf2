export * from './body.ts';
export * from './code.ts';
export * from './errors.ts';
export * from './module.ts';
export * from './opcodes.ts';
export { Reader } from './reader.ts';
export { ByteWriter } from './writer.ts';
