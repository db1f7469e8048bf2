/**
 * Binaryen's optimizer behind the pipeline, for those who want the last percents of size and have the time: it takes
 * seconds a megabyte, and memory to match. Nothing here relies on it.
 *
 * Function indices may change; what Go knows functions by, the order of the table, does not.
 */
import { loadBinaryen, transform } from '@go-wasm/asyncify';
import type Binaryen from 'binaryen';
import type { Feature } from './targets.ts';

/** As `wasm-opt -O1` … `-O4`, `-Os`, `-Oz`. */
export const binaryenLevels = ['1', '2', '3', '4', 's', 'z'] as const;
/** One of {@link binaryenLevels}. */
export type BinaryenLevel = (typeof binaryenLevels)[number];

/** What Binaryen may use for a strategy that asks for a feature. */
const FEATURES: Readonly<Record<Feature, readonly (keyof typeof Binaryen.Features)[]>> = {
  exceptions: ['ExceptionHandling'],
  jspi: [],
  'legacy-exceptions': ['ExceptionHandling'],
  'multi-memory': ['MultiMemory'],
  simd: ['SIMD128'],
  'stack-switching': ['StackSwitching', 'GC'],
  'symmetric-switching': ['StackSwitching', 'GC'],
};

/**
 * @param requires what the module needs of an engine beyond what all have that Go supports: nothing else is made use of.
 * @throws UnsupportedError if `binaryen` is not installed.
 */
export async function optimize(
  input: Uint8Array,
  level: BinaryenLevel,
  requires: readonly Feature[],
): Promise<Uint8Array> {
  const binaryen = await loadBinaryen<typeof Binaryen>('-O=binaryen');
  // The declarations lack a feature.
  const known = binaryen.Features as typeof binaryen.Features & Record<'BulkMemoryOpt', number>;
  const { MutableGlobals, NontrappingFPToInt, SignExt, BulkMemory, BulkMemoryOpt } = known;
  let features = MutableGlobals | NontrappingFPToInt | SignExt | BulkMemory | BulkMemoryOpt;
  features |= known.Multivalue | known.ReferenceTypes;
  for (const feature of requires) for (const name of FEATURES[feature]) features |= known[name];
  const settings = {
    features,
    optimize: level === 's' || level === 'z' ? 2 : Number(level),
    shrink: level === 's' ? 1 : level === 'z' ? 2 : 0,
    // Names: a module that has been stripped has none to keep.
    debugInfo: true,
  };
  return transform(binaryen, input, settings, (module) => module.optimize());
}
