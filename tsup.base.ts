import type { Options } from 'tsup';

/** A package is built from `src/index.ts` into `dist`: ESM, declarations, source maps. */
export function library(): Options {
  return {
    entry: ['src/index.ts'],
    format: 'esm',
    // The oldest engine that runs the tool.
    target: 'node20.19',
    // Declarations follow from each file alone (`isolatedDeclarations`), so types need no check here: `npm run typecheck` does that.
    // tsup sets `baseUrl` for this build, which TypeScript 6 calls deprecated.
    // Other packages' are the built ones: nx builds these before.
    dts: { compilerOptions: { ignoreDeprecations: '6.0', noCheck: true, customConditions: [] } },
    tsconfig: '../../tsconfig.build.json',
    sourcemap: true,
    clean: true,
    silent: true,
  };
}
