/** A folder for what the test files of one run share, in whichever process they are. Vitest calls this before all of them. */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { TestProject } from 'vitest/node';

declare module 'vitest' {
  interface ProvidedContext {
    shared: string;
  }
}

export default function setup({ provide }: TestProject): () => void {
  const folder = mkdtempSync(join(tmpdir(), 'go-wasm shared-'));
  provide('shared', folder);
  return () => rmSync(folder, { recursive: true, force: true });
}
