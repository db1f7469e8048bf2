/** `go-wasm why` with the real linker's analysis, on a program as Go's linker writes it. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { explain, type StrategyName, strategies } from '@go-wasm/linker';
import { beforeAll, expect, test } from 'vitest';
import { folder, goWasm } from './command.ts';

const cwd = folder('why', {
  'go.mod': 'module app\n\ngo 1.24\n',
  'main.go': `package main

//go:noinline
func worker(c chan int) int { return <-c }

//go:noinline
func leaf(a, b int) int { return a*b + 1 }

//go:noinline
func call(f func(int, int) int) int { return f(1, 2) }

func main() {
	c := make(chan int, 1)
	c <- call(leaf)
	println(worker(c))
}
`,
});

beforeAll(async () => {
  expect(await goWasm(['build', '-linkmode=internal', '-o', 'app.wasm', '.'], { cwd })).toMatchObject({ code: 0 });
});
const why = (...args: string[]) => goWasm(['why', 'app.wasm', ...args], { cwd });
const names = Object.keys(strategies) as StrategyName[];

test('prints the shortest chain for a strategy', async () => {
  expect(await why('main.worker', '-switch=asyncify')).toMatchObject({
    code: 0,
    stderr: '',
    stdout: `-switch=asyncify:
  main.worker
  calls runtime.chanrecv1
  calls runtime.chanrecv
  calls runtime.gopark
  calls runtime.mcall
  which is where goroutines are switched
`,
  });
  const { stdout } = await why('main.call', '-switch=resume');
  expect(stdout).toBe('-switch=resume:\n  main.call\n  which makes an indirect call, which may reach anything\n');
});

test('-json says the same to machines', async () => {
  const { stdout } = await why('main.worker', '-switch=asyncify', '-json');
  expect(JSON.parse(stdout)).toEqual({
    asyncify: {
      function: 'main.worker',
      pays: true,
      calls: ['main.worker', 'runtime.chanrecv1', 'runtime.chanrecv', 'runtime.gopark', 'runtime.mcall'],
      end: 'switches',
    },
  });
  expect(JSON.parse((await why('main.leaf', '-json')).stdout).resume).toEqual({
    function: 'main.leaf',
    pays: false,
    calls: [],
  });
  const { resume } = JSON.parse((await why('-json')).stdout);
  expect(resume.paying).toBeLessThan(resume.functions);
  expect(resume.through[0].functions).toBeGreaterThan(1);
});

test('says for each strategy that a function does not pay', async () => {
  const { stdout } = await why('main.leaf');
  expect(stdout).toBe(
    names.map((name) => `-switch=${name}: main.leaf does not pay for switching goroutines\n`).join(''),
  );
  // What may grow the stack unwinds for resume only.
  const { stdout: main } = await why('main.main', '-switch=stack-switching');
  expect(main).toBe('-switch=stack-switching: main.main does not pay for switching goroutines\n');
});

test('the rest of a chain is the chain of the function that comes next', () => {
  const { names: functions, explain: of } = explain(readFileSync(join(cwd, 'app.wasm')));
  for (const name of names) {
    const { why, paying, through } = of(name);
    const chains = functions.map((_, f) => why(f));
    expect(chains.filter((chain) => chain !== undefined).length).toBeGreaterThanOrEqual(paying);
    chains.forEach((chain, f) => {
      if (chain === undefined) return;
      expect(chain.functions[0]).toBe(f);
      // The rest of a shortest way is a shortest way itself.
      const [, next] = chain.functions;
      if (next !== undefined) expect(chains[next]).toEqual({ ...chain, functions: chain.functions.slice(1) });
    });
    expect(through[0]!.functions).toBeLessThanOrEqual(paying);
    for (const { f } of through) expect(chains[f]).toBeDefined();
  }
});

test('without a function, and with --all, it is a summary', async () => {
  const { code, stdout } = await why('--all');
  expect(code).toBe(0);
  expect((await why()).stdout).toBe(stdout);
  const share = (name: string): number =>
    Number(new RegExp(`^-switch=${name}: .* \\((\\d+) %\\)`, 'm').exec(stdout)![1]);
  expect(share('resume')).toBeGreaterThan(80);
  expect(share('asyncify')).toBeLessThan(20);
  expect(share('stack-switching')).toBeLessThan(5);
  expect(stdout).toMatch(/^ +\d+ through runtime\.mcall$/m);
});

test('a name that fits several functions lists them; one that fits none says which may be meant', async () => {
  const { stdout } = await why('^main\\.', '-switch=resume');
  expect(stdout.split('\n')).toEqual(expect.arrayContaining(['main.call', 'main.leaf', 'main.main', 'main.worker']));
  const { code, stderr } = await why('main.workr');
  expect(code).toBe(1);
  expect(stderr).toContain('GW5002: there is no function main.workr\n  hint: did you mean main.worker');
});

test('what excludes each other is refused', async () => {
  expect((await why('main.main', '-switch=jump-table')).stderr).toContain('GW5001');
  expect((await why('main.main', '--all')).stderr).toContain('GW5001: --all and a function exclude each other');
});

test('go-wasm dump prints what an analysis has found, of all functions or of some', async () => {
  const dump = (...args: string[]) => goWasm(['dump', 'app.wasm', ...args], { cwd });
  expect(await dump('may-unwind', '^main\\.(call|leaf|worker)$')).toEqual({
    code: 0,
    signal: null,
    stdout: 'main.worker: calls runtime.chanrecv1\nmain.call: makes an indirect call\n',
    stderr: '',
  });
  // What keeps its jump table makes no calls that are known.
  expect((await dump('calls', '^main\\.(call|worker)$', '-keep=^main\\.worker$')).stdout).toMatch(
    /^main\.call: .*\(indirect\)\n$/,
  );
  expect(await dump('frames', '(')).toMatchObject({ code: 1, stderr: expect.stringContaining('GW5001') });
});
