/**
 * The commands behind `go-wasm`.
 *
 * @module @go-wasm/cli
 */

export {
  BuildError,
  type BuiltModule,
  buildModule,
  codeFrame,
  type EmittedModule,
  isInput,
  type ModuleInputs,
  type ModuleOptions,
  moduleInputs,
  type Problem,
} from './build-module.ts';
export { writeModule } from './commands/emit-module.ts';
export { main } from './main.ts';
