import { defineConfig, type ViteUserConfig } from 'vitest/config';

const config: ViteUserConfig = defineConfig({
  // Tests run from source: the packages' own condition comes first.
  ssr: { resolve: { conditions: ['@go-wasm/source', 'node', 'import', 'default'] } },
  test: {
    include: ['packages/*/test/**/*.test.ts', 'tools/*.test.ts'],
    testTimeout: 60_000,
    // Of its own accord vitest leaves a core to the process that only waits.
    maxWorkers: '100%',
    // Concurrent tests of one file are Go builds and runs: more than the cores would only make them time out.
    maxConcurrency: 2,
  },
});

export default config;
