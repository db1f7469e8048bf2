/** The same graphs through Binaryen's Relooper. */

import { Exit, type Graph } from '@go-wasm/cfg';
import binaryen from 'binaryen';

/** The passes of Binaryen that tidy control flow. */
export const TIDY: readonly string[] = ['remove-unused-brs', 'remove-unused-names', 'merge-blocks', 'vacuum'];

/** A module like those of `moduleOf`, with the control flow as Binaryen's Relooper makes it and after these `passes`. */
export function binaryenModuleOf(graph: Graph, passes: readonly string[] = []): Uint8Array<ArrayBuffer> {
  const module = new binaryen.Module();
  try {
    const { relooper, entry } = relooperOf(module, graph);
    const body = relooper.renderAndDispose(entry, 0);
    const { i32, none } = binaryen;
    module.addFunction('run', none, none, [i32], body);
    module.addFunctionExport('run', 'run');
    module.runPasses([...passes]);
    return module.emitBinary() as Uint8Array<ArrayBuffer>;
  } finally {
    module.dispose();
  }
}

/** Milliseconds that Binaryen's Relooper takes to structure the graph `n` times. */
export function timeOfBinaryen(graph: Graph, n: number): number {
  let total = 0;
  for (let k = 0; k < n; k++) {
    const module = new binaryen.Module();
    const { relooper, entry } = relooperOf(module, graph);
    const start = performance.now();
    relooper.renderAndDispose(entry, 0);
    total += performance.now() - start;
    module.dispose();
  }
  return total;
}

function relooperOf(module: binaryen.Module, graph: Graph): { relooper: binaryen.Relooper; entry: number } {
  const { size, entry, kind, succStart, succ } = graph;
  const { i32, none } = binaryen;
  module.addFunctionImport('event', 'env', 'event', i32, none);
  module.addFunctionImport('decide', 'env', 'decide', i32, i32);
  const event = (value: number): number => module.call('event', [module.i32.const(value)], none);
  const decide = (b: number): number => module.call('decide', [module.i32.const(b)], i32);
  const relooper = new binaryen.Relooper(module);
  const ways = (b: number): number[] => Array.from(succ.subarray(succStart[b]!, succStart[b + 1]!));
  const decides = (b: number): boolean => kind[b] === Exit.If || kind[b] === Exit.Switch;
  // Binaryen takes at most one branch from a block to another one.
  const oneWay = (b: number): boolean => new Set(ways(b)).size === 1;
  const blocks = Array.from({ length: size }, (_, b) => {
    if (kind[b] === Exit.Leave) return relooper.addBlock(module.block(null, [event(b), event(~b), module.return()]));
    if (kind[b] === Exit.Switch && !oneWay(b)) return relooper.addBlockWithSwitch(event(b), decide(b));
    return relooper.addBlock(
      decides(b) && oneWay(b) ? module.block(null, [event(b), module.drop(decide(b))]) : event(b),
    );
  });
  for (let b = 0; b < size; b++) {
    const targets = ways(b);
    const to = (t: number | undefined): number => blocks[t!]!;
    if (kind[b] === Exit.Leave) continue;
    if (oneWay(b)) relooper.addBranch(blocks[b]!, to(targets[0]), 0, 0);
    else if (kind[b] === Exit.If) {
      relooper.addBranch(blocks[b]!, to(targets[0]), decide(b), 0);
      relooper.addBranch(blocks[b]!, to(targets[1]), 0, 0);
    } else {
      const indices = new Map<number, number[]>();
      for (const [i, t] of targets.entries()) indices.set(t, [...(indices.get(t) ?? []), i]);
      const last = targets[targets.length - 1]!;
      for (const [t, list] of indices) relooper.addBranchForSwitch(blocks[b]!, to(t), t === last ? [] : list, 0);
    }
  }
  return { relooper, entry: blocks[entry]! };
}
