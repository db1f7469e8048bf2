import type { GoProgram, Lifted } from '@go-wasm/lift';
import { type Module, readNames, writeNames } from '@go-wasm/wasm';

/** Adds names of functions to the name section, if the module has one. */
export function nameFunctions(module: Module, names: ReadonlyMap<number, string>): void {
  const section = readNames(module);
  if (section === undefined) return;
  for (const [index, name] of names) section.functions.set(index, name);
  writeNames(module, section);
}

/** The name of function `f`, or of a part of a function: theirs are counted from 1. */
export function nameOf({ names }: GoProgram, lifted: Lifted, f: number): string {
  const origin = lifted.originOf(f);
  if (origin === f) return names[f]!;
  return `${names[origin]}.part${f - lifted.functions - lifted.partOf.indexOf(origin) + 1}`;
}
