import { mkdtemp, readdir, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { reference, writeReference } from './src/docs-api.ts';

async function contents(folder: string): Promise<Record<string, string>> {
  const files = (await readdir(folder, { recursive: true })).filter((name) => name.endsWith('.md')).sort();
  return Object.fromEntries(
    await Promise.all(files.map(async (file) => [file, await readFile(join(folder, file), 'utf8')] as const)),
  );
}

test('docs/api says what the docstrings say: `npm run docs:api` writes it anew', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'go-wasm-docs-'));
  try {
    await writeReference(folder);
    expect(await contents(reference)).toEqual(await contents(folder));
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
});
