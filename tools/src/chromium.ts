/** Chromium as a host for js programs: each run has a page of its own, with Go's wasm_exec.js and the host's half of `jspi`. */
import { readFileSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { Choice } from '@go-wasm/linker/targets';
import { engineFlags } from '@go-wasm/linker/targets';
import { transform } from 'esbuild';
import { type Browser, chromium } from 'playwright-core';
import { type Engine, targetOf } from './engines.ts';
import { root } from './paths.ts';

export interface PageRun {
  stdout: string;
  /** As Go's exit code; -1 if the page has crashed or an exception has ended the program, which is in `stdout` then. */
  exit: number;
  /** From before the module is compiled until the program has ended. */
  ms: number;
}

const ORIGIN = 'http://localhost:1';

/** Pages are isolated, as clocks are coarse in others. */
const HEADERS = { 'cross-origin-opener-policy': 'same-origin', 'cross-origin-embedder-policy': 'require-corp' };

/** What runs in the page; `host` is the host's half of jspi, as a module. */
async function inPage(args: string[]): Promise<PageRun> {
  const { instantiateFor } = await import(`${location.origin}/host.js` as string);
  // biome-ignore lint/suspicious/noExplicitAny: wasm_exec.js has no types
  const global = globalThis as any;
  const decoder = new TextDecoder();
  let stdout = '';
  global.fs.writeSync = (_fd: number, bytes: Uint8Array): number => {
    const text = decoder.decode(bytes, { stream: true });
    stdout += text;
    console.log(text);
    return bytes.length;
  };
  const start = performance.now();
  return new Promise((resolve) => {
    const end = (exit: number): void => resolve({ stdout, exit, ms: performance.now() - start });
    const fail = (error: unknown): void => {
      stdout += error instanceof Error ? error.stack : String(error);
      end(-1);
    };
    const go = new global.Go();
    go.argv = ['program', ...args];
    go.exit = end;
    addEventListener('error', ({ error, message }) => fail(error ?? message));
    addEventListener('unhandledrejection', ({ reason }) => fail(reason));
    WebAssembly.compileStreaming(fetch('/program.wasm'))
      .then(async (module) => {
        const instance = await instantiateFor(go, module, fail);
        global.goExports = instance.exports;
        await go.run(instance);
      })
      .catch(fail);
  });
}

export class Chromium {
  readonly #browser: Browser;
  readonly #host: string;

  private constructor(browser: Browser, host: string) {
    this.#browser = browser;
    this.#host = host;
  }

  /** Starts it with the flags that a strategy needs. */
  static async start(engine: Engine, strategy: Choice['strategy']): Promise<Chromium> {
    const flags = engineFlags(targetOf(engine), strategy);
    const browser = await chromium.launch({ executablePath: engine.path, args: flags });
    const source = await readFile(join(root, 'packages/linker/src/host/jspi.ts'), 'utf8');
    return new Chromium(browser, (await transform(source, { loader: 'ts' })).code);
  }

  /** Runs a program to its end. `onText` is called with what it prints, at once. */
  async run(
    wasm: string,
    args: string[],
    goroot: string,
    { onText, timeoutSeconds = 120 }: { onText?: (text: string) => void; timeoutSeconds?: number } = {},
  ): Promise<PageRun> {
    const context = await this.#browser.newContext();
    try {
      const page = await context.newPage();
      const files: Record<string, { contentType: string; body: string | Buffer }> = {
        '/': { contentType: 'text/html', body: '<!doctype html><script src="/wasm_exec.js"></script>' },
        '/wasm_exec.js': { contentType: 'text/javascript', body: readFileSync(join(goroot, 'lib/wasm/wasm_exec.js')) },
        '/host.js': { contentType: 'text/javascript', body: this.#host },
        '/program.wasm': { contentType: 'application/wasm', body: readFileSync(wasm) },
      };
      await page.route(`${ORIGIN}/**`, (route) => {
        const file = files[new URL(route.request().url()).pathname];
        return file ? route.fulfill({ ...file, headers: HEADERS }) : route.fulfill({ status: 404 });
      });
      if (onText) page.on('console', (message) => onText(message.text()));
      await page.goto(`${ORIGIN}/`);
      const crashed = new Promise<PageRun>((resolve) => {
        page.on('crash', () => resolve({ stdout: 'the page has crashed', exit: -1, ms: 0 }));
        setTimeout(
          () => resolve({ stdout: `still running after ${timeoutSeconds} s`, exit: -1, ms: 0 }),
          timeoutSeconds * 1000,
        ).unref();
      });
      return await Promise.race([page.evaluate(inPage, args), crashed]);
    } finally {
      await context.close();
    }
  }

  /** Bytes of memory of the largest process with a page in it (Linux). */
  async residentBytes(): Promise<number> {
    const session = await this.#browser.newBrowserCDPSession();
    const { processInfo } = await session.send('SystemInfo.getProcessInfo');
    await session.detach();
    return Math.max(...processInfo.filter(({ type }) => type === 'renderer').map(({ id }) => residentBytes(id)));
  }

  async close(): Promise<void> {
    await this.#browser.close();
  }
}

/** Bytes of memory of a process (Linux). */
export function residentBytes(pid: number): number {
  const [, kilobytes] = /^VmRSS:\s+(\d+) kB/m.exec(readFileSync(`/proc/${pid}/status`, 'utf8')) ?? [];
  return Number(kilobytes) * 1024;
}
