/** The main cases in Deno and Bun: the same as in Node, which the other tests compare with Go's own runner. */
import { execFile } from 'node:child_process';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { build } from 'esbuild';
import { describe, expect, test } from 'vitest';
import { findRuntime } from '../../../tools/src/engines.ts';
import { effort, patience } from '../../cfg/test/support/effort.ts';
import { buildGo, bundle, emptyFolder, here, linkModule, type Result, RUNNER, temp } from './support.ts';

const stock = await buildGo('program');
const linked = await linkModule(stock);
const runner = await bundle(RUNNER);
const waiting = await bundle('waiting-run.ts');

async function run(command: readonly string[], args: string[], stdin = ''): Promise<Result> {
  const [file, ...flags] = command;
  const promise = promisify(execFile)(file!, [...flags, ...args], {
    env: { ...process.env, GREETING: 'grüezi', PWD: '/', NO_COLOR: '1' },
    cwd: '/',
    maxBuffer: 1 << 26,
  });
  promise.child.stdin!.on('error', () => {}).end(stdin);
  const {
    code = 0,
    stdout,
    stderr,
  } = (await promise.catch((error: Result): Result => error)) as Partial<Result> & Result;
  return { code, stdout, stderr };
}

const engines: [name: 'deno' | 'bun', flags: string[]][] = [
  ['deno', ['run', '--allow-all', '--quiet', '--v8-flags=--stack-size=3000']],
  ['bun', ['run']],
];
for (const [name, flags] of engines) {
  const path = await findRuntime(name);
  if (path === undefined) {
    test.skip(`${name} is not installed (npm run engines)`, () => {});
    continue;
  }
  const command = [path, ...flags];
  describe(name, { timeout: patience }, () => {
    test.each([
      [['args', 'a', 'b c', 'ü', ''], 0, ''],
      [['env', 'GREETING', 'MISSING'], 0, ''],
      [['exit', '3'], 3, ''],
      [['print'], 0, ''],
      [['panic'], 2, ''],
      [['deadlock'], 2, ''],
      [['stdin'], 0, 'some ünput\n'.repeat(10_000)],
      [['files', '@folder'], 0, ''],
      ['many values strings bytes memory nested goroutines deep funcs timers'.split(' '), 0, ''],
    ])('%j', async (given, code, stdin) => {
      for (const module of [stock, linked]) {
        const args = () => [runner, module, ...given.map((arg) => (arg === '@folder' ? emptyFolder('files') : arg))];
        const found = await run(command, args(), stdin);
        expect(found).toEqual(await run([process.execPath, '--no-warnings', '--stack-size=8192'], args(), stdin));
        expect(found.code).toBe(code);
      }
    });

    test('exports and callbacks that wait', async () => {
      const { code, stdout, stderr } = await run(command, [waiting, linked, String(effort(2000, 10_000))]);
      expect({ code, stderr, cases: stdout.trim().split('\n').length }).toEqual({ code: 0, stderr: '', cases: 7 });
    });

    test('from a server, compiled while it arrives', async () => {
      const script = join(temp, `${name}-serve.mjs`);
      const source = `
        import { createServer } from 'node:http';
        import { readFileSync } from 'node:fs';
        import { instantiate } from ${JSON.stringify(here('../src/index.ts'))};
        const server = createServer((_, response) => {
          response.writeHead(200, { 'content-type': 'application/wasm' }).end(readFileSync(${JSON.stringify(linked)}));
        }).listen(0, '127.0.0.1', async () => {
          const url = 'http://127.0.0.1:' + server.address().port + '/';
          const { exports } = await instantiate(url, { args: ['exports'] });
          console.log(exports.add(2, 3));
          process.exit();
        });`;
      await build({
        ...{ stdin: { contents: source, resolveDir: here('.') }, bundle: true, platform: 'node', format: 'esm' },
        outfile: script,
      });
      expect(await run(command, [script])).toEqual({ code: 0, stdout: '5\n', stderr: '' });
    });
  });
}
