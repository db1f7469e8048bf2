/** `-emit=module`: real modules, imported in Node, by bundlers and by a page, and checked by TypeScript. */
import { cpSync, existsSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { extname, join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { promisify } from 'node:util';
import { build } from 'esbuild';
import { rollup } from 'rollup';
import ts from 'typescript';
import { build as vite } from 'vite';
import { beforeAll, describe, expect, test } from 'vitest';
import { webpack } from 'webpack';
import { findRuntime } from '../../../tools/src/engines.ts';
import { otherReleases } from '../../linker/test/helpers/go.ts';
import { chromium, visit, whyNoChromium } from '../../runtime/test/browser.ts';
import { folder, goWasm, install, run } from './command.ts';

const REAL = await install('real package');
const emit = (cwd: string, args: string[] = [], env: NodeJS.ProcessEnv = {}) =>
  goWasm(['build', '-emit=module', ...args], { cwd, env }, REAL);

const MOD = 'module example.com/text\n\ngo 1.24\n';
const MAIN = String.raw`package main

import (
	"errors"
	"fmt"
	"strings"
	"time"

	"example.com/text/units"
)

// Add adds two numbers.
//
//go:wasmexport add
func add(a, b int32) int32 { return a + b }

//go:wasmexport lengthOf
func lengthOf(text string) int32 { return int32(len(text)) }

//go:wasmexport complement
func complement(x uint32) uint32 { return ^x }

//gowasm:export
func sum(numbers ...int) int {
	sum := 0
	for _, number := range numbers {
		sum += number
	}
	return sum
}

//gowasm:export
func double(x int) int { return 2 * x }

//gowasm:export
func upper(text string) string { return strings.ToUpper(text) }

// Parse makes a tree of words. /* It ends here: */
//
// It has no tree for an empty text.
//
//gowasm:export parse
func Parse(text string, in Limits) (*Tree, error) {
	words := strings.Fields(text)
	if len(words) == 0 {
		return nil, fmt.Errorf("no words in %q ✓", text)
	}
	root := &Tree{Name: words[0], At: 1 << 40, secret: 1}
	for _, word := range words[1:min(len(words), in.Words)] {
		root.Children = append(root.Children, &Tree{Name: word})
	}
	return root, nil
}

// Limits of a parse.
type Limits struct {
	Words int
}

// Tree of words.
type Tree struct {
	Name     string  ${'`json:"name"`'}
	At       uint64  ${'`json:"at,omitempty"`'}
	Children []*Tree ${'`json:"children-of,omitempty"`'}
	secret   int
}

//gowasm:export all
func _all(b bool, i8 int8, u16 uint16, f float32, d units.Celsius, i int64, u uint64, s units.Label, bytes []byte, ints []int32, big []uint64, ds []units.Celsius) (bool, int8, uint16, float32, units.Celsius, int64, uint64, units.Label, []byte, []int32, []uint64, []units.Celsius) {
	return !b, i8, u16, f, d, i, u, s, bytes, ints, big, ds
}

//gowasm:export
func uints(x uint) (uint, error) { return x, nil }

//gowasm:export
func text(kind int) string { return []string{"", "\ufeffBOM", "\xff", "a\x00b", strings.Repeat("ü", 100_000)}[kind] }

//gowasm:export
func echo(text string) string { return text }

//gowasm:export
func nothing() ([]byte, error) { return nil, nil }

//gowasm:export
func large() int { return 1 << 53 }

//gowasm:export
func fails() error { return errors.New("as expected") }

//gowasm:export
func waits() string {
	time.Sleep(200 * time.Millisecond)
	return "too late"
}

//gowasm:async
func later(ms int, text string) (string, error) {
	time.Sleep(time.Duration(ms) * time.Millisecond)
	if text == "" {
		return "", errors.New("no text")
	}
	return text, nil
}

//go:wasmexport sleep
//gowasm:async
func sleep(ms int32) int32 {
	time.Sleep(time.Duration(ms) * time.Millisecond)
	return ms
}

//gowasm:export delete
func remove(class []string) int { return len(class) }

//gowasm:async
func panics(text string) { panic("panic with " + text) }

func main() {
	fmt.Println("main has run")
	select {}
}
`;
const APP = folder('a module', {
  'go.mod': MOD,
  'main.go': MAIN,
  'units/units.go': 'package units\n\ntype Celsius float64\n\ntype Label string\n',
});

const USE = `
import * as app from './app.js';

const results = {};
const check = (name, run) => {
  try {
    results[name] = run();
  } catch (error) {
    results[name] = \`\${error.name}: \${error.message}\`;
  }
};
check('names', () => Object.keys(app).sort().join(' '));
check('add', () => app.add(2, 3));
check('lengthOf', () => app.lengthOf('größe'));
check('complement', () => app.complement(0));
check('sum', () => app.sum([1, 2, 3]));
check('double', () => [app.double(2 ** 40), app.double(-1)]);
check('no number', () => app.double(1.5));
check('large', () => app.large());
check('upper', () => app.upper('größe'));
check('no text', () => app.upper(5));
check('parse', () => app.parse('a b c d', { Words: 3 }));
check('an error', () => app.parse('', { Words: 3 }));
check('bad JSON', () => app.parse('a', { Words: 'three' }));
check('fails', () => app.fails());
check('uints', () => app.uints(7));
check('negative', () => app.uints(-7));
check('nothing', () => app.nothing().length);
check('texts', () => [0, 1, 2, 3, 4].map((kind) => app.text(kind).length));
check('echo', () => ['', '\\ufeffx', 'a\\0b', '✓𝄞', 'x'.repeat(1e6)].every((text) => app.echo(text) === text));
check('all', () => {
  const bytes = new Uint8Array([0, 1, 2, 255]).subarray(1);
  const arrays = [bytes, new Int32Array([-1, 5]), new BigUint64Array([2n ** 64n - 1n]), new Float64Array([0.5])];
  return app.all(true, -3, 65535, 0.5, 1.25, -(2n ** 63n), 2n ** 64n - 1n, 'label', ...arrays).map((value) =>
    typeof value === 'bigint' ? String(value) : ArrayBuffer.isView(value) ? value.constructor.name + '(' + value + ')' : value);
});
check('wrong array', () => app.all(true, 1, 1, 1, 1, 1n, 1n, '', new Int8Array(1), new Int32Array(), new BigUint64Array(), new Float64Array()));
check('delete', () => app.delete(['a', 'b']));
check('waits', () => app.waits());
results.later = await Promise.all([app.later(20, 'a'), app.later(10, 'b'), app.sleep(5)]);
results.rejected = await app.later(1, '').catch(String);
results.many = (await Promise.all(Array.from({ length: 10_000 }, (_, k) => app.later(k % 7, String(k))))).every((text, k) => text === String(k));
results.panic = await app.panics('Go’s message').catch((error) => error.message);
check('after', () => app.upper(''));
export { results };
`;

const EXPECTED = {
  names:
    'add all complement delete double echo fails large later lengthOf nothing panics parse sleep sum text uints upper waits',
  add: 5,
  lengthOf: 7,
  complement: 4294967295,
  sum: 6,
  double: [2 ** 41, -2],
  'no number': 'TypeError: double: argument 1 must be a whole number',
  large:
    'RangeError: large: 9007199254740992 has no exact number: have the function return int64 or uint64, for a bigint',
  upper: 'GRÖSSE'.replace('SS', 'ß'),
  'no text': 'TypeError: upper: argument 1 must be a string',
  parse: { name: 'a', at: 2 ** 40, 'children-of': [{ name: 'b' }, { name: 'c' }] },
  'an error': 'Error: no words in "" ✓',
  'bad JSON': expect.stringContaining('cannot unmarshal string into Go struct field Limits.Words'),
  uints: 7,
  negative: 'TypeError: uints: argument 1 must be at least 0',
  fails: 'Error: as expected',
  nothing: 0,
  // What is not UTF-8 is one replacement character.
  texts: [0, 4, 1, 3, 100_000],
  echo: true,
  all: [
    ...[false, -3, 65535, 0.5, 1.25, '-9223372036854775808', '18446744073709551615', 'label'],
    ...['Uint8Array(1,2,255)', 'Int32Array(-1,5)', 'BigUint64Array(18446744073709551615)', 'Float64Array(0.5)'],
  ],
  'wrong array': 'TypeError: all: argument 9 must be a Uint8Array',
  delete: 2,
  waits: expect.stringMatching(/^BlockedError: the exported function waits waits .* write \/\/gowasm:async above it/),
  later: ['a', 'b', 5],
  rejected: 'Error: no text',
  many: true,
  panic: expect.stringContaining('panic: panic with Go’s message'),
  after: expect.stringContaining('panic: panic with Go’s message'),
};
const REPORT = "import { results } from './use.mjs';\nconsole.log(JSON.stringify(results));\n";
const PAGE =
  "import { results } from './use.mjs';\nawait fetch('result/page', { method: 'POST', body: JSON.stringify(results) });\n";

/** What the bundles and the page load. */
const dist = join(APP, 'dist');

beforeAll(async () => {
  expect(await emit(APP, ['-linkmode=external', '-o', 'dist/app', '.'])).toMatchObject({ code: 0, stderr: '' });
  writeFileSync(join(dist, 'use.mjs'), USE);
  writeFileSync(join(dist, 'report.mjs'), REPORT);
  writeFileSync(join(dist, 'page.mjs'), PAGE);
}, 120_000);

/** What a script prints that reports: the program's own line comes first. */
async function reported(script: string, [file, ...flags]: string[] = ['node']): Promise<unknown> {
  const { stdout, stderr } = await run(file!, [...flags, script], { cwd: APP });
  const [first, last] = stdout.split('\n');
  if (first !== 'main has run') throw new Error(stdout + stderr);
  return JSON.parse(last!);
}

test('imported in Node', async () => expect(await reported(join(dist, 'report.mjs'))).toEqual(EXPECTED));

for (const [name, ...flags] of [
  ['deno', 'run', '--allow-all'],
  ['bun', 'run'],
]) {
  const path = await findRuntime(name as 'deno' | 'bun');
  test.skipIf(path === undefined)(
    `imported in ${path ? name : `${name}, which is not installed (npm run engines)`}`,
    async () => expect(await reported(join(dist, 'report.mjs'), [path!, ...flags])).toEqual(EXPECTED),
  );
}

test('bundled by esbuild', async () => {
  const outdir = join(APP, 'by esbuild');
  await build({
    ...{ entryPoints: [join(dist, 'report.mjs')], bundle: true, format: 'esm', target: 'es2022', minify: true },
    outdir,
  });
  cpSync(join(dist, 'app.wasm'), join(outdir, 'app.wasm'));
  writeFileSync(join(outdir, 'package.json'), '{ "type": "module" }');
  expect(await reported(join(outdir, 'report.js'))).toEqual(EXPECTED);
});

test('bundled by Rollup', async () => {
  const bundle = await rollup({
    input: join(dist, 'report.mjs'),
    onwarn: (warning) => {
      throw new Error(warning.message);
    },
  });
  const file = join(APP, 'by rollup/report.mjs');
  await bundle.write({ file, format: 'es' });
  cpSync(join(dist, 'app.wasm'), join(APP, 'by rollup/app.wasm'));
  expect(await reported(file)).toEqual(EXPECTED);
});

test('bundled by webpack', async () => {
  const compiler = webpack({
    mode: 'production',
    target: ['node20.9', 'es2022'],
    entry: join(dist, 'report.mjs'),
    experiments: { outputModule: true },
    output: { path: join(APP, 'by webpack'), filename: 'report.mjs', module: true },
  });
  const stats = await promisify(compiler.run.bind(compiler))();
  await promisify(compiler.close.bind(compiler))();
  // The program, as an asset with a hash in its name, makes it warn of the size.
  expect(stats!.toJson({ all: false, errors: true }).errors).toEqual([]);
  expect(await reported(join(APP, 'by webpack/report.mjs'))).toEqual(EXPECTED);
});

/** What the page in a folder reports. */
async function shown(folder: string): Promise<unknown> {
  const types = {
    '.wasm': 'application/wasm',
    '.js': 'text/javascript',
    '.mjs': 'text/javascript',
    '.html': 'text/html',
  };
  const { page } = await visit(1, (name) => {
    const file = join(folder, name || 'index.html');
    const type = types[extname(file) as keyof typeof types];
    return type && existsSync(file) ? [type, readFileSync(file)] : undefined;
  });
  return page;
}

describe.skipIf(!chromium)(whyNoChromium ?? `in a page of Chromium ${chromium!.version}`, () => {
  beforeAll(() =>
    writeFileSync(
      join(dist, 'index.html'),
      '<!doctype html><title>t</title><script type="module" src="page.mjs"></script>',
    ),
  );
  test('as it is', async () => expect(await shown(dist)).toEqual(EXPECTED));
  test('bundled by Vite', async () => {
    const outDir = join(APP, 'by Vite');
    await vite({ root: dist, base: './', configFile: false, logLevel: 'silent', build: { outDir } });
    expect(readdirSync(join(outDir, 'assets'))).toContainEqual(expect.stringMatching(/^app-[\w-]{8}\.wasm$/));
    expect(await shown(outDir)).toEqual(EXPECTED);
  });
});

describe('declarations', () => {
  test('have comments, names and types', () => {
    const text = readFileSync(join(dist, 'app.d.ts'), 'utf8');
    expect(text).toContain('/** Add adds two numbers. */\nexport function add(a: number, b: number): number;\n');
    expect(text).toContain(`/**
 * Parse makes a tree of words. /* It ends here: * /
 *
 * It has no tree for an empty text.
 */
export function parse(text: string, in_: Limits): Tree | null;
`);
    expect(text).toContain('export function later(ms: number, text: string): Promise<string>;\n');
    expect(text).toContain('/** Limits of a parse. */\nexport type Limits = { Words: number; };\n');
    expect(text).toContain(
      'export type Tree = { name: string; at?: number; "children-of"?: (Tree | null)[] | null; };\n',
    );
  });

  test('are what TypeScript goes by', () => {
    const check = (code: string): string[] => {
      const file = join(dist, 'user.mts');
      writeFileSync(file, `import * as app from './app.js';\n${code}\n`);
      const program = ts.createProgram([file], {
        ...{ strict: true, noEmit: true, types: [], lib: ['lib.es2023.d.ts'], target: ts.ScriptTarget.ES2023 },
        ...{ module: ts.ModuleKind.NodeNext, moduleResolution: ts.ModuleResolutionKind.NodeNext },
      });
      const diagnostics = ts.getPreEmitDiagnostics(program);
      return diagnostics.map(({ messageText }) => ts.flattenDiagnosticMessageText(messageText, '\n'));
    };
    const right = `
      const n: number = app.add(1, 2);
      const text: Promise<string> = app.later(n, 'x');
      const tree: app.Tree | null = app.parse('x', { Words: 1 });
      const [b, , , , , , u]: [boolean, number, number, number, number, bigint, bigint, ...unknown[]] = app.all(
        true, 1, 1, 1, 1, 1n, 1n, '', new Uint8Array(), new Int32Array(), new BigUint64Array(), new Float64Array());
      export const all = [text, tree?.['children-of']?.[0]?.name, b, u, app.delete(['x']), await app.sleep(1)];`;
    expect(check(right)).toEqual([]);
    expect(check("app.add('1', 2);")).toEqual([expect.stringContaining("Argument of type 'string'")]);
    expect(check('app.upper();')).toEqual([expect.stringContaining('Expected 1 arguments')]);
    expect(check('app.subtract(1, 2);')).toEqual([expect.stringContaining("'subtract' does not exist")]);
    expect(check("const text: string = app.later(1, '');")).toEqual([expect.stringContaining("'Promise<string>'")]);
    expect(check('app.complement(1n);')).toEqual([expect.stringContaining("type 'bigint'")]);
    expect(check("app.parse('x', { Word: 1 });")).toEqual([expect.stringContaining("'Words'")]);
  });
});

describe('a package that is no program', async () => {
  const LIB =
    'package shout\n\nimport "strings"\n\n//gowasm:export\nfunc Shout(text string) string { return strings.ToUpper(text) + "!" }\n';

  test('gets a main function; its folder stays as it is', async () => {
    const cwd = folder('a library', { 'go.mod': MOD, 'internal/shout/shout.go': LIB });
    expect(await emit(cwd, ['-o', 'out/', './internal/shout'])).toMatchObject({ code: 0, stderr: '' });
    const { Shout } = await import(pathToFileURL(join(cwd, 'out/shout.js')).href);
    expect(Shout('hello')).toBe('HELLO!');
    expect(existsSync(join(cwd, 'internal/shout/gowasm_main'))).toBe(false);
  });

  test.each(otherReleases())('%s', { timeout: 180_000 }, async (version) => {
    const cwd = folder(`with ${version}`, { 'go.mod': MOD, 'shout.go': LIB, 'main_test.go': 'package shout\n' });
    const env = { GOTOOLCHAIN: version };
    expect(await emit(cwd, ['-linkmode=external', '-o', 'app.js'], env)).toMatchObject({ code: 0, stderr: '' });
    const { Shout } = await import(pathToFileURL(join(cwd, 'app.js')).href);
    expect(Shout('hello')).toBe('HELLO!');
  });
});

describe('what is wrong', () => {
  const wrong = async (name: string, code: string, args: string[] = []) => {
    const cwd = folder(name, { 'go.mod': MOD, 'main.go': `package main\n\n${code}\n\nfunc main() {}\n` });
    const { code: exit, stderr } = await emit(cwd, [...args, '-o', 'app']);
    expect(exit).toBe(1);
    expect(existsSync(join(cwd, 'app.js'))).toBe(false);
    return stderr.replaceAll(cwd, '');
  };

  test('go says of a package that does not compile', async () => {
    expect(await wrong('broken', '//gowasm:export\nfunc f() int { return x }')).toBe(
      '# example.com/text\n./main.go:4:23: undefined: x\n',
    );
  });

  test('each with its line', async () => {
    const stderr = await wrong(
      'problems',
      `//gowasm:export
func a(c chan int) {}

//gowasm:export
func b() (func(), error) { return nil, nil }

type t struct{}

//gowasm:export
func (t) c() {}

//gowasm:export
func d[T any](x T) {}

//gowasm:exports
func e() {}

//gowasm:export a-b
func f() {}

//gowasm:export f
func g() {}

//gowasm:export f
func h() {}

//gowasm:export i j
func i(map[bool]int) {}`,
    );
    expect(stderr).toContain('GW5005');
    for (const line of [
      '/main.go:4:8: parameter c: values of type chan int cannot cross',
      '/main.go:7:11: result 1: values of type func() cannot cross',
      '/main.go:12:1: a method cannot be exported',
      '/main.go:15:1: a function with type parameters cannot be exported',
      '/main.go:17:1: misplaced or unknown directive //gowasm:exports',
      '/main.go:21:1: JavaScript cannot call a function a-b',
      '/main.go:27:1: f has been exported at /main.go:24:1',
      '/main.go:29:1: usage: //gowasm:export [name]',
      '/main.go:30:8: parameter : JSON has no maps with keys of type bool',
    ]) {
      expect(stderr).toContain(line);
    }
  });

  test('a library without exports', async () => {
    const cwd = folder('nothing', { 'go.mod': MOD, 'lib.go': 'package lib\n' });
    expect((await emit(cwd)).stderr).toContain('example.com/text exports no function');
  });
  test('unknown', async () => expect(await wrong('unknown', '', ['-emit=page'])).toContain('-emit takes wasm, module'));
  test('wasip1', async () => {
    const { stderr } = await emit(APP, ['-o', 'x'], { GOOS: 'wasip1' });
    expect(stderr).toContain('a module is for GOOS=js');
  });
});

test('stock Go’s linking works, without waiting', async () => {
  const cwd = folder('internal', {
    'go.mod': MOD,
    'main.go':
      'package main\n\n//gowasm:export\nfunc twice(s string) string { return s + s }\n\nfunc main() { select {} }\n',
  });
  expect(await emit(cwd, ['-linkmode=internal', '-o', 'app.wasm', 'main.go'])).toMatchObject({ code: 0, stderr: '' });
  const { twice } = await import(pathToFileURL(join(cwd, 'app.js')).href);
  expect(twice('ab')).toBe('abab');
});
