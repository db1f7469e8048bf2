import { defineConfig } from 'tsup';

/** A package is built from `src/index.ts` (or the entries given) into `dist`: ESM, declarations, source maps. */
export function library(entry: string[] = ['src/index.ts']): ReturnType<typeof defineConfig> {
  return defineConfig({
    entry,
    format: 'esm',
    // The oldest engine that runs the tool.
    target: 'node20.19',
    // tsup sets `baseUrl` for its declaration build, which TypeScript 6 calls deprecated.
    dts: { compilerOptions: { ignoreDeprecations: '6.0' } },
    tsconfig: '../../tsconfig.base.json',
    sourcemap: true,
    clean: true,
    silent: true,
  });
}
