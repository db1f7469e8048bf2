/** What wasm_exec.js does for a page that wants a global. */
import { Go } from '../src/index.ts';

Object.assign(globalThis, { Go });
