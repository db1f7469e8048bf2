/** `digests.ts IN.wasm OPTIONS…`, options as JSON: links one file in several ways, and prints the SHA-256 of what comes out, a line each. */
import { createHash } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { link } from '@go-wasm/linker';

const [input, ...ways] = process.argv.slice(2) as [string, ...string[]];
const bytes = await readFile(input);
for (const options of ways) {
  const result = await link(bytes, JSON.parse(options));
  console.log(createHash('sha256').update(result.bytes).digest('hex'));
}
