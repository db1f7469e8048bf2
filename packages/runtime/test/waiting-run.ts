/** Exports and callbacks that wait, in a process of an engine that the tests do not run in: `waiting-run.mjs MODULE COUNT`. */
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import { type App, type InstantiateOptions, instantiate } from '../src/index.ts';
import type { Exports } from './waiting-exports.ts';

type Functions = Record<string, (...args: unknown[]) => unknown>;

const [, , file, count] = process.argv;
const module = await WebAssembly.compile(readFileSync(file!));
const start = (options: InstantiateOptions = {}): Promise<App<Exports>> =>
  instantiate<Exports>(module, { args: ['exports'], stderr: () => {}, ...options });

const cases: Record<string, () => Promise<void>> = {
  async 'results of all types'() {
    const { async, exports } = await start();
    assert.equal(await async.wait(3), 3);
    assert.equal(await async.waitInt64(2n, 4_000_000_000), 4_000_000_002n);
    assert.equal(await async.waitFloat(1.5), 0.75);
    assert.equal(await async.waitNothing(), undefined);
    assert.equal(await async.talk(100), 4950);
    assert.equal(exports.add(2, 3), 5);
    const order: number[] = [];
    await Promise.all([30, 20, 10, 1].map((ms) => async.wait(ms).then((ms) => order.push(ms))));
    assert.deepEqual(order, [1, 10, 20, 30]);
  },

  async 'one that another one wakes'() {
    for (const env of [{}, { GOGC: '1' }]) {
      const { async, exports } = await start({ env });
      const received = [0, 1, 50, 500].map((depth) => async.receive(depth));
      await sleep(1);
      exports.collect();
      for (const value of [1000, 2000, 3000, 4000]) exports.send(value);
      assert.deepEqual(await Promise.all(received), [1000, 2001, 3050, 4500]);
      const sent = async.send(7);
      assert.equal(exports.receive(0), 7);
      await sent;
      const last = async.receive(0);
      exports.start(9);
      assert.equal(await last, 9);
    }
  },

  async 'many in flight'() {
    const { async, exports } = await start();
    const n = Number(count);
    for (let round = 0; round < 2; round++) {
      const all = Array.from({ length: n }, (_, k) => (k % 2 === 0 ? async.receive(3) : async.wait(20 + (k % 7))));
      for (let k = 0; k < n; k += 2) exports.send(k);
      const results = await Promise.all(all);
      for (let k = 1; k < n; k += 2) assert.equal(results[k], 20 + (k % 7));
      const received = results.filter((_, k) => k % 2 === 0).sort((a, b) => a - b);
      assert.deepEqual(
        received,
        Array.from({ length: n / 2 }, (_, k) => 2 * k + 3),
      );
    }
  },

  async 'a panic'() {
    const app = await start();
    assert.equal(await app.async.recovers(2), 2);
    const other = app.async.wait(10_000).catch((error) => error);
    const error = await app.async.failLater(2).catch((error) => error);
    assert.equal(error.code, 'GW6401');
    assert.match(error.trace, /^panic: an export panics later\n\ngoroutine \d+ \[running\]:\nmain\.failLater/);
    assert.equal(await other, error);
    assert.equal(await app.exited, 2);
  },

  async 'a synchronous call that waits'() {
    const { exports, async } = await start();
    assert.throws(() => exports.waitNothing(), { code: 'GW6402' });
    assert.equal(exports.add(2, 3), 5);
    await async.wait(100);
    assert.equal(exports.collect(), 1);
  },

  async 'exports that JavaScript calls for Go'() {
    const app: App<Exports> = await start({ globals: { hook: (n: number) => app.exports.talk(n) } });
    assert.equal(await app.async.hook(10), 45);
    const waiting = [app.async.wait(3), app.async.receive(0)];
    assert.equal(app.exports.hook(100), 4950);
    app.exports.send(8);
    assert.deepEqual(await Promise.all(waiting), [3, 8]);
  },

  async callbacks() {
    for (const env of [{}, { GOGC: '1' }]) {
      const program: Functions = {};
      const options = { args: ['waiting'], globals: { program }, stderr: () => {}, env };
      const app = await instantiate(module, options);
      assert.equal(program.echo!(5), 5);
      const waiting = program.wait!(30);
      assert.ok(waiting instanceof Promise);
      assert.equal(await waiting, 30);
      assert.equal(await program.await!(sleep(2, 'promised')), 'promised');
      const received = Array.from({ length: 1000 }, (_, k) => program.receive!(k % 5));
      received.forEach((_, k) => void assert.equal(program.send!(10 * k), null));
      const results = (await Promise.all(received)) as number[];
      assert.deepEqual(
        results.map((result, k) => result - (k % 5)),
        results.map((_, k) => 10 * k),
      );
      assert.equal(
        program.nested!((x: number) => program.echo!(x), 7),
        7,
      );
      const other = (program.wait!(10_000) as Promise<unknown>).catch((error) => error);
      const error = await (program.fail!() as Promise<Error>).catch((error) => error);
      assert.match(error.trace, /^panic: a callback panics later\n/);
      assert.equal(await other, error);
      assert.equal(await app.exited, 2);
    }
  },
};

const wanted = process.argv[4];
for (const [name, run] of Object.entries(cases)) {
  if (wanted !== undefined && wanted !== name) continue;
  await run();
  console.log(name);
}
process.exit();
