/** Whether a compiled module is one that can be run here; if not, what it is. */
import { EngineError, ModuleError, SourceError } from './errors.ts';

/** What go-wasm says of a module that it has linked. */
export interface LinkInfo {
  /** The version of what is agreed between module and runtime. */
  abi: number;
  /** How goroutines are switched. */
  switch: string;
  structure: string;
}

/** The custom section with it, as JSON. */
const SECTION = 'go-wasm';
/** The newest version of it that is known here: `ABI_VERSION` of the linker. */
const ABI_VERSION = 1;
/** How goroutines may be switched. */
const SWITCHES = ['jump-table', 'resume', 'asyncify', 'stack-switching', 'jspi'];

/** What go-wasm says of the module; undefined for one that is as Go's linker made it. @throws ModuleError */
export function linkInfo(module: WebAssembly.Module): LinkInfo | undefined {
  const [section] = WebAssembly.Module.customSections(module, SECTION);
  if (!section) return undefined;
  const info = JSON.parse(new TextDecoder().decode(section)) as LinkInfo;
  if (!(info.abi <= ABI_VERSION) || !SWITCHES.includes(info.switch)) {
    throw new ModuleError(
      'GW6106',
      `the module was linked by a go-wasm that is newer than this runtime (ABI ${info.abi}, switch ${info.switch}; ` +
        `known here: ABI ${ABI_VERSION}, ${SWITCHES.join(', ')}): update @go-wasm/runtime, or link with go-wasm of the same version`,
    );
  }
  return info;
}

/** Makes sure that the module is a js/wasm program of Go with no imports but those given. @throws ModuleError */
export function check(module: WebAssembly.Module, given: WebAssembly.Imports): void {
  const imports = WebAssembly.Module.imports(module);
  const exports = new Set(WebAssembly.Module.exports(module).map(({ name }) => name));
  if (imports.some(({ module }) => module === 'wasi_snapshot_preview1') && !exports.has('resume')) {
    if (imports.some(({ module }) => module === 'gojs')) {
      throw new ModuleError(
        'GW6103',
        "TinyGo's modules need TinyGo's own wasm_exec.js: build with Go (GOOS=js GOARCH=wasm)",
      );
    }
    throw new ModuleError(
      'GW6102',
      'the module was built for a WASI host (GOOS=wasip1): run it with wasmtime or node:wasi, or build it with GOOS=js',
    );
  }
  if (!['run', 'resume', 'getsp', 'mem'].every((name) => exports.has(name))) {
    throw new ModuleError(
      'GW6101',
      'the module is not a program made by Go: build one with GOOS=js GOARCH=wasm go build',
    );
  }
  const missing = imports.filter(({ module, name }) => given[module]?.[name] === undefined);
  if (missing.length === 0) return;
  const newer = missing.filter(({ module }) => module === 'gojs');
  const names = (list: WebAssembly.ModuleImportDescriptor[]) => list.map((i) => `${i.module}.${i.name}`).join(', ');
  if (newer.length > 0) {
    throw new ModuleError(
      'GW6105',
      `this runtime knows Go 1.24 to 1.27, and the module wants more: ${names(newer)}: update @go-wasm/runtime`,
    );
  }
  throw new ModuleError(
    'GW6104',
    `the module imports what nobody provides: ${names(missing)}: pass the functions as { imports: { ${missing[0]!.module}: { … } } }`,
  );
}

/**
 * What modules use of WebAssembly beyond the first version: modules that only an engine with it takes. The first ones are
 * what Go's compiler uses, the others what strategies do.
 */
const FEATURES: Readonly<Record<string, readonly number[]>> = {
  // i32.const 0, i32.extend8_s, drop
  'sign extension': [1, 4, 1, 96, 0, 0, 3, 2, 1, 0, 10, 8, 1, 6, 0, 65, 0, 192, 26, 11],
  // f32.const 0, i32.trunc_sat_f32_s, drop
  'saturating conversions': [1, 4, 1, 96, 0, 0, 3, 2, 1, 0, 10, 12, 1, 10, 0, 67, 0, 0, 0, 0, 252, 0, 26, 11],
  // i32.const 0, i32.const 0, i32.const 0, memory.fill
  'bulk memory': [1, 4, 1, 96, 0, 0, 3, 2, 1, 0, 5, 3, 1, 0, 1, 10, 13, 1, 11, 0, 65, 0, 65, 0, 65, 0, 252, 11, 0, 11],
  // try_table, end
  'exception handling': [1, 4, 1, 96, 0, 0, 3, 2, 1, 0, 10, 8, 1, 6, 0, 31, 64, 0, 11, 11],
  'several memories': [5, 5, 2, 0, 0, 0, 0],
  // a type of continuations
  'stack switching': [1, 6, 2, 96, 0, 0, 93, 0],
};
/** Which of them modules of a strategy may use, beyond Go's own. */
const OF_SWITCH: Readonly<Record<string, readonly string[]>> = {
  asyncify: ['exception handling', 'several memories'],
  jspi: ['exception handling'],
  'stack-switching': ['exception handling', 'stack switching'],
};
const OF_ALL = ['sign extension', 'saturating conversions', 'bulk memory'];
const HEADER = [0, 97, 115, 109, 1, 0, 0, 0];

/** Why the engine does not compile what claims to be a module; `bytes` if they are still to be had. */
export function diagnose(cause: unknown, bytes?: Uint8Array): Error {
  const missing = Object.keys(FEATURES).filter(
    (name) => !WebAssembly.validate(new Uint8Array([...HEADER, ...FEATURES[name]!])),
  );
  const strategy = bytes && switchOf(bytes);
  const needed = [...OF_ALL, ...(OF_SWITCH[strategy ?? ''] ?? [])].filter((name) => missing.includes(name));
  if (needed.length > 0) return lacks(needed.join(', '), cause);
  const maybe = bytes || missing.length === 0 ? '' : `, or may need what this engine lacks (${missing.join(', ')})`;
  return new SourceError('GW6005', `the engine does not take the module, which may be cut short${maybe}: ${cause}`, {
    cause,
  });
}

/** The strategy that the go-wasm section of a module names, which the engine does not take. */
function switchOf(bytes: Uint8Array): string | undefined {
  const decoder = new TextDecoder();
  for (let at = HEADER.length; at < bytes.length; ) {
    const id = bytes[at++];
    let size = 0;
    for (let shift = 1; ; shift *= 128) {
      const byte = bytes[at++] ?? 0;
      size += (byte & 127) * shift;
      if (byte < 128) break;
    }
    const name = id === 0 ? decoder.decode(bytes.subarray(at + 1, at + 1 + bytes[at]!)) : '';
    if (name === SECTION) {
      const text = decoder.decode(bytes.subarray(at + 1 + SECTION.length, at + size));
      return /"switch":"([\w-]+)"/.exec(text)?.[1];
    }
    at += size;
  }
  return undefined;
}

/** The engine has no WebAssembly at all, or not all of it. */
export function lacks(feature: string, cause?: unknown): EngineError {
  return new EngineError(
    'GW6201',
    `this engine lacks ${feature}: update it to run the program, or link with -switch=resume`,
    { cause },
  );
}
