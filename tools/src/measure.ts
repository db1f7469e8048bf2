/** What the two benchmarks share: quiet runs, sizes, means and tables. */
import { rmSync } from 'node:fs';
import { mkdir, mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { brotliCompressSync, constants, gzipSync } from 'node:zlib';
import type { LinkOptions, LinkReport } from '@go-wasm/linker';
import { build } from 'esbuild';
import { $ } from 'zx';
import { type Engine, type EngineName, findEngine, type Goos, needEngine } from './engines.ts';
import { results, root } from './paths.ts';

/** One set of the linker's options to measure. */
export interface Variant {
  name: string;
  options: LinkOptions;
}

/** One run of the linker on one core, from a cold start. */
export interface Linked {
  /** Time of `link()` alone: no process start, no files. */
  ms: number;
  /** The same on all cores, and once more: taken from the cache. Where that is measured. */
  allCores?: number;
  again?: number;
  /** The whole process at its largest. */
  maxRssBytes: number;
  report: LinkReport;
}

export interface Sizes {
  raw: number;
  gzip: number;
  brotli: number;
}

/** The engine to measure with: another Node by its path, or by name; without either, the newest for the target. */
export async function measuringEngine(goos: Goos, name?: string, node?: string): Promise<Engine> {
  if (node === undefined)
    return needEngine((name as EngineName | undefined) ?? (goos === 'js' ? 'node26' : 'wasmtime'));
  const { stdout: version } = await $({ quiet: true })`${node} --version`;
  return { name: 'node', path: node, version: version.trim().replace('v', '') };
}

/**
 * `switch=resume,structure=relooper` → a variant of that name; the empty text is the linker's defaults. Passes to leave out
 * are joined by `+`.
 */
export function parseVariant(text: string): Variant {
  const { noPass, ...options } = Object.fromEntries(
    text
      .split(',')
      .filter(Boolean)
      .map((pair) => pair.split('=')),
  );
  return { name: text || 'go-wasm', options: { ...options, ...(noPass && { noPass: noPass.split('+') }) } };
}

let pinning: Promise<string[]> | undefined;

/** What to put before a command, so that it stays on one core; nothing where `taskset` is missing. */
export function pinned(): Promise<string[]> {
  pinning ??= $({ nothrow: true, quiet: true })`taskset -c 0 true`.then(({ ok }) => (ok ? ['taskset', '-c', '0'] : []));
  return pinning;
}

let bundled: Promise<string> | undefined;

/** The linker as users have it: in one file, which threads can start from. */
function bundle(): Promise<string> {
  bundled ??= (async () => {
    await mkdir(results, { recursive: true });
    // From there Binaryen is found.
    const outfile = join(await mkdtemp(join(results, 'link-')), 'link.mjs');
    await build({
      entryPoints: [fileURLToPath(new URL('./link.ts', import.meta.url))],
      bundle: true,
      platform: 'node',
      format: 'esm',
      conditions: ['@go-wasm/source'],
      external: ['binaryen'],
      outfile,
    });
    process.once('exit', () => rmSync(dirname(outfile), { recursive: true, force: true }));
    return outfile;
  })();
  return bundled;
}

/** Links in a process of its own, on one core. @throws ProcessOutput with the linker's own words. */
export async function linkMeasured(input: string, output: string, options: LinkOptions): Promise<Linked> {
  return linkOn(await pinned(), 'off', input, output, options);
}

/** The same, and then on all cores, without and with what is in the cache by then; of each the least of the rounds. */
export async function linkMeasuredAgain(
  input: string,
  output: string,
  options: LinkOptions,
  rounds: number,
): Promise<Linked> {
  let linked: Linked | undefined;
  for (let round = 0; round < rounds; round++) {
    const { ms, ...rest } = await linkMeasured(input, output, options);
    const cache = await mkdtemp(join(tmpdir(), 'go-wasm-cache-'));
    try {
      const { ms: allCores } = await linkOn([], cache, input, output, options);
      const { ms: again } = await linkOn([], cache, input, output, options);
      linked = {
        ...rest,
        ms: Math.min(ms, linked?.ms ?? Infinity),
        allCores: Math.min(allCores, linked?.allCores ?? Infinity),
        again: Math.min(again, linked?.again ?? Infinity),
      };
    } finally {
      await rm(cache, { recursive: true, force: true });
    }
  }
  return linked!;
}

/** @param cache the cache folder, or `off`. */
async function linkOn(
  pin: string[],
  cache: string,
  input: string,
  output: string,
  options: LinkOptions,
): Promise<Linked> {
  const { path } = (await findEngine('node26')) ?? { path: process.execPath };
  const env = { ...process.env, GO_WASM_CACHE: cache, GO_WASM_LINK_CACHE: cache === 'off' ? 'off' : '' };
  const run = $({ cwd: root, quiet: true, env });
  const { stdout } = await run`${pin} ${path} ${await bundle()} ${input} ${output} ${JSON.stringify(options)}`;
  return JSON.parse(stdout) as Linked;
}

/** Bytes of a file as it is, by `gzip -9` and by brotli of quality 9 (11 takes ten times as long for 3 % less). */
export async function sizes(file: string): Promise<Sizes> {
  const bytes = await readFile(file);
  return {
    raw: bytes.length,
    gzip: gzipSync(bytes, { level: 9 }).length,
    brotli: brotliCompressSync(bytes, { params: { [constants.BROTLI_PARAM_QUALITY]: 9 } }).length,
  };
}

/** Takes what a program has printed, a name and a number in each line, where it is less than what is there. */
export function least(into: Record<string, number>, stdout: string): void {
  for (const line of stdout.trim().split('\n')) {
    const [name, value] = line.split(' ') as [string, string];
    into[name] = Math.min(into[name] ?? Infinity, Number(value));
  }
}

export function geometricMean(values: number[]): number {
  return Math.exp(values.reduce((sum, v) => sum + Math.log(v), 0) / values.length);
}

/** Columns of text: the first to the left, all others to the right. */
export function table(rows: string[][]): string {
  const widths = (rows[0] ?? []).map((_, i) => Math.max(...rows.map((row) => row[i]?.length ?? 0)));
  return rows
    .map((row) =>
      row
        .map((cell, i) => (i === 0 ? cell.padEnd(widths[i]!) : cell.padStart(widths[i]!)))
        .join('  ')
        .trimEnd(),
    )
    .join('\n');
}

/** How fast each file was linked (one core, all cores, again), and how much memory that took: one line each. */
export function linkLines(linked: { name: string; linked: Linked }[]): string[][] {
  return linked.map(({ name, linked: { ms, allCores, again, maxRssBytes, report } }) => [
    name,
    `${ms.toFixed(0)} ms`,
    ...[ms, allCores, again].map((t) =>
      t === undefined ? '–' : `${(t / (report.inputBytes / 1e6)).toFixed(1)} ms/MB`,
    ),
    `${(maxRssBytes / 1e6).toFixed(0)} MB`,
    `${report.functions.structured} of ${report.functions.total} structured, ${report.functions.kept.length} kept`,
  ]);
}
