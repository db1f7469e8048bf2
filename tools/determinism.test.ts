/** The same module linked in the same way gives the same bytes: in each Node, and again. How many workers there are makes no difference either: packages/cli/test/workers.test.ts. */
import { createHash } from 'node:crypto';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { LinkOptions } from '@go-wasm/linker';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { $ } from 'zx';
import { findEngine } from './src/engines.ts';
import { findToolchain, go } from './src/go.ts';
import { root } from './src/paths.ts';

const node26 = await findEngine('node26');
const script = fileURLToPath(new URL('./src/link.ts', import.meta.url));
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

/** The digest of what a Node links. */
async function linked(node: string, options: LinkOptions): Promise<string> {
  const out = join(folder, 'out.wasm');
  await $({
    cwd: root,
    quiet: true,
  })`${node} ${loader} ${script} ${join(folder, 'app.wasm')} ${out} ${JSON.stringify(options)}`;
  return createHash('sha256')
    .update(await readFile(out))
    .digest('hex');
}

const ways: LinkOptions[] = [
  { switch: 'resume' },
  { switch: 'resume', structure: 'relooper', level: 's' },
  { switch: 'resume', level: '0' },
  { switch: 'asyncify', target: 'node26' },
  { switch: 'jspi' },
  { switch: 'stack-switching' },
];

const seen: string[] = [];

test.runIf(node26).each(ways.map((options) => [JSON.stringify(options), options] as const))(
  '%s',
  { timeout: 300_000 },
  async (_, options) => {
    const first = await linked(process.execPath, options);
    expect(await linked(node26!.path, options)).toBe(first);
    // Other choices give other bytes: what is compared is not nothing.
    expect(seen).not.toContain(first);
    seen.push(first);
  },
);

test('the same Node again', { timeout: 300_000 }, async () => {
  expect(await linked(process.execPath, {})).toBe(await linked(process.execPath, {}));
});
