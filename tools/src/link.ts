/**
 * Links one file in a process of its own, as the command does it, so that time and memory are the pipeline's alone:
 * `link.ts IN.wasm OUT.wasm OPTIONS`, options as JSON. Prints a `Linked` as JSON.
 */
import { readFile, writeFile } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';
import { isMainThread } from 'node:worker_threads';
import { link } from '@go-wasm/linker';
import { preferMaglev } from '../../packages/cli/src/jit.ts';
import { cached } from '../../packages/cli/src/link-cache.ts';
import { linkWithWorkers, serveLink } from '../../packages/cli/src/workers.ts';
import type { Linked } from './measure.ts';

if (isMainThread) {
  preferMaglev();
  const script = fileURLToPath(import.meta.url);
  const [input, output, options] = process.argv.slice(2) as [string, string, string];
  const bytes = await readFile(input);
  const start = performance.now();
  const result = await cached(linkWithWorkers(link, script), script)(bytes, JSON.parse(options));
  const ms = performance.now() - start;
  await writeFile(output, result.bytes);
  const linked: Linked = { ms, maxRssBytes: process.resourceUsage().maxRSS * 1024, report: result.report };
  process.stdout.write(JSON.stringify(linked));
} else serveLink();
