/**
 * Structured control flow by the Relooper's shapes.
 *
 * @module @go-wasm/relooper
 */

export { printShapes, relooper } from './relooper.ts';
