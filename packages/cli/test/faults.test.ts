/**
 * Faults of the machine, beside those of safety.test.ts (killed at any moment, a full disk, two at once): whatever is wrong, the old output stays
 * or the new one is whole, nothing lies beside it, the error has a code and says what to do, and the next run works.
 */
import { execFileSync } from 'node:child_process';
import {
  chmodSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  statSync,
  truncateSync,
  utimesSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { CACHE, folder, goWasm, linkedWith, PACKAGE, type Result, run, TEMP } from './command.ts';

const APP = folder('the app', { 'go.mod': 'module app\n\ngo 1.24\n', 'main.go': 'package main\n\nfunc main() {}\n' });
const MODULE = join(TEMP, 'module.wasm');

beforeAll(async () => {
  // Once with the shim, so that it is in the cache.
  for (const mode of ['auto', 'internal']) {
    expect(await goWasm(['build', `-linkmode=${mode}`, '-o', MODULE, '.'], { cwd: APP })).toMatchObject({ code: 0 });
  }
}, 120_000);

const filesOf = (path: string): string[] => readdirSync(path).sort();

/** What an error must be: a code of the machine's errors, and on the next line what to do. */
function expectAdvice({ code, stderr }: Result, which: RegExp): void {
  expect(stderr).toMatch(which);
  expect(stderr).toMatch(/\n {2}hint: /);
  expect(code).toBe(1);
}

/** A folder in which nothing can be written, not even by root; undefined where none can be had. `old` is in it. */
function readOnly(old: string): string | undefined {
  const root = mkdtempSync(join(TEMP, 'read-only '));
  writeFileSync(join(root, 'app.wasm'), old);
  try {
    execFileSync('mount', ['--bind', root, root], { stdio: 'ignore' });
    afterAll(() => execFileSync('umount', [root]));
    execFileSync('mount', ['-o', 'remount,ro,bind', root], { stdio: 'ignore' });
    return root;
  } catch {
    if (process.platform === 'win32' || process.getuid?.() === 0) return undefined;
    chmodSync(root, 0o555);
    return root;
  }
}

const locked = readOnly('old');

// Needs the right to mount, or not to be root.
describe.runIf(locked !== undefined)('a folder that cannot be written', () => {
  test('as the output', async () => {
    const out = join(locked!, 'app.wasm');
    expectAdvice(await goWasm(['link', MODULE, '-o', out]), /^go-wasm: GW4011: /);
    const built = await goWasm(['build', '-o', out, '.'], { cwd: APP });
    expect(built.code).toBe(1);
    expect(built.stderr).toMatch(/read-only|permission denied/i);
    expect(filesOf(locked!)).toEqual(['app.wasm']);
    expect(readFileSync(out, 'utf8')).toBe('old');
  });

  test('as the cache: another one is asked for', async () => {
    const env = { GO_WASM_CACHE: join(locked!, 'cache') };
    const out = join(APP, 'no cache.wasm');
    const result = await goWasm(['build', '-o', out, '.'], { cwd: APP, env });
    expectAdvice(result, /^go-wasm: GW4011: the cache folder cannot be written/);
    expect(result.stderr).toContain('GO_WASM_CACHE');
    expect(filesOf(APP)).toEqual(['go.mod', 'main.go']);
  });
});

test('a file where the cache should be', async () => {
  const file = join(TEMP, 'a file');
  writeFileSync(file, 'not a folder');
  const result = await goWasm(['build', '-o', join(TEMP, 'x.wasm'), '.'], { cwd: APP, env: { GO_WASM_CACHE: file } });
  expectAdvice(result, /^go-wasm: GW4011: /);
});

test.each([
  ['is cut short', (shim: string) => truncateSync(shim, statSync(shim).size / 2)],
  ['is empty', (shim: string) => truncateSync(shim, 0)],
  ['is something else', (shim: string) => writeFileSync(shim, 'text')],
  ['has lost its digest', (shim: string) => writeFileSync(`${shim}.sha256`, '')],
])('a shim in the cache that %s is built again', { timeout: 120_000 }, async (_, damage) => {
  const [key] = readdirSync(join(CACHE, 'shim'));
  const name = process.platform === 'win32' ? 'go-wasm-shim.exe' : 'go-wasm-shim';
  const shim = join(CACHE, 'shim', key!, name);
  const before = readFileSync(shim);
  damage(shim);
  const out = join(TEMP, 'after damage.wasm');
  // Another option than before, so that go links again.
  expect(await goWasm(['build', '-structure=relooper', '-o', out, '.'], { cwd: APP })).toMatchObject({
    code: 0,
    stderr: '',
  });
  expect(linkedWith(out)).toMatchObject({ structure: 'relooper' });
  expect(readFileSync(shim).equals(before)).toBe(true);
  expect(filesOf(join(CACHE, 'shim', key!))).toEqual([name, `${name}.sha256`]);
});

test('clocks that jump: files of the future and of long ago', { timeout: 120_000 }, async () => {
  const out = join(TEMP, 'clock.wasm');
  const main = join(APP, 'main.go');
  const build = () => goWasm(['build', '-o', out, '.'], { cwd: APP });
  expect(await build()).toMatchObject({ code: 0 });
  const first = readFileSync(out);
  for (const [k, when] of [new Date('2100-01-01'), new Date('1990-01-01')].entries()) {
    // go goes by what is in the files, and so do we.
    writeFileSync(main, `package main\n\nfunc main() { println(${k}) }\n`);
    for (const file of [main, out]) utimesSync(file, when, when);
    expect(await build()).toMatchObject({ code: 0, stderr: '' });
    const changed = readFileSync(out);
    expect(changed.equals(first)).toBe(false);
    expect(changed.includes(Buffer.from(`println(${k})`))).toBe(false);
    writeFileSync(main, 'package main\n\nfunc main() {}\n');
    utimesSync(main, when, when);
    expect(await build()).toMatchObject({ code: 0, stderr: '' });
    expect(readFileSync(out).equals(first)).toBe(true);
  }
});

/** Whether a process can be given a limit of the size of files. */
const limited = ((): boolean => {
  try {
    execFileSync('prlimit', ['--version'], { stdio: 'ignore' });
    return true;
  } catch {
    return false;
  }
})();

// As a quota, and a file system with small files, would have it.
test.runIf(limited)('a file may not become as large as the output', async () => {
  const cwd = join(TEMP, 'limited');
  mkdirSync(cwd);
  const out = join(cwd, 'app.wasm');
  writeFileSync(out, 'old');
  const link = [process.execPath, join(PACKAGE, 'bin.js'), 'link', MODULE, '-o', out];
  const result = await run('prlimit', ['--fsize=500000', ...link], { cwd });
  expectAdvice(result, /^go-wasm: GW401[12]: /);
  expect(filesOf(cwd)).toEqual(['app.wasm']);
  expect(readFileSync(out, 'utf8')).toBe('old');
  expect(await run(link[0]!, link.slice(1), { cwd })).toMatchObject({ code: 0 });
  expect(linkedWith(out)).toBeDefined();
});
