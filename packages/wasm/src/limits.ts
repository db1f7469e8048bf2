/**
 * What engines accept. A valid module beyond these is refused, so a tool that makes modules larger must look here.
 *
 * The browsers agreed on most of them (WebAssembly JavaScript Interface, section Limits); where engines differ, the
 * number is the smallest of V8's (src/wasm/wasm-limits.h, as in Node 20) and wasmparser's, which is wasmtime's
 * (crates/wasmparser/src/limits.rs).
 */
export const EngineLimits = {
  /** Bytes of a module: V8 kV8MaxWasmModuleSize. */
  moduleSize: 1_073_741_824,
  /** Bytes of a function body with its locals, without its size: kV8MaxWasmFunctionSize, MAX_WASM_FUNCTION_SIZE. */
  functionSize: 7_654_321,
  /** Local variables of a function, parameters included: kV8MaxWasmFunctionLocals, MAX_WASM_FUNCTION_LOCALS. */
  functionLocals: 50_000,
  /** Parameters of a function type: kV8MaxWasmFunctionParams, MAX_WASM_FUNCTION_PARAMS. */
  functionParams: 1_000,
  /** Results of a function type: kV8MaxWasmFunctionReturns, MAX_WASM_FUNCTION_RETURNS. */
  functionResults: 1_000,
  /** Labels of a br_table without the default: V8 kV8MaxWasmFunctionBrTableSize; wasmparser has the function size. */
  brTableLabels: 65_520,
  /** Types: kV8MaxWasmTypes, MAX_WASM_TYPES. */
  types: 1_000_000,
  /** Functions: kV8MaxWasmFunctions (defined ones), MAX_WASM_FUNCTIONS (with imports). */
  functions: 1_000_000,
  /** Imports: V8 kV8MaxWasmImports; wasmparser has 1,000,000. */
  imports: 100_000,
  /** Exports: V8 kV8MaxWasmExports; wasmparser has 1,000,000. */
  exports: 100_000,
  /** Globals: kV8MaxWasmGlobals, MAX_WASM_GLOBALS. */
  globals: 1_000_000,
  /** Tags: kV8MaxWasmTags, MAX_WASM_TAGS. */
  tags: 1_000_000,
  /** Tables: wasmparser MAX_WASM_TABLES; V8 has 100,000. */
  tables: 100,
  /** Entries of a table: kV8MaxWasmTableSize, MAX_WASM_TABLE_ENTRIES. */
  tableSize: 10_000_000,
  /** Memories: V8 in Node 20 kV8MaxWasmMemories; wasmparser has 100. */
  memories: 1,
  /** Pages of a 32-bit memory: V8 kV8MaxWasmMemory32Pages. */
  memoryPages: 65_536,
  /** Data segments: kV8MaxWasmDataSegments, MAX_WASM_DATA_SEGMENTS. */
  dataSegments: 100_000,
  /** Element segments: wasmparser MAX_WASM_ELEMENT_SEGMENTS. */
  elementSegments: 100_000,
  /** Bytes of a name: kV8MaxWasmStringSize, MAX_WASM_STRING_SIZE. */
  nameSize: 100_000,
  /** Fields of a struct: kV8MaxWasmStructFields, MAX_WASM_STRUCT_FIELDS. */
  structFields: 10_000,
  /** Operands of array.new_fixed: V8 kV8MaxWasmArrayNewFixedLength. */
  arrayNewFixed: 10_000,
} as const;
