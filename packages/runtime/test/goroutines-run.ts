/** Compares how many goroutines a program has with what it says itself, at many moments: `goroutines-run.mjs MODULE`. */
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import { type App, instantiate } from '../src/index.ts';

interface Exports {
  count(): number;
  pause(): number;
}

let app!: App<Exports>;
const moments = new Map<string, number>();
const program: Record<string, (moment: string, count: number) => void> = {
  check(moment, count) {
    assert.equal(app.goroutines, count, moment);
    moments.set(moment, (moments.get(moment) ?? 0) + 1);
  },
};
app = await instantiate<Exports>(readFileSync(process.argv[2]!), {
  globals: { program },
  imports(early) {
    app = early as unknown as App<Exports>;
    assert.equal(early.goroutines, undefined);
    return {};
  },
});
const { callback, exit } = await (async () => {
  while (!program.exit) await sleep(1);
  return program as Record<string, () => void>;
})();
const check = (): number => {
  const count = app.goroutines;
  assert.equal(count, app.exports.count());
  return count!;
};
const first = check();
for (let k = 0; k < 100; k++) callback!();
await sleep(1);
assert.equal(check(), first + 100);
const pauses = [app.async.pause(), app.async.pause()];
assert.equal(check() >= first + 102, true);
await Promise.all(pauses);
await sleep(1);
check();
exit!();
assert.equal(await app.exited, 0);
assert.equal(app.goroutines, 0);
console.log(JSON.stringify(Object.fromEntries(moments)));
