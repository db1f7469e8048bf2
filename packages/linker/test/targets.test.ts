import { describe, expect, test } from 'vitest';
import {
  canHave,
  chooseSwitch,
  engineFlags,
  engines,
  hasFeature,
  parseTarget,
  runnable,
  whoRuns,
} from '../src/targets.ts';

describe('what a target can run', () => {
  test.each([
    ['node20', 'resume asyncify'],
    ['node22', 'resume asyncify'],
    ['node22.19', 'resume asyncify'],
    ['node24', 'resume asyncify jspi'],
    ['node25.9', 'resume asyncify jspi'],
    ['node26', 'resume asyncify stack-switching jspi'],
    ['node', 'resume asyncify stack-switching jspi'],
    ['chromium120', 'resume asyncify'],
    ['chromium94', 'resume'],
    ['chromium137', 'resume asyncify jspi'],
    ['firefox131', 'resume asyncify'],
    ['firefox', 'resume asyncify jspi'],
    ['safari18.4', 'resume asyncify'],
    ['wasmtime36', 'resume'],
    ['wasmtime', 'resume asyncify stack-switching'],
    ['wazero', 'resume'],
    // What all can do.
    ['node26,chromium,firefox', 'resume asyncify jspi'],
    ['node26,safari', 'resume asyncify'],
    // Each has exceptions, but not the same.
    ['node20,wasmtime', 'resume'],
    // What is said to be there.
    ['+jspi', 'resume'],
    ['+jspi,+exceptions', 'resume asyncify jspi'],
    ['+wasm-stack-switching,+wasm-exceptions', 'resume asyncify stack-switching'],
    ['safari,+multi-memory', 'resume asyncify'],
  ])('%s: %s', (text, strategies) => {
    expect(runnable(parseTarget(text)).all.join(' ')).toBe(strategies);
  });

  test.each([
    ['node22', 'resume asyncify'],
    ['node22.19', 'resume asyncify'],
    ['node23.11', 'resume asyncify'],
    ['node24.14.1', 'resume asyncify'],
    ['node24.15', 'resume asyncify jspi'],
    ['node25', 'resume asyncify jspi'],
    ['node26', 'resume asyncify jspi'],
    ['node26,+stack-switching', 'resume asyncify stack-switching jspi'],
    ['wasmtime37', 'resume'],
    ['wasmtime49', 'resume asyncify'],
  ])('%s without flags: %s', (text, strategies) => {
    expect(runnable(parseTarget(text)).plain.join(' ')).toBe(strategies);
  });

  test('switch, the instruction, is not in every engine that has stack switching', () => {
    expect(canHave(parseTarget('wasmtime'), 'symmetric-switching')).toBe(true);
    expect(canHave(parseTarget('chromium'), 'symmetric-switching')).toBe(true);
    expect(canHave(parseTarget('chromium,node'), 'symmetric-switching')).toBe(false);
  });

  test('flags are those of an engine that has a command line', () => {
    expect(engineFlags(parseTarget('node22'), 'asyncify')).toEqual([]);
    expect(engineFlags(parseTarget('wasmtime37'), 'asyncify')).toEqual([
      '-W',
      'exceptions=y,function-references=y,gc=y',
    ]);
    expect(engineFlags(parseTarget('node24'), 'jspi')).toEqual([
      '--experimental-wasm-exnref',
      '--experimental-wasm-jspi',
    ]);
    expect(engineFlags(parseTarget('node26'), 'stack-switching')).toEqual(['--experimental-wasm-wasmfx']);
    expect(engineFlags(parseTarget('node26'), 'jspi')).toEqual([]);
    expect(engineFlags(parseTarget('node26'), 'jump-table')).toEqual([]);
    expect(engineFlags(parseTarget('firefox152'), 'jspi')).toEqual([]);
  });

  test('a feature is there if all engines have it without flags, or it is said to be', () => {
    expect(hasFeature(parseTarget('node20'), 'multi-memory')).toBe(false);
    expect(hasFeature(parseTarget('node22,safari'), 'multi-memory')).toBe(false);
    expect(hasFeature(parseTarget('node22,wasmtime'), 'multi-memory')).toBe(true);
    expect(hasFeature(parseTarget('node26'), 'stack-switching')).toBe(false);
    expect(hasFeature(parseTarget('+multi-memory'), 'multi-memory')).toBe(true);
    expect(hasFeature(parseTarget('+jspi'), 'multi-memory')).toBe(false);
  });
});

describe('the choice', () => {
  test('auto names what it takes, for what, and why', () => {
    for (const text of [...Object.keys(engines), 'node20', 'node26,safari', '+jspi,+exceptions']) {
      const { strategy, reason } = chooseSwitch('auto', parseTarget(text));
      expect(runnable(parseTarget(text)).plain).toContain(strategy);
      expect(reason).toMatch(`for ${text}: `);
    }
    expect(chooseSwitch('auto', undefined)).toMatchObject({
      strategy: 'resume',
      reason: expect.stringMatching('^for any engine: '),
    });
  });

  test('a strategy that was named is held against the target', () => {
    expect(chooseSwitch('jspi', undefined)).toEqual({ strategy: 'jspi' });
    expect(chooseSwitch('jspi', parseTarget('node24,chromium'))).toEqual({ strategy: 'jspi' });
    expect(chooseSwitch('jump-table', parseTarget('node20'))).toEqual({ strategy: 'jump-table' });
    const refused = () => chooseSwitch('jspi', parseTarget('node26,safari18.4'));
    expect(refused).toThrow('safari18.4 cannot run -switch=jspi: it has no jspi');
    expect(refused).toThrow(
      expect.objectContaining({ code: 'GW2110', hint: expect.stringContaining('resume, asyncify, auto; ') }),
    );
    expect(() => chooseSwitch('asyncify', parseTarget('+jspi'))).toThrow(
      'the target cannot run -switch=asyncify: it has no exceptions',
    );
  });

  test('an engine that does not run such modules is refused', () => {
    const refused = () => chooseSwitch('resume', parseTarget('node,wasmtime'), 'js');
    expect(refused).toThrow(expect.objectContaining({ code: 'GW2111' }));
    expect(chooseSwitch('resume', parseTarget('node,wasmtime'), 'wasip1').strategy).toBe('resume');
  });

  test.each(['', 'node24;chromium', 'netscape4', '+tail-call', 'node24.', '-jspi', 'constructor'])(
    '%j is no target',
    (text) => {
      expect(() => parseTarget(text)).toThrow(expect.objectContaining({ code: 'GW2109' }));
    },
  );

  test('people are told where a strategy runs', () => {
    expect(whoRuns('stack-switching')).toBe(
      'node 26.0 with --experimental-wasm-wasmfx; chromium 156 with --js-flags=--wasm-wasmfx; ' +
        'wasmtime 49 with -W stack-switching=y,function-references=y,gc=y -C collector=null',
    );
    expect(whoRuns('asyncify')).toBe('node 17.0; chromium 95; firefox 100; safari 15.2; wasmtime 37');
  });
});
