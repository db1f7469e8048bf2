/** What strategies ask of an engine, beyond what every engine that Go supports has. */

export type Feature = 'exceptions' | 'jspi' | 'multi-memory' | 'stack-switching';

/** Of each feature: the engines that have it, for people. */
export const features: Readonly<Record<Feature, string>> = {
  // https://webassembly.org/features, Exception handling with exnref.
  exceptions: 'Node 24, Chrome 137, Firefox 131, Safari 18.4; wasmtime 37 with -W exceptions=y',
  // https://webassembly.org/features, JS Promise Integration.
  jspi: 'Node 25, Chrome 137',
  // https://webassembly.org/features, Multi-memory; Safari has it not.
  'multi-memory': 'Node 22, Chrome 120, Firefox 125; wasmtime 15',
  // V8: flag --experimental-wasm-wasmfx (src/wasm/wasm-feature-flags.h); wasmtime: docs/stability-wasm-proposals.md.
  'stack-switching': 'Node 26 with --experimental-wasm-wasmfx; wasmtime on x86-64 Linux with -W stack-switching=y',
};
