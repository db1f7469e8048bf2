/**
 * The pipeline: turns a module that Go's linker wrote into one with structured control flow.
 *
 * @module @go-wasm/linker
 */

export { type AnalysisName, analyses, dump } from './analyses/dump.ts';
export { type BinaryenLevel, binaryenLevels } from './binaryen.ts';
export { type Inspection, type Inspector, inspect } from './inspect.ts';
export { type LinkOptions, type LinkReport, type LinkResult, link, optionalPasses, passesAt } from './link.ts';
export { type Level, levels } from './pipeline.ts';
export { GENERATED, HELPERS, packageOf, type Sizes, sizes } from './sizes.ts';
export { type SourceMapOptions, splitSourceMapUrl, withSourceMapUrl } from './source-map.ts';
export { strategies } from './strategies/index.ts';
export type { SwitchStrategy } from './strategies/strategy.ts';
export {
  chooseSwitch,
  type Goos,
  parseTarget,
  type StrategyName,
  type SwitchName,
  type Target,
} from './targets.ts';
export { type Chain, type Explainer, type Explanation, explain } from './why.ts';
export { type Done, type LinkWorker, type Work, worker } from './workers.ts';
