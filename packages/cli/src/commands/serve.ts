/**
 * `go-wasm serve`: a page and the Go package that it imports, without a bundler. The package is built as
 * `go-wasm build -emit=module` does; the page reloads when something changes, and shows what does not compile.
 */
import { execFile } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, statSync } from 'node:fs';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { basename, join, resolve, sep } from 'node:path';
import { promisify } from 'node:util';
import { watch } from 'chokidar';
import sirv from 'sirv';
import { SERVE_PAGE } from '../assets.ts';
import { BuildError, buildModule, isInput, type ModuleInputs, moduleInputs } from '../build-module.ts';
import { EnvironmentError, printError, UsageError } from '../errors.ts';
import { parseGoArgs } from '../go-flags.ts';
import { SERVE_HELP } from '../help.ts';
import { goError, targetEnv } from '../toolchain.ts';
import { writeModule } from './emit-module.ts';

/** Where what is ours lies: the script that each page gets, and the events that it listens to. */
const OURS = '/.go-wasm/';
const HOST = '127.0.0.1';
const PORT = 8080;

interface ServeLine {
  host: string;
  port: number;
  /** The folder of the page. */
  root: string;
  /** Pages are cross-origin isolated: they may share memory, and have precise clocks. */
  isolated: boolean;
  folder: string;
  flags: readonly string[];
}

/** Serves until it is interrupted. @returns the exit code. */
export async function serveCommand(argv: readonly string[]): Promise<number> {
  if (argv.some((arg) => /^--?h(elp)?$/.test(arg))) {
    process.stdout.write(SERVE_HELP);
    return 0;
  }
  const line = await parse(argv);
  const { folder, flags, root } = line;
  const built = mkdtempSync(join(tmpdir(), 'go-wasm-serve-'));
  const name = basename(folder);

  /** What pages are told when they connect, and when it changes. */
  let state = { version: Date.now(), error: '' };
  const pages = new Set<ServerResponse>();
  const tell = (page: ServerResponse): boolean => page.write(`data: ${JSON.stringify(state)}\n\n`);
  const change = (error: string): void => {
    state = { version: state.version + 1, error };
    for (const page of pages) tell(page);
  };

  let inputs: ModuleInputs = { folders: [folder], files: [] };
  // Of what is watched, what does not matter is dropped below: see isInput.
  const ignored = (path: string): boolean => /[/\\](node_modules|\.[^/\\]+)$/.test(path);
  const watcher = watch(root, { ignored, ignoreInitial: true });
  const build = async (): Promise<void> => {
    const start = performance.now();
    inputs = await moduleInputs({ folder, flags });
    watcher.add([...inputs.folders, ...inputs.files]);
    try {
      const module = await buildModule({ folder, flags }, join(built, `${name}.wasm`));
      writeModule(module);
      process.stderr.write(`${module.warnings}built in ${((performance.now() - start) / 1000).toFixed(1)} s\n`);
      change('');
    } catch (error) {
      if (!(error instanceof BuildError)) throw error;
      process.stderr.write(`${error.message}\n`);
      change(error.message);
    }
  };
  /** One build at a time; what changes meanwhile is for the next one. */
  let wanted = false;
  let running: Promise<void> | undefined;
  const rebuild = (): void => {
    wanted = true;
    running ??= (async () => {
      while (wanted) {
        wanted = false;
        await build().catch((error) => printError(error));
      }
      running = undefined;
    })();
  };
  let timer: NodeJS.Timeout | undefined;
  watcher.on('all', (_event, path) => {
    const go = isInput(inputs, path);
    if (!go && !path.startsWith(root + sep)) return;
    // Editors write in several steps.
    clearTimeout(timer);
    if (go) wanted = true;
    timer = setTimeout(() => (wanted ? rebuild() : change(state.error)), 50);
  });

  const options = { dev: true, dotfiles: false, setHeaders };
  const files = [sirv(built, options), sirv(root, { ...options, extensions: [] })];
  const { isolated } = line;
  const server = createServer((request, response) => {
    if (isolated) {
      response.setHeader('cross-origin-opener-policy', 'same-origin');
      response.setHeader('cross-origin-embedder-policy', 'require-corp');
      response.setHeader('cross-origin-resource-policy', 'same-origin');
    }
    answer(request, response);
  });
  const answer = (request: IncomingMessage, response: ServerResponse): void => {
    const { pathname } = new URL(request.url ?? '/', 'http://localhost');
    if (pathname === `${OURS}events`) {
      response.writeHead(200, { 'content-type': 'text/event-stream', 'cache-control': 'no-store' });
      pages.add(response);
      tell(response);
      request.on('close', () => pages.delete(response));
    } else if (pathname === `${OURS}page.js`) {
      response.writeHead(200, { 'content-type': 'text/javascript', 'cache-control': 'no-store' });
      response.end(readFileSync(SERVE_PAGE));
    } else if (/(\/|\.html?)$/.test(pathname)) {
      const page = pageAt(root, pathname) ?? (pathname === '/' ? defaultPage(name) : undefined);
      if (page === undefined) notFound(response);
      else {
        response.writeHead(200, { 'content-type': 'text/html; charset=utf-8', 'cache-control': 'no-store' });
        response.end(`${page}<script src="${OURS}page.js"></script>\n`);
      }
    } else {
      files[0]!(request, response, () => files[1]!(request, response, () => notFound(response)));
    }
  };

  const interrupted = new Promise<void>((resolve) => {
    for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.once(signal, () => resolve());
  });
  try {
    await new Promise<void>((resolve, reject) => {
      server.on('error', reject);
      server.listen(line.port, line.host, resolve);
    }).catch((cause) => {
      const message = `cannot listen at ${line.host}:${line.port}: ${cause.code}`;
      throw new EnvironmentError('GW4050', message, { hint: 'choose another port, with -addr=:PORT', cause });
    });
    const { port } = server.address() as AddressInfo;
    process.stdout.write(`http://${line.host.includes(':') ? `[${line.host}]` : line.host}:${port}/\n`);
    rebuild();
    await interrupted;
  } finally {
    wanted = false;
    await running;
    clearTimeout(timer);
    for (const page of pages) page.end();
    server.close();
    server.closeAllConnections();
    await watcher.close();
    rmSync(built, { recursive: true, force: true });
  }
  return 0;
}

function setHeaders(response: ServerResponse): void {
  response.setHeader('cache-control', 'no-store');
}

function notFound(response: ServerResponse): void {
  response.writeHead(404, { 'content-type': 'text/plain' }).end('not found\n');
}

/** The text of a page below a folder. */
function pageAt(root: string, path: string): string | undefined {
  const file = resolve(root, `.${decodeURIComponent(path)}${path.endsWith('/') ? 'index.html' : ''}`);
  if (!file.startsWith(root + sep)) return undefined;
  try {
    return readFileSync(file, 'utf8');
  } catch {
    return undefined;
  }
}

/** A page for a folder that has none: what the program prints, and its functions for the console, as `app`. */
function defaultPage(name: string): string {
  const title = name.replace(/[<&]/g, (letter) => (letter === '<' ? '&lt;' : '&amp;'));
  return `<!doctype html>
<meta charset="utf-8">
<title>${title}</title>
<pre></pre>
<script type="module">
for (const name of ['log', 'error']) {
  const print = console[name];
  console[name] = (...values) => {
    document.querySelector('pre').append(values.join(' '), '\\n');
    print(...values);
  };
}
globalThis.app = await import(${JSON.stringify(`./${encodeURIComponent(name)}.js`)});
</script>
`;
}

/** Takes the server's own flags out of a command line, and finds the package. */
async function parse(argv: readonly string[]): Promise<ServeLine> {
  const rest: string[] = [];
  const own: { addr?: string; dir?: string; isolated?: string } = {};
  for (let i = 0; i < argv.length; i++) {
    const [, name, value] = /^--?(addr|dir|isolated)(?:=(.*))?$/s.exec(argv[i]!) ?? [];
    if (name === undefined) rest.push(argv[i]!);
    else own[name as keyof typeof own] = value ?? (name === 'isolated' ? 'true' : argv[++i]!);
  }
  const [, host = '', port] = /^(?:\[?(.*?)\]?:)?(\d+)$/.exec(own.addr ?? String(PORT)) ?? [];
  if (port === undefined || Number(port) > 65535) {
    throw new UsageError('GW5001', `-addr=${own.addr} is no address`, { hint: '-addr takes PORT, or HOST:PORT' });
  }
  const line = parseGoArgs('build', rest);
  const packages = line.args.slice(line.flags);
  if (packages.length > 1) throw new UsageError('GW5001', 'go-wasm serve takes one package');
  const folder = await packageFolder(packages[0] ?? '.', line.chdir);
  return {
    host: host || HOST,
    port: Number(port),
    root: resolve(own.dir ?? folder),
    isolated: own.isolated === 'true',
    folder,
    flags: rest.slice(line.chdir === undefined ? 0 : /^--?C=/.test(rest[0]!) ? 1 : 2, rest.length - packages.length),
  };
}

async function packageFolder(name: string, chdir: string | undefined): Promise<string> {
  // A folder may be of another module than this one.
  const path = resolve(chdir ?? '.', name);
  if (statSync(path, { throwIfNoEntry: false })?.isDirectory()) return path;
  const args = ['list', '-e', '-find', '-f', '{{.Dir}}', name];
  const options = { cwd: resolve(chdir ?? '.'), env: targetEnv(process.env) };
  const { stdout } = await promisify(execFile)('go', args, options).catch((error) => Promise.reject(goError(error)));
  const folder = stdout.trim();
  if (folder !== '' && !folder.includes('\n')) return folder;
  throw new UsageError('GW5001', `there is no package ${name}`);
}
