/**
 * What links have made, in the cache folder, by all that it follows from: linking the same module in the same way again takes
 * no longer than reading a file. Functions are not kept one by one: addresses of data shift when a line of the program changes, a
 * third of all functions with them, and what is left of a link without the others takes half as long as all of it.
 *
 * A file is written aside and renamed, so that several links can work at once; one that is broken is not taken. Files that have
 * not been used for longest go when there are too many bytes. A folder that cannot be written is no error.
 */
import { createHash } from 'node:crypto';
import { mkdirSync, readdirSync, readFileSync, rmSync, statSync, utimesSync } from 'node:fs';
import { join } from 'node:path';
import type { LinkOptions, LinkReport, LinkResult } from '@go-wasm/linker';
import { cacheFolder } from './cache-folder.ts';
import { writeWhole } from './output.ts';

/** The linker's pipeline, or what behaves like it. */
export type Link = (input: Uint8Array, options: LinkOptions) => Promise<LinkResult>;

/** How many megabytes are kept if GO_WASM_LINK_CACHE does not say. */
const MEGABYTES = 512;

/** In front of the report and the module: their digest, and how many bytes the report has. */
const DIGEST = 32;
const HEADER = DIGEST + 4;

/** Where links are kept. */
export function linkFolder(): string {
  return join(cacheFolder(), 'link');
}

/** How many bytes may be kept: `GO_WASM_LINK_CACHE` in megabytes, or `off`. */
function limit(setting: string | undefined): number {
  if (setting === 'off') return 0;
  const megabytes = setting ? Number(setting) : MEGABYTES;
  return 1e6 * (megabytes >= 0 ? megabytes : MEGABYTES);
}

/**
 * `link`, which takes what it has made before where it can.
 *
 * @param script the file that all of the pipeline is in.
 */
export function cached(link: Link, script: string): Link {
  return async (input, options) => {
    const most = limit(process.env.GO_WASM_LINK_CACHE);
    const file = most > 0 ? place(input, options, script) : undefined;
    if (file === undefined) return link(input, options);
    const start = performance.now();
    const kept = read(file);
    if (kept) {
      kept.report.stages = [{ name: 'cache', ms: performance.now() - start }];
      return kept;
    }
    const result = await link(input, options);
    keep(file, result, most);
    return result;
  };
}

/**
 * The file of a link; undefined for one that is not kept: with a source map, which has the sources of the moment in it, with
 * Binaryen, which may be another one the next time, and one whose steps are to be checked.
 */
function place(
  input: Uint8Array,
  { onProgress: _, keep, ...options }: LinkOptions,
  script: string,
): string | undefined {
  if (options.sourceMap || options.binaryen || options.verify) return undefined;
  if (options.switch === 'asyncify' || options.switch === 'auto') return undefined;
  const key = createHash('sha256');
  try {
    key.update(readFileSync(script));
  } catch {
    return undefined; // it has not been built: nobody knows what it is
  }
  key
    .update(JSON.stringify([process.version, options, keep?.source]))
    .update('\0')
    .update(input);
  return join(linkFolder(), key.digest('hex'));
}

function read(file: string): LinkResult | undefined {
  try {
    const bytes = readFileSync(file);
    const content = bytes.subarray(DIGEST);
    if (!createHash('sha256').update(content).digest().equals(bytes.subarray(0, DIGEST))) return undefined;
    const end = HEADER + bytes.readUInt32LE(DIGEST);
    const report: LinkReport = JSON.parse(bytes.toString('utf8', HEADER, end));
    const now = new Date();
    utimesSync(file, now, now);
    return { bytes: bytes.subarray(end), report };
  } catch {
    return undefined;
  }
}

function keep(file: string, { bytes, report }: LinkResult, most: number): void {
  try {
    const text = Buffer.from(JSON.stringify(report));
    const content = Buffer.alloc(HEADER + text.length + bytes.length);
    if (content.length > most) return;
    content.writeUInt32LE(text.length, DIGEST);
    content.set(text, HEADER);
    content.set(bytes, HEADER + text.length);
    content.set(createHash('sha256').update(content.subarray(DIGEST)).digest());
    mkdirSync(linkFolder(), { recursive: true });
    writeWhole(file, content, 0o666, false);
    trim(most);
  } catch {
    // What is not kept is made again.
  }
}

/** Removes what has not been used for longest, until no more than `most` bytes are left. */
function trim(most: number): void {
  const files = readdirSync(linkFolder()).flatMap((name) => {
    const path = join(linkFolder(), name);
    const stat = statSync(path, { throwIfNoEntry: false });
    return stat ? [{ path, size: stat.size, used: stat.mtimeMs }] : [];
  });
  let size = 0;
  for (const file of files.sort((x, y) => y.used - x.used)) {
    size += file.size;
    if (size > most) rmSync(file.path, { force: true });
  }
}
