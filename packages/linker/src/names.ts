import { type Module, readNames, writeNames } from '@go-wasm/wasm';

/** Adds names of functions to the name section, if the module has one. */
export function nameFunctions(module: Module, names: ReadonlyMap<number, string>): void {
  const section = readNames(module);
  if (section === undefined) return;
  for (const [index, name] of names) section.functions.set(index, name);
  writeNames(module, section);
}
