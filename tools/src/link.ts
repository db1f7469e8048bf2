/**
 * Links one file in a process of its own, so that time and memory are the pipeline's alone: `link.ts IN.wasm OUT.wasm OPTIONS`,
 * options as JSON. Prints a `Linked` as JSON.
 */
import { readFile, writeFile } from 'node:fs/promises';
import { link } from '@go-wasm/linker';
import { preferMaglev } from '../../packages/cli/src/jit.ts';
import type { Linked } from './measure.ts';

preferMaglev(); // as the command does it
const [input, output, options] = process.argv.slice(2) as [string, string, string];
const bytes = await readFile(input);
const start = performance.now();
const result = await link(bytes, JSON.parse(options));
const ms = performance.now() - start;
await writeFile(output, result.bytes);
const linked: Linked = { ms, maxRssBytes: process.resourceUsage().maxRSS * 1024, report: result.report };
process.stdout.write(JSON.stringify(linked));
