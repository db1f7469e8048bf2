import { readdirSync, rmSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { cacheFolder } from '../cache-folder.ts';
import { fileError } from '../errors.ts';
import { linkFolder } from '../link-cache.ts';

/** `go-wasm clean`: removes what go-wasm has kept. `all`: what takes a download or a build to have again, too. */
export function cleanCommand(all: boolean): void {
  const folders = [linkFolder(), ...(all ? [join(cacheFolder(), 'shim'), join(cacheFolder(), 'go')] : [])];
  for (const folder of folders) {
    if (statSync(folder, { throwIfNoEntry: false }) === undefined) continue;
    const bytes = sizeOf(folder);
    try {
      rmSync(folder, { recursive: true, force: true });
    } catch (cause) {
      throw fileError('write', folder, cause);
    }
    process.stdout.write(`${folder}: ${(bytes / 1e6).toFixed(1)} MB removed\n`);
  }
}

function sizeOf(folder: string): number {
  let bytes = 0;
  for (const name of readdirSync(folder, { recursive: true, encoding: 'utf8' })) {
    bytes += statSync(join(folder, name), { throwIfNoEntry: false })?.size ?? 0;
  }
  return bytes;
}
