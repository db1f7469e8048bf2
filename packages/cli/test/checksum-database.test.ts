/** Go's checksum database, played by the code of cmd/go: real trees and signatures, and what somebody on the way makes of them. */
import { execFileSync, spawn } from 'node:child_process';
import { createHash, generateKeyPairSync, sign } from 'node:crypto';
import { once } from 'node:events';
import { cpSync, existsSync, readFileSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { zipSync } from 'fflate';
import { afterAll, describe, expect, test } from 'vitest';
import { publishedSum } from '../src/checksum-database.ts';
import { fetchGo, hashOf, platformName, SUMS, VERSION } from '../src/fetch-go.ts';
import { proxies, read } from '../src/module-proxy.ts';
import { TEMP, userEnv } from './command.ts';

const PATH = 'golang.org/toolchain';
const WINDOWS = 'v0.0.1-go1.26.8.windows-amd64';
const files = Object.fromEntries(
  Object.entries({
    'bin/go.exe': 'MZ go',
    'pkg/tool/windows_amd64/link.exe': 'MZ link',
    'lib/wasm/wasm_exec_node.js': 'js',
    'src/_go.mod': 'module std\n',
    VERSION: 'go1.26.8\n',
  }).map(([name, content]) => [`${PATH}@${WINDOWS}/${name}`, new TextEncoder().encode(content)]),
);

const NAME = 'sums.example/of/tests';
const LARGEST = 66000;

const folder = join(TEMP, 'a database');
cpSync(fileURLToPath(new URL('./database', import.meta.url)), folder, { recursive: true });
const root = execFileSync('go', ['env', 'GOROOT'], { encoding: 'utf8' }).trim();
cpSync(join(root, 'src/cmd/vendor/golang.org/x/mod'), join(folder, 'mod'), { recursive: true });
writeFileSync(join(folder, 'mod/go.mod'), 'module golang.org/x/mod\n\ngo 1.24\n');
const program = join(folder, 'database.exe');
execFileSync('go', ['build', '-o', program, '.'], { cwd: folder, env: userEnv({ GOWORK: 'off' }) });
const child = spawn(program, [WINDOWS, hashOf(files)], { stdio: ['ignore', 'pipe', 'inherit'] });
afterAll(() => child.kill());
const [line] = await once(createInterface(child.stdout), 'line');
/** The database's key and address. */
const [key, database] = line.split(' ') as [string, string];

/** What somebody makes of an answer. */
type Change = (path: string, answer: Buffer) => Buffer | undefined;

const proxied: { size: number; change: Change }[] = [];
const asked: string[] = [];
const server = createServer(async (request, response) => {
  const [, n, path] = /^\/(\d+)\/(.*)$/.exec(request.url!)!;
  const { size, change } = proxied[Number(n)]!;
  asked.push(path!);
  try {
    if (path === `${PATH}/@v/${WINDOWS}.zip`) return response.end(zipSync(files));
    const rest = path!.slice(`sumdb/${NAME}/`.length);
    const answer = change(rest, rest === 'supported' ? Buffer.of() : await read(`${database}/${size}/${rest}`));
    if (answer === undefined) response.writeHead(404);
    response.end(answer);
  } catch {
    response.writeHead(404).end();
  }
});
server.listen(0, '127.0.0.1');
await once(server, 'listening');
afterAll(() => server.close());

/** A proxy that passes on questions about the log of so many records. */
function proxy(size: number, change: Change = (_path, answer) => answer): string {
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}/${proxied.push({ size, change }) - 1}`;
}

const ask = (version: string, GOPROXY: string, gosumdb = key) =>
  publishedSum(PATH, version, proxies({ GOPROXY }), gosumdb);
/** Of a record that has no other meaning. */
const hash = (id: number) => `h1:${createHash('sha256').update(String(id)).digest('base64')}`;

describe('what the database says', () => {
  test('each record of small trees', async () => {
    for (let size = 1; size <= 20; size++) {
      const from = proxy(size);
      const sums = await Promise.all(Array.from({ length: size }, (_, id) => ask(`v0.0.1-test.${id}`, from)));
      expect(sums).toEqual(sums.map((_, id) => hash(id)));
    }
  });

  test.each([255, 256, 257, 511, 512, 513, 65535, 65536, 65537, LARGEST])('records of a tree of %i', async (size) => {
    const from = proxy(size);
    for (const id of [0, 1, 254, 255, 256, 511, 40_000, 65_535, 65_536, size - 2, size - 1]) {
      if (id < size) expect(await ask(`v0.0.1-test.${id}`, from)).toBe(hash(id));
    }
  });

  test('partial tiles may be gone when they are full', async () => {
    // The tree of 300 has 44 hashes of a tile that has long become full.
    const older = await read(`${database}/300/lookup/${PATH}@v0.0.1-test.299`);
    const late = proxy(LARGEST, (path, answer) =>
      path.startsWith('lookup/') ? older : path.includes('.p/44') ? undefined : answer,
    );
    expect(await ask('v0.0.1-test.299', late)).toBe(hash(299));
  });

  test('sum.golang.org, through the proxy of this machine', async ({ skip }) => {
    const list = proxies({ GOPROXY: execFileSync('go', ['env', 'GOPROXY'], { encoding: 'utf8' }).trim() });
    const reached = await Promise.any(
      ['https://sum.golang.org', ...list.map(({ url }) => `${url}/sumdb/sum.golang.org`)].map((url) =>
        read(`${url}/latest`),
      ),
    ).catch(() => undefined);
    if (!reached) skip('sum.golang.org cannot be reached');
    expect(await publishedSum(PATH, `v0.0.1-${VERSION}.linux-amd64`, list, undefined)).toBe(SUMS['linux-amd64']);
  });
});

describe('what is not proven is refused', async () => {
  const version = 'v0.0.1-test.300';
  const other = await read(`${database}/1000/lookup/${PATH}@v0.0.1-test.301`);
  const { privateKey } = generateKeyPairSync('ed25519');
  const id = Buffer.from(key.split('+')[1]!, 'hex');
  /** A tree signed by somebody else, who says that it is signed by the database. */
  const forged = (tree: string) => {
    const signature = Buffer.concat([id, sign(null, Buffer.from(tree), privateKey)]).toString('base64');
    return Buffer.from(`${tree}\n— ${NAME} ${signature}\n`);
  };
  const lookup =
    (edit: (answer: string) => string | Buffer): Change =>
    (path, answer) =>
      path.startsWith('lookup/') ? Buffer.from(edit(answer.toString())) : answer;

  test.each<[string, Change, string]>([
    [
      'another hash in the record',
      lookup((text) => text.replace(hash(300), hash(301))),
      'record 300 is not in its tree',
    ],
    [
      'another number of the record',
      lookup((text) => text.replace(/^300\n/, '301\n')),
      'record 301 is not in its tree',
    ],
    [
      'a number behind the tree',
      lookup((text) => text.replace(/^300\n/, '5000\n')),
      'record 5000 is not in its tree of 1000',
    ],
    ['another record', lookup(() => other), 'its record is not one of'],
    ['no record', () => Buffer.from('<html>sign in</html>'), 'it gives no record'],
    ['another tree', lookup((text) => text.replace('\n1000\n', '\n999\n')), 'not signed with its key'],
    [
      'another signature',
      lookup((text) => text.replace(/\S+\n$/, `${Buffer.alloc(68).toString('base64')}\n`)),
      'not signed',
    ],
    ['no signature', lookup((text) => text.slice(0, text.indexOf('— '))), 'not signed'],
    [
      'a tree signed with another key',
      lookup((text) =>
        Buffer.concat([
          Buffer.from(text.slice(0, text.indexOf('go.sum'))),
          forged(/go\.sum[^—]*?\n(?=\n)/.exec(text)![0]),
        ]),
      ),
      'not signed',
    ],
    [
      'a hash in a tile',
      (path, answer) => {
        if (path.startsWith('tile/8/0/001')) answer[32 * 10]! ^= 1;
        return answer;
      },
      'a part of the tree is wrong',
    ],
    [
      'a tile cut short',
      (path, answer) => (path.startsWith('tile/') ? answer.subarray(0, 40) : answer),
      'a part of the tree is wrong',
    ],
  ])('%s', async (_what, change, why) => {
    await expect(ask(version, proxy(1000, change))).rejects.toMatchObject({
      code: 'GW4004',
      message: expect.stringContaining(why),
    });
  });

  test('what nobody knows', async () => {
    const error = { code: 'GW4003', message: expect.stringContaining('it is not known there') };
    await expect(ask('v0.0.1-go1.26.8.aix-ppc64', proxy(1000))).rejects.toMatchObject(error);
    const broken = proxy(1000, (path, answer) => (path.startsWith('tile/') ? undefined : answer));
    await expect(ask(version, broken)).rejects.toMatchObject({
      code: 'GW4003',
      message: expect.stringContaining('tile/'),
    });
  });
});

describe('GOSUMDB and GOPROXY are read as go reads them', () => {
  const nowhere = 'http://127.0.0.1:1';
  test('a URL behind the key is asked, and no proxy', async () => {
    asked.length = 0;
    expect(await ask('v0.0.1-test.7', proxy(10), `${key} ${database}/10`)).toBe(hash(7));
    expect(asked).toEqual([]);
  });

  test('the first proxy that passes questions on is asked, and the database never', async () => {
    const none = proxy(10, () => undefined);
    expect(await ask('v0.0.1-test.7', `${none},${proxy(10)},direct`)).toBe(hash(7));
    expect(await ask('v0.0.1-test.7', `${nowhere}|${proxy(10)}`)).toBe(hash(7));
    await expect(ask('v0.0.1-test.7', `${nowhere},${proxy(10)}`)).rejects.toMatchObject({ code: 'GW4003' });
  });

  test.each(['direct', 'off', `${nowhere}|direct`])('GOPROXY=%s asks the database itself', async (GOPROXY) => {
    // Its host is none that there is.
    await expect(ask('v0.0.1-test.7', GOPROXY)).rejects.toMatchObject({
      message: expect.stringContaining(`https://${NAME}/lookup/${PATH}@v0.0.1-test.7: `),
    });
  });

  test.each([
    ['off', 'forbids'],
    ['sums.example', 'neither the name of a known database nor a valid key'],
    [key.replace('+', '.com+'), 'nor a valid key'],
    [`${key} https://a https://b`, 'more than a key and a URL'],
    [vkey(NAME, 2), 'a key of an unknown kind'],
    [vkey('user@host', 1), 'a name that is no host'],
    [vkey('host?query', 1), 'a name that is no host'],
  ])('GOSUMDB=%s', async (gosumdb, why) => {
    const error = { code: 'GW4003', message: expect.stringContaining(why) };
    await expect(ask('v0.0.1-test.7', proxy(10), gosumdb)).rejects.toMatchObject(error);
  });

  test.each(['sum.golang.org', 'sum.golang.google.cn'])('%s is known', async (name) => {
    asked.length = 0;
    const error = await ask('v0.0.1-test.7', proxy(10), name).catch((error) => error);
    expect(error.message).toMatch(/^sum.golang.org has no checksum of/);
    // The other name is an address of its own.
    expect(asked.filter((path) => path === 'sumdb/sum.golang.org/supported').length).toBe(
      name === 'sum.golang.org' ? 1 : 0,
    );
  });

  test('entries of GOPROXY', () => {
    expect(proxies({ GOPROXY: ' https://a/ | goproxy.example,,direct,https://b' })).toEqual([
      { url: 'https://a', fallBackOnError: true },
      { url: 'https://goproxy.example', fallBackOnError: false },
      { url: 'direct', fallBackOnError: false },
    ]);
    expect(proxies({ GOPROXY: 'off,https://b' })).toEqual([]);
    expect(proxies({}).map(({ url }) => url)).toEqual(['https://proxy.golang.org', 'direct']);
  });
});

/** A key whose hash is right. */
function vkey(name: string, algorithm: number): string {
  const bytes = Buffer.concat([Buffer.of(algorithm), Buffer.alloc(32, 7)]);
  const id = createHash('sha256').update(`${name}\n`).update(bytes).digest('hex').slice(0, 8);
  return `${name}+${id}+${bytes.toString('base64')}`;
}

test('a toolchain whose hash only the database knows: of Windows', async () => {
  const wanted = { version: 'go1.26.8', platform: 'windows-amd64' };
  const to = join(TEMP, 'cache', 'go1.26.8.windows-amd64');
  await fetchGo(wanted, to, proxies({ GOPROXY: proxy(LARGEST) }), key);
  expect(readFileSync(join(to, 'bin', 'go.exe'), 'utf8')).toBe('MZ go');
  expect(readFileSync(join(to, 'pkg', 'tool', 'windows_amd64', 'link.exe'), 'utf8')).toBe('MZ link');
  expect(readFileSync(join(to, 'src', 'go.mod'), 'utf8')).toBe('module std\n');
  // The log had no such record yet: nothing is fetched.
  asked.length = 0;
  const early = join(TEMP, 'cache', 'early');
  const error = { code: 'GW4003', message: expect.stringContaining(`no checksum of ${PATH}@${WINDOWS}`) };
  await expect(fetchGo(wanted, early, proxies({ GOPROXY: proxy(1000) }), key)).rejects.toMatchObject(error);
  expect(existsSync(early)).toBe(false);
  expect(asked.filter((path) => path.endsWith('.zip'))).toEqual([]);
  // What the database says is held against what the proxy gives.
  const other = { ...wanted, sum: hash(1) };
  await expect(fetchGo(other, early, proxies({ GOPROXY: proxy(1000) }), key)).rejects.toMatchObject({ code: 'GW4004' });
});

test.each([
  ['win32', 'x64', 'LE', 'windows-amd64'],
  ['win32', 'arm64', 'LE', 'windows-arm64'],
  ['win32', 'ia32', 'LE', 'windows-386'],
  ['linux', 'ia32', 'LE', 'linux-386'],
  ['linux', 'ppc64', 'LE', 'linux-ppc64le'],
  ['aix', 'ppc64', 'BE', 'aix-ppc64'],
  ['freebsd', 'arm64', 'LE', 'freebsd-arm64'],
  ['sunos', 'x64', 'LE', 'solaris-amd64'],
] as const)('Node on %s, %s, %s is %s', (os, cpu, order, name) => {
  expect(platformName(os, cpu, order)).toBe(name);
  // Go has the same names: an unknown one is refused.
  const [GOOS, GOARCH] = name.split('-');
  execFileSync('go', ['list', 'unsafe'], { env: userEnv({ GOOS, GOARCH }) });
});
