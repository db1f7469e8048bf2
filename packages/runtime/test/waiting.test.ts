/** Exports that wait: promises where go-wasm has linked the module, errors that say so where it has not. */
import { readFileSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import { describe, expect, expectTypeOf, test } from 'vitest';
import { findToolchain } from '../../../tools/src/go.ts';
import { effort, isTurn, ofToday, patience } from '../../cfg/test/support/effort.ts';
import { otherReleases } from '../../linker/test/helpers/go.ts';
import { type App, BlockedError, ExitedError, type InstantiateOptions, instantiate } from '../src/index.ts';
import { buildGo, bundle, linkModule, nodes, runNode } from './support.ts';
import type { Exports } from './waiting-exports.ts';

const file = await buildGo('program');
const stock = await WebAssembly.compile(readFileSync(file));
const linked = await WebAssembly.compile(readFileSync(await linkModule(file)));

const start = (module = linked, options: InstantiateOptions = {}): Promise<App<Exports>> =>
  instantiate<Exports>(module, { args: ['exports'], stderr: () => {}, ...options });

describe('linked', () => {
  test('results of all types', async () => {
    const { async } = await start();
    expect(await async.wait(3)).toBe(3);
    expect(await async.waitInt64(2n, 4_000_000_000)).toBe(4_000_000_002n);
    expect(await async.waitFloat(1.5)).toBe(0.75);
    expect(await async.waitNothing()).toBeUndefined();
    expect(await async.add(2, 3)).toBe(5);
    expect(await async.talk(100)).toBe(4950);
    expectTypeOf(async.waitInt64).returns.toEqualTypeOf<Promise<bigint>>();
  });

  test('several at once, the later ones first', async () => {
    const { async, exports } = await start();
    const order: number[] = [];
    await Promise.all([30, 20, 10, 1].map((ms) => async.wait(ms).then((ms) => order.push(ms))));
    expect(order).toEqual([1, 10, 20, 30]);
    expect(exports.add(1, 2)).toBe(3);
  });

  test.for([{}, { GOGC: '1' }])('one that another one wakes, on stacks that move: %o', async (env) => {
    const { async, exports } = await start(linked, { env });
    const received = [0, 1, 50, 500].map((depth) => async.receive(depth));
    await sleep(1);
    exports.collect();
    for (const value of [1000, 2000, 3000, 4000]) exports.send(value);
    expect(await Promise.all(received)).toEqual([1000, 2001, 3050, 4500]);
    // The one that sends waits for the one that receives.
    const sent = async.send(7);
    expect(exports.receive(0)).toBe(7);
    await sent;
    // A goroutine that an export has started runs without another event.
    const last = async.receive(0);
    exports.start(9);
    expect(await last).toBe(9);
  });

  test(`${effort(10_000, 100_000)} in flight`, { timeout: patience }, async () => {
    const { async, exports, memory } = await start();
    const count = effort(10_000, 100_000);
    for (let round = 0; round < 2; round++) {
      const all = Array.from({ length: count }, (_, k) => (k % 2 === 0 ? async.receive(3) : async.wait(20 + (k % 7))));
      for (let k = 0; k < count; k += 2) exports.send(k);
      const results = await Promise.all(all);
      for (let k = 1; k < count; k += 2) expect(results[k]).toBe(20 + (k % 7));
      const received = results.filter((_, k) => k % 2 === 0).sort((a, b) => a - b);
      expect(received).toEqual(Array.from({ length: count / 2 }, (_, k) => 2 * k + 3));
    }
    exports.collect();
    const { bytes } = memory;
    await Promise.all(Array.from({ length: count }, () => async.wait(1)));
    // The goroutines of the first two rounds are used again.
    expect(memory.bytes).toBe(bytes);
  });

  test('panics, recovered and not', async () => {
    const app = await start();
    expect(await app.async.recovers(2)).toBe(2);
    const others = [app.async.wait(10_000), app.async.receive(0)].map((promise) => promise.catch((error) => error));
    const error = await app.async.failLater(2).catch((error) => error);
    expect(error).toBeInstanceOf(ExitedError);
    expect(error).toMatchObject({ code: 'GW6401', exitCode: 2 });
    expect(error.message).toContain('panic: an export panics later');
    expect(error.trace).toMatch(/^panic: an export panics later\n\ngoroutine \d+ \[running\]:\nmain\.failLater/);
    // All that wait are told.
    expect(await Promise.all(others)).toEqual([error, error]);
    expect(await app.exited).toBe(2);
    await expect(app.async.add(1, 2)).rejects.toBe(error);
  });

  test('the end of the program', async () => {
    const app = await start();
    const waiting = app.async.wait(10_000).catch((error) => error);
    await expect(app.async.quit(3)).rejects.toMatchObject({ exitCode: 3, trace: '' });
    expect(await waiting).toMatchObject({ exitCode: 3 });
    const controller = new AbortController();
    const other = await start(linked, { signal: controller.signal });
    const aborted = other.async.wait(10_000).catch((error) => error);
    controller.abort(new Error('enough'));
    expect(await aborted).toMatchObject({ message: 'enough' });
  });

  test('a synchronous call that waits is an error, and the program goes on', async () => {
    const { exports, async } = await start();
    expect(() => exports.waitNothing()).toThrow(BlockedError);
    expect(() => exports.waitNothing()).toThrow('async.waitNothing(…)');
    expect(exports.add(2, 3)).toBe(5);
    // What it did is done.
    await async.wait(100);
    expect(exports.collect()).toBe(2);
  });

  test('exports that JavaScript calls for Go', async () => {
    let hook = (n: number): number => app.exports.talk(n);
    const app = await start(linked, { globals: { hook: (n: number) => hook(n) } });
    expect(await app.async.hook(10)).toBe(45);
    // While others wait.
    const waiting = [app.async.wait(3), app.async.receive(0)];
    expect(app.exports.hook(100)).toBe(4950);
    app.exports.send(8);
    expect(await Promise.all(waiting)).toEqual([3, 8]);
    // Go cannot wait for itself.
    hook = (n) => app.exports.wait(n);
    const ended = app.exited.catch((error) => error);
    expect(() => app.exports.hook(200)).toThrow('Go has called the JavaScript that calls it');
    expect(await ended).toBeInstanceOf(BlockedError);
  });
});

describe('callbacks of a linked module', () => {
  type Functions = Record<string, (...args: unknown[]) => unknown>;
  const load = async (module = linked, env = {}): Promise<[Functions, App]> => {
    const program: Functions = {};
    const options = { args: ['waiting'], globals: { program }, stderr: () => {}, env };
    return [program, await instantiate(module, options)];
  };

  test('give their result, or a promise of it', async () => {
    const [program] = await load();
    expect(program.echo!(5)).toBe(5);
    const waiting = program.wait!(30);
    expect(waiting).toBeInstanceOf(Promise);
    expect(await waiting).toBe(30);
    expect(program.echo!('x')).toBe('x');
    // One waits for a callback that comes while it waits.
    expect(await program.await!(sleep(2, 'promised'))).toBe('promised');
  });

  test.for([{}, { GOGC: '1' }])('several at once, which wake each other: %o', { timeout: patience }, async (env) => {
    const [program, app] = await load(linked, env);
    const received = Array.from({ length: effort(1000, 20_000) }, (_, k) => program.receive!(k % 5));
    received.forEach((_, k) => void expect(program.send!(10 * k)).toBeNull());
    const results = (await Promise.all(received)) as number[];
    expect(results.map((result, k) => result - (k % 5))).toEqual(results.map((_, k) => 10 * k));
    for (let k = 0; k < 5; k++) {
      program.gc!();
      await sleep(1);
    }
    expect(app.memory.references).toBeLessThan(200);
  });

  test('nested ones run on the same goroutine', async () => {
    const [program] = await load();
    expect(program.nested!((x: number) => program.echo!(x), 7)).toBe(7);
    expect(await program.nested!((x: number) => program.echo!(x + 1), 7)).toBe(8);
  });

  test('a released one is no promise', async () => {
    const { error } = console;
    const [program] = await load();
    try {
      console.error = () => {};
      expect(program.released!()).toBeUndefined();
    } finally {
      console.error = error;
    }
  });

  test.runIf(isTurn('even'))('1,000,000 calls, and memory stays as it is', { timeout: 4 * patience }, async () => {
    const [program, app] = await load();
    const call = async (count: number): Promise<void> => {
      for (let k = 0; k < count; k++) {
        if (program.echo!(`text ${k}`) !== `text ${k}`) throw new Error(`call ${k}`);
        // Go lets go of values in a goroutine of its own, between events.
        if (k % 1000 === 0) await sleep(0);
      }
    };
    // Until the heap is as large as where collections begin.
    await call(400_000);
    const { bytes } = app.memory;
    await call(600_000);
    // When Go collects garbage, and so how much it keeps, depends on the clock: but a call leaves nothing.
    expect(app.memory.bytes - bytes).toBeLessThan(600_000);
    program.gc!();
    await sleep(1);
    program.gc!();
    await expect.poll(() => app.memory.references).toBeLessThan(200);
  });

  test('a panic rejects what waits', async () => {
    const [program, app] = await load();
    const other = (program.wait!(10_000) as Promise<unknown>).catch((error) => error);
    const error = await (program.fail!() as Promise<ExitedError>).catch((error) => error);
    expect(error).toBeInstanceOf(ExitedError);
    expect(error.trace).toMatch(
      /^panic: a callback panics later\n\ngoroutine \d+ \[running\]:\nmain\.waitingCallbacks/,
    );
    expect(await other).toBe(error);
    expect(await app.exited).toBe(2);
  });
});

test.each(otherReleases())('%s', async (version) => {
  const toolchain = await findToolchain(version);
  const module = await WebAssembly.compile(readFileSync(await linkModule(await buildGo('program', { toolchain }))));
  const { async, exports } = await start(module);
  const received = [0, 100].map((depth) => async.receive(depth));
  exports.send(1);
  exports.send(2);
  expect(await Promise.all(received)).toEqual([1, 102]);
  expect(await async.waitFloat(1)).toBe(0.5);
  const program: Record<string, (x: unknown) => unknown> = {};
  await instantiate(module, { args: ['waiting'], globals: { program } });
  expect(await program.await!(sleep(2, 'promised'))).toBe('promised');
  expect(program.echo!(1)).toBe(1);
});

/** Strategies that need a newer engine than the one that runs the tests. */
describe('in other strategies', async () => {
  const newer = nodes.find(({ name }) => name === 'node26');
  const script = newer && (await bundle('waiting-run.ts'));
  for (const strategy of ofToday(['asyncify', 'stack-switching', 'jspi'] as const)) {
    test.skipIf(!newer)(newer ? strategy : `${strategy}: node26 is not installed`, { timeout: patience }, async () => {
      const count = String(effort(2000, 10_000));
      const args = ['--experimental-wasm-wasmfx', script!, await linkModule(file, strategy), count];
      const { code, stdout, stderr } = await runNode(newer!, args);
      expect({ code, stderr, cases: stdout.trim().split('\n').length }).toEqual({ code: 0, stderr: '', cases: 7 });
    });
  }
});

test('stock: an error that says what to do', async () => {
  const app = await start(stock);
  expect(await app.async.add(2, 3)).toBe(5);
  expect(await app.async.talk(10)).toBe(45);
  const ended = app.exited.catch((error) => error);
  const error = await app.async.wait(200).catch((error) => error);
  expect(error).toMatchObject({ code: 'GW6402', name: 'BlockedError' });
  expect(error.message).toContain('link the module with go-wasm');
  expect(await ended).toBe(error);
  expect(() => app.exports.add(1, 2)).toThrow(error);
});
