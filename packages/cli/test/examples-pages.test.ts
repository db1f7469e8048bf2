/** The examples that are pages, in headless Chromium, and the one that is a command of Node's: built as their users build them. */
import { cpSync, existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import type { Browser, Page } from 'playwright-core';
import sirv from 'sirv';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { chromium, whyNoChromium } from '../../runtime/test/browser.ts';
import { launch } from '../../runtime/test/playwright.ts';
import { here, installRuntime } from '../../runtime/test/support.ts';
import { goWasm, install, run, TEMP } from './command.ts';

const REAL = await install('real package');
const example = (name: string): string => here(`../../../examples/${name}`);
const pages = join(TEMP, 'the pages');

/** Builds an example, into a folder that has its other files as well. Gives the folder. */
async function made(name: string, ...flags: string[]): Promise<string> {
  const folder = join(pages, name);
  cpSync(example(name), folder, { recursive: true, filter: (path) => !path.endsWith('.go') });
  const result = await goWasm(['build', '-linkmode=external', ...flags, '.'], { cwd: example(name) }, REAL);
  expect(result).toMatchObject({ code: 0, stderr: '' });
  return folder;
}
const module = (name: string): Promise<string> => made(name, '-emit=module', '-o', join(pages, name, name));

test('command', async () => {
  const folder = await made('command', '-o', join(pages, 'command/command.wasm'));
  await installRuntime(folder);
  const command = (args: string[], stdin = '') => run('node', ['command.mjs', ...args], { cwd: folder, stdin });
  const stdout = readFileSync(join(folder, 'expected.txt'), 'utf8');
  expect(await command(['input.txt'])).toMatchObject({ code: 0, stdout, stderr: '' });
  const input = readFileSync(join(folder, 'input.txt'), 'utf8');
  expect(await command(['-top=1'], input)).toMatchObject({ code: 0, stdout: '3 the\n', stderr: '' });
  const missing = { code: 1, stdout: '', stderr: 'command: open missing.txt: No such file or directory\n' };
  expect(await command(['missing.txt'])).toMatchObject(missing);
});

describe.skipIf(!chromium)(whyNoChromium ?? `in Chromium ${chromium!.version}`, { timeout: 120_000 }, () => {
  let browser: Browser;
  let server: Server;
  let page: Page;
  const errors: string[] = [];
  beforeAll(async () => {
    mkdirSync(pages, { recursive: true });
    server = createServer(sirv(pages, { dev: true })).listen(0, '127.0.0.1');
    browser = await launch();
    page = await browser.newPage();
    page.on('pageerror', (error) => errors.push(String(error)));
  }, 60_000);
  afterAll(async () => {
    await browser.close();
    server.closeAllConnections();
    server.close();
    expect(errors).toEqual([]);
  });
  const open = (path: string) => page.goto(`http://127.0.0.1:${(server.address() as AddressInfo).port}/${path}`);
  const text = (selector: string) => page.locator(selector).textContent();

  test('game: what the canvas shows after 60 frames', async () => {
    await module('game');
    await open('game/?frames=60');
    await expect.poll(() => text('p'), { timeout: 30_000 }).toMatch(/^frame 60, /);
    const shown = await page.evaluate(() => document.querySelector('canvas')!.toDataURL('image/png'));
    const expected = join(example('game'), 'expected.png');
    if (process.env.BLESS) writeFileSync(expected, Buffer.from(shown.split(',')[1]!, 'base64'));
    // Pixel by pixel: how an engine compresses them does not matter.
    const different = await page.evaluate(
      async (pictures) => {
        const [a, b] = await Promise.all(
          pictures.map(async (url) => {
            const bitmap = await createImageBitmap(await (await fetch(url)).blob());
            const context = new OffscreenCanvas(bitmap.width, bitmap.height).getContext('2d')!;
            context.drawImage(bitmap, 0, 0);
            return context.getImageData(0, 0, bitmap.width, bitmap.height).data;
          }),
        );
        return a!.length === b!.length ? a!.filter((byte, k) => byte !== b![k]).length : -1;
      },
      [shown, `data:image/png;base64,${readFileSync(expected).toString('base64')}`],
    );
    expect(different, 'bytes of the picture; BLESS=1 writes it anew').toBe(0);
    expect(await text('p')).toBe('frame 60, 13 lost');
  });

  test('game: keys move the paddle', async () => {
    await open('game/?frames=100000');
    const paddle = () =>
      page.evaluate(() => {
        const { data } = document.querySelector('canvas')!.getContext('2d')!.getImageData(0, 113, 160, 1);
        return [...data.keys()].find((k) => k % 4 === 0 && data[k] === 240 && data[k + 1] === 240)! / 4;
      });
    await expect.poll(paddle).toBe(60);
    for (let k = 0; k < 3; k++) await page.keyboard.press('ArrowLeft');
    await expect.poll(paddle).toBe(36);
    await page.keyboard.press('ArrowRight');
    await expect.poll(paddle).toBe(44);
  });

  test('editor: gofmt and the type checker in a worker', async () => {
    await module('editor');
    await open('editor/');
    const problem = '8:21: cannot use "21" (untyped string constant) as int value in argument to double';
    await expect.poll(() => text('ul'), { timeout: 30_000 }).toBe(problem);
    await page.locator('button').click();
    await expect
      .poll(() => page.locator('textarea').inputValue())
      .toContain('func double(n int) int { return 2 * n }\n');
    await page.locator('textarea').fill('package main\n\nfunc main() { x := 1 }\n');
    await expect.poll(() => text('ul')).toBe('3:15: declared and not used: x');
    await page.locator('textarea').fill('package main\n\nfunc main( {}\n');
    await expect.poll(() => text('ul')).toContain('3:12: ');
    await page.locator('textarea').fill('package main\n\nfunc main() {}\n');
    await expect.poll(() => text('ul')).toBe('');
  });

  test('fetch: feeds at once, by functions that wait', async () => {
    await module('fetch');
    await open('fetch/');
    await expect
      .poll(() => text('pre'), { timeout: 30_000 })
      .toBe('First & foremost: one, two\nZweitens: drei\nmissing.xml: 404 Not Found\ndone\n');
  });

  test('drop-in: a page that was written for wasm_exec.js', async () => {
    const folder = await made('drop-in', '-o', join(pages, 'drop-in/app.wasm'));
    await installRuntime(folder);
    await open('drop-in/');
    await expect.poll(() => text('p'), { timeout: 30_000 }).toBe('dress');
  });

  test('esbuild: a playground', async ({ skip }) => {
    const cwd = example('esbuild');
    const { code, stderr } = await run('go', ['mod', 'download'], { cwd });
    skip(code !== 0, `the module of esbuild is not to be had: ${stderr}`);
    await module('esbuild');
    await open('esbuild/');
    await expect
      .poll(() => text('pre'), { timeout: 60_000 })
      .toBe('export const greet = ({ name }) => "hello, " + name;\n');
    await page.locator('input').check();
    await expect.poll(() => text('pre')).toBe('export const greet=({name:e})=>"hello, "+e;\n');
    await page.locator('textarea').fill('let x: = 1');
    await expect.poll(() => text('pre')).toContain('Unexpected "="');
    expect(existsSync(join(pages, 'esbuild/esbuild.d.ts'))).toBe(true);
  });
});
