interface Exports {
  testExport0(): void;
  testExport(a: number, b: bigint): bigint;
}

/** The module `_gotest`, which Go's wasm_exec.js has for the tests of syscall/js. @param exports the program's. */
export function gotest(exports: () => object): WebAssembly.ModuleImports {
  return {
    add: (a: number, b: number) => a + b,
    callExport(a: number, b: bigint) {
      const program = exports() as Exports;
      program.testExport0();
      return program.testExport(a, b);
    },
  };
}
