/**
 * Go, for machines without it: the official toolchain, which is a module like any other (golang.org/toolchain), from the Go
 * module proxy into the cache folder. This is how `go` itself fetches other versions (cmd/go/internal/toolchain/select.go).
 */
import { createHash } from 'node:crypto';
import { chmodSync, existsSync, mkdirSync, mkdtempSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { arch, endianness, platform } from 'node:os';
import { basename, delimiter, dirname, join } from 'node:path';
import { createInterface } from 'node:readline/promises';
import { unzipSync } from 'fflate';
import { cacheFolder } from './cache-folder.ts';
import { publishedSum } from './checksum-database.ts';
import { EnvironmentError, fileError } from './errors.ts';
import { type ModuleProxy, proxies, read, tryProxies } from './module-proxy.ts';
import { watched } from './progress.ts';
import { which } from './toolchain.ts';

/** The release that is fetched. */
export const VERSION = 'go1.26.8';

/** By GOOS and GOARCH: the hash of its zip's contents, as the checksum database (sum.golang.org) has it. */
export const SUMS: Readonly<Record<string, string>> = {
  'darwin-amd64': 'h1:7/9KPPN8PckcA9s91hm2jmQMhzW4KyTJXHIs45L0C9M=',
  'darwin-arm64': 'h1:dFjGhY6f8DTsY8/rLchUTDRRfjJP4pCrGCwxvHFT2Fg=',
  'linux-amd64': 'h1:ZOmGe1OnfREDMIdb1Qi4G9JSuDPBLGExZMQ4nis1RXM=',
  'linux-arm64': 'h1:sYL/O6MqS68ML0kjsQ36WoYIpJqkw60TxizWUYUKQMc=',
};

/** A toolchain to fetch. */
export interface Wanted {
  version: string;
  /** GOOS and GOARCH: `windows-amd64`. */
  platform: string;
  /** The hash that it must have; without it, the checksum database is asked. */
  sum?: string | undefined;
}

/** Names of systems and processors that Go has others for. */
const SYSTEMS: Readonly<Record<string, string>> = { win32: 'windows', sunos: 'solaris' };
const PROCESSORS: Readonly<Record<string, string>> = { x64: 'amd64', ia32: '386', mipsel: 'mipsle' };

/** Go's name of a platform that has Node's names `os` and `cpu`. */
export function platformName(os: string, cpu: string, order: 'LE' | 'BE'): string {
  const little = cpu === 'ppc64' && order === 'LE' ? 'le' : '';
  return `${SYSTEMS[os] ?? os}-${PROCESSORS[cpu] ?? cpu}${little}`;
}

/**
 * Puts Go into PATH where there is none: the one in the cache folder, or, if that may be done, one that is fetched. At a
 * terminal the user is asked; else it is done, and said. Where there is no way, PATH stays as it is.
 *
 * @param fetching whether to fetch: `ask`, `yes`, or `no` to take only what is there.
 * @throws EnvironmentError if it cannot be fetched, or is not what it should be.
 */
export async function provideGo(fetching: 'ask' | 'yes' | 'no', env: NodeJS.ProcessEnv = process.env): Promise<void> {
  if (which('go', env) !== undefined) return;
  const name = platformName(platform(), arch(), endianness());
  const wanted: Wanted = { version: VERSION, platform: name, sum: SUMS[name] };
  const root = join(cacheFolder(env), 'go', `${wanted.version}.${wanted.platform}`);
  if (!existsSync(root)) {
    const from = proxies(env);
    if (from.length === 0 || fetching === 'no' || (fetching === 'ask' && !(await agreed(wanted.version, root)))) return;
    process.stderr.write(`go-wasm: there is no go in PATH: fetching ${wanted.version} into ${root}\n`);
    await fetchGo(wanted, root, from, env.GOSUMDB);
  }
  const path = Object.keys(env).find((key) => key.toUpperCase() === 'PATH') ?? 'PATH';
  env[path] = join(root, 'bin') + delimiter + (env[path] ?? '');
  // Of another installation.
  delete env.GOROOT;
}

async function agreed(version: string, root: string): Promise<boolean> {
  if (!process.stdin.isTTY || !watched()) return true;
  const asking = createInterface({ input: process.stdin, output: process.stderr });
  const question = `There is no go in PATH. Fetch ${version} (75 MB, from the Go module proxy) into ${root}? [Y/n] `;
  // The end of input and Ctrl-C are no answers.
  const gone = new Promise<string>((resolve) => asking.once('close', () => resolve('no')));
  const answer = await Promise.race([asking.question(question).catch(() => 'no'), gone]);
  asking.close();
  return /^\s*(y|yes)?\s*$/i.test(answer);
}

/**
 * Fetches a toolchain, checks it, and puts it into a folder, at once and whole.
 *
 * @param gosumdb what GOSUMDB says, for those whose hash is not known.
 * @throws EnvironmentError
 */
export async function fetchGo(
  wanted: Wanted,
  root: string,
  from: readonly ModuleProxy[],
  gosumdb?: string,
): Promise<void> {
  const name = `v0.0.1-${wanted.version}.${wanted.platform}`;
  const expected = wanted.sum ?? (await publishedSum('golang.org/toolchain', name, from, gosumdb));
  const zip = await download(`golang.org/toolchain/@v/${name}.zip`, from);
  const prefix = `golang.org/toolchain@${name}/`;
  let files: Record<string, Uint8Array>;
  try {
    files = unzipSync(zip);
  } catch (cause) {
    throw damaged(wanted, `it is no zip file: ${(cause as Error).message}`, cause);
  }
  const sum = hashOf(files);
  if (sum !== expected) throw damaged(wanted, `its hash is ${sum}, and must be ${expected}`);
  let aside: string | undefined;
  try {
    mkdirSync(dirname(root), { recursive: true });
    aside = mkdtempSync(join(dirname(root), 'fetch-'));
    for (const [path, bytes] of Object.entries(files)) {
      // The hash has been checked: names are those that were published.
      const file = join(aside, path.slice(prefix.length));
      mkdirSync(dirname(file), { recursive: true });
      writeFileSync(file, bytes);
      // Zips of modules have no permissions, and no go.mod inside of them.
      if (/\/(bin|pkg\/tool)\/|\/lib\/.*_exec$/.test(path)) chmodSync(file, 0o755);
      if (basename(file) === '_go.mod') writeFileSync(join(dirname(file), 'go.mod'), bytes);
    }
    renameSync(aside, root);
    aside = undefined;
  } catch (cause) {
    // Somebody else may have been faster.
    if (!existsSync(join(root, 'bin'))) throw fileError('write', root, cause);
  } finally {
    if (aside !== undefined) rmSync(aside, { recursive: true, force: true });
  }
}

/** The hash `h1:` of a module's files (golang.org/x/mod/sumdb/dirhash). */
export function hashOf(files: Readonly<Record<string, Uint8Array>>): string {
  const sha256 = (data: Uint8Array | string) => createHash('sha256').update(data);
  const lines = Object.keys(files)
    .sort((a, b) => Buffer.compare(Buffer.from(a), Buffer.from(b)))
    .map((name) => `${sha256(files[name]!).digest('hex')}  ${name}\n`);
  return `h1:${sha256(lines.join('')).digest('base64')}`;
}

async function download(path: string, from: readonly ModuleProxy[]): Promise<Uint8Array> {
  try {
    return await tryProxies(
      from.filter(({ url }) => url !== 'direct'),
      (url) => read(`${url}/${path}`, 'fetching Go'),
    );
  } catch (cause) {
    throw new EnvironmentError('GW4003', `Go cannot be fetched: ${(cause as Error).message}`, {
      hint: 'install Go 1.24 or later from https://go.dev/dl, or set GOPROXY to a module proxy that can be reached',
      cause,
    });
  }
}

function damaged({ version }: Wanted, why: string, cause?: unknown): EnvironmentError {
  return new EnvironmentError('GW4004', `what was fetched is not ${version}: ${why}`, {
    hint: 'nothing of it is kept; look at what GOPROXY names',
    cause,
  });
}
