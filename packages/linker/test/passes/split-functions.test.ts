import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { Exit } from '@go-wasm/cfg';
import { type Lifted, liftProgram, printLifted, readProgram } from '@go-wasm/lift';
import { decodeModule, readNames } from '@go-wasm/wasm';
import { describe, expect, onTestFinished, test } from 'vitest';
import { assemble } from '../../../lift/test/helpers/asm.ts';
import { neverReturns } from '../../src/analyses/never-returns.ts';
import { inspect, link, type StrategyName } from '../../src/index.ts';
import { checkParts, type Limits, splitFunctions } from '../../src/passes/split-functions.ts';
import { EVERYWHERE, haveFunctionsSplit } from '../helpers/everywhere.ts';
import { available, build, program, scratchFolder } from '../helpers/go.ts';

const folder = await scratchFolder();

/** Splits the functions of an assembled program. */
function split(source: string, limits: Partial<Limits> = {}, runsOnce?: Uint8Array): { text: string; lifted: Lifted } {
  const program = readProgram(assemble(source));
  program.frame.fill(512); // assembled programs have no tables that say it
  const lifted = liftProgram(program);
  const facts = { neverReturns: neverReturns(program, lifted), runsOnce };
  splitFunctions(program, lifted, facts, { ...EVERYWHERE, ...limits });
  const text = [program.names.indexOf('main.f'), ...lifted.partOf.map((_, k) => program.functions + k)]
    .map((f) => printLifted(program, lifted, f))
    .join('\n');
  return { text, lifted };
}

const MARK = '\n--- split\n';
const url = new URL('filetests/split-functions.goasm', import.meta.url);
const text = readFileSync(url, 'utf8');
const arms = text.split(MARK, 1)[0]!.trimEnd();
const ARM: Partial<Limits> = { large: 20, small: 8 };

/** `BLESS=1` writes what is made now. */
test('what lives across the ends of a part, its resume points, its exit, and copies of how the function ends', () => {
  const expected = `${arms}\n${MARK}${split(arms, ARM).text}`;
  if (process.env.BLESS === '1') writeFileSync(url, expected);
  else expect(text, 'if the new output is right, run again with BLESS=1').toBe(expected);
});

test('a part that goes on in another function is found', () => {
  const program = readProgram(assemble(arms));
  const { lifted } = split(arms, ARM);
  expect(() => checkParts(program, lifted)).not.toThrow();
  const last = lifted.blocks - 1;
  lifted.exit[last] = Exit.Goto;
  lifted.target[last] = 0;
  expect(() => checkParts(program, lifted)).toThrow(expect.objectContaining({ code: 'GW9103' }));
});

describe('what stays whole', () => {
  const isSplit = (limits: Partial<Limits>, source = arms): boolean =>
    split(source, { ...ARM, ...limits }).lifted.partOf.length > 0;

  test('small functions, and those with small frames', () => {
    expect(isSplit({})).toBe(true);
    expect(isSplit({ whole: 1000 })).toBe(false);
    expect(isSplit({ frame: 513 })).toBe(false);
    expect(isSplit({ small: 100 })).toBe(false);
  });

  test('what is run in a loop, if it has too many exits, or is small', () => {
    const loop = arms
      .replace('  i64.const 1\n', 'again:\n  i64.const 1\n')
      .replace('last:\n', 'last:\n  local.get 2\n  i64.eqz\n  JMPIF again\n');
    // With all of the loop, or without its header.
    const hasHeader = (inLoop: Limits['inLoop']): boolean[] => {
      const { text } = split(loop, { ...ARM, inLoop });
      return text
        .split('\n\n')
        .slice(1)
        .map((part) => part.includes('i64.const 1\n'));
    };
    expect(hasHeader({ small: 1, exits: 1 })).toContain(false);
    expect(hasHeader({ small: 100, exits: 1 })).toEqual([true]);
    expect(hasHeader({ small: 1, exits: -1 })).toEqual([true]);
  });

  test('functions whose loops can be entered', () => {
    const program = readProgram(assemble(arms));
    const all = new Uint8Array(program.functions).fill(1);
    expect(split(arms, ARM, all).lifted.partOf).toEqual([]);
  });
});

test.each(available())(
  'parts are in programs as Go builds them, with %s; not for asyncify, which must know all frames',
  { timeout: 240_000 },
  async (go) => {
    const file = join(folder, `std.${go}.wasm`);
    await build(program('std'), file, { goos: 'js', ...(go && { go }) });
    const input = readFileSync(file);
    const isPart = (name: string): boolean => /\.part\d+$/.test(name);
    const parts = (name: StrategyName, noPass: string[] = []): string[] =>
      inspect(input, { switch: name, noPass, ...(name === 'asyncify' && { target: 'node26' }) }).names.filter(isPart);
    const found = parts('resume');
    expect(found.length).toBeGreaterThan(3);
    if (go !== undefined) return;
    const { bytes } = await link(input);
    expect([...readNames(decodeModule(bytes))!.functions.values()].filter(isPart)).toEqual(found);
    expect(parts('stack-switching')).toEqual(found);
    expect(parts('jspi')).toEqual(found);
    expect(parts('resume', ['split-functions'])).toEqual([]);
    expect(parts('asyncify')).toEqual([]);
    // They are counted by function.
    for (const name of found) {
      const [, of, k] = /^(.*)\.part(\d+)$/.exec(name)!;
      if (k !== '1') expect(found).toContain(`${of}.part${Number(k) - 1}`);
    }
    onTestFinished(haveFunctionsSplit());
    expect(parts('resume').length).toBeGreaterThan(5000);
  },
);
