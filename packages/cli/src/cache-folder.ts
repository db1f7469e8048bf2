import { resolve } from 'node:path';
import envPaths from 'env-paths';

/** The folder for what can be made again: `GO_WASM_CACHE`, or the system's place for such things. */
export function cacheFolder(env: NodeJS.ProcessEnv = process.env): string {
  return env.GO_WASM_CACHE ? resolve(env.GO_WASM_CACHE) : envPaths('go-wasm', { suffix: '' }).cache;
}
