import { readdirSync, readFileSync, statSync } from 'node:fs';
import { basename, dirname, join } from 'node:path';
import { type SourceMapOptions, splitSourceMapUrl, withSourceMapUrl } from '@go-wasm/linker';
import type { PipelineOptions } from './options.ts';
import { writeWhole } from './output.ts';

type Kind = PipelineOptions['sourcemap'];

const INLINE = 'data:application/json;base64,';

/** What the linker is to do for a kind of source map; for `file` the module says where the map is: beside `output`. */
export function sourceMapOptions(kind: Kind, output: string): SourceMapOptions | undefined {
  if (kind === 'none') return undefined;
  const url = kind === 'file' ? () => mapUrl(output) : (map: string) => INLINE + Buffer.from(map).toString('base64');
  return { url, content };
}

/** Where the source map of a module goes. */
export function mapFile(output: string): string {
  return `${output}.map`;
}

/**
 * Moves the maps out of the modules that a build has written to `output`, a file or a folder, into files beside them.
 * go links in a folder of its own: there is no place beside the output before it has ended.
 */
export function moveMapsOut(output: string): void {
  const isFolder = statSync(output, { throwIfNoEntry: false })?.isDirectory() === true;
  const files = isFolder ? readdirSync(output).map((name) => join(output, name)) : [output];
  for (const file of files) {
    if (!statSync(file, { throwIfNoEntry: false })?.isFile()) continue;
    const bytes = readFileSync(file);
    if (bytes.subarray(0, 4).toString('latin1') !== '\0asm') continue;
    const split = splitSourceMapUrl(bytes);
    if (!split?.url.startsWith(INLINE)) continue;
    writeWhole(mapFile(file), Buffer.from(split.url.slice(INLINE.length), 'base64'));
    writeWhole(file, withSourceMapUrl(split.module, mapUrl(file)));
  }
}

function mapUrl(output: string): string {
  return encodeURIComponent(basename(mapFile(output)));
}

/** The text of a source file; undefined for what is no file here (`-trimpath`, code that the compiler has made). */
function content(file: string): string | undefined {
  try {
    return dirname(file) === '.' ? undefined : readFileSync(file, 'utf8');
  } catch {
    return undefined;
  }
}
