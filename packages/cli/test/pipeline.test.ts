/** The whole path with the real linker: what stock Go's program prints, ours prints. */
import { readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { delimiter, dirname, join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { findEngine } from '../../../tools/src/engines.ts';
import { isTurn, ofToday } from '../../cfg/test/support/effort.ts';
import { folder, goWasm, install, installBinaryen, type RunOptions, run, TEMP } from './command.ts';

const REAL = await install('real package');
installBinaryen(REAL);
const real = (args: string[], options: RunOptions) => goWasm(args, options, REAL);

const APP = folder('real app', {
  'go.mod': 'module app\n\ngo 1.24\n',
  'main.go': `package main

import (
	"fmt"
	"os"
	"sort"
	"sync"
)

func main() {
	var wg sync.WaitGroup
	results := make(chan int)
	for i := range 10 {
		wg.Add(1)
		go func() {
			defer wg.Done()
			results <- i * i
		}()
	}
	go func() { wg.Wait(); close(results) }()
	var squares []int
	for r := range results {
		squares = append(squares, r)
	}
	sort.Ints(squares)
	fmt.Println(squares, map[string]int{"b": 2, "a": 1})
	func() {
		defer func() { fmt.Println("recovered:", recover()) }()
		var none []int
		fmt.Println(none[len(os.Args)])
	}()
	panic("the end")
}
`,
});

describe.each(['js', 'wasip1'])('for %s', (GOOS) => {
  test('go-wasm run prints what stock Go does, a traceback included', async () => {
    const plain = (text: string) => text.replaceAll(/0x[0-9a-f]+/g, '0x…');
    const env = { GOOS };
    const stock = await real(['run', '-linkmode=internal', '.'], { cwd: APP, env });
    const ours = await real(['run', '-linkmode=external', '-verify-each', '.'], { cwd: APP, env });
    expect(stock.stdout).toContain(
      '[0 1 4 9 16 25 36 49 64 81] map[a:1 b:2]\nrecovered: runtime error: index out of range',
    );
    expect(stock.stderr).toContain('panic: the end\n\ngoroutine 1 [running]:\nmain.main()\n');
    expect({ ...ours, stderr: plain(ours.stderr) }).toEqual({ ...stock, stderr: plain(stock.stderr) });
  });
});

describe('a strategy that this Node cannot run', () => {
  const old = (release: number) => Number.parseInt(process.versions.node, 10) < release;

  test.runIf(old(26)).each(['js', 'wasip1'])('stack-switching for %s', async (GOOS) => {
    const flags = ['run', '-linkmode=external', '-switch=stack-switching', '.'];
    const refused = await real(flags, { cwd: APP, env: { GOOS, GOWASIRUNTIME: 'node' } });
    expect(refused).toMatchObject({ code: 1, stdout: '' });
    expect(refused.stderr).toContain(
      `GW4031: Node ${process.version} cannot run programs for -switch=stack-switching\n  hint: choose -switch=resume; -switch=stack-switching runs in node 26.0 with `,
    );
  });

  test.runIf(old(24))('jspi', async () => {
    const refused = await real(['run', '-switch=jspi', '.'], { cwd: APP });
    expect(refused).toMatchObject({ code: 1, stdout: '' });
    expect(refused.stderr).toMatch(/^go-wasm: GW4031: .* -switch=jspi\n {2}hint: .* node 24\.0; /);
  });
});

test.runIf(isTurn('odd'))('-switch=asyncify runs in any Node', async () => {
  const ours = await real(['run', '-linkmode=external', '-switch=asyncify', '.'], { cwd: APP });
  expect(ours.stderr).toContain('panic: the end\n\ngoroutine 1 [running]:\nmain.main()\n');
  expect(ours.stdout).toContain('[0 1 4 9 16 25 36 49 64 81] map[a:1 b:2]\nrecovered: ');
});

test('asyncify without Binaryen says what to install', async () => {
  const without = await install('package without binaryen');
  const args = ['build', '-linkmode=external', '-switch=asyncify', '-o', join(TEMP, 'none.wasm'), '.'];
  const failed = await goWasm(args, { cwd: APP }, without);
  expect(failed).toMatchObject({ code: 1, stdout: '' });
  expect(failed.stderr).toContain(
    'GW2201: Asyncify needs Binaryen, which is not installed\n  hint: npm install binaryen\n',
  );
});

// `npm run engines` installs them.
const newer = await findEngine('node26');
const wasmtime = await findEngine('wasmtime');

describe.runIf(newer)('in Node 26', () => {
  const ways = [
    ['asyncify', 'js'],
    ['stack-switching', 'wasip1'],
    ['jspi', 'js'],
    ['asyncify', 'wasip1'],
    ['stack-switching', 'js'],
  ] as const;
  test.each(ofToday(ways))('-switch=%s runs for %s', async (name, GOOS) => {
    const args = [join(REAL, 'bin.js'), 'run', '-linkmode=external', `-switch=${name}`, '.'];
    const ours = await run(newer!.path, args, { cwd: APP, env: { GOOS, GOWASIRUNTIME: 'node' } });
    expect(ours.stderr).toContain('panic: the end\n\ngoroutine 1 [running]:\nmain.main()\n');
    expect(ours.stdout).toContain('[0 1 4 9 16 25 36 49 64 81] map[a:1 b:2]\nrecovered: ');
  });
});

test.runIf(wasmtime).each(ofToday(['asyncify', 'stack-switching']))('-switch=%s runs in wasmtime', async (name) => {
  const PATH = `${dirname(wasmtime!.path)}${delimiter}${process.env.PATH}`;
  const args = ['run', '-linkmode=external', `-switch=${name}`, '.'];
  const ours = await real(args, { cwd: APP, env: { GOOS: 'wasip1', GOWASIRUNTIME: 'wasmtime', PATH } });
  expect(ours.stderr).toContain('panic: the end\n\ngoroutine 1 [running]:\nmain.main()\n');
  expect(ours.stdout).toContain('[0 1 4 9 16 25 36 49 64 81] map[a:1 b:2]\nrecovered: ');
});

const TRAP = folder('trap', {
  'go.mod': 'module trap\n\ngo 1.24\n',
  'main.go': `package main

//go:wasmimport host missing
func missing()

func inlined() {
	missing()
}

func main() {
	inlined()
}
`,
});

test.runIf(wasmtime)('-dwarf: wasmtime shows lines of Go, whichever command has put it in', async () => {
  const env = {
    GOOS: 'wasip1',
    GOWASIRUNTIMEARGS: '-W unknown-imports-trap=y',
    PATH: `${dirname(wasmtime!.path)}${delimiter}${process.env.PATH}`,
    WASMTIME_BACKTRACE_DETAILS: '1',
    RUST_BACKTRACE: '0',
  };
  const source = join(TRAP, 'main.go').replaceAll('\\', '/');
  const shows = (stderr: string) =>
    expect(stderr.replace(/^( +\d+: +)0x\w+ /gm, '$1')).toContain(`
    0:  - main.missing
                    at ${source}:4:0
    1:  - main.inlined
                    at ${source}:7:0
                - main.main
                    at ${source}:11
`);
  const options = { cwd: TRAP, env };
  shows((await real(['run', '-dwarf', '-host=wasmtime', '.'], options)).stderr);
  expect(await real(['build', '-dwarf', '-o', 'built.wasm', '.'], options)).toMatchObject({ code: 0, stderr: '' });
  expect(await real(['build', '-linkmode=internal', '-o', 'stock.wasm', '.'], options)).toMatchObject({ code: 0 });
  const link = ['link', 'stock.wasm', '-dwarf', '-o', 'linked.wasm'];
  expect(await real(link, options)).toMatchObject({ code: 0, stderr: '' });
  for (const name of ['built', 'linked']) {
    shows(
      (await run(wasmtime!.path, ['run', '-W', 'unknown-imports-trap=y', join(TRAP, `${name}.wasm`)], { env })).stderr,
    );
  }
  // What Binaryen would leave as it was would be wrong.
  expect(await real([...link, '-O=binaryen:1'], options)).toMatchObject({
    code: 1,
    stderr: expect.stringMatching(
      /GW2108: DWARF cannot follow Binaryen's optimizer .*\n {2}hint: leave out -dwarf or -O=/,
    ),
  });
});

test('-verbose says how long each stage takes', async () => {
  const times = /^( *\S+ +\d+ ms\n)*lift +\d+ ms\n( *\S+ +\d+ ms\n)*total +\d+ ms\n$/m;
  const built = await real(['build', '-verbose', '-ldflags=-X main.x=verbose', '-o', 'verbose.wasm', '.'], {
    cwd: APP,
  });
  expect(built).toMatchObject({ code: 0, stderr: expect.stringMatching(times) });
  expect(await real(['build', '-linkmode=internal', '-o', 'in.wasm', '.'], { cwd: APP })).toMatchObject({ code: 0 });
  const linked = await real(['link', 'in.wasm', '-o', 'out.wasm', '-verbose'], { cwd: APP });
  expect(linked).toMatchObject({ code: 0, stderr: expect.stringMatching(times) });
});

test('-keep leaves functions as they are', async () => {
  const [all, kept] = ['all', 'kept'].map((name) => join(TEMP, `${name}.wasm`));
  const build = (out: string, ...flags: string[]) =>
    real(['build', '-linkmode=external', ...flags, '-o', out, '.'], { cwd: APP });
  expect(await build(all!)).toMatchObject({ code: 0, stderr: '' });
  expect(await build(kept!, '-keep=^(fmt|sort)\\.')).toMatchObject({ code: 0, stderr: '' });
  expect(readFileSync(kept!).equals(readFileSync(all!))).toBe(false);
  const runs = await real(['run', '-linkmode=external', '-keep=^(fmt|sort)\\.', '.'], { cwd: APP });
  expect(runs.stdout).toContain('[0 1 4 9 16 25 36 49 64 81] map[a:1 b:2]\nrecovered: ');
});

test('go-wasm link makes of stock Go’s output what go-wasm build makes', async () => {
  const [stock, built, linked] = ['stock', 'built', 'linked'].map((name) => join(TEMP, `${name}.wasm`));
  // With -buildid= go writes no build ID, which would be that of another link.
  const flags = (out: string) => ['-ldflags=-s -w -buildid=', '-o', out, '.'];
  expect(await real(['build', '-linkmode=internal', ...flags(stock!)], { cwd: APP })).toMatchObject({ code: 0 });
  expect(await real(['build', '-linkmode=external', ...flags(built!)], { cwd: APP })).toMatchObject({
    code: 0,
    stderr: '',
  });
  expect(await real(['link', stock!, '-o', linked!], {})).toMatchObject({ code: 0, stderr: '' });
  expect(readFileSync(linked!).equals(readFileSync(built!))).toBe(true);
  expect(statSync(linked!).size).toBeLessThan(statSync(stock!).size);
});

describe('go-wasm link refuses', async () => {
  const [stock, ours] = [join(TEMP, 'stock app.wasm'), join(TEMP, 'our app.wasm')];
  await real(['build', '-linkmode=internal', '-o', stock, '.'], { cwd: APP });
  await real(['link', stock, '-o', ours], {});
  test.each([
    ['no module', 'GW1', Buffer.from('nonsense')],
    ['a module that is cut short', 'GW1', readFileSync(stock).subarray(0, 100_000)],
    ['a module that is not Go’s', 'GW2', Buffer.from('\0asm\x01\0\0\0', 'latin1')],
    ['what it has made itself', 'GW2', readFileSync(ours)],
  ])('%s', async (name, code, input) => {
    const cwd = folder(`refused ${name}`, { 'in.wasm': '' });
    writeFileSync(join(cwd, 'in.wasm'), input);
    const refused = await real(['link', 'in.wasm', '-o', 'out.wasm'], { cwd });
    expect(refused).toMatchObject({ code: 1, stdout: '' });
    expect(refused.stderr).toMatch(new RegExp(`^go-wasm: ${code}\\d{3}: .* \\(in\\.wasm.*\\)\n {2}hint: .*\n$`));
    expect(readdirSync(cwd)).toEqual(['in.wasm']);
  });
});
