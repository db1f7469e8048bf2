export { Analysis } from './analysis.ts';
export { GraphBuilder } from './builder.ts';
export { type BlockId, type Cfg, Exit, type Graph } from './graph.ts';
export { Scratch } from './scratch.ts';
export { type Structured, type StructureOptions, type Structurer, Tok } from './structured.ts';
