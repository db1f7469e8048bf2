/**
 * Functions that a strategy imports in addition. They stand behind the other imports, so all defined functions move up;
 * until the end everything goes by the old indices, and the new imports by virtual ones.
 */
import { ByteWriter, Code, decodeFunction, encodeBody, type Module, Op, readNames, writeNames } from '@go-wasm/wasm';

export interface FunctionImport {
  readonly module: string;
  readonly name: string;
  /** Type index. */
  readonly type: number;
}

/** The index of the first additional import, as long as it is virtual. */
export const NEW_IMPORT: number = 0x4000_0000;

/** Rewrites the function indices in code: `imports` functions were imported, `added` will be in addition. */
export function moveFunctions({ op, a, length }: Code, imports: number, added: number): void {
  for (let i = 0; i < length; i++) {
    const o = op[i]!;
    if (o === Op.Call || o === Op.ReturnCall || o === Op.RefFunc) a[i] = moved(a[i]!, imports, added);
  }
}

function moved(index: number, imports: number, added: number): number {
  if (index >= NEW_IMPORT) return imports + index - NEW_IMPORT;
  return index < imports ? index : index + added;
}

/** Adds the imports to a module of which the functions `isMoved` have been rewritten already. */
export function addImports(
  module: Module,
  imports: number,
  added: readonly FunctionImport[],
  isMoved: (f: number) => boolean,
): void {
  const n = added.length;
  const code = new Code();
  for (let f = 0; f < module.bodies.length; f++) {
    if (isMoved(f)) continue;
    const locals = decodeFunction(module, f, code);
    moveFunctions(code, imports, n);
    const writer = new ByteWriter();
    encodeBody(locals, code, 0, code.length, writer);
    module.bodies[f] = writer.take();
  }
  const move = (index: number): number => moved(index, imports, n);
  for (const entry of module.exports) if (entry.kind === 'func') entry.index = move(entry.index);
  for (const segment of module.elements) {
    if (segment.functions !== undefined) segment.functions = segment.functions.map(move);
  }
  if (module.start !== undefined) module.start = move(module.start);
  const names = readNames(module);
  if (names !== undefined) {
    const renumbered = <T>(map: Map<number, T>): Map<number, T> => new Map([...map].map(([k, v]) => [move(k), v]));
    names.functions = renumbered(names.functions);
    names.locals = renumbered(names.locals);
    names.labels = renumbered(names.labels);
    for (const [k, { module: from, name }] of added.entries()) names.functions.set(imports + k, `${from}.${name}`);
    writeNames(module, names);
  }
  for (const { module: from, name, type } of added) module.imports.push({ module: from, name, kind: 'func', type });
}
