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
	println(mayFail(n), recovers(n), receives(make(chan int, 1)), indirect(leaf))
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
      .map((line) => line.split(': ') as [string, string]),
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

test('frames: those with arguments to pass have room for them', () => {
  const frames = of('frames');
  expect(frames['main.leaf']).toBe('0 bytes');
  // An argument and a result.
  expect(Number.parseInt(frames['main.mayFail']!, 10)).toBeGreaterThanOrEqual(16);
});

test('every analysis has something to say of a program, and functions can be chosen', () => {
  for (const name of Object.keys(analyses) as AnalysisName[]) {
    expect(dump(input, name).split('\n').length, name).toBeGreaterThan(50);
    expect(dump(input, name, /^no such function$/)).toBe('');
  }
});
