import { defineConfig, type Options } from 'tsup';
import { library } from '../../tsup.base.ts';

const config: ReturnType<typeof defineConfig> = defineConfig([
  // Both builds run at once: this one clears the folder, but not of the other's files.
  { ...(library() as Options), clean: ['!*.cjs', '!*.global.js'] },
  // Programs that other programs start: one file each, all they need in it, nothing to resolve when they start.
  // CommonJS, which Node loads faster.
  {
    entry: ['link-step', 'run-browser', 'run-js', 'run-jspi', 'run-profiled', 'run-wasip1'].map(
      (name) => `src/entries/${name}.ts`,
    ),
    format: 'cjs',
    target: 'node20.19',
    noExternal: [/./],
    splitting: false,
    // From the sources of the other packages, so that none of them need be built before this one.
    esbuildOptions(options) {
      options.conditions = ['@go-wasm/source'];
      // Large, and needed for one strategy only, or for browsers.
      options.external = ['binaryen', 'playwright-core'];
    },
    tsconfig: '../../tsconfig.base.json',
    silent: true,
  },
  // What runs in a browser, to be put into a page.
  {
    entry: {
      'report-page': 'src/page/report.ts',
      'program-page': 'src/page/program.ts',
      'serve-page': 'src/page/serve.ts',
    },
    format: 'iife',
    target: 'es2022',
    platform: 'browser',
    noExternal: [/./],
    esbuildOptions(options) {
      options.conditions = ['@go-wasm/source'];
    },
    minify: true,
    tsconfig: '../../tsconfig.base.json',
    silent: true,
  },
  // The runtime as a part of the modules that -emit=module writes.
  {
    entry: { 'module-host': 'src/entries/module-host.ts' },
    format: 'iife',
    globalName: 'goWasm',
    target: 'es2022',
    platform: 'browser',
    noExternal: [/./],
    minify: true,
    esbuildOptions(options) {
      options.conditions = ['@go-wasm/source'];
    },
    tsconfig: '../../tsconfig.base.json',
    silent: true,
  },
]);

export default config;
