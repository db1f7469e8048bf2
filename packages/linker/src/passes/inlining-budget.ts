/**
 * Has engines inline more. V8 and JavaScriptCore take a module in which few functions are small for one whose toolchain has
 * inlined already, and then allow each function to grow to twice its size and some 600 bytes, instead of five times and 6,000. Go's
 * compiler does inline, but not across what it cannot see through on WebAssembly: atomic operations, calls of closures and
 * methods, recursion; and its functions are larger than what they do, since each call moves SP, stores a return PC and is checked.
 *
 * So small functions that do nothing are added until they are {@link SHARE} of all: 5 bytes each, hardly any when compressed,
 * and never compiled by an engine that compiles lazily.
 *
 * Assumes nothing: nobody calls them.
 *
 * Sources: BudgetScaleFactor in v8/src/wasm/inlining-tree.h, kSmallFunctionThreshold in v8/src/wasm/module-decoder-impl.h;
 * wasmInliningSmallFunctionThreshold in JavaScriptCore's runtime/OptionsList.h.
 */
import { lengthOf, type Module, Op } from '@go-wasm/wasm';

/** The share of small functions in percent; up to 25 engines inline least, from 50 on most. More than 40 gained nothing. */
const SHARE = 40;

/** Functions with fewer bytes are small. */
const SMALL = 50;

const NOTHING = Uint8Array.of(0, Op.End); // no locals

export function doesNothing(body: Uint8Array): boolean {
  return body.length === NOTHING.length;
}

export function raiseInliningBudget(module: Module): void {
  const all = module.bodies.length;
  const small = module.bodies.filter((body) => lengthOf(body) < SMALL).length;
  let missing = Math.ceil((SHARE * all - 100 * small) / (100 - SHARE));
  if (missing <= 0) return;
  const type = module.types.push({ kind: 'func', params: [], results: [] }) - 1;
  for (; missing > 0; missing--) {
    module.functions.push(type);
    module.bodies.push(NOTHING);
  }
}
