import { readFileSync } from 'node:fs';
import type { GoWasmError } from '@go-wasm/wasm';
import { fileError } from './errors.ts';

/** The bytes of a file. @throws EnvironmentError if it cannot be read. */
export function readInput(file: string): Uint8Array {
  try {
    return readFileSync(file);
  } catch (cause) {
    throw fileError('read', file, cause);
  }
}

/** An error of the pipeline, with the name of the file that it was given. */
export function inFile(error: unknown, file: string): unknown {
  if (error instanceof Error && 'where' in error) (error as GoWasmError).where.file ??= file;
  return error;
}
