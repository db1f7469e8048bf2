import {
  type ByteRange,
  decodeModule,
  EngineLimits,
  LimitError,
  MalformedError,
  type Module,
  readNames,
  readProducers,
  UnsupportedError,
  ValType,
} from '@go-wasm/wasm';
import { memoryImage } from './image.ts';
import { FUNC_VALUE_OFFSET, SP_GLOBAL, SP_LOCAL } from './ops.ts';
import { readPclntab } from './pclntab.ts';

/** The name of the custom section that go-wasm leaves in what it has written. */
export const MARK_SECTION = 'go-wasm';

/** The Go releases whose output is understood: 1.x for the x between. */
export const SUPPORTED_GO = { from: 24, to: 27 } as const;

/** A module that Go's linker wrote, and what is known of its functions. Arrays go by index among the defined functions. */
export interface GoProgram {
  readonly module: Module;
  /** Linear memory as it is right after instantiation: see {@link memoryImage}. */
  readonly image: Uint8Array;
  /** Where the bodies are in `module.bytes`. */
  readonly bodies: readonly ByteRange[];
  readonly goVersion: string;
  readonly goos: 'js' | 'wasip1';
  /** How many functions are imported: function index = imports + index among the defined functions. */
  readonly imports: number;
  readonly functions: number;
  /** Size of all bodies in bytes. */
  readonly codeBytes: number;
  /** Index of Go's function type, (PC_B: i32) → i32. */
  readonly goType: number;
  /** Names as in Go's own tables, or from the name section where those have none. */
  readonly names: readonly string[];
  /** 1 for functions that follow Go's calling convention. */
  readonly isGo: Uint8Array;
  /** 1 for functions written in assembly. */
  readonly isAssembly: Uint8Array;
  /** PC_B at which a recovered panic goes on in that function; 0 for none. */
  readonly deferReturn: Int32Array;
  /** The size of each function's frame on the goroutine stack in bytes, return address not included; −1 if it is not known. */
  readonly frame: Int32Array;
  /** The size of each function's arguments and results on its caller's stack in bytes; −1 if it is not known. */
  readonly argumentBytes: Int32Array;
}

/**
 * Reads a module and makes sure that it is what Go's linker writes.
 *
 * @throws MalformedError for broken or invalid wasm; LimitError for what no engine takes; UnsupportedError for modules that are not Go's, that come from an unsupported
 *   Go release, that another tool has changed, or that go-wasm has already processed.
 */
export function readProgram(bytes: Uint8Array): GoProgram {
  const module = decodeModule(bytes);
  if (module.customs.some((c) => c.name === MARK_SECTION)) {
    throw new UnsupportedError('GW2103', 'this module has already been processed by go-wasm', {
      hint: 'give the file that `go build` wrote, or build with `go-wasm build`',
    });
  }
  const goVersion = readGoVersion(module);
  const exported = new Set(module.exports.map((e) => e.name));
  const goos = exported.has('run') && exported.has('resume') ? 'js' : 'wasip1';
  const imports = module.imports.filter((i) => i.kind === 'func').length;
  const functions = module.functions.length;
  checkShape(module, imports);
  const goType = 0;

  const image = memoryImage(module);
  const pcln = readPclntab(image, functions);
  if (pcln === undefined) {
    throw changed("Go's function table is not in the data");
  }
  const named = readNames(module);
  const names: string[] = new Array(functions);
  for (let f = 0; f < functions; f++) names[f] = named?.functions.get(imports + f) ?? `func[${imports + f}]`;
  const isAssembly = new Uint8Array(functions);
  const deferReturn = new Int32Array(functions);
  const frame = new Int32Array(functions).fill(-1);
  const argumentBytes = new Int32Array(functions).fill(-1);
  for (const { index, name, assembly, deferReturn: pc, frame: size, arguments: args } of pcln) {
    frame[index] = size;
    argumentBytes[index] = args;
    names[index] = name;
    isAssembly[index] = assembly ? 1 : 0;
    deferReturn[index] = pc;
  }

  // Nothing has been replaced yet: all bodies are ranges of the input.
  const bodies = module.bodies as ByteRange[];
  const isGo = new Uint8Array(functions);
  const exports = new Set(module.exports.filter((e) => e.kind === 'func').map((e) => e.index));
  let codeBytes = 0;
  for (let f = 0; f < functions; f++) {
    const { start, end } = bodies[f]!;
    codeBytes += end - start;
    if (module.functions[f] !== goType) continue;
    if (hasPrologue(bytes, start, end)) isGo[f] = 1;
    // Others of that type: what go:wasmexport exports, and go:buildid, which does nothing (four bytes).
    else if (end - start > 4 && !exports.has(imports + f))
      throw changed(`${names[f]} does not start as Go's functions do`);
  }
  checkValid(bytes, bodies, names);
  return {
    module,
    image,
    bodies,
    goVersion,
    goos,
    imports,
    functions,
    codeBytes,
    goType,
    names,
    isGo,
    isAssembly,
    deferReturn,
    frame,
    argumentBytes,
  };
}

/**
 * All that follows takes types, indices and the balance of the operand stack for granted, so the engine's validator looks at them: 3 ms a
 * megabyte. It comes last, because what the checks before it say is easier to understand.
 */
function checkValid(bytes: Uint8Array, bodies: readonly ByteRange[], names: readonly string[]): void {
  const source = bytes as Uint8Array<ArrayBuffer>;
  if (WebAssembly.validate(source)) return;
  const huge = bodies.findIndex(({ start, end }) => end - start > EngineLimits.functionSize);
  if (huge >= 0) {
    const { start, end } = bodies[huge]!;
    throw new LimitError('GW3102', `a function has ${end - start} bytes, more than engines take`, {
      where: { offset: start, function: names[huge] },
      hint: 'split it in the source: mostly it is a huge literal or generated code',
    });
  }
  try {
    new WebAssembly.Module(source);
  } catch (cause) {
    // V8 says `WebAssembly.Module(): what @+offset`.
    const [, what, offset] = /^(?:WebAssembly\.Module\(\): )?(.*?)(?: @\+(\d+))?$/s.exec((cause as Error).message)!;
    throw new MalformedError('GW1103', `the module is not valid: ${what}`, {
      where: { offset: offset === undefined ? undefined : Math.min(Number(offset), bytes.length) },
      cause,
    });
  }
}

function changed(what: string): UnsupportedError {
  return new UnsupportedError('GW2104', `this is not how the Go linker lays out a module: ${what}`, {
    hint: 'give the file as `go build` wrote it, not changed by another tool',
  });
}

function readGoVersion(module: Module): string {
  const version = readProducers(module)
    ?.find((field) => field.name === 'language')
    ?.values.find((value) => value.name === 'Go')?.version;
  if (version === undefined) {
    throw new UnsupportedError('GW2101', 'this module was not written by the Go linker', {
      hint: 'go-wasm takes what `GOOS=js GOARCH=wasm go build` or `GOOS=wasip1 GOARCH=wasm go build` writes',
    });
  }
  const minor = Number(/\bgo1\.(\d+)/.exec(version)?.[1] ?? Number.NaN);
  if (!(minor >= SUPPORTED_GO.from && minor <= SUPPORTED_GO.to)) {
    throw new UnsupportedError(
      'GW2102',
      `${version} is not supported: go-wasm understands Go 1.${SUPPORTED_GO.from} to 1.${SUPPORTED_GO.to}`,
      { hint: `set GOTOOLCHAIN to a supported release, or use -linkmode=internal` },
    );
  }
  return version;
}

/** What cmd/link/internal/wasm/asm.go always writes, and all that follows relies on. */
function checkShape(module: Module, imports: number): void {
  const type = module.types[0];
  if (
    type === undefined ||
    type.kind !== 'func' ||
    type.params.length !== 1 ||
    type.params[0] !== ValType.I32 ||
    type.results.length !== 1 ||
    type.results[0] !== ValType.I32
  ) {
    throw changed('type 0 is not (i32) -> i32');
  }
  const globals = [
    ValType.I32,
    ValType.I64,
    ValType.I64,
    ValType.I64,
    ValType.I64,
    ValType.I64,
    ValType.I64,
    ValType.I32,
  ];
  if (
    module.globals.length !== globals.length ||
    !globals.every((t, k) => module.globals[k]!.type === t && module.globals[k]!.mutable)
  ) {
    throw changed('the globals are not the registers');
  }
  if (module.tables.length !== 1 || module.memories.length !== 1) throw changed('not one table and one memory');
  const segment = module.elements[0];
  if (
    module.elements.length !== 1 ||
    segment?.offset !== FUNC_VALUE_OFFSET ||
    segment.functions?.length !== module.functions.length ||
    !segment.functions.every((index, k) => index === imports + k)
  ) {
    throw changed('the table is not in the order of the functions');
  }
}

/** Whether a body starts, behind its locals, as all functions of Go's convention do: global.get SP, local.set 1. */
function hasPrologue(bytes: Uint8Array, start: number, end: number): boolean {
  let at = start;
  const leb = (): number => {
    let value = 0;
    for (let shift = 0; ; shift += 7) {
      if (at >= end) throw new MalformedError('GW1102', 'unexpected end of a function body', { where: { offset: at } });
      const byte = bytes[at++]!;
      value |= (byte & 0x7f) << shift;
      if (byte < 0x80) return value;
    }
  };
  const groups = leb();
  for (let g = 0; g < groups; g++) {
    leb();
    if (g === 0 && bytes[at] !== (ValType.I32 & 0x7f)) return false;
    at++;
  }
  return (
    groups > 0 &&
    bytes[at] === 0x23 &&
    bytes[at + 1] === SP_GLOBAL &&
    bytes[at + 2] === 0x21 &&
    bytes[at + 3] === SP_LOCAL
  );
}
