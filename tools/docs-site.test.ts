/** The documentation: links lead somewhere, samples run, and the site can be made. */
import { execFile } from 'node:child_process';
import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join, relative } from 'node:path';
import { promisify } from 'node:util';
import { afterAll, describe, expect, test } from 'vitest';
import { isTurn, ofToday } from '../packages/cfg/test/support/effort.ts';
import { root } from './src/paths.ts';

const run = promisify(execFile);
const docs = join(root, 'docs');
const pages = [
  ...readdirSync(docs, { recursive: true, encoding: 'utf8' })
    .filter((name) => name.endsWith('.md') && !name.startsWith('.vitepress'))
    .map((name) => join(docs, name)),
  join(root, 'README.md'),
];
const temp = mkdtempSync(join(tmpdir(), 'go-wasm docs-'));
afterAll(() => rmSync(temp, { recursive: true, force: true }));

/** The anchors of a page: of its headings, as GitHub and VitePress make them. */
function anchors(file: string): Set<string> {
  const text = readFileSync(file, 'utf8').replace(/^```[\s\S]*?^```/gm, '');
  const headings = [...text.matchAll(/^#+ (.*)$/gm)].map(([, heading]) => heading!);
  return new Set(
    headings.map((heading) =>
      heading
        .replace(/\[([^\]]*)\]\([^)]*\)/g, '$1')
        .toLowerCase()
        .replace(/[^\p{L}\p{N} _-]/gu, '')
        .trim()
        .replaceAll(' ', '-'),
    ),
  );
}

test.each(pages.map((page) => relative(root, page)))('links of %s lead somewhere', (name) => {
  const page = join(root, name);
  const text = readFileSync(page, 'utf8').replace(/^```[\s\S]*?^```/gm, '');
  const dead: string[] = [];
  for (const [, link] of text.matchAll(/\]\(([^)\s]+)\)/g)) {
    if (/^(https?:|mailto:)/.test(link!)) continue;
    const [path, anchor] = link!.split('#') as [string, string | undefined];
    // From the root: a picture that the site draws.
    if (path.startsWith('/') && path.endsWith('.svg')) continue;
    const target = path === '' ? page : join(dirname(page), path);
    if (!existsSync(target)) dead.push(link!);
    // Of docstrings' pages TypeDoc sees to it.
    else if (
      anchor !== undefined &&
      target.endsWith('.md') &&
      !name.startsWith('docs/api') &&
      !anchors(target).has(anchor)
    )
      dead.push(link!);
  }
  expect(dead).toEqual([]);
});

/** Code blocks of a page, with their language. */
function samples(name: string): { language: string; code: string }[] {
  const text = readFileSync(join(docs, name), 'utf8');
  return [...text.matchAll(/^```(\w+)\n([\s\S]*?)^```$/gm)].map(([, language, code]) => ({
    language: language!,
    code: code!,
  }));
}

const guides = readdirSync(join(docs, 'guide'))
  .map((name) => `guide/${name}`)
  .filter((name) => samples(name).some(({ language }) => language === 'sh'));

describe.skipIf(process.platform === 'win32')('samples (their shell is not that of Windows)', () => {
  // Files are named in their first line; what a text says behind shell lines is what these print.
  test.each(ofToday(guides, { count: Math.ceil(guides.length / 3) }))(
    'of %s',
    async (name) => {
      const folder = join(temp, name.replace(/\W+/g, ' '));
      mkdirSync(folder);
      symlinkSync(join(root, 'node_modules'), join(folder, 'node_modules'));
      const command = `npx() { shift; '${process.execPath}' '${join(root, 'packages/go-wasm/bin/go-wasm.js')}' "$@"; }`;
      const { GOOS: _os, GOARCH: _arch, NODE_OPTIONS: _options, ...env } = process.env;
      let printed = '';
      for (const { language, code } of samples(name)) {
        const [, file] = /^\/\/ (\S+)\n/.exec(code) ?? [];
        if (file !== undefined) writeFileSync(join(folder, file), code);
        else if (language === 'sh') {
          const { stdout } = await run('bash', ['-ec', `${command}\n${code}`], {
            cwd: folder,
            env: { ...env, GOFLAGS: '-buildvcs=false -modcacherw', GO_WASM_CACHE: join(temp, 'cache') },
            timeout: 120_000,
          });
          printed = stdout;
        } else if (language === 'text') expect(printed).toBe(code);
      }
    },
    240_000,
  );
});

test('commands in the other pages are those that there are', async () => {
  const { stdout } = await run(process.execPath, [join(root, 'packages/go-wasm/bin/go-wasm.js'), 'help']);
  const commands = new Set([...stdout.matchAll(/^ {2}(\w+) /gm)].map(([, name]) => name));
  expect(commands).toContain('build');
  for (const page of pages.filter((page) => !page.startsWith(join(docs, 'api')))) {
    const shell = [...readFileSync(page, 'utf8').matchAll(/^```(?:sh)?\n([\s\S]*?)^```$/gm)].map(([, code]) => code);
    for (const [, name] of shell.join('').matchAll(/^(?:\w+=\S+ )*(?:npx )?go-wasm (\w+)/gm)) {
      expect(commands, page).toContain(name);
    }
  }
});

test('results: tables of what the benchmarks have written', async () => {
  const folder = join(temp, 'results');
  mkdirSync(folder);
  const engine = { name: 'node26', version: '26.1' };
  const setting = { go: 'go1.26.8', goos: 'js', engine, rounds: 2 };
  const json = {
    'bench.json': {
      ...setting,
      native: { fib: 1 },
      runs: [
        { name: 'stock', times: { fib: 4 }, speedUp: 1 },
        { name: '', times: { fib: 2 }, speedUp: 2 },
      ],
    },
    'bench-real.json': {
      ...setting,
      programs: [
        { program: 'esbuild', forms: ['native', 'stock', ''].map((name, k) => ({ name, cpu: 10 * (3 - k) })) },
      ],
    },
    'bench-switch.json': {
      ...setting,
      hosts: [
        {
          engine,
          goos: 'js',
          cells: [
            { strategy: 'jump-table', corpus: { fib: 4 }, switch: { spawn: 300 } },
            { strategy: 'resume', corpus: { fib: 2 }, switch: { spawn: 100 } },
          ],
        },
      ],
    },
    'bench-runtime-node26.json': {
      ...{ go: 'go1.26.8', engine: 'node26 26.1', rounds: 2, columns: ['a', 'b', 'c', 'd'] },
      times: [400, 100, 300, 100].map((ns) => ({ Call: ns })),
    },
    'something else.json': {},
  };
  const files = Object.entries(json).map(([name, value]) => {
    writeFileSync(join(folder, name), JSON.stringify(value));
    return join(folder, name);
  });
  const { default: loader } = await import('../docs/results.data.ts');
  const tables = loader.load(files);
  expect(tables.map(({ title }) => title)).toEqual([
    'Small programs',
    'Real programs',
    'Switch strategies: node26',
    'Between Go and JavaScript: node26 26.1',
  ]);
  expect(tables.map(({ rows }) => rows)).toEqual([
    [
      ['fib', '1.00', '4.00 (1.00 ×)', '2.00 (2.00 ×)'],
      ['geometric mean', '', '1.00 ×', '2.00 ×'],
    ],
    [['esbuild', '30.00 (0.67 ×)', '20.00 (1.00 ×)', '10.00 (2.00 ×)']],
    [
      ['fib, ms', '4.00 (1.00 ×)', '2.00 (2.00 ×)'],
      ['spawn, ns', '300.00 (1.00 ×)', '100.00 (3.00 ×)'],
    ],
    [['Call', '400.00 (1.00 ×)', '100.00 (4.00 ×)', '300.00 (1.00 ×)', '100.00 (3.00 ×)']],
  ]);
});

test.runIf(isTurn('even'))('the site is made, without dead links', { timeout: 240_000 }, async () => {
  const flags = ['--disable-warning=ExperimentalWarning', '--conditions=@go-wasm/source', '--import', './tools/ts.js'];
  await run(process.execPath, [...flags, 'tools/src/docs-site.ts'], { cwd: root });
  const page = readFileSync(join(docs, '.vitepress/dist/how-it-works.html'), 'utf8');
  for (const [, picture] of page.matchAll(/<img src="\/([^"]+)"/g)) {
    expect(existsSync(join(docs, '.vitepress/dist', picture!)), picture).toBe(true);
  }
  // Links to files of the repository are texts.
  const strategies = readFileSync(join(docs, '.vitepress/dist/strategies.html'), 'utf8');
  expect(strategies).toMatch(/<span title="packages\/linker\/src\/strategies\/sp-lowering.ts">/);
  expect(strategies).not.toMatch(/href="[^"]*packages\//);
});
