/** Strings across the boundary, against the engine's own TextDecoder and TextEncoder. */
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { createText } from '../src/text.ts';

const SIZE = 1 << 17;
/** Few addresses, so that strings come to where others were, with the same length too. */
const address = fc.integer({ min: 0, max: 40 }).map((n) => 4096 + 3 * n);
const bytes = fc.oneof(
  fc.uint8Array({ maxLength: 40 }), // rarely UTF-8
  fc.string({ maxLength: 40 }).map((text) => new TextEncoder().encode(text)),
  fc.string({ unit: 'binary', maxLength: 40 }).map((text) => new TextEncoder().encode(text)),
  fc.string({ minLength: 1000, maxLength: 5000 }).map((text) => new TextEncoder().encode(text)),
);

test('decodes as TextDecoder does, whatever was at that address before, and where memory has grown', () => {
  const reference = new TextDecoder('utf-8', { ignoreBOM: true });
  fc.assert(
    fc.property(fc.array(fc.tuple(address, bytes, fc.boolean()), { maxLength: 60 }), (steps) => {
      const text = createText();
      let memory = new Uint8Array(SIZE);
      text.reset(memory);
      for (const [pointer, written, grows] of steps) {
        if (grows) {
          const grown = new Uint8Array(memory.length + SIZE);
          grown.set(memory);
          // The old one is detached, as by memory.grow.
          structuredClone(memory.buffer, { transfer: [memory.buffer] });
          memory = grown;
          text.reset(memory);
        }
        memory.set(written, pointer);
        for (const length of [written.length, written.length >> 1]) {
          expect(text.decode(pointer, length)).toBe(reference.decode(memory.slice(pointer, pointer + length)));
        }
      }
    }),
  );
});

test('gives Go the bytes of TextEncoder, also of several strings at once', () => {
  const string = fc.oneof(
    fc.string({ maxLength: 40 }),
    // With lone surrogates.
    fc.array(fc.integer({ min: 0, max: 0xffff }), { maxLength: 40 }).map((codes) => String.fromCharCode(...codes)),
    fc.integer({ min: 8000, max: 30_000 }).map((n) => 'ä'.repeat(n)),
  );
  fc.assert(
    fc.property(fc.array(string, { minLength: 1, maxLength: 6 }), fc.boolean(), (strings, backwards) => {
      const text = createText();
      const memory = new Uint8Array(SIZE);
      text.reset(memory);
      const prepared = strings.map((s) => ({ s, id: text.prepare(s), length: text.length }));
      for (const { s, id, length } of backwards ? prepared.reverse() : prepared) {
        const expected = new TextEncoder().encode(s);
        expect(length).toBe(expected.length);
        memory.fill(0xaa);
        text.copy(id, 64, length);
        expect(Buffer.compare(memory.subarray(64, 64 + length), expected)).toBe(0);
        expect(memory[64 + length]).toBe(0xaa);
        text.release(id);
      }
    }),
  );
});
