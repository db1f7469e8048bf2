/**
 * Whole programs: each is built once by stock Go, and must print the same and end the same whichever way it is linked.
 * An ordinary run links each program in a few ways; `PROOF=full` in all of them, under stress, and for all releases of Go.
 */
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { isDeepStrictEqual } from 'node:util';
import { describe, expect, test } from 'vitest';
import { day, full, ofToday } from '../../cfg/test/support/effort.ts';
import {
  build,
  type Goos,
  otherReleases,
  program,
  type Run,
  run,
  runInWasmtime,
  scratchFolder,
  wasmtime,
} from './helpers/go.ts';
import { linkAs, type Variant, variants } from './helpers/variants.ts';

const TIMEOUT = full ? 1_800_000 : 240_000;
const folder = await scratchFolder();

/** All functions as a module has them, and another way each day. */
const ordinary: readonly Variant[] = [variants[0]!, ...ofToday(variants.slice(1), { every: 2 })];

interface Case {
  name: string;
  goos: Goos;
  /** The ways to run it: arguments, environment. */
  runs?: { args?: string[]; env?: Record<string, string> }[];
  flags?: string[];
  go?: string;
  script?: string;
  variants?: readonly Variant[];
  noPass?: readonly string[];
}

/** Runs with every allocation a garbage collection, and its marks checked. */
const stress: { args?: string[]; env?: Record<string, string> }[] = [
  { env: { GOGC: '1' } },
  { env: { GOGC: '5', GODEBUG: 'gccheckmark=1' } },
];
/** Builds that move the stack, or let other goroutines run, at the start of every function. */
const mayMoreStack = ['Move', 'Preempt'].map((what) => `-gcflags=all=-d=maymorestack=runtime.mayMoreStack${what}`);

const ends = ['return', 'exit', 'exit in goroutine', 'deadlock', 'deadlock of all', 'panic', 'panic in goroutine'];
ends.push('panic stringer', 'goexit', 'nil', 'fatal');

/** Each program for one system one day, for the other one the next day. */
const plain: Case[] = (['js', 'wasip1'] as const).flatMap((goos, which) =>
  [
    { goos, name: 'control' },
    { goos, name: 'goroutines', runs: [{}, ...(full ? stress : [])] },
    { goos, name: 'finalizers' },
    { goos, name: 'interfaces' },
    { goos, name: 'panics' },
    { goos, name: 'memory', runs: [{}, ...(full ? stress : [])] },
    // The traces of the runtime's own goroutines tell whether there has been a collection.
    { goos, name: 'tracebacks', runs: [{}, { args: ['system'] }, { args: ['all'] }], noPass: ['heap-minimum'] },
    { goos, name: 'std', runs: [{}, ...(full ? stress : [])] },
    // Its end dumps the stack, with words of calls that have returned: that pass leaves some of them out.
    { goos, name: 'recursion', runs: [{ args: ['20000'] }], noPass: ['nothing-to-wake'] },
    {
      goos,
      name: 'ends',
      runs: ends.map((end) => ({ args: [end] })),
      variants: full ? variants : variants.slice(0, 1),
    },
  ].filter((_, k) => full || (k + which) % 2 === day % 2),
);
plain.push({ goos: 'js', name: 'callbacks' });
plain.push({ goos: 'js', name: 'exports', script: 'run-exports.mjs' });
plain.push({ goos: 'wasip1', name: 'exports', script: 'run-exports.mjs', flags: ['-buildmode=c-shared'] });

// Stock itself dies of std with Preempt: "split stack overflow".
const moving: Case[] = (full ? ['control', 'goroutines', 'panics', 'memory', 'std', 'callbacks'] : ['panics'])
  .flatMap((name) => ofToday(mayMoreStack).map((flag) => ({ goos: 'js' as const, name, flags: [flag] })))
  .map((c) => ({ ...c, variants: ofToday(variants, { every: 2 }) }))
  .filter(({ name, flags }) => !(name === 'std' && flags[0]!.endsWith('Preempt')));

const older: Case[] = otherReleases().flatMap((go) => {
  if (full) return plain.map((c) => ({ ...c, go }));
  return (['panics', 'goroutines'] as const).map((name) => ({
    goos: 'js' as const,
    name,
    go,
    variants: variants.slice(0, 1),
  }));
});

let files = 0;

async function compare({
  name,
  goos,
  runs = [{}],
  flags = [],
  go,
  script,
  variants: ways = ordinary,
  noPass,
}: Case): Promise<void> {
  const stock = join(folder, `${name}.${files++}.wasm`);
  await build(program(name), stock, { goos, flags, ...(go && { go }) });
  const input = readFileSync(stock);
  const linked: string[] = [];
  for (const variant of ways) {
    const file = `${stock}.${linked.length}.wasm`;
    writeFileSync(file, await linkAs(input, variant, noPass));
    linked.push(file);
  }
  for (const { args, env } of runs) {
    const runIt = async (file: string): Promise<Run> => normalized(await run(file, { goos, go, args, env, script }));
    const seen = [await runIt(stock)];
    for (const [k, file] of linked.entries()) {
      // Stock's own runs differ now and then, by an address or two: wrong is what no run of stock shows.
      for (let tries = 0; ; tries++) {
        const made = await runIt(file);
        if (seen.some((one) => isDeepStrictEqual(one, made))) break;
        if (tries === 8) expect(made, `${ways[k]!.structure}, kept: ${ways[k]!.kept}; ${args}`).toEqual(seen[0]);
        seen.push(await runIt(stock));
      }
    }
  }
}

/** Without the engine's own traces, which name places in the module, and without times. */
function normalized({ stdout, stderr, code }: Run): Run {
  const text = stderr.replace(/^ {4}at .*\n?/gm, '').replace(/(scavengerState\)\.sleep\(\w+, )\w+/, '$1…');
  return { stdout, stderr: text, code };
}

const title = ({ name, goos, flags = [] }: Case): string => [name, goos, ...flags].join(' ');

describe.concurrent('does the same as stock', { timeout: TIMEOUT }, () => {
  for (const c of [...plain, ...moving]) test(title(c), () => compare(c));
});

describe.concurrent('does the same as stock, with other releases', { timeout: TIMEOUT }, () => {
  for (const c of older) test(`${c.go} ${title(c)}`, () => compare(c));
});

/** Stock overflows the engine's stack here, so the oracle is Go on this machine. */
describe.concurrent('recursion is as deep as Go’s stacks', { timeout: TIMEOUT }, () => {
  test.for(ofToday(['js', 'wasip1'] as const))('%s', async (goos) => {
    const native = join(folder, `recursion.${goos}.exe`);
    const stock = join(folder, `recursion.${goos}.wasm`);
    const linked = join(folder, `recursion.${goos}.linked.wasm`);
    await build(program('recursion'), native, { goos: 'native' });
    await build(program('recursion'), stock, { goos });
    const expected = await run(native, { goos: 'native', args: ['150000'] });
    expect(expected.stdout.split('\n').length).toBeGreaterThan(8);
    for (const variant of variants.filter(({ kept }) => kept !== 'everything')) {
      writeFileSync(linked, await linkAs(readFileSync(stock), variant));
      const { stdout, stderr, code } = await run(linked, { goos, args: ['150000'] });
      expect(stdout).toBe(expected.stdout);
      expect(code).toBe(2);
      expect(stderr).toContain('goroutine stack exceeds 1048576-byte limit');
    }
  });
});

describe.skipIf(wasmtime === undefined)('does the same as stock in wasmtime (`npm run engines` installs it)', () => {
  test.concurrent.for(ofToday(['control', 'goroutines', 'panics']))('%s', { timeout: TIMEOUT }, async (name) => {
    const stock = join(folder, `${name}.wasmtime.wasm`);
    const linked = join(folder, `${name}.wasmtime.linked.wasm`);
    await build(program(name), stock, { goos: 'wasip1' });
    writeFileSync(linked, await linkAs(readFileSync(stock), variants[0]!));
    expect(await runInWasmtime(linked)).toEqual(await runInWasmtime(stock));
  });
});
