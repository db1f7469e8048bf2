import { availableParallelism } from 'node:os';
import { defineConfig, type ViteUserConfig } from 'vitest/config';

const config: ViteUserConfig = defineConfig({
  // Tests run from source: the packages' own condition comes first.
  ssr: { resolve: { conditions: ['@go-wasm/source', 'node', 'import', 'default'] } },
  test: {
    include: ['packages/*/test/**/*.test.ts', 'tools/*.test.ts'],
    globalSetup: 'tools/shared-folder.ts',
    testTimeout: 60_000,
    // One more than cores: most tests wait for a Go build or a program for half of the time.
    maxWorkers: availableParallelism() + 1,
    // Concurrent tests of one file are Go builds and runs: more than the cores would only make them time out.
    maxConcurrency: 2,
  },
});

export default config;
