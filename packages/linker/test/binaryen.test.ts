/** Binaryen's optimizer behind the pipeline: programs do the same, their tracebacks included. */
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { decodeModule, readNames } from '@go-wasm/wasm';
import { expect, test } from 'vitest';
import { full, isTurn, ofToday } from '../../cfg/test/support/effort.ts';
import { link } from '../src/index.ts';
import { build, program, run, scratchFolder } from './helpers/go.ts';

const folder = await scratchFolder();

test.concurrent.for([
  ...ofToday(['control', 'goroutines', 'memory', 'panics', 'tracebacks']),
  ...(full ? ['std'] : []),
])('%s', { timeout: 240_000 }, async (name) => {
  const file = join(folder, `${name}.wasm`);
  await build(program(name), file, { goos: 'js' });
  const stock = await run(file, { goos: 'js' });
  const plain = await link(readFileSync(file));
  const { bytes, report } = await link(readFileSync(file), { binaryen: 's', verify: true });
  expect(report.stages.map(({ name }) => name)).toContain('binaryen');
  expect(bytes.length).toBeLessThan(plain.bytes.length);
  const linked = join(folder, `${name}.linked.wasm`);
  writeFileSync(linked, bytes);
  expect(await run(linked, { goos: 'js' })).toEqual(stock);
});

test.runIf(isTurn('odd'))(
  'stock Go’s module can be optimized as it is; a source map cannot be made',
  { timeout: 120_000 },
  async () => {
    const file = join(folder, 'control.wasm');
    await build(program('control'), file, { goos: 'wasip1', flags: ['-ldflags=-s -w'] });
    const input = readFileSync(file);
    const { bytes } = await link(input, { switch: 'jump-table', binaryen: '1' });
    expect(bytes.length).toBeLessThan(input.length);
    const optimized = join(folder, 'control.optimized.wasm');
    writeFileSync(optimized, bytes);
    expect(await run(optimized, { goos: 'wasip1' })).toEqual(await run(file, { goos: 'wasip1' }));
    expect(readNames(decodeModule(bytes))?.functions.size ?? 0).toBe(0);
    await expect(link(input, { binaryen: '1', sourceMap: { url: () => '' } })).rejects.toMatchObject({
      code: 'GW2108',
    });
    await expect(link(input, { binaryen: '9' as '1' })).rejects.toMatchObject({ code: 'GW2105' });
  },
);
