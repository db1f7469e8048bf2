/** The runtime in a page and in a worker of headless Chromium, under a strict Content-Security-Policy. */
import { spawn } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { build } from 'esbuild';
import { beforeAll, describe, expect, test } from 'vitest';
import { findEngine } from '../../../tools/src/engines.ts';
import { buildGo, emptyFolder, go, here, linkModule, nodes, runNode, temp } from './support.ts';

const POLICY =
  "default-src 'none'; script-src 'self' 'wasm-unsafe-eval'; connect-src 'self'; worker-src 'self'; require-trusted-types-for 'script'";
const FLAGS =
  '--headless --no-sandbox --disable-gpu --disable-quic --no-first-run --disable-background-networking --disable-component-update --disable-sync';

const chromium = await findEngine('chromium');
if (!chromium) console.warn('the tests in Chromium are skipped: it is not installed (npm run engines)');

type Results = Record<string, Record<string, unknown>>;

/** Loads the page. Resolves to what the page and the worker have reported after a minute at most. */
async function load(
  browser: string,
  files: Record<string, [type: string, body: Uint8Array | string]>,
): Promise<Results> {
  const results: Results = {};
  let done!: () => void;
  const finished = new Promise<void>((resolve) => {
    done = resolve;
  });
  const server = createServer(async (request, response) => {
    const name = request.url!.slice(1);
    if (name.startsWith('result/')) {
      let text = '';
      for await (const chunk of request) text += chunk;
      results[name.slice('result/'.length)] = JSON.parse(text);
      response.end();
      if (Object.keys(results).length === 2) done();
      return;
    }
    const file = files[name];
    if (!file) response.writeHead(404).end();
    else response.setHeader('content-type', file[0]).setHeader('content-security-policy', POLICY).end(file[1]);
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}/`;
  const profile = `--user-data-dir=${emptyFolder('chromium')}`;
  const child = spawn(browser, [...FLAGS.split(' '), profile, url], { stdio: 'ignore' });
  const ended = new Promise((resolve) => child.on('close', resolve));
  const tooLate = setTimeout(() => child.kill(), 60_000);
  try {
    await Promise.race([finished, ended]);
  } finally {
    clearTimeout(tooLate);
    child.kill();
    await ended;
    server.closeAllConnections();
    server.close();
  }
  return results;
}

const title = chromium ? `Chromium ${chromium.version}` : 'Chromium: not installed';
describe.skipIf(!chromium)(title, () => {
  let results: Results;
  let expected: { many: string; files: string };

  beforeAll(async () => {
    const program = await buildGo('program');
    const [linked, web] = [await linkModule(program), await buildGo('web')];
    const script = join(temp, 'page.js');
    await build({ entryPoints: [here('page.ts')], bundle: true, format: 'esm', target: 'es2022', outfile: script });
    const wasm = (file: string): [string, Uint8Array] => ['application/wasm', readFileSync(file)];
    results = await load(chromium!.path, {
      '': ['text/html', '<!doctype html><title>test</title><script type="module" src="page.js"></script>'],
      'page.js': ['text/javascript', readFileSync(script)],
      'program.wasm': wasm(program),
      'linked.wasm': wasm(linked),
      'web.wasm': wasm(web),
      'data/a.txt': ['text/plain', 'a from the server'],
    });
    // What does not depend on the host is as in Node.
    const wasmExec = join(go.goroot, 'lib/wasm/wasm_exec_node.js');
    const inNode = async (...args: string[]) => {
      const run = await runNode(nodes[nodes.length - 1]!, [wasmExec, program, ...args], { cwd: '/' });
      // What goes to the console: not the program's output.
      return `${run.stdout}${run.stderr.replace('call to released function\n', '')}exit ${run.code}`;
    };
    expected = {
      many: await inNode(...'many values strings bytes memory nested goroutines funcs timers'.split(' ')),
      files: await inNode('files', emptyFolder('files')),
    };
  }, 120_000);

  test.for(['page', 'worker'])('%s', (where) => {
    const { many, files } = expected;
    expect(results[where]).toEqual({
      policy: 'EvalError',
      streaming:
        "standard output: ünïcödé ✓\nstandard error\nthe runtime's own print 1 true\nno new line at the endexit 0",
      many,
      linked: many,
      panic: 'deferred 1\ndeferred 2\ndeferred 3\npanic: this is the end: EOF\nexit 2',
      files,
      fetched: '"a from the server" <nil>\n"" open /missing: No such file or directory\nexit 0',
      get: '200 text/plain a from the server\nexit 0',
      exports: [5, 45],
      globals: [],
      'drop-in': [3],
      error: 'SourceError GW6002',
    });
  });
});
