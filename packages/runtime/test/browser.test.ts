/** The runtime in a page and in a worker of headless browsers, under a strict Content-Security-Policy. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { build } from 'esbuild';
import { beforeAll, describe, expect, test } from 'vitest';
import { browsers, type File, visit } from './browser.ts';
import { buildGo, emptyFolder, go, here, linkModule, nodes, runNode, temp } from './support.ts';

const POLICY =
  "default-src 'none'; script-src 'self' 'wasm-unsafe-eval'; connect-src 'self'; worker-src 'self'; require-trusted-types-for 'script'";
const wasm = (file: string): File => ['application/wasm', readFileSync(file)];

const program = await buildGo('program');
const all = ['resume', 'asyncify', 'jspi', 'stack-switching'] as const;
const linked: Record<string, File> = {};
for (const strategy of all) linked[`${strategy}.wasm`] = wasm(await linkModule(program, strategy));

for (const { name: host, engine, title } of browsers)
  describe.skipIf(!engine)(title, () => {
    // Nothing but Chromium has stack switching.
    const strategies = host === 'chromium' ? all : all.slice(0, 3);
    let results: Record<string, unknown>;
    let expected: { many: string; files: string };

    beforeAll(async () => {
      const web = await buildGo('web');
      const script = join(temp, 'page.js');
      await build({ entryPoints: [here('page.ts')], bundle: true, format: 'esm', target: 'es2022', outfile: script });
      const files: Record<string, File> = {
        '': ['text/html', '<!doctype html><title>test</title><script type="module" src="page.js"></script>'],
        'page.js': ['text/javascript', readFileSync(script)],
        'program.wasm': wasm(program),
        ...linked,
        'strategies.json': ['application/json', JSON.stringify(strategies)],
        'web.wasm': wasm(web),
        'data/a.txt': ['text/plain', 'a from the server'],
      };
      results = await visit(2, (name) => files[name], {
        host,
        // The last one may need a flag.
        strategy: strategies.at(-1)!,
        headers: { 'content-security-policy': POLICY },
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
        waiting: Object.fromEntries(strategies.map((name) => [name, [30, 20, 101, null]])),
        globals: [],
        'drop-in': [3],
        error: 'SourceError GW6002',
      });
    });

    test('a service worker', { timeout: 60_000 }, async () => {
      const script = join(temp, 'service-worker.js');
      const entryPoints = [here('service-worker.ts')];
      await build({ entryPoints, bundle: true, format: 'iife', target: 'es2022', outfile: script });
      const files: Record<string, File> = {
        '': ['text/html', '<!doctype html><script src="register.js"></script>'],
        'register.js': ['text/javascript', "navigator.serviceWorker.register('service-worker.js')"],
        'service-worker.js': ['text/javascript', readFileSync(script)],
        'program.wasm': ['application/wasm', readFileSync(program)],
      };
      const { 'service-worker': printed } = await visit(1, (name) => files[name], { host });
      const wasmExec = join(go.goroot, 'lib/wasm/wasm_exec_node.js');
      const inNode = await runNode(nodes[nodes.length - 1]!, [wasmExec, program, 'values'], { cwd: '/' });
      expect(printed).toBe(`${inNode.stdout}exit ${inNode.code}`);
    });
  });
