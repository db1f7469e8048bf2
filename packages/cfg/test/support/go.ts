/** Graphs of real programs: what the linker gives a structurer for each function of a Go program. */

import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Graph } from '@go-wasm/cfg';
import { findToolchain, go } from '../../../../tools/src/go.ts';
import { root } from '../../../../tools/src/paths.ts';
import { inspect } from '../../../linker/src/index.ts';

/** A program of Go's own (5 MB of WebAssembly), which is there with every toolchain. */
export const GOFMT: GoPackage = { name: 'cmd/gofmt' };
/** A large one (14 MB), in the version that tools/bench/real/go.mod pins: comes through the Go module proxy. */
export const ESBUILD: GoPackage = {
  name: 'github.com/evanw/esbuild/cmd/esbuild',
  module: join(root, 'tools/bench/real'),
};

interface GoPackage {
  name: string;
  /** The folder of the module that requires it; none is needed for Go's own. */
  module?: string;
}

/** Builds a program with stock Go for js/wasm. */
export async function buildGo({ name, module }: GoPackage): Promise<Uint8Array> {
  const folder = await mkdtemp(join(tmpdir(), 'go-wasm-graphs-'));
  try {
    const file = join(folder, 'program.wasm');
    await go(await findToolchain(), ['build', '-o', file, name], { goos: 'js', cwd: module ?? folder });
    return await readFile(file);
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

/** The graphs of a module's functions that have one, each `step`-th from number `from` on; each is gone when the next one comes. */
export function* graphsOf(module: Uint8Array, step = 1, from = 0): Generator<{ name: string; graph: Graph }> {
  const inspector = inspect(module);
  let count = 0;
  for (let f = 0; f < inspector.names.length; f++)
    if (inspector.reason(f) === undefined && count++ % step === from % step) yield inspector.inspect(f);
}
