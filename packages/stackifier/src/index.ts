/**
 * Structured control flow along the dominator tree.
 *
 * @module @go-wasm/stackifier
 */

export { stackifier } from './stackifier.ts';
