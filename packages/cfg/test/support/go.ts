/** Graphs of real programs: what the linker gives a structurer for each function of a Go program. */

import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Graph } from '@go-wasm/cfg';
import { findToolchain, go } from '../../../../tools/src/go.ts';
import { root } from '../../../../tools/src/paths.ts';
import { inspect } from '../../../linker/src/index.ts';

/** esbuild (14 MB of WebAssembly), in the version that tools/bench/real/go.mod pins; needs the Go that it asks for. */
export const ESBUILD = 'github.com/evanw/esbuild/cmd/esbuild';

/** Builds a program with stock Go for js/wasm: a package of tools/bench/real, of what it requires, or of Go itself. */
export async function buildGo(name: string): Promise<Uint8Array> {
  const folder = await mkdtemp(join(tmpdir(), 'go-wasm-graphs-'));
  try {
    const file = join(folder, 'program.wasm');
    const cwd = join(root, 'tools/bench/real');
    await go(await findToolchain(), ['build', '-o', file, name], { goos: 'js', cwd });
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
