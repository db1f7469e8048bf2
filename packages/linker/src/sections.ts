/** Sections that the linker adds. */
import { MARK_SECTION } from '@go-wasm/lift';
import { ByteWriter, type Module, Section } from '@go-wasm/wasm';
import type { BranchHints } from './emit.ts';

/** The version of what is agreed between a linked module and the runtime that loads it. */
export const ABI_VERSION = 1;

/**
 * Adds the section `metadata.code.branch_hint`, which must stand in front of the code section.
 *
 * @param functions in any order, `f` being the index among the defined functions, `first` that of the first one in the module.
 *
 * Source: the branch hinting proposal (WebAssembly/branch-hinting), in V8 on by default since 12.4.
 */
export function addBranchHints(module: Module, functions: { f: number; hints: BranchHints }[], first: number): void {
  const writer = new ByteWriter(1 << 16);
  writer.u32(functions.length);
  for (const { f, hints } of functions.toSorted((x, y) => x.f - y.f)) {
    writer.u32(first + f);
    writer.u32(hints.length / 2);
    for (let k = 0; k < hints.length; k += 2) {
      writer.u32(hints[k]!);
      writer.u32(1);
      writer.u8(hints[k + 1]!);
    }
  }
  module.customs.push({ name: 'metadata.code.branch_hint', payload: writer.take(), after: Section.Element });
}

/** Leaves the mark by which processed modules are known, with what was chosen, as JSON. */
export function mark(module: Module, options: { switch: string; structure: string }): void {
  const payload = new TextEncoder().encode(JSON.stringify({ abi: ABI_VERSION, ...options }));
  module.customs.push({ name: MARK_SECTION, payload, after: Section.Data });
}
