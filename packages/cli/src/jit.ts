import { setFlagsFromString } from 'node:v8';

/**
 * Has V8 leave out its last tier, for a process that links and ends: TurboFan's compiling is half of the processor time of
 * a link, and Maglev's code is as good as done by then. For the 4.2 MB corpus on one core that is 112 instead of 217 ms
 * per MB, for esbuild's 14 MB 79 instead of 107. Earlier releases of Node have no Maglev, or not one that is worth it.
 */
export function preferMaglev(): void {
  if (Number.parseInt(process.versions.node, 10) >= 26) setFlagsFromString('--no-turbofan');
}

/**
 * Has V8 validate functions when it first compiles them, as it compiles them when they are first called: of a large module most never are. For a process that runs what the
 * linker or Go has written, which is valid. `WebAssembly.validate` does as ever; other engines take no such flags.
 */
export function validateLazily(): void {
  const { bun, deno } = process.versions;
  if (bun === undefined && deno === undefined) setFlagsFromString('--wasm-lazy-validation');
}
