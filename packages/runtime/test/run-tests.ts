/** Runs a test binary of syscall/js: node run-tests.mjs FILE [flag …] */
import { run } from '../src/node.ts';

const [file, ...args] = process.argv.slice(2);
interface Exports {
  testExport0(): void;
  testExport(a: number, b: bigint): bigint;
}
process.exit(
  await run(file!, args, {
    fetch: false,
    imports: (app) => ({
      _gotest: {
        add: (a: number, b: number) => a + b,
        callExport: (a: number, b: bigint) => {
          const exports = app.exports as unknown as Exports;
          exports.testExport0();
          return exports.testExport(a, b);
        },
      },
    }),
  }),
);
