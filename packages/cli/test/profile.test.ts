/** CPU profiles, as `go tool pprof` reads them. */
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { findEngine } from '../../../tools/src/engines.ts';
import { isTurn, ofToday } from '../../cfg/test/support/effort.ts';
import { folder, goWasm, install, type RunOptions, run } from './command.ts';

interface Node {
  id: number;
  callFrame: { functionName: string };
}

const REAL = await install('real package');
const chromium = await findEngine('chromium');
if (!chromium) console.warn('profiles of Chromium are skipped: it is not installed (npm run engines)');

const FIB = 'func fib(n int) int {\n\tif n < 2 {\n\t\treturn n\n\t}\n\treturn fib(n-1) + fib(n-2)\n}\n';
const cwd = folder('profiled', {
  'go.mod': 'module app\n\ngo 1.24\n',
  'main.go': `package main\n\n//go:noinline\n${FIB}\nfunc main() {\n\tprintln(fib(36))\n}\n`,
  'main_test.go':
    'package main\n\nimport "testing"\n\nfunc TestFib(t *testing.T) {\n\tif fib(36) != 14930352 {\n\t\tt.Fatal("wrong")\n\t}\n}\n',
});
const go = (args: string[], options: RunOptions = {}) => goWasm(args, { cwd, ...options }, REAL);

/** What `go tool pprof` says of a profile in which fib takes the most time. */
async function check(file: string, test: boolean): Promise<void> {
  const pprof = async (...args: string[]) => {
    const { code, stdout, stderr } = await run('go', ['tool', 'pprof', ...args, file], { cwd });
    expect(code, stderr).toBe(0);
    return stdout;
  };
  const main = test ? 'app' : 'main';
  const [, flat, name] = /flat%.*\n +\S+ +(\S+)% .* (\S+)\n/.exec(await pprof('-top'))!;
  expect(name).toBe(`${main}.fib`);
  expect(Number(flat)).toBeGreaterThan(40);
  const source = join(cwd, 'main.go').replaceAll('\\', '/');
  const listed = await pprof('-list', 'fib');
  expect(listed).toContain(`ROUTINE ======================== ${main}.fib in ${source}\n`);
  expect(listed).toMatch(/\d+\S*s +\d+\S*s +4:func fib/);
  // Who calls whom.
  expect(await pprof('-peek', `${main}.fib$`)).toMatch(test ? /app\.TestFib/ : /main\.main\b/);
}

test.each(ofToday([[], ['-linkmode=internal'], ['-ldflags=-s -w']]))(
  'go-wasm run -cpuprofile in Node %s',
  async (...flags) => {
    const file = 'cpu of run.pb.gz';
    expect(await go(['run', `-cpuprofile=${file}`, ...flags, '.'])).toMatchObject({ code: 0, stderr: '14930352\n' });
    await check(file, false);
  },
);

test('go-wasm test -cpuprofile', async () => {
  const { code, stdout } = await go(['test', '-cpuprofile', 'test.pb.gz', '.']);
  expect(stdout).toMatch(/^ok {2}\tapp\t/);
  expect(code).toBe(0);
  await check('test.pb.gz', true);
});

test.runIf(isTurn('odd'))('for wasip1, in Node', async () => {
  const env = { GOOS: 'wasip1' };
  expect(await go(['run', '-host=node', '-cpuprofile=wasi.pb.gz', '.'], { env })).toMatchObject({ code: 0 });
  await check('wasi.pb.gz', false);
  expect((await go(['run', '-host=wasmtime', '-cpuprofile=wasi.pb.gz', '.'], { env })).stderr).toMatch(
    /^go-wasm: GW5001: -cpuprofile does not work with -host=wasmtime\n {2}hint: -host=node/,
  );
});

test.runIf(chromium && isTurn('even'))('in Chromium', async () => {
  expect(await go(['run', '-host=chromium', '-cpuprofile=page.pb.gz', '.'])).toMatchObject({ code: 0 });
  await check('page.pb.gz', false);
  expect(await go(['test', '-host=chromium', '-cpuprofile=page.pb.gz', '.'])).toMatchObject({ code: 0 });
  await check('page.pb.gz', true);
});

test('go-wasm profile makes one of what DevTools writes', async () => {
  expect(await go(['build', '-sourcemap=file', '-o', 'app.wasm', '.'])).toMatchObject({ code: 0 });
  const { stdout } = await run('go', ['env', 'GOROOT']);
  const glue = join(stdout.trim(), 'lib/wasm/wasm_exec_node.js');
  const flags = ['--cpu-prof', '--cpu-prof-name=in.cpuprofile'];
  expect(await run(process.execPath, [...flags, glue, 'app.wasm'], { cwd })).toMatchObject({ code: 0 });
  expect(await go(['profile', 'in.cpuprofile', 'app.wasm.map', '-o', 'out.pb.gz'])).toMatchObject({
    code: 0,
    stdout: '',
    stderr: '',
  });
  await check('out.pb.gz', false);
  // Time is neither lost nor made.
  const { nodes, samples, timeDeltas } = JSON.parse(readFileSync(join(cwd, 'in.cpuprofile'), 'utf8'));
  const busy = new Set(
    nodes.filter((n: Node) => !/^\((idle|program)\)$/.test(n.callFrame.functionName)).map((n: Node) => n.id),
  );
  const micros = samples.reduce(
    (sum: number, id: number, k: number) => sum + (busy.has(id) ? (timeDeltas[k + 1] ?? 0) : 0),
    0,
  );
  const top = await run('go', ['tool', 'pprof', '-top', '-unit=us', 'out.pb.gz'], { cwd });
  expect(Number(/Total samples = (\d+)/.exec(top.stdout)![1])).toBe(Math.trunc(micros));
  // Without a map, with the names that the engine knows.
  expect(await go(['profile', 'in.cpuprofile', '-o', 'plain.pb.gz'])).toMatchObject({ code: 0 });
  expect((await run('go', ['tool', 'pprof', '-top', 'plain.pb.gz'], { cwd })).stdout).toContain('main.fib');
});

test('what is no profile, and what has no map', async () => {
  writeFileSync(join(cwd, 'no.cpuprofile'), '{}');
  expect((await go(['profile', 'no.cpuprofile', '-o', 'x'])).stderr).toMatch(
    /^go-wasm: GW5006: no.cpuprofile is not a CPU profile\n/,
  );
  expect((await go(['profile', 'main.go', '-o', 'x'])).stderr).toMatch(/^go-wasm: GW5006: /);
  expect(await go(['build', '-o', 'none.wasm', '.'])).toMatchObject({ code: 0 });
  expect((await go(['profile', 'no.cpuprofile', 'none.wasm', '-o', 'x'])).stderr).toMatch(/^go-wasm: GW5004: /);
  expect((await go(['run', '-cpuprofile'])).stderr).toMatch(/^go-wasm: GW5001: /);
});
