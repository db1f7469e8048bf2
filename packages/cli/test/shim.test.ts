import { chmodSync, readdirSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { CACHE, folder, goWasm, type Result, run, TEMP } from './command.ts';

/** Builds the shim as every command does, and finds it. */
async function shim(): Promise<string> {
  await goWasm(['env']);
  const [key] = readdirSync(join(CACHE, 'shim'));
  return join(CACHE, 'shim', key!, 'go-wasm-shim');
}

const SHIM = await shim();
const unix = process.platform !== 'win32';

/** A tool that prints its name, its arguments and the version line given, and ends with the exit code given. */
function tool(name: string, line = '', exitCode = 0): string {
  const path = join(folder('some tools', { [name]: '' }), name);
  writeFileSync(
    path,
    `#!/bin/sh\nif [ "$1" = -V=full ]; then echo "${line}"; else echo "$0" "$@" >&2; fi\nexit ${exitCode}\n`,
  );
  chmodSync(path, 0o755);
  return path;
}

function runShim(args: string[], GOARCH = 'wasm'): Promise<Result> {
  return run(SHIM, args, { env: { GOARCH } });
}

// The tools are shell scripts.
describe.runIf(unix)('the shim', () => {
  const step = join(folder('a step', { 'step.js': 'console.log(JSON.stringify(process.argv.slice(2)))' }), 'step.js');
  const own = [process.execPath, step, '-a=b', '--'];

  test('runs any tool but the linker as it is', async () => {
    const compile = tool('compile', 'compile version go1.26.8', 7);
    expect(await runShim([...own, compile, '-p', 'a b', '--'])).toEqual({
      code: 7,
      signal: null,
      stdout: '',
      stderr: `${compile} -p a b --\n`,
    });
    expect((await runShim([...own, compile, '-V=full'])).stdout).toBe('compile version go1.26.8\n');
  });

  test('runs the linker as it is for other architectures', async () => {
    const link = tool('link', 'link version go1.26.8');
    expect((await runShim([...own, link, '-o', 'x'], 'amd64')).stderr).toBe(`${link} -o x\n`);
    expect((await runShim([...own, link, '-V=full'], 'amd64')).stdout).toBe('link version go1.26.8\n');
  });

  test('puts the link step in the linker’s place', async () => {
    const link = tool('link');
    const { stdout } = await runShim([...own, `-wrap=${link}`, '-wrap=x y', link, '-o', 'out', '--', 'z']);
    expect(JSON.parse(stdout)).toEqual(['-a=b', '--', `-wrap=${link}`, '-wrap=x y', link, '-o', 'out', '--', 'z']);
  });

  test('keeps the user’s -toolexec in front of every tool', async () => {
    const wrapper = tool('wrapper', 'compile version go1.26.8 wrapped');
    const wrapped = [...own, `-wrap=${wrapper}`, '-wrap=--', tool('compile')];
    expect((await runShim([...wrapped, '-p'])).stderr).toBe(`${wrapper} -- ${tool('compile')} -p\n`);
  });

  test('says who it is in the version line of a release', async () => {
    const link = tool('link', 'link version go1.26.8 X:boringcrypto');
    const { stdout } = await runShim([...own, link, '-V=full']);
    expect(stdout).toMatch(/^link version go1\.26\.8 X:boringcrypto \+go-wasm-[0-9a-f]{1,16}\n$/);
  });

  test('says who it is behind the last slash of a development version', async () => {
    const link = tool('link', 'link version devel go1.28-abc buildID=a/b/c/d');
    const { stdout } = await runShim([...own, link, '-V=full']);
    expect(stdout).toMatch(/^link version devel go1\.28-abc buildID=a\/b\/c\/d\+go-wasm-[0-9a-f]+\n$/);
  });

  test('says something else for other options, and for another pipeline', async () => {
    const link = tool('link', 'link version go1.26.8');
    const other = join(folder('another step', { 'step.js': '//' }), 'step.js');
    const lines = await Promise.all(
      [
        [process.execPath, step, '-a=b'],
        [process.execPath, step, '-a', 'b'],
        [process.execPath, step],
        [process.execPath, other, '-a=b'],
        ['/another/node', step, '-a=b'],
      ].map(async (words) => (await runShim([...words, '--', link, '-V=full'])).stdout),
    );
    expect(new Set(lines).size).toBe(4);
    expect(lines[4]).toBe(lines[0]);
  });

  test('passes on that the linker has no version', async () => {
    expect(await runShim([...own, tool('link', 'oh no', 3), '-V=full'])).toMatchObject({ code: 3, stdout: 'oh no\n' });
  });

  test('needs the link step for its version', async () => {
    const { code, stderr } = await runShim([process.execPath, '/nowhere/step.js', '--', tool('link', 'v'), '-V=full']);
    expect(code).toBe(1);
    expect(stderr).toMatch(/^go-wasm: GW4020: .*\/nowhere\/step\.js/);
  });

  test.each([
    ['without a tool', own],
    ['with a tool that is not there', [...own, '/nowhere/compile']],
    ['with a Node that is not there', ['/nowhere/node', step, '--', '/nowhere/link', '-o', 'x']],
  ])('%s: fails with a code', async (_, args) => {
    const { code, stderr } = await runShim(args);
    expect(code).toBe(1);
    expect(stderr).toMatch(/^go-wasm: GW4020: /);
  });
});

test('the shim is built once, for this machine, whatever the user builds for', async () => {
  const before = statSync(SHIM, { bigint: true });
  const hostile = {
    GOOS: 'wasip1',
    GOARCH: 'arm',
    GOFLAGS: '-mod=vendor -tags=x',
    CGO_ENABLED: '1',
    GO111MODULE: 'off',
  };
  const cwd = folder('a workspace', { 'go.work': 'go 1.24\nuse ./nowhere\n' });
  const first = await goWasm(['env'], {
    cwd,
    env: { ...hostile, GOWORK: '', GO_WASM_CACHE: join(TEMP, 'a new cache') },
  });
  expect(first).toMatchObject({ code: 0, stderr: '' });
  await goWasm(['env'], { env: hostile });
  expect(statSync(SHIM, { bigint: true })).toEqual(before);
});
