/** `go-wasm serve`, and the pages that it serves in headless Chromium. */
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Browser, Page } from 'playwright-core';
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest';
import { isTurn } from '../../cfg/test/support/effort.ts';
import { chromium, whyNoChromium } from '../../runtime/test/browser.ts';
import { launch } from '../../runtime/test/playwright.ts';
import { folder, goWasm, install, TEMP, userEnv } from './command.ts';

const REAL = await install('real package');
const MOD = 'module example.com/site\n\ngo 1.24\n';
const GREET = (greeting: string) => `package words\n\nfunc Greeting() string { return ${greeting} }\n`;
const MAIN = `package main

import (
	"fmt"

	"example.com/site/words"
)

//gowasm:export
func greet(name string) string { return words.Greeting() + ", " + name }

func main() {
	fmt.Println("main says", words.Greeting())
	select {}
}
`;
const PAGE = '<!doctype html>\n<p></p>\n<script type="module" src="site.js"></script>\n';
const SCRIPT = "import { greet } from './app.js';\ndocument.querySelector('p').textContent = greet('you');\n";

let child: ChildProcess | undefined;
afterEach(async () => {
  if (child?.exitCode === null && child.kill()) await once(child, 'close');
});

/** Starts the server. Gives its address, and what it has written so far. */
async function serve(args: string[]): Promise<{ url: string; log(): string }> {
  child = spawn(process.execPath, [join(REAL, 'bin.js'), 'serve', '-addr=0', ...args], { env: userEnv(), cwd: TEMP });
  let log = '';
  child.stderr!.setEncoding('utf8').on('data', (data) => (log += data));
  const [first] = await Promise.race([
    once(child.stdout!.setEncoding('utf8'), 'data'),
    once(child, 'close').then(() => Promise.reject(new Error(log))),
  ]);
  return { url: String(first).trim(), log: () => log };
}

describe.skipIf(!chromium)(whyNoChromium ?? `in Chromium ${chromium!.version}`, { timeout: 120_000 }, () => {
  let browser: Browser;
  let page: Page;
  beforeAll(async () => {
    browser = await launch();
    page = await browser.newPage();
  }, 60_000);
  afterAll(() => browser.close());
  const shows = (selector: string, text: string) =>
    page.waitForFunction(
      ([selector, text]) => document.querySelector(selector!)?.textContent?.includes(text!),
      [selector, text],
      { timeout: 60_000 },
    );

  test.runIf(isTurn('odd'))('reloads when Go or the page changes, and shows what does not compile', async () => {
    const files = { 'go.mod': MOD, 'words/words.go': GREET('"hello"'), 'cmd/app/main.go': MAIN };
    const root = folder('a site', { ...files, 'public/index.html': PAGE, 'public/site.js': SCRIPT });
    const { url, log } = await serve([`-dir=${join(root, 'public')}`, '-C', root, '-ldflags=-s', './cmd/app']);
    await page.goto(url);
    await shows('p', 'hello, you');
    expect(log()).toMatch(/^built in \d+\.\d s\n/);

    writeFileSync(join(root, 'words/words.go'), GREET('"bye"'));
    await shows('p', 'bye, you');
    writeFileSync(join(root, 'public/site.js'), SCRIPT.replace('you', 'them'));
    await shows('p', 'bye, them');

    writeFileSync(join(root, 'words/words.go'), GREET('missing'));
    await shows('go-wasm-error', 'words.go:3:33: undefined: missing');
    // What was built before is still there, and what is wrong is shown by a page that is loaded now.
    await page.reload();
    await shows('go-wasm-error', 'undefined: missing');
    await shows('p', 'bye, them');
    writeFileSync(join(root, 'words/words.go'), GREET('"fixed"'));
    await shows('p', 'fixed, them');
    expect(await page.locator('go-wasm-error').count()).toBe(0);
  });

  test('a folder without a page gets one, which says what the program prints', async () => {
    const files = { 'go.mod': MOD, 'words/words.go': GREET('"hello"'), 'main.go': MAIN };
    const root = folder('no page', files);
    const { url } = await serve(['-isolated', root]);
    await page.goto(url);
    await shows('pre', 'main says hello');
    await expect.poll(() => page.evaluate('globalThis.app?.greet("console")')).toBe('hello, console');
    expect(await page.evaluate('crossOriginIsolated')).toBe(true);
    const response = await fetch(`${url}no%20page.wasm`);
    expect(response.headers.get('content-type')).toBe('application/wasm');
    expect(response.headers.get('cross-origin-embedder-policy')).toBe('require-corp');
  });

  test('serves nothing outside of its folders, and ends when it is told to', async () => {
    const root = folder('closed', { 'go.mod': MOD, 'main.go': 'package main\n\nfunc main() {}\n', 'site/a.txt': 'a' });
    const { url } = await serve(['-dir', join(root, 'site'), root]);
    expect(await (await fetch(`${url}a.txt`)).text()).toBe('a');
    for (const path of ['%2e%2e/main.go', '..%2fmain.go', '.go-wasm/none', '%2e%2e%2findex.html', 'none.html']) {
      expect((await fetch(url + path)).status).toBe(404);
    }
    expect((await fetch(`${url}.go-wasm/page.js`)).headers.get('content-type')).toBe('text/javascript');
    child!.kill();
    expect(await once(child!, 'close')).toEqual([0, null]);
  });
});

test('what cannot be served', async () => {
  const cwd = folder('elsewhere', { 'go.mod': MOD });
  const say = async (...args: string[]) => (await goWasm(['serve', ...args], { cwd }, REAL)).stderr;
  expect(await say('-addr=x')).toContain('-addr takes PORT, or HOST:PORT');
  expect(await say('./a', './b')).toContain('takes one package');
  expect(await say('./nowhere')).toContain('there is no package ./nowhere');
  expect((await goWasm(['serve', '-h'], {}, REAL)).stdout).toContain('Usage: go-wasm serve');
});
