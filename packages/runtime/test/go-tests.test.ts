/** Go's own tests of syscall/js, with the functions that they import. */
import { execFile } from 'node:child_process';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { describe, expect, test } from 'vitest';
import { bundle, findToolchain, go, linkModule, nodes, runNode, temp } from './support.ts';

const runner = await bundle('run-tests.ts');

for (const version of [undefined, 'go1.24.13', 'go1.27.3']) {
  const toolchain = version === undefined ? go : await findToolchain(version);
  if (typeof toolchain === 'string') {
    console.warn(`syscall/js of ${version} is skipped: ${toolchain}`);
    test.skip(`${version}: ${toolchain}`, () => {});
    continue;
  }
  describe(toolchain.version, async () => {
    const stock = join(temp, `syscall-js-${toolchain.version}.wasm`);
    const env = { ...toolchain.env, GOOS: 'js', GOARCH: 'wasm' };
    await promisify(execFile)('go', ['test', '-c', '-o', stock, 'syscall/js'], { env });
    const modules = version === undefined ? [stock, await linkModule(stock)] : [stock];
    test.for(modules)('%s', async (module) => {
      const { code, stdout, stderr } = await runNode(nodes[0]!, [runner, module, '-test.v', '-test.short']);
      expect(`${stdout}${stderr}`).toMatch(/\nPASS\n$/);
      expect(stdout).toContain('--- PASS: TestGarbageCollection');
      expect(stdout).toContain('--- PASS: TestIntConversion');
      expect(code).toBe(0);
    });
  });
}
