import { afterAll, describe, expect, it } from 'vitest';
import { full, patience } from './support/effort.ts';
import { describeMutant, Laboratory, mutantsOf, replace } from './support/mutants.ts';

const laboratory = new Laboratory();
afterAll(() => laboratory.dispose());

const STACKIFIER = 'stackifier/src/stackifier.ts';
const RELOOPER = 'relooper/src/relooper.ts';
const LAYOUT = 'cfg/src/layout.ts';
const REDUCIBLE = 'cfg/src/reducible.ts';
const ANALYSIS = 'cfg/src/analysis.ts';

describe('the checks find mutations of the algorithms', () => {
  it('and find nothing where there is none', async () => {
    expect(await laboratory.try(undefined, patience)).toBe('survived');
  });

  it.concurrent.each<[what: string, file: string, from: string, to: string]>([
    ['merge nodes by three edges', STACKIFIER, 'forward[block]! >= 2', 'forward[block]! >= 3'],
    ['merge nodes in postorder', STACKIFIER, 'const block = order[i]!', 'const block = order[reachable - i]!'],
    ['merge nodes at the entry', STACKIFIER, 'const dominator = idom[block]!', 'const dominator = analysis.order[0]!'],
    ['merge nodes in the loops they leave', STACKIFIER, 'if (header < 0) placeWithin', 'if (header < 1e9) placeWithin'],
    ['loop ends where something comes before the end', STACKIFIER, 'if (last === 0 || way !== Way.If) continue;', ''],
    ['siblings in reverse order of layers', RELOOPER, 'k = layer[tree]! + 1', 'k = layer[tree]!'],
    [
      'what leaves a loop in it',
      RELOOPER,
      'if (follows[c] === LOOP) placeBehind',
      'if (follows[c] !== LOOP) placeBehind',
    ],
    ['every sibling is an arm', RELOOPER, 'follows[c] === BLOCK && forward[c] === 1', 'follows[c] === BLOCK'],
    [
      'back edges count as forward edges',
      LAYOUT,
      'if (number[t]! <= i) isHeader[t] = 1;',
      'if (number[t]! < i) isHeader[t] = 1;',
    ],
    ['a switch needs no block', LAYOUT, 'const weight = n > 2 ? 2 : 1;', 'const weight = 1;'],
    ['switches of two ways upside down', LAYOUT, 'first[b] = succ[start + 1]!;', 'first[b] = succ[start]!;'],
    [
      'default cases that are not last',
      LAYOUT,
      'succ[start + n - 2] === succ[start + n - 1]',
      'succ[start] === succ[start + n - 1]',
    ],
    [
      'follows in the wrong order',
      LAYOUT,
      'after[m] = f;\n      f = m;\n    }\n    for (let m = within[b]',
      'after[m] = f;\n    }\n    for (let m = within[b]',
    ],
    ['an Else that is not needed', LAYOUT, 'if (both && falls[nested] === 1)', 'if (both)'],
    ['no Else where it is needed', LAYOUT, 'if (both && falls[nested] === 1)', 'if (false)'],
    ['Blocks for all', LAYOUT, 'if (branches[m]! > 0) {', 'if (branches[m]! >= 0) {'],
    ['no Unreachable at the end', LAYOUT, 'if (ended) tokens[length++] = Tok.Unreachable;', ''],
    ['the label is not set back', REDUCIBLE, 'builder.goto(reset, ordinary(t));', 'newOrigin[reset] = t;'],
    [
      'dead sets stay',
      REDUCIBLE,
      'if (dropDeadSets(result, analysis.run(result.graph))) analysis.run(result.graph);',
      'analysis.run(result.graph);',
    ],
    ['side entries to the innermost dispatch', REDUCIBLE, 'outer[k]! < outermost[t]!', 'outer[k]! > outermost[t]!'],
    [
      'copies that lead back to the original',
      REDUCIBLE,
      'copyExit(builder, graph, b, size + k, (t) => target(b, true, t));',
      'copyExit(builder, graph, b, size + k, (t) => target(b, false, t));',
    ],
    ['semidominators are dominators', ANALYSIS, 'if (dom[w] !== semi[w]) dom[w] = dom[dom[w]!]!;', ''],
    ['labels are not compressed', ANALYSIS, 'if (semi[label[a]!]! < semi[label[x]!]!) label[x] = label[a]!;', ''],
    ['cross edges do not wait', ANALYSIS, 'waitHead[a] = waiting++;', 'waiting++;'],
    ['loops end at their latches', ANALYSIS, 'work[length++] = y;', ''],
    ['irreducible loops pass for loops', ANALYSIS, 'kind[l] = 2;', 'kind[l] = 1;'],
  ])('%s', async (_, file, from, to) => {
    expect(await laboratory.try(replace(file, from, to), patience)).toMatch(/^found: /);
  });

  it.runIf(full)('all that the operators make', { timeout: patience }, async () => {
    const mutants = [STACKIFIER, RELOOPER, LAYOUT, REDUCIBLE, ANALYSIS].flatMap(mutantsOf);
    const start = performance.now();
    await laboratory.try(undefined, patience);
    const limit = 1000 + 2 * (performance.now() - start);
    let survivors = 0;
    for (const mutant of mutants) {
      if ((await laboratory.try(mutant, limit)) !== 'survived') continue;
      survivors++;
      console.log(`not found: ${describeMutant(mutant)}`);
    }
    console.log(`${mutants.length - survivors} of ${mutants.length} mutants found`);
    expect(survivors / mutants.length).toBeLessThan(0.2);
  });
});
