/** Chromium, driven by Playwright: for tests that change something and look what a page does. */
import { isAbsolute } from 'node:path';
import { type Browser, chromium as playwright } from 'playwright-core';
import { which } from '../../cli/src/toolchain.ts';
import { chromium } from './browser.ts';

/** Starts the browser. The caller closes it. */
export function launch(): Promise<Browser> {
  const { path } = chromium!;
  return playwright.launch({ executablePath: isAbsolute(path) ? path : which(path)!, args: ['--no-sandbox'] });
}
