/**
 * `npm run docs`: makes the documentation site of docs/ in docs/.vitepress/dist; `npm run docs -- --serve` shows it while it is
 * written. The pictures of control flow are drawn first, by `go-wasm cfg -svg`.
 */
import { mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { main } from '@go-wasm/cli';
import { build, createServer } from 'vitepress';
import { findToolchain, go } from './go.ts';
import { parseOptions } from './options.ts';
import { root } from './paths.ts';

const docs = join(root, 'docs');

/** Draws the function of how-it-works.md. */
async function draw(): Promise<void> {
  const page = await readFile(join(docs, 'how-it-works.md'), 'utf8');
  const source = /```go\n(func collatz[\s\S]*?)```/.exec(page)?.[1];
  if (source === undefined) throw new Error('how-it-works.md has no function collatz');
  const folder = await mkdtemp(join(tmpdir(), 'go-wasm-docs-'));
  try {
    const program = `package main\n\n//go:noinline\n${source}\nfunc main() { println(collatz(27)) }\n`;
    await writeFile(join(folder, 'main.go'), program);
    const wasm = join(folder, 'collatz.wasm');
    await go(await findToolchain(), ['build', '-o', wasm, 'main.go'], { goos: 'js', cwd: folder });
    const pictures = join(docs, 'public');
    await mkdir(pictures, { recursive: true });
    const code = await main(['cfg', wasm, 'main.collatz', `-svg=${join(pictures, 'collatz.svg')}`]);
    if (code !== 0) throw new Error('the graph could not be drawn');
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

const { values } = parseOptions(import.meta.url, { options: { serve: { type: 'boolean', default: false } } });
await draw();
if (values.serve) {
  const server = await createServer(docs);
  await server.listen();
  server.printUrls();
} else {
  await build(docs);
}
