import { EnvironmentError } from './errors.ts';
import type { PipelineOptions } from './options.ts';

/** What a strategy asks of the Node that runs the program. */
const NODE_NEEDS: Partial<Record<PipelineOptions['switch'], { release: number; flags: readonly string[] }>> = {
  asyncify: { release: 24, flags: [] },
  jspi: { release: 25, flags: [] },
  'stack-switching': { release: 26, flags: ['--experimental-wasm-wasmfx'] },
};

/** The flags that this Node needs to run programs of a strategy; none if it cannot. */
export function nodeFlags(strategy: PipelineOptions['switch']): readonly string[] {
  const needs = NODE_NEEDS[strategy];
  return needs && nodeRelease() >= needs.release ? needs.flags : [];
}

/** @throws EnvironmentError if the Node that runs us cannot run programs of a strategy. */
export function checkNode(strategy: PipelineOptions['switch']): void {
  const needs = NODE_NEEDS[strategy];
  if (!needs || nodeRelease() >= needs.release) return;
  throw new EnvironmentError(
    'GW4031',
    `Node ${process.version} cannot run programs for -switch=${strategy}: it takes Node ${needs.release} or later`,
    { hint: `run go-wasm with Node ${needs.release}, or choose -switch=resume` },
  );
}

function nodeRelease(): number {
  return Number.parseInt(process.versions.node, 10);
}
