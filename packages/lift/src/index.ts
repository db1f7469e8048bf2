/**
 * Go's WebAssembly as a program of control-flow graphs.
 *
 * @module @go-wasm/lift
 */

export { memoryImage } from './image.ts';
export { type LiftOptions, liftProgram } from './lift.ts';
export { ALWAYS, Lifted } from './lifted.ts';
export { type InlinedCall, type Inlining, type Lines, LineTable } from './lines.ts';
export { FUNC_VALUE_OFFSET, GoOp, goOpNames, INDIRECT, MAX_EXITS, PC_B_LOCAL, SP_GLOBAL, SP_LOCAL } from './ops.ts';
export { findModuleData, findTable, type PclnFunction, type Pclntab, readPclntab, textAt } from './pclntab.ts';
export { printLifted } from './print.ts';
export { type GoProgram, MARK_SECTION, readProgram, SUPPORTED_GO } from './program.ts';
