/** What would be published: packed, installed into an empty folder, and used there. */
import { mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { publint } from 'publint';
import { formatMessage } from 'publint/utils';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { $, type Shell } from 'zx';
import { isTurn } from '../packages/cfg/test/support/effort.ts';
import { findToolchain } from './src/go.ts';
import { root } from './src/paths.ts';

interface Manifest {
  name: string;
  [key: string]: unknown;
}

const folders = (await readdir(join(root, 'packages'))).map((name) => join(root, 'packages', name));
const manifests = await Promise.all(
  folders.map(async (folder): Promise<Manifest> => JSON.parse(await readFile(join(folder, 'package.json'), 'utf8'))),
);
const libraries = manifests.filter((manifest) => manifest.exports).map((manifest) => manifest.name);

describe('metadata', () => {
  test.for(manifests)('$name', (manifest) => {
    const { description, keywords, license, type, engines, files, publishConfig, exports, bin } = manifest;
    expect(description).toEqual(expect.stringMatching(/^\S.{20,}/));
    expect(keywords).toEqual(expect.arrayContaining([expect.any(String)]));
    expect({ license, type, engines, publishConfig }).toEqual({
      license: 'MIT',
      type: 'module',
      engines: { node: '>=20.19' },
      publishConfig: { access: 'public' },
    });
    expect(files).toEqual(expect.arrayContaining([expect.any(String)]));
    if (bin) return;
    expect(manifest.sideEffects).toBe(false);
    expect(exports).toMatchObject({ './internal/*': null, './package.json': './package.json' });
  });
});

describe('packed and installed', { timeout: 300_000 }, () => {
  let folder: string;
  let tarballs: Map<string, string>;
  let run: Shell;

  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'go-wasm-pack-'));
    // What is there, `npm test` has built: not here, since other tests run what is built.
    const { stdout } = await $({ cwd: root, quiet: true })`npm pack --workspaces --json --pack-destination ${folder}`;
    // npm 10 prints a list, npm 11 an object by name.
    const entries = Object.values(JSON.parse(stdout)) as { name: string; filename: string }[];
    tarballs = new Map(entries.map(({ name, filename }) => [name, filename]));
    await writeFile(join(folder, 'package.json'), '{ "private": true, "type": "module" }');
    run = $({ cwd: folder, quiet: true });
    const files = manifests.map(({ name }) => `./${tarballs.get(name)}`);
    await run`npm install --no-audit --no-fund --prefer-offline ${files}`;
  }, 300_000);

  afterAll(() => rm(folder, { recursive: true, force: true }));

  test.for(manifests)('publint finds nothing to say of $name', async (manifest) => {
    const tarball = new Uint8Array(await readFile(join(folder, tarballs.get(manifest.name)!))).buffer;
    const { messages, pkg } = await publint({ pack: { tarball }, strict: true });
    expect(messages.map((message) => formatMessage(message, pkg, { color: false }))).toEqual([]);
  });

  test.for(libraries)('%s exports something, and no internals', async (name) => {
    const code = `console.log(Object.keys(await import('${name}')).length)`;
    expect(Number((await run`node --input-type=module -e ${code}`).stdout)).toBeGreaterThan(0);
    const internal = await run({ nothrow: true })`node --input-type=module -e ${`await import('${name}/internal/x')`}`;
    expect(internal.stderr).toContain('ERR_PACKAGE_PATH_NOT_EXPORTED');
  });

  test.runIf(isTurn('odd'))('declarations are sound for a strict user', async () => {
    const imports = libraries.map((name, i) => `import * as m${i} from '${name}';\nexport const n${i} = m${i};\n`);
    await writeFile(join(folder, 'user.ts'), imports.join(''));
    const flags = ['--noEmit', '--strict', '--module', 'nodenext', '--target', 'es2023', '--types', 'node'];
    const types = ['--typeRoots', join(root, 'node_modules/@types')];
    const { stdout } = await run({
      nothrow: true,
    })`node ${join(root, 'node_modules/typescript/bin/tsc')} ${flags} ${types} user.ts`;
    expect(stdout).toBe('');
  });

  test('the command runs', async () => {
    expect((await run`npx --no go-wasm version`).stdout).toMatch(/^go-wasm \d+\.\d+\.\d+/);
  });

  test('the command builds and runs a Go program', async ({ skip }) => {
    const missing = await findToolchain().then(() => undefined, String);
    skip(missing !== undefined, missing);
    const program = `package main\n\nimport "runtime"\n\nfunc main() { println("hello from", runtime.GOOS) }\n`;
    await writeFile(join(folder, 'go.mod'), 'module hello\n\ngo 1.24\n');
    await writeFile(join(folder, 'main.go'), program);
    const { stderr } = await run`npx --no go-wasm run -linkmode=external .`;
    expect(stderr).toContain('hello from js\n');
  });
});
