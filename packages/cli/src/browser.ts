/** Browsers that run programs. The library that drives Chromium takes a moment to load, so it is loaded when it is needed. */
import { execFileSync } from 'node:child_process';
import { existsSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { type Choice, engineFlags, parseTarget } from '@go-wasm/linker/targets';
import type { Browser, BrowserServer, LaunchOptions } from 'playwright-core';
import { checkEngine, stackSize } from './engine.ts';
import { EnvironmentError } from './errors.ts';
import { startFirefox } from './firefox.ts';
import { which } from './toolchain.ts';

export const BROWSERS = ['chromium', 'firefox'] as const;
export type BrowserName = (typeof BROWSERS)[number];

export function isBrowser(host: string | undefined): host is BrowserName {
  return BROWSERS.some((name) => name === host);
}

/** Where the link to the browser is that programs share: each has a page of its own in it. */
export const ENDPOINT_VARIABLE = 'GO_WASM_BROWSER_ENDPOINT';
/** The user's choice of a browser: a path. */
const PATH_VARIABLE = 'GO_WASM_BROWSER';

/** The names that systems have for it. */
const COMMANDS: Readonly<Record<BrowserName, readonly string[]>> = {
  chromium: ['chromium', 'chromium-browser', 'google-chrome', 'google-chrome-stable', 'microsoft-edge'],
  firefox: ['firefox', 'firefox-esr'],
};

/** Where Firefox is on systems that put programs elsewhere than in PATH. */
const FIREFOX_PLACES: readonly string[] = [
  '/Applications/Firefox.app/Contents/MacOS/firefox',
  ...[process.env.ProgramFiles, process.env['ProgramFiles(x86)']]
    .filter((folder) => folder !== undefined)
    .map((folder) => join(folder, 'Mozilla Firefox', 'firefox.exe')),
];

function inSystem(name: BrowserName): string[] {
  return COMMANDS[name].map((command) => which(command)).filter((path) => path !== undefined);
}

function notInstalled(name: BrowserName, asked: string | undefined): EnvironmentError {
  const system = name === 'chromium' ? 'Chromium, Chrome or Edge' : 'Firefox';
  return new EnvironmentError('GW4032', `${name} is not installed${asked ? `: there is no ${asked}` : ''}`, {
    hint: `install ${system}, or run npx playwright install ${name}; ${PATH_VARIABLE}=PATH names one`,
  });
}

function doesNotStart(name: BrowserName, why: string, cause?: unknown): EnvironmentError {
  return new EnvironmentError('GW4032', `${name} does not start: ${why}`, {
    hint: `start it by hand to see why; ${PATH_VARIABLE}=PATH names another one`,
    cause,
  });
}

/** The flags of V8: for strategies, and for Go's recursion. */
function options(strategy: Choice['strategy']): LaunchOptions {
  const stack = stackSize();
  const flags = engineFlags(parseTarget('chromium'), strategy).map((flag) => flag.replace('--js-flags=', ''));
  if (stack !== undefined) flags.push(`--stack-size=${stack}`);
  return { headless: true, args: [`--js-flags=${flags.join(',')}`] };
}

/** Tries where Chromium may be: where the user says; the library's own; the system's. */
async function startChromium<Started>(launch: (where: LaunchOptions) => Promise<Started>): Promise<Started> {
  const asked = process.env[PATH_VARIABLE];
  const places: LaunchOptions[] = asked
    ? [{ executablePath: asked }]
    : [
        {},
        // What `playwright install --no-shell` leaves out is what it takes by itself.
        { channel: 'chromium' },
        ...inSystem('chromium').map((executablePath) => ({ executablePath })),
        { channel: 'chrome' },
        { channel: 'msedge' },
      ];
  for (const place of places) {
    try {
      return await launch(place);
    } catch (cause) {
      const { message } = cause as Error;
      if (/executable doesn't exist|is not found at/i.test(message)) continue;
      throw doesNotStart('chromium', message.split('\n', 1)[0]!, cause);
    }
  }
  throw notInstalled('chromium', asked);
}

/** Where Firefox is: as {@link startChromium}, but the system's before the library's own. */
async function findFirefox(): Promise<string> {
  const asked = process.env[PATH_VARIABLE];
  const { firefox } = await import('playwright-core');
  const places = asked ? [asked] : [...inSystem('firefox'), ...FIREFOX_PLACES, firefox.executablePath()];
  const path = places.find(existsSync);
  if (path === undefined) throw notInstalled('firefox', asked);
  return path;
}

/**
 * A browser that several programs share, where that can be: each Firefox has one program. Undefined for it, if it is there.
 *
 * @throws EnvironmentError
 */
export async function serveBrowser(
  name: BrowserName,
  strategy: Choice['strategy'],
): Promise<BrowserServer | undefined> {
  if (name === 'chromium') {
    const { chromium } = await import('playwright-core');
    return startChromium((where) => chromium.launchServer({ ...options(strategy), ...where }));
  }
  await findFirefox();
  return undefined;
}

/** The browser that is shared, if there is one, or one of our own. */
async function openChromium(strategy: Choice['strategy']): Promise<Browser> {
  const { chromium } = await import('playwright-core');
  const endpoint = process.env[ENDPOINT_VARIABLE];
  const browser = endpoint
    ? await chromium.connect(endpoint)
    : await startChromium((where) => chromium.launch({ ...options(strategy), ...where }));
  try {
    checkVersion('chromium', browser.version(), strategy);
  } catch (error) {
    await browser.close();
    throw error;
  }
  return browser;
}

function checkVersion(name: BrowserName, version: string, strategy: Choice['strategy']): void {
  checkEngine(parseTarget(name + version), `${name} ${version}`, strategy);
}

/**
 * Opens a page.
 *
 * @param url what is visited.
 * @param gone called when the page has ended by itself, with the reason.
 * @param profile where to write a CPU profile when the page is closed; Chromium only.
 * @returns what closes it.
 * @throws EnvironmentError if there is no such browser, or it cannot run the strategy's programs.
 */
export async function openPage(
  name: BrowserName,
  strategy: Choice['strategy'],
  url: string,
  gone: (why: Error) => void,
  profile?: string,
): Promise<() => Promise<void>> {
  if (name === 'firefox') {
    const path = await findFirefox();
    const [version = ''] = /\d+(\.\d+)*/.exec(execFileSync(path, ['--version'], { encoding: 'utf8' })) ?? [];
    checkVersion(name, version, strategy);
    const firefox = await startFirefox(path, url);
    firefox.ended.then((words) => gone(doesNotStart(name, words)));
    return firefox.close;
  }
  const browser = await openChromium(strategy);
  const page = await browser.newPage();
  page.on('crash', () =>
    gone(new EnvironmentError('GW4034', 'the page has crashed', { hint: 'it may have had too little memory' })),
  );
  let close = () => browser.close();
  if (profile !== undefined) {
    const session = await page.context().newCDPSession(page);
    await session.send('Profiler.enable');
    await session.send('Profiler.start');
    close = async () => {
      writeFileSync(profile, JSON.stringify((await session.send('Profiler.stop')).profile));
      await browser.close();
    };
  }
  await page.goto(url, { waitUntil: 'commit' });
  return close;
}
