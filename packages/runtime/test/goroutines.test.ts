/** How many goroutines a linked module has, against what the Go program says itself. */
import { readFileSync, writeFileSync } from 'node:fs';
import { type LinkOptions, link } from '@go-wasm/linker';
import { describe, expect, test } from 'vitest';
import { findToolchain } from '../../../tools/src/go.ts';
import { otherReleases } from '../../linker/test/helpers/go.ts';
import { instantiate } from '../src/index.ts';
import { buildGo, bundle, go, nodes, runNode } from './support.ts';

const script = await bundle('goroutines-run.ts');
const [oldest, newest] = [nodes[0]!, nodes.at(-1)!];

/** Links the program, and lets it compare. */
async function compare(file: string, options: LinkOptions = {}, engine = oldest): Promise<void> {
  const linked = file.replace('.wasm', '-linked.wasm');
  writeFileSync(linked, (await link(readFileSync(file), options)).bytes);
  const flags = options.switch === 'stack-switching' ? ['--experimental-wasm-wasmfx'] : [];
  const { code, stdout, stderr } = await runNode(engine, [...flags, script, linked]);
  expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
  expect(JSON.parse(stdout)).toMatchInlineSnapshot(`
    {
      "after a collection, which takes stacks of those that have ended": 2,
      "after collections, with their workers and the goroutine for finalizers": 1,
      "all have ended": 1,
      "at first": 1,
      "at last": 1,
      "ended ones are used again": 2,
      "in a callback": 100,
      "in a finalizer": 1,
      "in a goroutine that a callback has started": 100,
      "in a timer's function": 1,
      "parked": 2,
      "some have ended": 2,
      "with timers": 1,
    }
  `);
}

describe.each([go.version, ...otherReleases()])('%s', async (version) => {
  const toolchain = await findToolchain(version);
  test.each([
    ['with names', '-ldflags='],
    ['stripped', '-ldflags=-s -w'],
  ])('%s', async (_, flags) => compare(await buildGo('goroutines', { toolchain, args: ['build', flags] })));
});

const file = await buildGo('goroutines');
test.each(['asyncify', 'stack-switching', 'jspi'] as const)('%s', async (strategy) => {
  await compare(file, { switch: strategy }, newest);
});
test('after Binaryen', () => compare(file, { binaryen: '1' }));
test('a stock module does not say', async () => {
  const app = await instantiate(readFileSync(file), { globals: { program: { check() {} } } });
  expect(app.goroutines).toBeUndefined();
});
