/** The examples, through the real pipeline: each prints what is expected, which is what stock Go prints. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { describe, expect, test } from 'vitest';
import { goWasm, install, type RunOptions, run, TEMP } from './command.ts';

const REAL = await install('real package');
const real = (args: string[], options: RunOptions) => goWasm(args, options, REAL);
const example = (name: string) => fileURLToPath(new URL(`../../../examples/${name}`, import.meta.url));
const expected = (name: string) => readFileSync(join(example(name), 'expected.txt'), 'utf8');

describe.each([
  ['hello', 'js', []],
  ['hello', 'wasip1', []],
  ['channels', 'js', []],
  ['channels', 'wasip1', []],
  ['callbacks', 'js', []],
  ['wordcount', 'wasip1', ['input.txt']],
])('%s for %s', (name, GOOS, args) => {
  test('prints what stock Go’s prints', async () => {
    const result = await real(['run', '-linkmode=external', 'main.go', ...args], { cwd: example(name), env: { GOOS } });
    expect(result).toEqual({ code: 0, signal: null, stdout: expected(name), stderr: '' });
  });
});

test('wordcount reads its standard input', async () => {
  const cwd = example('wordcount');
  const stdin = readFileSync(join(cwd, 'input.txt'), 'utf8');
  const result = await real(['run', '-linkmode=external', 'main.go'], { cwd, stdin, env: { GOOS: 'wasip1' } });
  expect(result).toMatchObject({ code: 0, stdout: expected('wordcount') });
});

describe.each([
  ['js', []],
  ['wasip1', ['-buildmode=c-shared']],
])('exports for %s', (GOOS, flags) => {
  test.each(['internal', 'external'])('linked %sly', async (mode) => {
    const cwd = example('exports');
    const out = join(TEMP, `exports ${GOOS} ${mode}.wasm`);
    const files = ['main.go', `main_${GOOS}.go`];
    const built = await real(['build', `-linkmode=${mode}`, ...flags, '-o', out, ...files], { cwd, env: { GOOS } });
    expect(built).toMatchObject({ code: 0, stderr: '' });
    const result = await run('node', ['--no-warnings', `host-${GOOS}.mjs`, out], { cwd });
    expect(result).toEqual({ code: 0, signal: null, stdout: expected('exports'), stderr: '' });
  });
});
