/** Go from a proxy: a small stand-in for the toolchain, from a folder and from a server of our own. */
import { existsSync, mkdirSync, readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { dirname, join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { zipSync } from 'fflate';
import { afterAll, describe, expect, test } from 'vitest';
import { fetchGo, hashOf, type Wanted } from '../src/fetch-go.ts';
import { proxies } from '../src/module-proxy.ts';
import { which } from '../src/toolchain.ts';
import { goWasm, PACKAGE, run, TEMP } from './command.ts';

// It makes a terminal for a program; that of macOS takes other arguments.
const script = process.platform === 'linux' ? which('script') : undefined;

const PREFIX = 'golang.org/toolchain@v0.0.1-go1.26.8.linux-amd64/';
const text = (s: string) => new TextEncoder().encode(s);
const files = Object.fromEntries(
  Object.entries({
    'bin/go': '#!/bin/sh\necho go\n',
    'pkg/tool/linux_amd64/link': 'link',
    'lib/wasm/go_js_wasm_exec': 'run',
    'src/_go.mod': 'module std\n',
    VERSION: 'go1.26.8\n',
  }).map(([name, content]) => [PREFIX + name, text(content)]),
);
const wanted: Wanted = { version: 'go1.26.8', platform: 'linux-amd64', sum: hashOf(files) };
const path = 'golang.org/toolchain/@v/v0.0.1-go1.26.8.linux-amd64.zip';

const proxy = join(TEMP, 'a proxy');
mkdirSync(dirname(join(proxy, path)), { recursive: true });
writeFileSync(join(proxy, path), zipSync(files));
const url = pathToFileURL(proxy).href;

const server = createServer((request, response) => {
  if (request.url === `/${path}`) response.end(readFileSync(join(proxy, path)));
  else response.writeHead(404).end();
});
await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
afterAll(() => server.close());
const served = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;

test('the hash is that of the checksum database', () => {
  // sum.golang.org has this for rsc.io/quote v1.5.2's go.mod: one file, in the form that dirhash gives it.
  const mod = 'module "rsc.io/quote"\n\nrequire "rsc.io/sampler" v1.3.0\n';
  expect(hashOf({ 'go.mod': text(mod) })).toBe('h1:LzX7hefJvL54yjefDEDHNONDjII0t9xZLPXsUe+TKr0=');
});

test.each([
  ['a folder', url],
  ['a server', served],
])('a toolchain from %s is put into the cache, ready to run', async (name, from) => {
  const root = join(TEMP, `cache of ${name}`, 'go1.26.8');
  await fetchGo(wanted, root, proxies({ GOPROXY: from }));
  expect(readFileSync(join(root, 'VERSION'), 'utf8')).toBe('go1.26.8\n');
  expect(readFileSync(join(root, 'src/go.mod'), 'utf8')).toBe('module std\n');
  expect(readdirSync(dirname(root))).toEqual(['go1.26.8']);
  if (process.platform === 'win32') return;
  for (const program of ['bin/go', 'pkg/tool/linux_amd64/link', 'lib/wasm/go_js_wasm_exec']) {
    expect(statSync(join(root, program)).mode & 0o111).toBe(0o111);
  }
});

test('proxies are asked in turn', async () => {
  const root = join(TEMP, 'turn', 'go');
  await fetchGo(wanted, root, proxies({ GOPROXY: `${served}/nothing,${url}` }));
  expect(existsSync(join(root, 'bin/go'))).toBe(true);
});

test('what is not what was published is not kept', async () => {
  const root = join(TEMP, 'wrong', 'go');
  const other = { ...wanted, sum: `h1:${'A'.repeat(43)}=` };
  await expect(fetchGo(other, root, proxies({ GOPROXY: url }))).rejects.toMatchObject({ code: 'GW4004' });
  const broken = join(TEMP, 'broken proxy');
  mkdirSync(dirname(join(broken, path)), { recursive: true });
  writeFileSync(join(broken, path), readFileSync(join(proxy, path)).subarray(0, 100));
  await expect(fetchGo(wanted, root, proxies({ GOPROXY: pathToFileURL(broken).href }))).rejects.toMatchObject({
    code: 'GW4004',
  });
  expect(existsSync(dirname(root))).toBe(false);
});

test('without go, and without a proxy that has it, the command says so; doctor fetches nothing', async () => {
  const PATH = join(TEMP, 'no programs');
  const env = { PATH, GOPROXY: `${served}/nothing,direct`, GO_WASM_CACHE: join(TEMP, 'empty cache') };
  for (const command of [['build', '.'], ['run', '-yes', '.'], ['env']]) {
    const { code, stdout, stderr } = await goWasm(command, { env });
    expect([code, stdout]).toEqual([1, '']);
    expect(stderr).toMatch(
      /^go-wasm: there is no go in PATH: fetching go1.26.8 into .*\ngo-wasm: GW4003: .*answers 404\n {2}hint: /,
    );
  }
  const doctor = await goWasm(['doctor'], { env });
  expect(doctor.stdout).toContain('FAIL  Go: GW4001');
  expect(existsSync(join(TEMP, 'empty cache', 'go'))).toBe(false);
});

describe.skipIf(!script)(`at a terminal${script ? '' : ': skipped, for there is no script (util-linux)'}`, () => {
  /** Runs the command as at a terminal, with what is typed. @returns what the terminal shows, and the exit code. */
  const typed = async (keys: string, ...args: string[]) => {
    const PATH = join(TEMP, 'no programs');
    const env = {
      PATH,
      TERM: 'xterm',
      CI: '',
      GOPROXY: `${served}/nothing`,
      GO_WASM_CACHE: join(TEMP, 'asked'),
      SHELL: '/bin/sh',
    };
    const words = [process.execPath, join(PACKAGE, 'bin.js'), 'build', ...args, '.'].map((word) => `'${word}'`);
    const { code, stdout } = await run(script!, ['-qec', words.join(' '), '/dev/null'], { env, stdin: keys });
    return { code, shown: stdout.replaceAll('\r', '') };
  };
  const question =
    /There is no go in PATH\. Fetch go1.26.8 \(75 MB, from the Go module proxy\) into .*asked.*\? \[Y\/n\]/;

  test.each([
    ['y', 'y\n'],
    ['yes, as people write it', ' YES \n'],
    ['nothing: yes', '\n'],
  ])('%s', async (_name, keys) => {
    const { code, shown } = await typed(keys);
    expect(shown).toMatch(question);
    expect(shown).toMatch(/fetching go1.26.8 into .*\n.*GW4003: .*answers 404/);
    expect(code).toBe(1);
  });

  test.each([
    ['n', 'n\n'],
    ['no, in other words', 'later\n'],
    ['Ctrl-D', '\x04'],
  ])('%s: nothing is fetched', async (_name, keys) => {
    const { code, shown } = await typed(keys);
    expect(shown).toMatch(question);
    expect(shown).not.toContain('fetching');
    expect(shown).toContain('GW4001');
    expect(code).toBe(1);
  });

  test('-yes asks nothing', async () => {
    const { code, shown } = await typed('', '-yes');
    expect(shown).not.toMatch(question);
    expect(shown).toMatch(/fetching go1.26.8 .*\n.*GW4003/);
    expect(code).toBe(1);
  });
});
