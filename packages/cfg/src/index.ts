/**
 * Control-flow graphs, their analysis, and structured programs made from them.
 *
 * @module @go-wasm/cfg
 */

export { Analysis } from './analysis.ts';
export { GraphBuilder } from './builder.ts';
export { checkStructured, findWaste } from './check.ts';
export { type Components, components } from './components.ts';
export { obviousDominators } from './dominators.ts';
export { type BlockId, type Cfg, Exit, type Graph } from './graph.ts';
export { type Decide, runGraph, runStructured, type Trace } from './interpret.ts';
export { headerLeft, type Layout, placeBehind, placeWithin, startLayout, Way, writeLayout } from './layout.ts';
export { labelLiveness, liveness } from './liveness.ts';
export { type Expanded, makeReducible } from './reducible.ts';
export { Scratch } from './scratch.ts';
export { type Structured, type StructureOptions, type Structurer, Tok } from './structured.ts';
export { GraphSyntaxError, type NamedGraph, parseGraph, printGraph, printStructured } from './text.ts';
export { nextToken, StructureError, tokenNames } from './tokens.ts';
export { type Visitor, walk } from './walk.ts';
export { toWat, type WatParts } from './wat.ts';
