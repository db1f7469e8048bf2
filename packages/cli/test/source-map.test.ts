/** Source maps from the command line, with the real linker, and as the engine sees them. */
import { execFile } from 'node:child_process';
import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { expect, test } from 'vitest';
import { folder, goWasm, install } from './command.ts';

const REAL = await install('real package');
const cwd = folder('maps', {
  'go.mod': 'module maps\n\ngo 1.24\n',
  'cmd/one/main.go': 'package main\n\nimport "fmt"\n\nfunc main() {\n\tfmt.Println("one")\n}\n',
  'fail/main.go': [
    'package main\n\nimport "syscall/js"\n\n//go:noinline\nfunc fail(n int) {',
    '\tif n > 0 {\n\t\tfail(n - 1)\n\t\treturn\n\t}\n\tprintln(js.Global().Get("Error").New().Get("stack").String())\n}\n',
    'func main() {\n\tfail(2)\n}\n',
  ].join('\n'),
  'cmd/two/main.go': 'package main\n\nfunc main() {\n\tprintln("two")\n}\n',
});
const go = (...args: string[]) => goWasm(args, { cwd }, REAL);

/** What the engine says of where the map of a module is. */
async function urlOf(file: string): Promise<string> {
  const script = join(cwd, 'url.mjs');
  writeFileSync(
    script,
    `import { readFileSync } from 'node:fs';
import { Session } from 'node:inspector';
const session = new Session();
session.connect();
session.on('Debugger.scriptParsed', ({ params }) => {
  if (params.scriptLanguage === 'WebAssembly') console.log(params.sourceMapURL);
});
session.post('Debugger.enable');
await WebAssembly.compile(readFileSync(process.argv[2]));
`,
  );
  const { stdout } = await promisify(execFile)(process.execPath, [script, file], { maxBuffer: 1 << 27 });
  return stdout.trim();
}

/** The map, checked for what all have. */
function read(json: string, main: string): { sources: string[]; sourcesContent: (string | null)[] } {
  const map = JSON.parse(json);
  const at = map.sources.findIndex((source: string) => source.endsWith(`cmd/${main}/main.go`));
  expect(map.sourcesContent[at]).toBe(readFileSync(join(cwd, `cmd/${main}/main.go`), 'utf8'));
  expect(map.mappings.length).toBeGreaterThan(1000);
  return map;
}

test('go-wasm build -sourcemap=file writes the map beside the program', async () => {
  expect(await go('build', '-sourcemap=file', '-o', 'out put/app.wasm', './cmd/one')).toMatchObject({
    code: 0,
    stderr: '',
  });
  expect(readdirSync(join(cwd, 'out put')).sort()).toEqual(['app.wasm', 'app.wasm.map']);
  read(readFileSync(join(cwd, 'out put/app.wasm.map'), 'utf8'), 'one');
  expect(await urlOf(join(cwd, 'out put/app.wasm'))).toBe('app.wasm.map');
  // What is up to date stays as it is.
  const before = readFileSync(join(cwd, 'out put/app.wasm'));
  expect(await go('build', '-sourcemap=file', '-o', 'out put/app.wasm', './cmd/one')).toMatchObject({
    code: 0,
    stderr: '',
  });
  expect(readFileSync(join(cwd, 'out put/app.wasm')).equals(before)).toBe(true);
});

test('several programs in a folder have a map each', async () => {
  expect(await go('build', '-sourcemap=file', '-o', 'bin/', './cmd/...')).toMatchObject({ code: 0, stderr: '' });
  expect(readdirSync(join(cwd, 'bin')).sort()).toEqual(['one', 'one.map', 'two', 'two.map']);
  for (const name of ['one', 'two']) read(readFileSync(join(cwd, `bin/${name}.map`), 'utf8'), name);
});

test('-sourcemap=inline puts the map into the program', async () => {
  expect(await go('build', '-sourcemap=inline', '-o', 'inline.wasm', './cmd/two')).toMatchObject({
    code: 0,
    stderr: '',
  });
  const url = await urlOf(join(cwd, 'inline.wasm'));
  expect(url).toMatch(/^data:application\/json;base64,/);
  read(Buffer.from(url.replace(/^[^,]*,/, ''), 'base64').toString(), 'two');
  expect(await go('run', '-sourcemap=inline', './cmd/one')).toMatchObject({ code: 0, stdout: 'one\n' });
});

test('go-wasm link makes the same map', async () => {
  const out = ['-o', 'stock.wasm', './cmd/two'];
  expect(await go('build', '-linkmode=internal', ...out)).toMatchObject({ code: 0 });
  expect(await go('link', 'stock.wasm', '-sourcemap=file', '-o', 'linked.wasm')).toMatchObject({ code: 0, stderr: '' });
  const linked = readFileSync(join(cwd, 'linked.wasm.map'), 'utf8');
  read(linked, 'two');
  expect(await go('build', '-sourcemap=file', '-o', 'built.wasm', './cmd/two')).toMatchObject({ code: 0 });
  expect(readFileSync(join(cwd, 'built.wasm.map'), 'utf8')).toBe(linked);
  // Without debugging information, too; and paths that -trimpath has cut have no text.
  expect(
    await go('build', '-sourcemap=file', '-trimpath', '-ldflags=-s -w', '-o', 's.wasm', './cmd/two'),
  ).toMatchObject({
    code: 0,
  });
  const { sources, sourcesContent } = JSON.parse(readFileSync(join(cwd, 's.wasm.map'), 'utf8'));
  expect(sources).toContain('maps/cmd/two/main.go');
  expect(sourcesContent[sources.indexOf('maps/cmd/two/main.go')]).toBe(null);
});

test("go-wasm symbolize puts Go's names and lines into the trace of a stripped module", async () => {
  const flags = ['-sourcemap=file', '-ldflags=-s -w', '-o', 'fail.wasm', './fail'];
  expect(await go('build', ...flags)).toMatchObject({ code: 0, stderr: '' });
  const glue = join((await promisify(execFile)('go', ['env', 'GOROOT'])).stdout.trim(), 'lib/wasm/wasm_exec_node.js');
  const { stderr } = await promisify(execFile)(process.execPath, [glue, join(cwd, 'fail.wasm')]);
  expect(stderr).toMatch(/^ {4}at wasm:\/\/wasm\/\w+:wasm-function\[\d+\]:0x[0-9a-f]+$/m);
  writeFileSync(join(cwd, 'trace.txt'), stderr);
  const symbolized = await go('symbolize', 'fail.wasm.map', 'trace.txt');
  expect(symbolized).toMatchObject({ code: 0, stderr: '' });
  const main = join(cwd, 'fail/main.go').replaceAll('\\', '/');
  const frames = symbolized.stdout.split('\n').filter((line) => line.includes(' main.'));
  expect(frames).toEqual([
    `    at main.fail (${main}:11)`,
    `    at main.fail (${main}:8)`,
    `    at main.fail (${main}:8)`,
    `    at main.main (${main}:15)`,
  ]);
  const piped = await goWasm(['symbolize', 'fail.wasm.map'], { cwd, stdin: stderr }, REAL);
  expect(piped).toEqual(symbolized);
  expect(await go('symbolize', 'trace.txt')).toMatchObject({
    code: 1,
    stderr: expect.stringMatching(/^go-wasm: GW5004: trace.txt is not a source map\n {2}hint: /),
  });
});

test('where a file could not be beside the program, that is an error', async () => {
  expect(await go('build', '-sourcemap=file', './cmd/one')).toMatchObject({
    code: 1,
    stderr: expect.stringMatching(/^go-wasm: GW5001: -sourcemap=file needs -o, .*\n {2}hint: .*-sourcemap=inline/),
  });
  expect(await go('env', '-sourcemap=file')).toMatchObject({
    code: 1,
    stderr: expect.stringMatching(/^go-wasm: GW5001: /),
  });
});
