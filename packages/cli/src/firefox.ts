/**
 * Firefox at one page: any release, and Playwright's. Chromium is driven by Playwright, which needs a Firefox of its own or a very
 * new one; and as the page talks to us over a WebSocket, there is nothing to drive.
 */
import { type ChildProcess, spawn } from 'node:child_process';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { stripVTControlCharacters } from 'node:util';

/** For a profile that nobody has used before, and nobody looks at. */
const PREFERENCES: Readonly<Record<string, boolean | number | string>> = {
  // A program may compute for long; it is ended with the page.
  'dom.max_script_run_time': 0,
  'dom.max_chrome_script_run_time': 0,
  // The page closes itself, and Firefox with it, when whoever has opened it is gone.
  'dom.allow_scripts_to_close_windows': true,
  // Nothing is shown, asked, fetched or reported but the page.
  'app.normandy.enabled': false,
  'app.update.enabled': false,
  'app.update.disabledForTesting': true,
  'browser.aboutwelcome.enabled': false,
  'browser.cache.disk.enable': false,
  'browser.sessionstore.resume_from_crash': false,
  'browser.shell.checkDefaultBrowser': false,
  'browser.startup.homepage_override.mstone': 'ignore',
  'browser.tabs.warnOnClose': false,
  'datareporting.policy.dataSubmissionEnabled': false,
  'extensions.update.enabled': false,
  'network.captive-portal-service.enabled': false,
  'network.connectivity-service.enabled': false,
  'services.settings.server': '',
  'toolkit.startup.max_resumed_crashes': -1,
  'toolkit.telemetry.enabled': false,
  'trailhead.firstrun.didSeeAboutWelcome': true,
};

export interface Firefox {
  /** When it has ended: the last line that it wrote on standard error, for it may say why. */
  readonly ended: Promise<string>;
  close(): Promise<void>;
}

/** Starts it without a window, in a profile of its own. */
export async function startFirefox(path: string, url: string): Promise<Firefox> {
  const profile = await mkdtemp(join(tmpdir(), 'go-wasm-firefox-'));
  const lines = Object.entries(PREFERENCES).map(([name, value]) => `user_pref("${name}", ${JSON.stringify(value)});\n`);
  await writeFile(join(profile, 'user.js'), lines.join(''));
  const env = { ...process.env, MOZ_CRASHREPORTER_DISABLE: '1' };
  const args = ['--headless', '--no-remote', '--profile', profile, url];
  const child = spawn(path, args, { env, stdio: ['ignore', 'ignore', 'pipe'] });
  const kill = (): void => void child.kill('SIGKILL');
  process.on('exit', kill);
  const ended = lastWords(child).finally(() => process.off('exit', kill));
  return {
    ended,
    async close() {
      kill();
      await ended;
      // Its other processes end a moment later, and write until then.
      await rm(profile, { recursive: true, force: true, maxRetries: 10, retryDelay: 50 });
    },
  };
}

function lastWords(child: ChildProcess): Promise<string> {
  return new Promise((resolve) => {
    let words = '';
    child.stderr!.setEncoding('utf8').on('data', (text: string) => {
      words = (words + text).slice(-2000);
    });
    child.on('error', ({ message }) => resolve(message));
    child.on('exit', () => resolve(stripVTControlCharacters(words).trimEnd().split('\n').at(-1)!));
  });
}
