/** What the analyses find in a program whose functions are known. */
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { beforeAll, expect, test } from 'vitest';
import { type AnalysisName, analyses, dump } from '../../src/index.ts';
import { build, scratchFolder } from '../helpers/go.ts';

const SOURCE = `package main

import "os"

//go:noinline
func leaf(n int) int { return n * 3 }

//go:noinline
func fail(n int) { panic(n) }

//go:noinline
func fails(n int) { fail(leaf(n)) }

//go:noinline
func mayFail(n int) int {
	if n > 3 {
		fails(n)
	}
	return leaf(n)
}

//go:noinline
func recovers(n int) (r int) {
	defer func() { recover(); r = 1 }()
	panic(n)
}

//go:noinline
func receives(c chan int) int { return <-c + leaf(1) }

//go:noinline
func indirect(f func(int) int) int { return f(1) }

//go:noinline
func recursive(n int) int {
	if n == 0 {
		return 0
	}
	return recursive(n-1) + 1
}

//go:noinline
func counter(n int) func() int { return func() int { n++; return n } }

//go:noinline
func first(p *[4]int) int { return p[0] }

//go:noinline
func array(n int) int {
	var x [4]int
	x[0] = n
	return first(&x) + x[2]
}

type shape interface{ area() int }
type square int

func (s square) area() int { return int(s * s) }

//go:noinline
func area(s shape) int { return s.area() }

//go:noinline
func endless() {
	for {
		leaf(2)
	}
}

func main() {
	n := len(os.Args)
	if n > 10 {
		endless()
	}
	println(mayFail(n), recovers(n), receives(make(chan int, 1)), indirect(leaf), indirect(recursive), counter(n)(), array(n), area(square(n)))
}
`;

const folder = await scratchFolder();
let input: Uint8Array;

beforeAll(async () => {
  const source = join(folder, 'main.go');
  writeFileSync(source, SOURCE);
  await build(source, join(folder, 'main.wasm'), { goos: 'js' });
  input = readFileSync(join(folder, 'main.wasm'));
}, 120_000);

const of = (name: AnalysisName, match = /^main\.\w+$/): Record<string, string> =>
  Object.fromEntries(
    dump(input, name, match)
      .split('\n')
      .filter((line) => line !== '')
      .map((line) => /^(.*?): (.*)$/.exec(line)!.slice(1) as [string, string]),
  );

test('calls', () => {
  const calls = of('calls');
  expect(calls['main.leaf']).toBeUndefined();
  expect(calls['main.fails']).toBe('runtime.morestack_noctxt, main.leaf, main.fail');
  expect(calls['main.mayFail']).toBe('runtime.morestack_noctxt, main.fails, main.leaf');
  expect(calls['main.indirect']).toBe('runtime.morestack_noctxt, runtime.sigpanic, (indirect)');
  expect(calls['main.receives']!.split(', ')).toContain('runtime.chanrecv1');
});

test('never-returns: not what recovers', () => {
  const never = of('never-returns');
  expect(Object.keys(never).sort()).toEqual(['main.endless', 'main.fail', 'main.fails']);
  expect(of('never-returns', /^runtime\.(gopanic|throw|mallocgc|goPanicIndex)$/)).toEqual({
    'runtime.goPanicIndex': 'never returns',
    'runtime.gopanic': 'never returns',
    'runtime.throw': 'never returns',
  });
});

test('may-unwind: the way to a place where the wasm stack is left', () => {
  const ways = of('may-unwind', /./);
  expect(ways['main.leaf']).toBeUndefined();
  expect(ways['main.indirect']).toBe('makes an indirect call');
  expect(ways['runtime.gogo']).toBe('starts to unwind');
  // Each way ends, and not in itself.
  for (const name of ['main.main', 'main.receives', 'main.mayFail']) {
    let at = name;
    for (let steps = 0; ways[at]!.startsWith('calls '); steps++) {
      expect(steps).toBeLessThan(50);
      at = ways[at]!.slice('calls '.length);
    }
    expect(ways[at]).toMatch(/^(starts to unwind|makes an indirect call)$/);
  }
});

test('address-taken: what the table can be asked for', () => {
  const taken = of('address-taken', /^main\./);
  expect(taken['main.leaf']).toBe('in data'); // a function value
  expect(taken['main.recursive']).toBe('in data');
  expect(taken['main.counter.func1']).toBe('in the code of main.counter'); // captures a variable
  expect(taken['main.square.area'] ?? taken['main.(*square).area']).toBeDefined();
  for (const direct of ['main.mayFail', 'main.fail', 'main.counter', 'main.array'])
    expect(taken[direct]).toBeUndefined();
});

test('may-move-stack: whatever checks the stack, or parks', () => {
  const ways = of('may-move-stack', /./);
  expect(ways['main.leaf']).toBeUndefined();
  expect(ways['main.mayFail']).toBe('calls runtime.morestack_noctxt');
  expect(ways['main.receives']).toMatch(/^calls /);
  // What it runs on g0 does not count.
  expect(ways['runtime.casgstatus']).toBeUndefined();
  expect(of('may-unwind', /./)['runtime.casgstatus']).toBeDefined();
});

test('runs-once: called in one place, that is in no loop, by what runs once', () => {
  const once = of('runs-once');
  expect(Object.keys(once).sort()).toEqual(
    ['main', 'mayFail', 'fails', 'fail', 'recovers', 'receives', 'counter', 'array', 'first', 'area', 'endless']
      .map((name) => `main.${name}`)
      .sort(),
  );
});

test('stack-depth: frames and return addresses, or why there is no bound', () => {
  const depth = of('stack-depth', /./);
  const bytes = (name: string): number => Number.parseInt(depth[name]!, 10);
  const frame = (name: string): number => Number.parseInt(of('frames', /./)[name]!, 10);
  expect(depth['main.leaf']).toBe('8 bytes');
  expect(depth['main.array']).toMatch(/^\d+ bytes, by way of main.first$/);
  expect(bytes('main.array')).toBe(frame('main.array') + 8 + bytes('main.first'));
  expect(depth['main.recursive']).toBe('no bound: recursion by way of main.recursive');
  expect(depth['main.indirect']).toBe('no bound: it makes an indirect call');
  expect(depth['runtime.reflectcall']).toBe('no bound: not known what it does to SP');
});

test('frames: bytes, arguments, slots, and those whose address is taken', () => {
  const frames = of('frames');
  // Its argument and its result are behind its return address.
  expect(frames['main.leaf']).toBe('0 bytes, arguments 16, outgoing 0, slots 8 16');
  expect(frames['main.fails']).toMatch(/^\d+ bytes, arguments 8, outgoing 16, /);
  const [, size, slots] = /^(\d+) bytes, arguments 16, outgoing 16, slots (.*)$/.exec(frames['main.array']!)!;
  const taken = slots!.split(' ').filter((slot) => slot.startsWith('&'));
  expect(taken.length).toBe(1);
  // An array of 32 bytes, above what is passed on.
  expect(Number(taken[0]!.slice(1))).toBeGreaterThanOrEqual(16);
  expect(Number(taken[0]!.slice(1)) + 32).toBeLessThanOrEqual(Number(size));
});

test('every analysis has something to say of a program, and functions can be chosen', () => {
  for (const name of Object.keys(analyses) as AnalysisName[]) {
    expect(dump(input, name).split('\n').length, name).toBeGreaterThan(name === 'runs-once' ? 10 : 50);
    expect(dump(input, name, /^no such function$/)).toBe('');
  }
});
