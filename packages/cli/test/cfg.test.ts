/** `go-wasm cfg` with the real linker, on a program as Go's linker writes it. */
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { parseGraph, printGraph } from '@go-wasm/cfg';
import { inspect, strategies } from '@go-wasm/linker';
import { beforeAll, describe, expect, test } from 'vitest';
import { drawGraph, drawStructured } from '../src/draw.ts';
import { closest, find } from '../src/find.ts';
import { folder, goWasm } from './command.ts';

const cwd = folder('cfg', {
  'go.mod': 'module app\n\ngo 1.24\n',
  'main.go': `package main

type counter struct{ steps int }

//go:noinline
func (c *counter) collatz(n int) int {
	for n != 1 {
		switch {
		case n%2 == 0:
			n /= 2
		default:
			n = 3*n + 1
		}
		c.steps++
	}
	return c.steps
}

func main() {
	println(new(counter).collatz(27))
}
`,
});

beforeAll(async () => {
  expect(await goWasm(['build', '-linkmode=internal', '-o', 'app.wasm', '.'], { cwd })).toMatchObject({ code: 0 });
});
const cfg = (...args: string[]) => goWasm(['cfg', 'app.wasm', ...args], { cwd });

test('prints the graph, which can be read again, and the tree', async () => {
  const { code, stdout, stderr } = await cfg('counter.collatz');
  expect([code, stderr]).toEqual([0, '']);
  const [graphText, tree] = stdout.split('\n\n');
  const [heading, ...lines] = graphText!.split('\n');
  const { graph, names, sizes } = parseGraph(graphText!);
  expect(heading).toBe(`# main.(*counter).collatz: ${graph.size} blocks, -switch=resume`);
  expect(printGraph(graph, names, sizes)).toBe(`${lines.join('\n')}\n`);
  expect(tree).toMatch(/^# structured: -structure=stackifier\n/);
  for (const name of names) expect(tree!.split('\n').map((line) => line.trim())).toContain(name);
  // One loop, one way back.
  expect(tree!.match(/^ *loop @\d+$/gm)).toHaveLength(1);
  expect(tree!.match(/^ *br @\d+$/gm)).toHaveLength(1);
});

test('-code puts the instructions beside the blocks, as comments', async () => {
  const plain = await cfg('counter.collatz');
  const { stdout } = await cfg('counter.collatz', '-code');
  expect(stdout).not.toBe(plain.stdout);
  expect(stdout.replace(/^# {3}.*\n/gm, '')).toBe(plain.stdout);
  const { names, sizes } = parseGraph(stdout.split('\n\n')[0]!);
  names.forEach((name, b) => {
    const block = stdout
      .split('\n')
      .slice(stdout.split('\n').findIndex((line) => line.startsWith(`${name} [`) || line.startsWith(`${name}:`)) + 1);
    expect(block.findIndex((line) => !line.startsWith('#   '))).toBe(sizes[b]);
  });
  expect(stdout).toContain('#   i64.const 3\n#   i64.mul\n');
});

test('the pipeline’s options change what is seen', async () => {
  const seen = async (...flags: string[]) => {
    const { code, stdout, stderr } = await cfg('main.main', '-code', ...flags);
    expect([code, stderr]).toEqual([0, '']);
    return stdout.replace(/^# \w.*\n/gm, '');
  };
  const plain = await seen();
  expect(plain).not.toBe('');
  const longer = await seen('-no-pass=simplify');
  expect(longer).not.toBe(plain);
  expect(longer).toMatch(/^# +sp$/m);
  expect(await seen('-switch', 'stack-switching')).not.toBe(plain);
  expect((await cfg('counter.collatz', '-structure=relooper')).stdout).toContain('# structured: -structure=relooper\n');
});

test('lists functions where none or several are meant', async () => {
  const all = (await cfg()).stdout;
  expect(all).toContain('\nmain.main\n');
  expect(all).toMatch(/^memeqbody\t# \S/m);
  expect(await cfg('^main\\.')).toMatchObject({
    code: 0,
    stdout: expect.stringMatching(/^main\.\(\*counter\)\.collatz\nmain\.main\n$/),
  });
});

test.each([
  [['colatz'], 'GW5002: there is no function colatz', 'did you mean main.(*counter).collatz?'],
  [['xyzzyxyzzy'], 'GW5002: there is no function xyzzyxyzzy', 'without a function, go-wasm cfg lists their names'],
  [
    ['main.main', '-switch=jump-table'],
    'GW5001: -switch=jump-table leaves functions as they are: there is nothing to see',
    undefined,
  ],
])('%j', async (args, message, hint) => {
  const stderr = `go-wasm: ${message}\n${hint === undefined ? '' : `  hint: ${hint}\n`}`;
  expect(await cfg(...args)).toEqual({ code: 1, signal: null, stdout: '', stderr });
});

test('a function without a graph says why', async () => {
  expect(await cfg('memeqbody')).toMatchObject({
    code: 1,
    stderr: expect.stringMatching(/^go-wasm: GW5003: memeqbody stays as Go's linker wrote it: \S/),
  });
});

test('a file that is no module', async () => {
  const { code, stderr } = await goWasm(['cfg', 'main.go', 'main.main'], { cwd });
  expect([code, stderr]).toEqual([1, expect.stringMatching(/^go-wasm: GW1020: .*\(main\.go, at offset 0x0\)\n/)]);
});

/** The elements of an SVG; fails if it is not well-formed, or names anything that lies elsewhere. */
function checkSvg(svg: string): void {
  expect(svg).toMatch(/^<svg /);
  const open: string[] = [];
  for (const [, close, name, attributes, empty] of svg.matchAll(
    /<(\/?)([\w:]+)((?:\s+[\w:-]+="[^"<]*")*)\s*(\/?)>|<!--[\s\S]*?-->|</g,
  )) {
    if (name === undefined) continue;
    expect(attributes).not.toMatch(/href=|url\(/);
    if (close) expect(open.pop()).toBe(name);
    else if (!empty) open.push(name);
  }
  expect(open).toEqual([]);
  expect(svg.replace(/<!--[\s\S]*?-->|<\/?[\w:]+(?:\s+[\w:-]+="[^"<]*")*\s*\/?>/g, '')).not.toMatch(
    /[<>]|&(?!\w+;|#\d+;)/,
  );
}

const boxes = (svg: string) => [...svg.matchAll(/>(b\d+) \[\d+\]</g)].map(([, name]) => name);
const titles = (svg: string) => [...svg.matchAll(/>((?:block|loop|if|else)[^<]*)</g)].map(([, title]) => title);

test('-svg draws the graph and the tree', async () => {
  const { stdout } = await cfg('counter.collatz');
  expect(await cfg('-svg', 'counter.collatz')).toEqual({
    code: 0,
    signal: null,
    stdout,
    stderr: 'main._counter_.collatz.graph.svg\nmain._counter_.collatz.structure.svg\n',
  });
  expect(await cfg('counter.collatz', '-code', '-svg=my file.svg')).toMatchObject({ code: 0 });
  expect(readdirSync(cwd).filter((name) => name.includes('svg'))).toEqual([
    'main._counter_.collatz.graph.svg',
    'main._counter_.collatz.structure.svg',
    'my file.graph.svg',
    'my file.structure.svg',
  ]);
  const [graphText, tree] = stdout.split('\n\n');
  const { names } = parseGraph(graphText!);
  for (const base of ['main._counter_.collatz', 'my file']) {
    const graph = readFileSync(join(cwd, `${base}.graph.svg`), 'utf8');
    const structure = readFileSync(join(cwd, `${base}.structure.svg`), 'utf8');
    checkSvg(graph);
    checkSvg(structure);
    expect(boxes(graph).sort()).toEqual([...names].sort());
    expect(boxes(structure).sort()).toEqual([...names].sort());
    expect(titles(graph).filter((title) => title?.startsWith('loop'))).toHaveLength(1);
    // The constructs of the tree, in its order.
    const constructs = tree!.match(/^ *(block @\d+|loop @\d+|if .*|else)$/gm)!.map((line) => line.trim());
    // Instructions have such names as well.
    if (base !== 'my file') expect(new Set(titles(structure))).toEqual(new Set([...constructs, 'else']));
    // The way back is the only edge in the colour of those.
    for (const svg of [graph, structure]) expect(svg.match(/<path [^>]*stroke="#c0392b"/g)).toHaveLength(1);
  }
});

describe('pictures of what is rare', () => {
  test.each(Object.keys(strategies).filter((name) => name !== 'jspi'))(
    '-switch=%s: dispatch, switches, split blocks',
    async (name) => {
      const inspector = inspect(readFileSync(join(cwd, 'app.wasm')), {
        switch: name as keyof typeof strategies,
        structure: 'relooper',
      });
      // All runtimes have these; they have loops that can be resumed, and defers.
      for (const fn of ['runtime.(*mcache).refill', 'runtime.Gosched', 'runtime.printpanicval', 'runtime.panicwrap']) {
        const inspection = inspector.inspect(inspector.names.indexOf(fn));
        const svg = await drawGraph(inspection, true);
        checkSvg(svg);
        expect(new Set(boxes(svg)).size).toBe(inspection.graph.size);
        checkSvg(await drawStructured(inspection, false));
      }
    },
    60_000,
  );

  test('a label variable, a loop with two entries, a block that nobody reaches', async () => {
    const { graph } = parseGraph(`
      a: if b else c
      b: switch c a d c else b
      c: if b else d
      d: leave
      e: goto d
    `);
    const { relooper } = await import('@go-wasm/relooper');
    const inspection = {
      name: 'a "quoted" <name> \\\\',
      graph,
      structured: relooper.structure(graph),
      sizes: new Int32Array(5),
      code: () => 'x "y" \\n < &',
    };
    const [picture, structure] = await Promise.all([drawGraph(inspection, true), drawStructured(inspection, true)]);
    checkSvg(picture);
    checkSvg(structure);
    expect(boxes(picture).sort()).toEqual(['b0', 'b1', 'b2', 'b3', 'b4']);
    expect(new Set(boxes(structure))).toEqual(new Set(['b0', 'b1', 'b2', 'b3']));
    expect(picture).toContain('>irreducible loop');
    expect(picture).toContain('>0 3<');
    expect(picture).toContain('>default<');
  });
});

test('functions are found by the whole name, by its end, by a pattern', () => {
  const names = ['main.main', 'runtime.main', 'a/b.(*T).String', 'a/b.String', 'b.Ring'];
  const found = (query: string) => find(names, query).map((f) => names[f]);
  expect(found('main.main')).toEqual(['main.main']);
  expect(found('main')).toEqual(['main.main', 'runtime.main']);
  expect(found('String')).toEqual(['a/b.(*T).String', 'a/b.String']);
  expect(found('T.String')).toEqual(['a/b.(*T).String']);
  expect(found('b.String')).toEqual(['a/b.String']);
  expect(found('Ring')).toEqual(['b.Ring']);
  expect(found('ring$')).toEqual(['a/b.(*T).String', 'a/b.String']);
  expect(found('(')).toEqual([]);
  expect(closest(names, 'mian.main')).toEqual(['main.main']);
  expect(closest(names, 'T.Strin')).toEqual(['a/b.(*T).String']);
  expect(closest(names, 'main')).toEqual(['main.main', 'runtime.main']);
  expect(closest(names, 'nothing.like.it')).toEqual([]);
});
