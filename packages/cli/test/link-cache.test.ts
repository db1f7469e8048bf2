/** What was linked before is taken from the cache folder, and from nowhere else. */
import { chmodSync, mkdirSync, readdirSync, readFileSync, statSync, utimesSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { beforeEach, describe, expect, test } from 'vitest';
import { folder, goWasm, linkedWith, TEMP } from './command.ts';

const MODULE = '\0asm\x01\0\0\0';
const cwd = folder('cached', { 'in.wasm': MODULE, 'other.wasm': `${MODULE}\0\x02\x01x` });

let cache: string;
let count = 0;
beforeEach(() => {
  cache = join(TEMP, `cache ${count++}`);
});

/** Links, and says what went wrong. A linker that is asked to fail does so: what succeeds then comes from the cache. */
async function link(args: string[], env: NodeJS.ProcessEnv = {}) {
  const setting = { GO_WASM_CACHE: cache, GO_WASM_LINK_CACHE: '', ...env };
  const { code, stderr } = await goWasm(['link', ...args, '-o', 'out.wasm'], { cwd, env: setting });
  return { code, stderr };
}
const fails = { TEST_LINK: 'limit' };
const kept = () => readdirSync(join(cache, 'link'));
const fine = { code: 0, stderr: '' };

test('the same module in the same way is linked once', async () => {
  expect(await link(['in.wasm', '-keep=x'])).toEqual(fine);
  const bytes = readFileSync(join(cwd, 'out.wasm'));
  expect(kept()).toHaveLength(1);
  expect(await link(['in.wasm', '-keep=x'], fails)).toEqual(fine);
  expect(readFileSync(join(cwd, 'out.wasm'))).toEqual(bytes);
  expect(linkedWith(join(cwd, 'out.wasm'))).toMatchObject({ keep: 'x' });
});

test('another module, and every other option, is another link', async () => {
  await link(['in.wasm']);
  for (const args of [
    ['other.wasm'],
    ['in.wasm', '-keep=x'],
    ['in.wasm', '-switch=jspi'],
    ['in.wasm', '-structure=relooper'],
    ['in.wasm', '-O0'],
    ['in.wasm', '-no-pass=simplify'],
    ['in.wasm', '-target=node24'],
  ]) {
    expect(await link(args, fails), args.join(' ')).toMatchObject({ code: 1 });
  }
  expect(kept()).toHaveLength(1);
});

test.each([['-verify-each'], ['-sourcemap=inline'], ['-O=binaryen:1'], ['-switch=asyncify'], ['-switch=auto']])(
  '%s is not kept',
  async (flag) => {
    expect(await link(['in.wasm', flag])).toMatchObject({ code: 0 });
    expect(() => kept()).toThrow('ENOENT');
  },
);

test('GO_WASM_LINK_CACHE=off keeps nothing, and takes nothing', async () => {
  await link(['in.wasm'], { GO_WASM_LINK_CACHE: 'off' });
  expect(() => kept()).toThrow('ENOENT');
  await link(['in.wasm']);
  expect(await link(['in.wasm'], { ...fails, GO_WASM_LINK_CACHE: 'off' })).toMatchObject({ code: 1 });
});

test.each([
  ['cut short', (bytes: Buffer) => bytes.subarray(0, bytes.length - 1)],
  ['empty', () => Buffer.alloc(0)],
  ['changed', (bytes: Buffer) => Buffer.concat([bytes.subarray(0, -1), Buffer.from([bytes.at(-1)! ^ 1])])],
])('a file that is %s is not taken, and is made again', async (_, broken) => {
  await link(['in.wasm']);
  const file = join(cache, 'link', kept()[0]!);
  const whole = readFileSync(file);
  writeFileSync(file, broken(whole));
  expect(await link(['in.wasm'], fails)).toMatchObject({ code: 1 });
  expect(await link(['in.wasm'])).toEqual(fine);
  expect(readFileSync(file)).toEqual(whole);
});

test('a folder that cannot be written is no error', async () => {
  writeFileSync(cache, 'a file');
  expect(await link(['in.wasm'])).toEqual(fine);
});

test.skipIf(process.getuid?.() === 0)(
  'nor is one that is not ours (skipped for root, who may write everywhere)',
  async () => {
    mkdirSync(join(cache, 'link'), { recursive: true });
    chmodSync(join(cache, 'link'), 0o500);
    expect(await link(['in.wasm'])).toEqual(fine);
  },
);

test('what has not been used for longest goes first', async () => {
  const names = ['a', 'b', 'c'].map((keep) => `-keep=${keep}`);
  // Each has some 300 bytes.
  const env = { GO_WASM_LINK_CACHE: '0.0007' };
  const files: string[] = [];
  for (const [k, name] of names.entries()) {
    await link(['in.wasm', name], k < 2 ? {} : env);
    const file = kept().find((name) => !files.includes(name))!;
    files.push(file);
    if (k < 2) utimesSync(join(cache, 'link', file), 1000 + k, 1000 + k);
    // The first is used again.
    if (k === 1) expect(await link(['in.wasm', names[0]!], fails)).toEqual(fine);
  }
  expect(statSync(join(cache, 'link', files[0]!)).size).toBeGreaterThan(234);
  expect(kept().sort()).toEqual([files[0], files[2]].sort());
});

test('several at once', async () => {
  const all = await Promise.all(Array.from({ length: 6 }, (_, k) => link(['in.wasm', `-keep=${k % 2}`])));
  // They write the same output, each as a whole.
  expect(all).toEqual(all.map(() => fine));
  expect(kept()).toHaveLength(2);
});

describe('go-wasm clean', () => {
  const clean = (...args: string[]) => goWasm(['clean', ...args], { env: { GO_WASM_CACHE: cache } });

  test('removes what was linked, and with --all the rest', async () => {
    await link(['in.wasm']);
    mkdirSync(join(cache, 'shim', 'x'), { recursive: true });
    writeFileSync(join(cache, 'shim', 'x', 'program'), Buffer.alloc(2_000_000));
    writeFileSync(join(cache, 'mine'), 'not ours');
    expect(await clean()).toMatchObject({ code: 0, stdout: `${join(cache, 'link')}: 0.0 MB removed\n` });
    expect(readdirSync(cache).sort()).toEqual(['mine', 'shim']);
    expect(await clean('--all')).toMatchObject({ code: 0, stdout: `${join(cache, 'shim')}: 2.0 MB removed\n` });
    expect(readdirSync(cache)).toEqual(['mine']);
  });

  test('has nothing to do where there is nothing', async () => {
    expect(await clean()).toMatchObject({ code: 0, stdout: '', stderr: '' });
  });
});
