/** Browsers that run programs. The library behind it takes a moment to load, so it is loaded when it is needed. */
import { type Choice, engineFlags, parseTarget } from '@go-wasm/linker/targets';
import type { Browser, BrowserServer, BrowserType, LaunchOptions } from 'playwright-core';
import { checkEngine, stackSize } from './engine.ts';
import { EnvironmentError } from './errors.ts';
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

/** The names that systems have for it. Firefox must be the library's own. */
const COMMANDS: Readonly<Record<BrowserName, readonly string[]>> = {
  chromium: ['chromium', 'chromium-browser', 'google-chrome', 'google-chrome-stable', 'microsoft-edge'],
  firefox: [],
};

async function load(name: BrowserName): Promise<BrowserType> {
  return (await import('playwright-core'))[name];
}

/** The flags of V8: for strategies, and for Go's recursion. */
function options(name: BrowserName, strategy: Choice['strategy']): LaunchOptions {
  if (name !== 'chromium') return { headless: true };
  const stack = stackSize();
  const flags = engineFlags(parseTarget(name), strategy).map((flag) => flag.replace('--js-flags=', ''));
  if (stack !== undefined) flags.push(`--stack-size=${stack}`);
  return { headless: true, args: [`--js-flags=${flags.join(',')}`] };
}

/** Tries where the browser may be: where the user says; the library's own; the system's. */
async function start<Started>(name: BrowserName, launch: (where: LaunchOptions) => Promise<Started>): Promise<Started> {
  const asked = process.env[PATH_VARIABLE];
  const found = COMMANDS[name].map((command) => which(command)).filter((path) => path !== undefined);
  const places: LaunchOptions[] = asked
    ? [{ executablePath: asked }]
    : [
        {},
        ...found.map((executablePath) => ({ executablePath })),
        ...(name === 'chromium' ? [{ channel: 'chrome' }, { channel: 'msedge' }] : []),
      ];
  for (const place of places) {
    try {
      return await launch(place);
    } catch (cause) {
      const { message } = cause as Error;
      if (/executable doesn't exist|is not found at/i.test(message)) continue;
      throw new EnvironmentError('GW4032', `${name} does not start: ${message.split('\n', 1)[0]}`, {
        hint: `start it by hand to see why; ${PATH_VARIABLE}=PATH names another one`,
        cause,
      });
    }
  }
  throw new EnvironmentError('GW4032', `${name} is not installed${asked ? `: there is no ${asked}` : ''}`, {
    hint:
      name === 'chromium'
        ? `install Chromium, Chrome or Edge, or run npx playwright install chromium; ${PATH_VARIABLE}=PATH names one`
        : `run npx playwright install ${name}`,
  });
}

/** A browser that several programs may share. @throws EnvironmentError */
export async function serveBrowser(name: BrowserName, strategy: Choice['strategy']): Promise<BrowserServer> {
  const type = await load(name);
  return start(name, (where) => type.launchServer({ ...options(name, strategy), ...where }));
}

/** The browser that is shared, if there is one, or one of our own. @throws EnvironmentError if it cannot run the strategy's programs, or there is none. */
export async function openBrowser(name: BrowserName, strategy: Choice['strategy']): Promise<Browser> {
  const type = await load(name);
  const endpoint = process.env[ENDPOINT_VARIABLE];
  const browser = endpoint
    ? await type.connect(endpoint)
    : await start(name, (where) => type.launch({ ...options(name, strategy), ...where }));
  try {
    checkEngine(parseTarget(name + browser.version()), `${name} ${browser.version()}`, strategy);
  } catch (error) {
    await browser.close();
    throw error;
  }
  return browser;
}
