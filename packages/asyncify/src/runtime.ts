/**
 * The state that instrumented code goes by, as Binaryen defines it (src/passes/Asyncify.cpp): two globals, and in memory a
 * record with the buffer that the second one points to:
 *
 * ```
 * +0  pointer  where the next frame goes: up while unwinding, down while rewinding
 * +4  pointer  the end of the buffer (+8 with 64-bit addresses)
 * ```
 */
import { ByteWriter, Code, encodeBody, importCount, type Module, Op, ValType } from '@go-wasm/wasm';

/** What a program is doing: the values of `asyncify_get_state`. */
export const State = { Normal: 0, Unwinding: 1, Rewinding: 2 } as const;

/** Global indices. */
export interface AsyncifyGlobals {
  /** i32, one of {@link State}. */
  readonly state: number;
  /** Pointer: the address of the record. */
  readonly data: number;
}

/** Has the module have the two globals; `is64`: whether addresses of the memory with the buffers are 64 bits wide. */
export function addAsyncifyGlobals(module: Module, is64 = false): AsyncifyGlobals {
  const imported = importCount(module, 'global');
  const state = imported + module.globals.push({ type: ValType.I32, mutable: true, init: 0 }) - 1;
  const data =
    imported +
    module.globals.push(
      is64
        ? { type: ValType.I64, mutable: true, init: Uint8Array.of(Op.I64Const, 0, Op.End) }
        : { type: ValType.I32, mutable: true, init: 0 },
    ) -
    1;
  return { state, data };
}

/**
 * Adds and exports the functions that the host calls, with Binaryen's names: `asyncify_start_unwind(data)`,
 * `asyncify_stop_unwind()`, `asyncify_start_rewind(data)`, `asyncify_stop_rewind()`, `asyncify_get_state()`. They trap if the
 * buffer has overflowed.
 */
export function exportAsyncifyFunctions(module: Module, { state, data }: AsyncifyGlobals, memory: number): void {
  const is64 = memoryOf(module, memory).is64 === true;
  const pointer = is64 ? ValType.I64 : ValType.I32;
  const imported = importCount(module, 'func');
  const writer = new ByteWriter();
  const add = (name: string, params: number[], results: number[], instructions: [number, number?, number?][]): void => {
    const code = new Code(16);
    for (const [op, a = 0, b = 0] of instructions) code.push(op, a, b);
    code.push(Op.End);
    writer.clear();
    encodeBody({ counts: [], types: [] }, code, 0, code.length, writer);
    module.bodies.push(writer.take());
    const index = imported + module.functions.push(addFuncType(module, params, results)) - 1;
    module.exports.push({ name, kind: 'func', index });
  };
  const load = is64 ? Op.I64Load : Op.I32Load;
  const align = (is64 ? 3 : 2) | (memory << 8);
  const check: [number, number?, number?][] = [
    [Op.GlobalGet, data],
    [load, 0, align],
    [Op.GlobalGet, data],
    [load, is64 ? 8 : 4, align],
    [is64 ? Op.I64GtU : Op.I32GtU],
    [Op.If, -0x40],
    [Op.Unreachable],
    [Op.End],
  ];
  const enter = (to: number): [number, number?, number?][] => [
    [Op.I32Const, to],
    [Op.GlobalSet, state],
    [Op.LocalGet, 0],
    [Op.GlobalSet, data],
    ...check,
  ];
  const leave: [number, number?, number?][] = [[Op.I32Const, State.Normal], [Op.GlobalSet, state], ...check];
  add('asyncify_start_unwind', [pointer], [], enter(State.Unwinding));
  add('asyncify_stop_unwind', [], [], leave);
  add('asyncify_start_rewind', [pointer], [], enter(State.Rewinding));
  add('asyncify_stop_rewind', [], [], leave);
  add('asyncify_get_state', [], [ValType.I32], [[Op.GlobalGet, state]]);
}

/** The index of a function type, which is added if the module has no such. */
export function addFuncType(module: Module, params: readonly number[], results: readonly number[]): number {
  const key = `${params}>${results}`;
  const found = module.types.findIndex(
    (type) => type.kind === 'func' && type.sub === undefined && `${type.params}>${type.results}` === key,
  );
  return found >= 0 ? found : module.types.push({ kind: 'func', params: [...params], results: [...results] }) - 1;
}

/** A memory by its index, be it imported or not. */
export function memoryOf(module: Module, index: number): { is64?: boolean } {
  const imported = module.imports.filter(({ kind }) => kind === 'memory') as { is64?: boolean }[];
  const memory = [...imported, ...module.memories][index];
  if (memory === undefined) throw new RangeError(`there is no memory ${index}`);
  return memory;
}
