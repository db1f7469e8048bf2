/** Where the bytes of a module are: by section, and by function. For modules of Go's, before the linker and after it. */
import { findTable, memoryImage, textAt } from '@go-wasm/lift';
import { bytesOf, decodeModule, lengthOf, type Module, Reader, readNames, Section } from '@go-wasm/wasm';
import { doesNothing } from './passes/inlining-budget.ts';

/** How large the parts of a module are. */
export interface Sizes {
  /** Of the whole module. */
  readonly bytes: number;
  /** In the order of the module; a custom section has its own name. Headers included. */
  readonly sections: readonly { readonly name: string; readonly bytes: number }[];
  /** Those that the module defines, in its order; bodies only. */
  readonly functions: readonly { readonly name: string; readonly bytes: number }[];
}

/** For what the linker has added, and helpers outside of Go's calling convention. */
export const HELPERS = '(helpers)';
/** For the functions that `inlining-budget` adds, all together. */
const NOTHING = '(inlining-budget)';
/** For what the compiler has made: hashes and comparisons of types. */
export const GENERATED = '(generated)';

/**
 * @throws MalformedError, LimitError, UnsupportedError for what is no module.
 */
export function sizes(input: Uint8Array): Sizes {
  const module = decodeModule(input);
  const names = functionNames(module);
  return {
    bytes: input.length,
    sections: sectionSizes(module.bytes),
    functions: module.bodies.map((body, f) => ({ name: names[f]!, bytes: lengthOf(body) })),
  };
}

/**
 * The package path of a Go symbol (cmd/internal/objabi, path.go): up to the first dot behind the last slash. What belongs to
 * none: {@link HELPERS}, {@link GENERATED}.
 */
export function packageOf(name: string): string {
  if (name.startsWith('type:')) return GENERATED;
  // Type arguments have paths of their own.
  const bracket = name.indexOf('[');
  const symbol = bracket < 0 ? name : name.slice(0, bracket);
  const dot = symbol.indexOf('.', symbol.lastIndexOf('/') + 1);
  if (dot <= 0 || /^(go_wasm|func)$/.test(symbol.slice(0, dot))) return HELPERS;
  return symbol.slice(0, dot).replaceAll('%2e', '.');
}

/** From Go's own table, which has the real names, stripped or not; helpers from the name section. */
function functionNames(module: Module): string[] {
  const imports = module.imports.filter(({ kind }) => kind === 'func').length;
  const named = readNames(module)?.functions;
  const unnamed = (f: number): string =>
    doesNothing(bytesOf(module, module.bodies[f]!)) ? NOTHING : `func[${imports + f}]`;
  const names = module.functions.map((_, f) => named?.get(imports + f) ?? unnamed(f));
  const image = memoryImage(module);
  const table = findTable(image, module.functions.length);
  for (const { index, func } of table?.functions ?? []) {
    names[index] = textAt(image, table!.names + table!.view.getInt32(func + 4, true));
  }
  return names;
}

function sectionSizes(bytes: Uint8Array): { name: string; bytes: number }[] {
  const reader = new Reader(bytes, 8);
  const result: { name: string; bytes: number }[] = [];
  while (reader.pos < bytes.length) {
    const start = reader.pos;
    const id = reader.u8();
    const end = reader.u32() + reader.pos;
    const name = id === Section.Custom ? reader.name() : NAMES[id]!;
    reader.pos = end;
    result.push({ name, bytes: end - start });
  }
  return result;
}

const NAMES: Readonly<Record<number, string>> = Object.fromEntries(
  Object.entries(Section).map(([name, id]) => [id, name.toLowerCase()]),
);
