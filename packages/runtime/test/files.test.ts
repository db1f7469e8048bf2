import { readFileSync } from 'node:fs';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { type FileSystem, fetchFs, instantiate, memoryFs } from '../src/index.ts';
import { node } from '../src/node.ts';
import { buildGo, emptyFolder } from './support.ts';

const program = await WebAssembly.compile(readFileSync(await buildGo('program')));

/** Runs a program of test/program and returns what it prints. */
async function run(args: string[], fs: FileSystem | undefined, env: Record<string, string> = {}): Promise<string> {
  let output = '';
  const decoder = new TextDecoder();
  const write = (bytes: Uint8Array): void => {
    output += decoder.decode(bytes, { stream: true });
  };
  const app = await instantiate(program, { args, fs, env, stdout: write, stderr: write });
  expect(await app.exited).toBe(0);
  return output;
}

describe('in memory', () => {
  test("does what Node's does", async () => {
    // A path of the same length as on disk: errors name it.
    const folder = emptyFolder('files');
    const { fs } = node();
    const expected = await run(['files', folder], fs);
    expect(expected.split('\n').length).toBeGreaterThan(30);
    const memory = memoryFs();
    memory.writeFileSync(`${folder}/x`, '');
    memory.unlink!(`${folder}/x`, () => {});
    expect(await run(['files', folder], memory)).toBe(expected);
  });

  test('for the page: files in, files out', async () => {
    const fs = memoryFs({ '/in/a.txt': 'text', 'in/b.bin': new Uint8Array([1, 2, 255]) });
    expect(await run(['cat', '/in/a.txt', 'in/b.bin', '/in/missing', '/in'], fs)).toBe(
      '"text" <nil>\n"\\x01\\x02\\xff" <nil>\n"" open /in/missing: No such file or directory\n"" read /in: Is a directory\n',
    );
    expect(await run(['ls', '/in', '/'], fs)).toBe(
      'a.txt false 4 -rw-r--r--\nb.bin false 3 -rw-r--r--\n<nil>\ndev true 0 drwxr-xr-x\nin true 0 drwxr-xr-x\ntmp true 0 dtrwxrwxrwx\n<nil>\n',
    );
    expect(fs.readdirSync('/in')).toEqual(['a.txt', 'b.bin']);
    expect(fs.readFileSync('/in/b.bin')).toEqual(new Uint8Array([1, 2, 255]));
    fs.writeFileSync('/in/a.txt', 'new');
    expect(new TextDecoder().decode(fs.readFileSync('in/a.txt'))).toBe('new');
    for (const [path, code] of [
      ['/missing', 'ENOENT'],
      ['/in', 'EISDIR'],
      ['/in/a.txt/b', 'ENOTDIR'],
    ] as const) {
      expect(() => fs.readFileSync(path)).toThrow(expect.objectContaining({ code }));
    }
    expect(() => fs.writeFileSync('/in', '')).toThrow(expect.objectContaining({ code: 'EISDIR' }));
    expect(() => fs.readdirSync('/in/a.txt')).toThrow(expect.objectContaining({ code: 'ENOTDIR' }));
  });

  test('links that go round, folders in themselves, the root', async () => {
    const fs = memoryFs({ '/a/b/c': '' });
    const codes: unknown[] = [];
    const code = (error: unknown) => codes.push((error as { code?: string } | null)?.code);
    fs.symlink!('/loop', '/loop', code);
    fs.open!('/loop', 0, 0, code);
    fs.symlink!('../a/./b', '/a/up', code);
    expect(fs.readdirSync('/a/up/')).toEqual(['c']);
    expect(fs.readdirSync('/a/up/../..')).toEqual(['a', 'dev', 'loop', 'tmp']);
    fs.rename!('/a', '/a/b/d', code);
    fs.rmdir!('/', code);
    fs.rename!('/', '/x', code);
    fs.unlink!('/a/b', code);
    fs.rmdir!('/a/b', code);
    fs.close!(77, code);
    expect(codes).toEqual(
      [null, 'ELOOP', null, 'EINVAL', 'ENOTEMPTY', 'EBUSY', 'EISDIR', 'ENOTEMPTY', 'EBADF'].map((c) => c ?? undefined),
    );
  });

  test('an open file outlives its name; files grow and shrink with zeros', async () => {
    const fs = memoryFs({ '/f': 'abc' });
    let fd = -1;
    fs.open!('/f', 2, 0, (_, result) => (fd = result!));
    fs.unlink!('/f', () => {});
    fs.ftruncate!(fd, 1, () => {});
    fs.ftruncate!(fd, 3, () => {});
    fs.write!(fd, new TextEncoder().encode('z'), 0, 1, 5, () => {});
    const buffer = new Uint8Array(8);
    let read = -1;
    fs.read!(fd, buffer, 1, 7, 0, (_, n) => (read = n!));
    expect([read, ...buffer]).toEqual([6, 0, 97, 0, 0, 0, 0, 122, 0]);
    expect(() => fs.readFileSync('/f')).toThrow('ENOENT');
  });
});

test('without a file system files are not implemented', async () => {
  expect(await run(['cat', '/etc/passwd'], undefined)).toBe('"" open /etc/passwd: not implemented on js\n');
});

describe('fetched', () => {
  let server: Server;
  let base: string;
  let requests: string[] = [];
  beforeAll(async () => {
    server = createServer(({ url }, response) => {
      requests.push(url!);
      if (url === '/data/a.txt') response.end('a from the server');
      else if (url === '/data/d%C3%AFr/with%20space.json') response.end('{}');
      else response.writeHead(url === '/data/broken' ? 500 : 404).end('sorry');
    });
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    base = `http://127.0.0.1:${(server.address() as AddressInfo).port}/data`;
  });
  afterAll(() => void server.close());

  const files = ['a.txt', 'dïr/with space.json', 'gone', 'broken'];

  test('files are fetched once, when they are opened', async () => {
    requests = [];
    const fs = fetchFs(base, files);
    expect(await run(['cat', '/a.txt', 'a.txt', '/dïr/with space.json', 'gone', 'broken', 'unlisted'], fs)).toBe(
      [
        '"a from the server" <nil>',
        '"a from the server" <nil>',
        '"{}" <nil>',
        '"" open gone: No such file or directory',
        '"" open broken: I/O error',
        '"" open unlisted: No such file or directory',
        '',
      ].join('\n'),
    );
    expect(requests).toEqual(['/data/a.txt', '/data/d%C3%AFr/with%20space.json', '/data/gone', '/data/broken']);
  });

  test('folders are listed, with sizes', async () => {
    const fs = fetchFs(new URL(`${base}/`), files.slice(0, 2));
    expect(await run(['ls', '/', '/dïr'], fs)).toBe(
      'a.txt false 17 -rw-r--r--\ndïr true 0 drwxr-xr-x\n<nil>\nwith space.json false 2 -rw-r--r--\n<nil>\n',
    );
  });

  test('nothing can be written', async () => {
    const fs = fetchFs(base, files);
    const codes: unknown[] = [];
    const code = (error: unknown) => codes.push((error as { code?: string } | null)?.code);
    fs.open!('/a.txt', 1, 0, code);
    fs.open!('/new', 0o101, 0, code);
    fs.mkdir!('/d', 0, code);
    fs.unlink!('/a.txt', code);
    fs.rename!('/a.txt', '/b', code);
    fs.truncate!('/a.txt', 0, code);
    expect(codes).toEqual(new Array(6).fill('EROFS'));
  });

  test('another fetch, a network that is down', async () => {
    const asked: string[] = [];
    const fs = fetchFs('https://example.com/x/', ['y'], {
      fetch: async (url) => {
        asked.push(url.href);
        throw new TypeError('down');
      },
    });
    expect(await run(['cat', '/y'], fs)).toBe('"" open /y: I/O error\n');
    expect(asked).toEqual(['https://example.com/x/y']);
  });

  test('http.Get asks fetch', async () => {
    const web = await WebAssembly.compile(readFileSync(await buildGo('web')));
    let output = '';
    const stdout = (bytes: Uint8Array) => {
      output += new TextDecoder().decode(bytes);
    };
    const app = await instantiate(web, { args: [`${base}/a.txt`], ...node(), stdout, stderr: stdout });
    expect(await app.exited).toBe(0);
    expect(output).toBe('200  a from the server\n');
  });
});
