/** A slice of `npm run fuzz`, and the inputs that have failed once. `SEED=n` repeats a slice. */
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { gunzipSync } from 'node:zlib';
import type { LinkOptions } from '@go-wasm/linker';
import { beforeAll, describe, expect, test } from 'vitest';
import { isTurn } from '../packages/cfg/test/support/effort.ts';
import { type Bases, bases, caseOf, examine, judged } from './src/fuzz/cases.ts';
import { corpus } from './src/fuzz.ts';

const seed = Number(process.env.SEED ?? Date.now() % 2 ** 31);

describe('what has failed once', () => {
  const files = readdirSync(corpus).filter((name) => name.endsWith('.wasm.gz'));
  test.each(files)('%s', async (name) => {
    const content = gunzipSync(readFileSync(join(corpus, name)));
    const line = content.indexOf(10);
    const options = JSON.parse(content.subarray(0, line).toString()) as LinkOptions;
    const bytes = new Uint8Array(content.subarray(line + 1));
    // What it failed with, and what every engine can judge.
    for (const strategy of new Set([options.switch ?? 'resume', 'resume'] as const)) {
      if (!judged().includes(strategy)) continue;
      expect((await examine({ bytes, options: { ...options, switch: strategy } })).failure).toBeUndefined();
    }
  });
});

describe(`seed ${seed}`, () => {
  let inputs: Bases;
  beforeAll(async () => {
    inputs = await bases(true);
  }, 120_000);

  test.runIf(isTurn('even'))('400 inputs: a valid module, or an error of the input', async () => {
    const names = new Set<string>();
    for (let run = 0; run < 400; run++) {
      const { name, failure } = await examine(caseOf(seed, run, inputs));
      if (failure !== undefined) throw new Error(`run ${run}: ${failure}`);
      names.add(name);
    }
    // The mutations reach all stages.
    expect([...names]).toEqual(expect.arrayContaining(['linked', 'GW1001', 'GW1103', 'GW2101', 'GW2104']));
  });
});

test('a failure is seen', async () => {
  const { foreign } = await bases(false);
  const broken = {
    length: 0,
    get buffer(): ArrayBuffer {
      throw new TypeError('broken');
    },
  } as unknown as Uint8Array;
  expect((await examine({ bytes: broken, options: {} })).failure).toMatch(/^TypeError: broken/);
  expect(await examine({ bytes: foreign[0]!, options: {} })).toEqual({ name: 'GW2101' });
});
