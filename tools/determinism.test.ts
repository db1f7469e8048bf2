/** The same module linked in the same way gives the same bytes: in each Node, and again. How many workers there are makes no difference either: packages/cli/test/workers.test.ts. */
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { LinkOptions } from '@go-wasm/linker';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { $ } from 'zx';
import { isTurn, ofToday } from '../packages/cfg/test/support/effort.ts';
import { findEngine } from './src/engines.ts';
import { findToolchain, go } from './src/go.ts';
import { root } from './src/paths.ts';

const node26 = await findEngine('node26');
const script = fileURLToPath(new URL('./src/digests.ts', import.meta.url));
const loader = [
  '--disable-warning=ExperimentalWarning',
  '--no-deprecation',
  '--conditions=@go-wasm/source',
  '--import',
  './tools/ts.js',
];
let folder: string;

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'go-wasm-same-'));
  await writeFile(join(folder, 'main.go'), 'package main\n\nfunc main() { println("same") }\n');
  await go(await findToolchain(), ['build', '-o', 'app.wasm', 'main.go'], { goos: 'js', cwd: folder });
}, 120_000);
afterAll(() => rm(folder, { recursive: true, force: true }));

const ways: LinkOptions[] = [
  { switch: 'resume' },
  { switch: 'resume', structure: 'relooper', level: 's' },
  { switch: 'resume', level: '0' },
  ...ofToday([{ switch: 'asyncify', target: 'node26' }, { switch: 'jspi' }, { switch: 'stack-switching' }] as const, {
    every: 2,
  }),
];

/** The digests of what a process of a Node links, each way. */
async function linked(node: string): Promise<string[]> {
  const options = ways.map((way) => JSON.stringify(way));
  const { stdout } = await $({
    cwd: root,
    quiet: true,
  })`${node} ${loader} ${script} ${join(folder, 'app.wasm')} ${options}`;
  return stdout.trim().split('\n');
}

test.runIf(isTurn('odd'))('each way', { timeout: 300_000 }, async () => {
  const first = await linked(process.execPath);
  expect(await linked(process.execPath)).toEqual(first);
  if (node26) expect(await linked(node26.path)).toEqual(first);
  // Other choices give other bytes: what is compared is not nothing.
  expect(new Set(first).size).toBe(ways.length);
});
