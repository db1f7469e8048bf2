/** Go's own tests: of syscall/js, with the functions that they import, and of os, with files in memory. */
import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { findToolchain, go as runGo } from '../../../tools/src/go.ts';
import { otherReleases } from '../../linker/test/helpers/go.ts';
import { instantiate, memoryFs } from '../src/index.ts';
import { bundle, go, linkModule, nodes, RUNNER, runNode, temp } from './support.ts';

const runner = await bundle(RUNNER);

for (const version of [undefined, ...otherReleases()]) {
  const toolchain = await findToolchain(version);
  describe(toolchain.version, async () => {
    const stock = join(temp, `syscall-js-${toolchain.version}.wasm`);
    await runGo(toolchain, ['test', '-c', '-o', stock, 'syscall/js'], { goos: 'js' });
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

test('os, with files in memory', async () => {
  const file = join(temp, 'os.wasm');
  await runGo(go, ['test', '-c', '-o', file, 'os'], { goos: 'js' });
  const fs = memoryFs({ '/usr/bin/x': '', '/etc/group': 'root', '/etc/hosts': 'localhost', '/etc/passwd': 'root' });
  const source = join(go.goroot, 'src/os');
  for (const entry of await readdir(source, { recursive: true, withFileTypes: true })) {
    const path = join(entry.parentPath, entry.name);
    if (entry.isFile()) fs.writeFileSync(path, await readFile(path));
  }
  fs.chdir!(source);
  let output = '';
  const write = (bytes: Uint8Array): void => {
    output += new TextDecoder().decode(bytes);
  };
  // Who owns what, a program without a user cannot say; and what takes long.
  const args = ['-test.short', '-test.v', '-test.skip=[cC]hown|TestRootMulti|TestLargeCopy|TestCopyFileToFile'];
  const app = await instantiate(await readFile(file), {
    ...{ args, fs, stdout: write, stderr: write },
    env: { TMPDIR: '/tmp', PATH: '/bin' },
  });
  const code = await app.exited;
  expect(output.match(/^ *--- FAIL.*/gm) ?? []).toEqual([]);
  expect(output.match(/^--- PASS/gm)!.length).toBeGreaterThan(140);
  expect(code).toBe(0);
});
