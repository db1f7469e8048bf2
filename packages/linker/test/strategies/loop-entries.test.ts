import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { type LinkOptions, link } from '../../src/index.ts';
import { available, build, program, type Run, run, scratchFolder } from '../helpers/go.ts';

const folder = await scratchFolder();

test.each(available())(
  'loops of functions that run once go on in new calls, with %s',
  { timeout: 240_000 },
  async (go) => {
    const stock = join(folder, `loops.${go}.wasm`);
    await build(program('loops'), stock, { goos: 'js', ...(go && { go }) });
    const frames: string[] = [];
    const rest = async (file: string): Promise<Run> => {
      const { stdout, stderr, code } = await run(file, { goos: 'js', go, script: 'run-counting-frames.mjs' });
      frames.push([...stderr.matchAll(/^frames (\d+)$/gm)].map(([, count]) => count).join(' '));
      return { stdout, stderr: stderr.replace(/^frames .*\n|^ {4}at .*\n?|0x[0-9a-f]+/gm, ''), code };
    };
    const expected = await rest(stock);
    expect(expected.code).toBe(2);
    const options: LinkOptions[] = [{}, { structure: 'relooper' }, { switch: 'asyncify', target: 'node20.19' }];
    for (const choice of [...options, { noPass: ['loop-entries'] }]) {
      const file = join(folder, 'linked.wasm');
      writeFileSync(file, (await link(readFileSync(stock), { verify: true, ...choice })).bytes);
      expect(await rest(file)).toEqual(expected);
    }
    // Calls after 0, 1, 4, 11 … 502 rounds of the first loop, 0 and 1 of the second; in main, the loop over the channel comes first.
    expect(frames).toEqual(['1 1 1', '12 12 9', '12 12 9', '1 1 1', '1 1 1']);
  },
);
