/** Pages in headless Chromium. */
import { spawn } from 'node:child_process';
import { mkdtempSync } from 'node:fs';
import { rm } from 'node:fs/promises';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type Engine, findEngine } from '../../../tools/src/engines.ts';

export const chromium: Engine | undefined = await findEngine('chromium');
/** The title of tests that are skipped. */
export const whyNoChromium: string | undefined = chromium ? undefined : 'Chromium is not installed';
if (!chromium) console.warn('the tests in Chromium are skipped: it is not installed (npm run engines)');

const FLAGS =
  '--headless --no-sandbox --disable-gpu --disable-quic --no-first-run --disable-background-networking --disable-component-update --disable-sync';

/** What a server sends: its type and itself. */
export type File = [type: string, body: Uint8Array | string];

/**
 * Visits a page. It tells results by `fetch('result/NAME', { method: 'POST', body: JSON })`.
 *
 * @param count how many results there are to wait for, a minute at most.
 * @param find the file of a name; the page's is empty.
 * @param headers sent with each file.
 */
export async function visit(
  count: number,
  find: (name: string) => File | undefined,
  headers: Record<string, string> = {},
): Promise<Record<string, unknown>> {
  const results: Record<string, unknown> = {};
  let done!: () => void;
  const finished = new Promise<void>((resolve) => {
    done = resolve;
  });
  const server = createServer(async (request, response) => {
    const name = request.url!.slice(1);
    if (name.startsWith('result/')) {
      let text = '';
      for await (const chunk of request) text += chunk;
      results[name.slice('result/'.length)] = JSON.parse(text);
      response.end();
      if (Object.keys(results).length === count) done();
      return;
    }
    const file = find(name);
    if (!file) response.writeHead(404).end();
    else response.writeHead(200, { 'content-type': file[0], ...headers }).end(file[1]);
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}/`;
  const profile = mkdtempSync(join(tmpdir(), 'go-wasm-chromium-'));
  const child = spawn(chromium!.path, [...FLAGS.split(' '), `--user-data-dir=${profile}`, url], { stdio: 'ignore' });
  const ended = new Promise((resolve) => child.on('close', resolve));
  const tooLate = setTimeout(() => child.kill(), 60_000);
  try {
    await Promise.race([finished, ended]);
  } finally {
    clearTimeout(tooLate);
    child.kill();
    await ended;
    server.closeAllConnections();
    server.close();
    // Its other processes end a moment later, and write until then.
    await rm(profile, { recursive: true, force: true, maxRetries: 10, retryDelay: 100 }).catch(() => {});
  }
  return results;
}
