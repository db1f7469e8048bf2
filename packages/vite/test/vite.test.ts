/** The plugin in real Vite: dev server, production, server-side rendering; pages in headless Chromium. */
import { existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { build as bundle } from 'esbuild';
import type { Browser } from 'playwright-core';
import ts from 'typescript';
import type { InlineConfig, Plugin, ViteDevServer } from 'vite';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { isTurn } from '../../cfg/test/support/effort.ts';
import { folder, install, run, TEMP } from '../../cli/test/command.ts';
import { chromium, whyNoChromium } from '../../runtime/test/browser.ts';
import { launch } from '../../runtime/test/playwright.ts';
import { here } from '../../runtime/test/support.ts';
import type { GoWasmOptions } from '../src/index.ts';

/** Another Vite than the one installed: the path of its package. */
const { VITE } = process.env;
const { build, createServer, preview, version }: typeof import('vite') = VITE
  ? await import(pathToFileURL(join(VITE, 'dist/node/index.js')).href)
  : await import('vite');

/** The plugin, with the command as it is installed. */
const REAL = await install('real package');
await bundle({
  ...{ entryPoints: [here('../../vite/src/index.ts')], bundle: true, platform: 'node', format: 'esm' },
  plugins: [
    {
      name: 'installed',
      setup: ({ onResolve }) =>
        onResolve({ filter: /^@go-wasm\/cli$/ }, () => ({ path: join(REAL, 'dist/index.js'), external: true })),
    },
  ],
  outfile: join(TEMP, 'plugin.mjs'),
});
const { goWasm }: { goWasm(options?: GoWasmOptions): Plugin } = await import(
  pathToFileURL(join(TEMP, 'plugin.mjs')).href
);

const GREET = (greeting: string) =>
  `package words\n\n// Greeting is what is said.\nfunc Greeting() string { return ${greeting} }\n`;

/** A project: a page, two Go packages in one module, one of them a program; and a third for both. */
function project(name: string): string {
  return folder(name, {
    'go.mod': 'module example.com/site\n\ngo 1.24\n',
    'words/words.go': GREET('"hello"'),
    'src/greet/main.go': `package main

import (
	_ "embed"
	"strings"
	"time"

	"example.com/site/words"
)

//go:embed sign.txt
var sign string

// Greet says hello.
//
//gowasm:export
func greet(name string) string { return words.Greeting() + ", " + name + strings.TrimSpace(sign) }

//gowasm:async
func later(name string) string {
	time.Sleep(time.Millisecond)
	return greet(name)
}

func main() { select {} }
`,
    'src/greet/sign.txt': '!\n',
    'src/count/count.go': 'package count\n\n//gowasm:export count\nfunc Count(text string) int { return len(text) }\n',
    'src/main.js': `import { greet, later } from './greet/main.go';
import { count } from './count';
export const text = [greet('you'), await later('me'), count('four')].join(' ');
if (typeof document !== 'undefined') document.querySelector('p').textContent = text;
`,
    'index.html': '<!doctype html><p></p><script type="module" src="/src/main.js"></script>\n',
  });
}

const TEXT = 'hello, you! hello, me! 4';
const config = (root: string, more: InlineConfig = {}): InlineConfig => ({
  ...{ root, configFile: false, logLevel: 'silent', plugins: [goWasm()], clearScreen: false },
  ...more,
  // As the README says: by default Vite 6 builds for browsers without `await` at the top level.
  ...(version.startsWith('6.') && { build: { ...more.build, target: 'es2022' } }),
});

let browser: Browser | undefined;
const closing: (() => Promise<unknown>)[] = [];
beforeAll(async () => {
  if (!chromium) return;
  browser = await launch();
  closing.push(() => browser!.close());
});
afterAll(async () => {
  for (const close of closing.reverse()) await close();
});

async function serve(root: string): Promise<{ server: ViteDevServer; url: string }> {
  const server = await createServer(config(root, { server: { port: 0, host: '127.0.0.1' } }));
  closing.push(() => server.close());
  await server.listen();
  return { server, url: server.resolvedUrls!.local[0]! };
}

describe.skipIf(!chromium)(
  whyNoChromium ?? `Vite ${version} in Chromium ${chromium!.version}`,
  { timeout: 120_000 },
  () => {
    test.runIf(isTurn('even'))('dev server: reload, and errors in the overlay', async () => {
      const root = project('dev server');
      const { url } = await serve(root);
      const page = await browser!.newPage();
      const shows = (text: string) =>
        page.waitForFunction((text) => document.querySelector('p')?.textContent === text, text, { timeout: 60_000 });
      const change = (file: string, text: string) => writeFileSync(join(root, file), text);
      await page.goto(url);
      await shows(TEXT);

      // A package that the imported one imports; a file that it embeds; a new file.
      change('words/words.go', GREET('"bye"'));
      await shows(TEXT.replaceAll('hello', 'bye'));
      change('src/greet/sign.txt', '?');
      await shows(TEXT.replaceAll('hello', 'bye').replaceAll('!', '?'));
      change('words/more.go', 'package words\n\nconst more = "aha"\n');
      change('words/words.go', GREET('more'));
      await shows(TEXT.replaceAll('hello', 'aha').replaceAll('!', '?'));

      // What the compiler says, with its place.
      change('words/words.go', GREET('5'));
      const overlay = page.locator('vite-error-overlay');
      await overlay.waitFor({ state: 'attached', timeout: 60_000 });
      const shown = (await overlay.locator('.window').textContent())!;
      expect(shown).toContain('cannot use 5 (untyped int constant) as string value in return statement');
      expect(shown).toContain('words/words.go:4:33');
      expect(shown).toContain('4 | func Greeting() string { return 5 }');

      change('words/words.go', GREET('"again"'));
      await shows(TEXT.replaceAll('hello', 'again').replaceAll('!', '?'));
      expect(await overlay.count()).toBe(0);
      await page.close();
    });

    test('production: hashed names, served from a folder', async () => {
      const root = project('production');
      await build(config(root, { base: '/below/' }));
      const assets = readdirSync(join(root, 'dist/assets'));
      expect(assets.filter((name) => /^greet-[\w-]{8}\.wasm$/.test(name))).toHaveLength(1);
      expect(assets.filter((name) => name.endsWith('.wasm'))).toHaveLength(2);
      const server = await preview(config(root, { base: '/below/', preview: { port: 0, host: '127.0.0.1' } }));
      const page = await browser!.newPage();
      await page.goto(server.resolvedUrls!.local[0]!);
      await page.waitForFunction((text) => document.querySelector('p')?.textContent === text, TEXT);
      await page.close();
      await server.close();
    });
  },
);

describe('on a server', { timeout: 120_000 }, () => {
  test('dev server', async () => {
    const root = project('server in dev');
    const { server } = await serve(root);
    const { text } = await server.ssrLoadModule('/src/main.js');
    expect(text).toBe(TEXT);
    writeFileSync(join(root, 'words/words.go'), GREET('"new"'));
    await expect
      .poll(async () => (await server.ssrLoadModule('/src/main.js')).text, { timeout: 30_000 })
      .toBe(TEXT.replaceAll('hello', 'new'));
  });

  test('production', async () => {
    const root = project('server in production');
    await build(config(root, { build: { ssr: 'src/main.js', outDir: 'the server' } }));
    const code = `console.log((await import(${JSON.stringify(pathToFileURL(join(root, 'the server/main.mjs')))})).text)`;
    const { stdout, stderr } = await run('node', ['--input-type=module', '-e', code]);
    expect({ stdout, stderr }).toEqual({ stdout: `${TEXT}\n`, stderr: '' });
  });
});

test('a build that fails says where', async () => {
  const root = project('broken');
  writeFileSync(join(root, 'words/words.go'), GREET('x'));
  const error = await build(config(root)).catch((error) => error);
  expect(error.message).toContain('undefined: x');
  expect(error.message).toContain('words/words.go');
});

test('declarations are beside what is imported, and TypeScript goes by them', async () => {
  const root = project('types');
  await build(config(root));
  expect(readFileSync(join(root, 'src/greet/main.d.go.ts'), 'utf8')).toContain('/** Greet says hello. */');
  const check = (code: string): string[] => {
    const file = join(root, 'src/user.ts');
    writeFileSync(file, `import { greet } from './greet/main.go';\nimport { count } from './count';\n${code}\n`);
    const program = ts.createProgram([file], {
      ...{ strict: true, noEmit: true, types: [], lib: ['lib.es2023.d.ts'], allowArbitraryExtensions: true },
      ...{ module: ts.ModuleKind.ESNext, moduleResolution: ts.ModuleResolutionKind.Bundler },
    });
    return ts
      .getPreEmitDiagnostics(program)
      .map(({ messageText }) => ts.flattenDiagnosticMessageText(messageText, '\n'));
  };
  expect(check('export const n: number = count(greet("x"));')).toEqual([]);
  expect(check('export const n = count(greet(1));')).toEqual([expect.stringContaining("'number' is not assignable")]);
});

test('what is not Go’s stays as it is', async () => {
  const root = project('others');
  const files = {
    'src/count/index.js': 'export const count = () => 7;\n',
    'src/text.js': "import { count } from './count';\nexport const seven = count();\n",
  };
  for (const [name, text] of Object.entries(files)) {
    mkdirSync(dirname(join(root, name)), { recursive: true });
    writeFileSync(join(root, name), text);
  }
  await build(config(root, { build: { ssr: 'src/text.js' }, plugins: [goWasm({ types: false })] }));
  expect(readdirSync(join(root, 'dist'))).toEqual(['text.mjs']);
  expect(existsSync(join(root, 'src/count/index.d.ts'))).toBe(false);
});
