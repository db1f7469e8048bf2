/** Reports of real modules. */
import { execFile } from 'node:child_process';
import { readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { promisify } from 'node:util';
import { beforeAll, describe, expect, test } from 'vitest';
import { findEngine } from '../../../tools/src/engines.ts';
import type { Report } from '../src/commands/report.ts';
import { folder, goWasm, install, TEMP } from './command.ts';

const REAL = await install('real package');
const chromium = await findEngine('chromium');
if (!chromium) console.warn('the page of a report is not looked at: Chromium is not installed (npm run engines)');

const cwd = folder('report', {
  'go.mod': 'module example.com/app\n\ngo 1.24\n',
  'main.go': 'package main\n\nimport "example.com/app/list.d"\n\nfunc main() {\n\tprintln(list.Sum([]int{1, 2}))\n}\n',
  'other/main.go': 'package main\n\nfunc main() {\n\tprintln("other")\n}\n',
  'list.d/list.go':
    'package list\n\n//go:noinline\nfunc Sum[T int | string](all []T) (sum T) {\n\tfor _, x := range all {\n\t\tsum += x\n\t}\n\treturn\n}\n',
});
const go = (...args: string[]) => goWasm(args, { cwd }, REAL);
const json = async (...args: string[]): Promise<Report> => JSON.parse((await go('report', ...args, '-json')).stdout);

beforeAll(async () => {
  expect(await go('build', '-linkmode=internal', '-ldflags=-s -w', '-o', 'stock.wasm', '.')).toMatchObject({ code: 0 });
  expect(await go('build', '-o', 'linked.wasm', '.')).toMatchObject({ code: 0 });
}, 120_000);

describe('a module of stock Go', () => {
  test('is linked, to say what that changes', async () => {
    const report = await json('stock.wasm');
    const size = statSync(join(cwd, 'stock.wasm')).size;
    expect(report.total.before).toBe(size);
    expect(report.total.after).toBeLessThan(size);
    // All bytes are somewhere: the rest is the header.
    expect(report.sections.reduce((sum, { before }) => sum + before!, 0)).toBe(size - 8);
    expect(report.sections.reduce((sum, { after }) => sum + after, 0)).toBe(report.total.after - 8);
    const names = report.packages.map(({ name }) => name);
    expect(names).toEqual(expect.arrayContaining(['runtime', 'main', 'example.com/app/list.d', '(helpers)']));
    for (const row of report.packages) {
      const functions = report.functions.filter((f) => f.package === row.name);
      expect(functions.reduce((sum, { after }) => sum + after, 0)).toBe(row.after);
    }
    const sum = report.functions.find(({ name }) => name.startsWith('example.com/app/list%2ed.Sum['));
    expect(sum).toMatchObject({ package: 'example.com/app/list.d', before: expect.any(Number) });
    // Its loop, that of a function that runs once, has an entry.
    const malloc = report.functions.find(({ name }) => name === 'runtime.mallocgc');
    expect(malloc!.before).toBeGreaterThan(malloc!.after);
    expect(report.link).toMatchObject({ switch: 'resume', functions: { kept: [] } });
    expect(report.link!.stages.map(({ name }) => name)).toContain('structure');
  });

  test('what is kept is named', async () => {
    const { stdout } = await go('report', 'stock.wasm', '-keep=^main\\.main$');
    expect(stdout).toMatch(/ 1 left as they were\n {2}main\.main: asked for\n/);
    expect(stdout).toMatch(/^runtime +\d+ +\d+ +0\.\d{3}$/m);
    expect(stdout).toMatch(/^total +\d+ +\d+ +0\.\d{3}$/m);
    expect(stdout).toMatch(/^structure +\d+$/m);
  });
});

test('a module that go-wasm has linked has its sizes, and no before', async () => {
  const { total, packages, link } = await json('linked.wasm');
  expect(total).toEqual({ name: 'total', after: statSync(join(cwd, 'linked.wasm')).size });
  expect(packages.map(({ name }) => name)).toContain('main');
  expect(link).toBeUndefined();
  expect((await go('report', 'linked.wasm')).stdout).toMatch(/^runtime +\d+$/m);
});

test('two modules are compared', async () => {
  const { title, total, sections } = await json('stock.wasm', 'linked.wasm');
  expect(title).toBe('stock.wasm → linked.wasm');
  expect(total).toMatchObject({
    before: statSync(join(cwd, 'stock.wasm')).size,
    after: statSync(join(cwd, 'linked.wasm')).size,
  });
  expect(sections.find(({ name }) => name === 'go-wasm')).toMatchObject({ before: 0 });
  expect(await go('report', 'stock.wasm', 'go.mod')).toMatchObject({
    code: 1,
    stdout: '',
    stderr: expect.stringMatching(/^go-wasm: GW1020: .*\(go\.mod, at offset 0x0\)/),
  });
});

test('of two programs, what differs comes first', async () => {
  expect(await go('build', '-linkmode=internal', '-ldflags=-s -w', '-o', 'other.wasm', './other')).toMatchObject({
    code: 0,
  });
  const { packages, functions } = await json('stock.wasm', 'other.wasm');
  const change = ({ before, after }: Report['total']) => Math.abs(after - before!);
  expect(packages.map(change)).toEqual(packages.map(change).sort((a, b) => b - a));
  expect(functions.find(({ name }) => name.startsWith('example.com/app/list%2ed.Sum['))).toMatchObject({ after: 0 });
  const { stdout } = await go('report', 'stock.wasm', 'other.wasm');
  expect(stdout).toMatch(/^code by package \(\d+ of \d+ differ\) /m);
  expect(stdout).toMatch(/^example.com\/app\/list\.d +\d+ +0 +gone$/m);
  // Of what is the same, sections have a line each; packages and functions have none.
  const code = stdout.slice(stdout.indexOf('\ncode by package'));
  expect(code).not.toMatch(/^\S.* (\d+) +\1 +1\.000$/m);
});

test('says which functions pay for switching, and by which calls', async () => {
  const { switching } = await json('stock.wasm');
  const { strategy, functions, switchable, through } = switching!;
  expect(strategy).toBe('resume');
  expect(Object.keys(switchable).length).toBeLessThan(functions);
  expect(through[0]!.functions).toBeGreaterThan(100);
  // Each way ends.
  for (const name of Object.keys(switchable)) {
    let steps = 0;
    let way = switchable[name]!;
    while ('calls' in way && steps++ < 100) way = switchable[way.calls]!;
    expect(way).toHaveProperty('end');
  }
  const { stdout } = await go('report', 'stock.wasm');
  expect(stdout).toMatch(/^\d+ of \d+ functions pay for the switching of goroutines .*\n +\d+ through runtime\./m);
});

test('the page has all in it', async () => {
  const page = join(TEMP, 'report.html');
  expect(await go('report', 'stock.wasm', `-html=${page}`)).toMatchObject({ code: 0, stdout: '', stderr: '' });
  const html = readFileSync(page, 'utf8');
  expect(html).not.toMatch(/<(script|link|img)[^>]* (src|href)=/);
  if (!chromium) return;
  const profile = join(TEMP, 'profile');
  const flags = [
    '--headless',
    '--no-sandbox',
    '--disable-gpu',
    `--user-data-dir=${profile}`,
    '--virtual-time-budget=5000',
  ];
  const url = pathToFileURL(page).href;
  const { stdout } = await promisify(execFile)(chromium.path, [...flags, '--dump-dom', url], { maxBuffer: 1 << 26 });
  expect(stdout).toContain('<canvas');
  const { packages, functions } = await json('stock.wasm');
  expect(stdout).toContain(`<summary>Packages: ${packages.length}</summary>`);
  const shown = Math.min(500, functions.length);
  expect(stdout).toContain(`<summary>Functions (the first 500 of ${functions.length}): ${shown}</summary>`);
  expect(stdout).toMatch(/<summary>By which calls: \d{3,}<\/summary>/);
});
