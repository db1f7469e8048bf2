import { bytesOf, decodeModule, emptyModule, encodeModule, type Module, Op } from '@go-wasm/wasm';
import { expect, test } from 'vitest';
import { raiseInliningBudget } from '../../src/passes/inlining-budget.ts';

/** A module with functions of the given sizes. */
function moduleOf(...sizes: number[]): Module {
  const module = emptyModule();
  module.types.push({ kind: 'func', params: [], results: [] });
  for (const size of sizes) {
    module.functions.push(0);
    module.bodies.push(Uint8Array.of(0, ...new Array<number>(size - 2).fill(Op.Nop), Op.End));
  }
  return module;
}

const shareOfSmall = ({ bodies, ...module }: Module): number =>
  bodies.filter((body) => bytesOf({ bodies, ...module }, body).length < 50).length / bodies.length;

test.each([[[50, 60, 1000, 5000]], [[2, 49, 50, 60, 70, 80, 90, 100]], [new Array<number>(1000).fill(50)]])(
  'of functions of %j bytes and what is added, four in ten are small',
  (sizes) => {
    const module = moduleOf(...sizes);
    raiseInliningBudget(module);
    expect(shareOfSmall(module)).toBeGreaterThanOrEqual(0.4);
    module.functions.pop();
    module.bodies.pop();
    expect(shareOfSmall(module)).toBeLessThan(0.4);
  },
);

test('what is there keeps its place, and engines take what is made', () => {
  const module = moduleOf(50, 60, 70);
  const before = [...module.bodies];
  raiseInliningBudget(module);
  expect(module.bodies.slice(0, 3)).toEqual(before);
  const bytes = encodeModule(module);
  expect(WebAssembly.validate(bytes as Uint8Array<ArrayBuffer>)).toBe(true);
  expect(decodeModule(bytes).functions).toHaveLength(5);
});

test.each([[[]], [[10, 20]], [[10, 20, 60, 70]]])('where functions of %j bytes are, nothing is added', (sizes) => {
  const module = moduleOf(...sizes);
  raiseInliningBudget(module);
  expect(module).toEqual(moduleOf(...sizes));
});
