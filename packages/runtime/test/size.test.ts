import { gzipSync } from 'node:zlib';
import { build } from 'esbuild';
import { expect, test } from 'vitest';
import { here } from './support.ts';

/** The size of what a page loads, in bytes: minified and compressed. */
async function size(imports: string): Promise<number> {
  const { outputFiles } = await build({
    stdin: { contents: `export ${imports} from './index.ts'`, resolveDir: here('../src'), loader: 'ts' },
    bundle: true,
    minify: true,
    format: 'esm',
    target: 'es2022',
    write: false,
  });
  return gzipSync(outputFiles[0]!.contents, { level: 9 }).length;
}

test('small, and what is not imported is not there', async () => {
  const [all, one, drop] = [await size('*'), await size('{ instantiate }'), await size('{ Go }')];
  console.log(`minified and gzipped: all ${all} bytes, instantiate ${one}, Go ${drop}`);
  expect(all).toBeLessThan(12_000);
  expect(one).toBeLessThan(all - 2000);
  expect(drop).toBeLessThan(one);
});
