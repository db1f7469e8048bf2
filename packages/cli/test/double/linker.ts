/**
 * Stands in for `@go-wasm/linker` in tests of the command: returns the module as it is, with a custom section at its end
 * that says what options it was linked with, or fails as `TEST_LINK` in the environment says.
 */
import { setTimeout } from 'node:timers/promises';
import type { LinkOptions, LinkResult } from '@go-wasm/linker';
import { InternalError, LimitError, MalformedError, UnsupportedError } from '@go-wasm/wasm';

// All but `link`, which is ours.
export * from '../../../linker/src/index.ts';

export const SECTION = 'test.linked';

export async function link(input: Uint8Array, options: LinkOptions = {}): Promise<LinkResult> {
  if (Buffer.from(input.subarray(0, 4)).toString('latin1') !== '\0asm') {
    throw new MalformedError('GW1001', 'not a WebAssembly module', { where: { offset: 0 }, hint: 'give a .wasm file' });
  }
  const { onProgress: _, workers: __, keep, ...rest } = options;
  switch (process.env.TEST_LINK) {
    case 'unsupported':
      throw new UnsupportedError('GW2001', 'made to fail', { where: { function: 'main.main' }, hint: 'do not' });
    case 'limit':
      throw new LimitError('GW3001', 'made to fail');
    case 'internal':
      throw new InternalError('GW9001', 'made to fail');
    case 'crash':
      throw new TypeError('made to fail');
    case 'progress':
      for (let done = 0; done < 1000; done += 60) {
        await setTimeout(100);
        options.onProgress?.(done, 1000);
      }
  }
  const content = Buffer.from(JSON.stringify({ ...rest, keep: keep?.source }));
  const section = [...leb(SECTION.length), ...Buffer.from(SECTION), ...content];
  const bytes = Buffer.concat([input, Buffer.from([0, ...leb(section.length), ...section])]);
  return {
    bytes,
    report: {
      goVersion: 'go1.26',
      goos: 'js',
      switch: 'resume',
      structure: 'stackifier',
      inputBytes: input.length,
      outputBytes: bytes.length,
      functions: { total: 1, structured: 1, kept: [] },
      stages: [],
    },
  };
}

function leb(n: number): number[] {
  return n < 0x80 ? [n] : [(n & 0x7f) | 0x80, ...leb(n >> 7)];
}
