import {
  checkStructured,
  findWaste,
  type Graph,
  labelLiveness,
  nextToken,
  runGraph,
  runStructured,
  type Structured,
  StructureError,
  Tok,
  tokenNames,
} from '@go-wasm/cfg';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { relooper } from '../../relooper/src/index.ts';
import { stackifier } from '../../stackifier/src/index.ts';
import { effort, patience, seed } from './support/effort.ts';
import { graphOf, smallGraphs } from './support/graphs.ts';
import { decisions } from './support/proof.ts';

const { Block, Loop, If, IfNot, Else, End, Code, Br, BrIf, BrTable, Drop, Leave, SetLabel, IfLabel, Unreachable } = Tok;

function program(tokens: number[], labels = 0, usesLabelVariable = false): Structured {
  return { tokens: Int32Array.from(tokens), length: tokens.length, labels, usesLabelVariable };
}

function thrown(run: () => unknown): unknown {
  try {
    run();
    return undefined;
  } catch (error) {
    return error;
  }
}

const straight = graphOf([[]]);
const choice = graphOf([[1, 2], [], []]);
const cycle = graphOf([[0]]);

describe('checkStructured', () => {
  it.each<[string, Graph, Structured]>([
    ['a block', straight, program([Code, 0, Leave, 0])],
    ['an else', choice, program([Code, 0, If, 0, Code, 1, Leave, 1, Else, Code, 2, Leave, 2, End, Unreachable])],
    ['a negated if', choice, program([Code, 0, IfNot, 0, Code, 2, Leave, 2, End, Code, 1, Leave, 1])],
    ['a loop', cycle, program([Loop, 0, Code, 0, Br, 0, End, Unreachable], 1)],
    ['a label variable', straight, program([SetLabel, 3, IfLabel, 3, Code, 0, Leave, 0, End, Unreachable], 0, true)],
  ])('accepts %s', (_, graph, structured) => {
    checkStructured(graph, structured);
  });

  it.each<[string, Graph, Structured]>([
    ['token 2: Leave is not how block 0 ends', cycle, program([Code, 0, Leave, 0])],
    ['token 2: End without a start', straight, program([Code, 0, End])],
    ['token 0: Else without If', straight, program([Else])],
    ['token 0: the construct has no End', straight, program([Block, 0, Code, 0, Leave, 0], 1)],
    ['token 0: there is no token 99', straight, program([99])],
    ['token 2: the token is cut off', straight, program([Code, 0, Leave])],
    ['token 0: label 1 is not below 1', straight, program([Block, 1, End], 1)],
    ['token 3: label 0 is opened twice', straight, program([Block, 0, End, Block, 0, End], 1)],
    ['token 3: label 0 is not in scope', straight, program([Loop, 0, End, Br, 0], 1)],
    ['token 4: 2 labels, but 0 are opened', straight, program([Code, 0, Leave, 0], 2)],
    [
      'token 6: If 0 does not directly follow the code of that block',
      choice,
      program([Block, 0, Code, 0, Loop, 1, If, 0, End, End, End], 2),
    ],
    ['token 0: Drop 0 does not directly follow the code of that block', choice, program([Drop, 0])],
    ['token 0: the program claims not to use the label variable', straight, program([SetLabel, 1, Code, 0, Leave, 0])],
    [
      'token 0: values of the label variable are not negative',
      straight,
      program([SetLabel, -1, Code, 0, Leave, 0], 0, true),
    ],
    ['token 4: a table needs a default label', choice, program([Block, 0, Code, 0, BrTable, 0, 0, End], 1)],
    ['token 0: control arrives at the end', straight, program([Block, 0, End], 1)],
    ['token 0: control goes round in circles', straight, program([Loop, 0, Br, 0, End], 1)],
    ['token 0: control arrives at Unreachable, but should at block 0', straight, program([Unreachable])],
    [
      'token 4: control arrives at block 2, but should at block 1',
      choice,
      program([Code, 0, If, 0, Code, 2, Leave, 2, End, Code, 1, Leave, 1]),
    ],
    [
      'token 13: an emitter cannot see that control does not come to the end',
      choice,
      program([Code, 0, If, 0, Code, 1, Leave, 1, Else, Code, 2, Leave, 2, End]),
    ],
    ['token 4: BrIf is not how block 0 ends', cycle, program([Loop, 0, Code, 0, BrIf, 0, 0, Br, 0, End], 1)],
    [
      'token 16: the label variable may be anything here',
      graphOf([[1, 2], [3], [3], [4], []]),
      program(
        [Code, 0, If, 0, Code, 1, SetLabel, 1, Else, Code, 2, SetLabel, 2, End].concat([
          Code,
          3,
          IfLabel,
          1,
          Code,
          4,
          Leave,
          4,
          End,
          Code,
          4,
          Leave,
          4,
        ]),
        0,
        true,
      ),
    ],
  ])('refuses: %s', (message, graph, structured) => {
    const error = thrown(() => checkStructured(graph, structured));
    expect(error).toBeInstanceOf(StructureError);
    expect((error as StructureError).message).toBe(message);
  });

  it(`refuses whatever does something else (SEED=${seed})`, { timeout: patience }, () => {
    const count = { refused: 0, accepted: 0 };
    const property = fc.property(
      smallGraphs(10),
      fc.constantFrom(stackifier, relooper),
      fc.nat(),
      fc.integer({ min: -1, max: 20 }),
      fc.boolean(),
      (graph, structurer, where, value, atToken) => {
        const right = structurer.structure(graph);
        const tokens = right.tokens.slice(0, right.length);
        let at = where % right.length;
        if (atToken)
          for (let next = 0; next <= at; next = nextToken(tokens, next)) at = nextToken(tokens, next) > at ? next : at;
        if (tokens[at] === value) return;
        tokens[at] = value;
        const wrong: Structured = { ...right, tokens };
        if (thrown(() => checkStructured(graph, wrong)) !== undefined) {
          count.refused++;
          return;
        }
        count.accepted++;
        for (let run = 0; run < 10; run++) {
          const expected = runGraph(graph, decisions(run, graph), 60);
          expect(runStructured(wrong, decisions(run, graph), 60)).toEqual(expected);
        }
      },
    );
    fc.assert(property, { numRuns: effort(5000, 300_000), seed });
    // What is accepted all the same has been changed where it does not matter.
    expect(count.accepted).toBeLessThan(count.refused / 4);
  });
});

describe('findWaste', () => {
  it.each<[string, Structured]>([
    ['token 0: nothing branches to Block', program([Block, 0, Code, 0, Leave, 0, End], 1)],
    ['token 0: nothing branches to Loop', program([Loop, 0, Code, 0, Leave, 0, End], 1)],
    ['token 6: control does not reach Br', program([Loop, 0, Code, 0, Br, 0, Br, 0, End], 1)],
    ['token 2: an empty arm', program([Code, 0, If, 0, End, Code, 1, Leave, 1])],
    ['token 6: an empty arm', program([Code, 0, If, 0, Code, 1, Else, End, Code, 2, Leave, 2])],
    ['token 4: a branch to what follows', program([Block, 0, Code, 0, Br, 0, End, Code, 1, Leave, 1], 1)],
    ['token 4: a branch to what follows', program([Block, 0, Code, 0, BrIf, 0, 0, End, Code, 1, Leave, 1], 1)],
    ['token 0: nothing reads this value of the label variable', program([SetLabel, 1, Code, 0, Leave, 0], 0, true)],
    [
      'token 8: the arm before Else does not come to its end',
      program([Code, 0, If, 0, Code, 1, Leave, 1, Else, Code, 2, End, Code, 3, Leave, 3]),
    ],
    [
      'token 6: the arm after Else does not come to its end',
      program([Code, 0, If, 0, Code, 1, Else, Code, 2, Leave, 2, End, Code, 3, Leave, 3]),
    ],
  ])('finds: %s', (what, structured) => {
    expect(findWaste(structured)).toEqual([what]);
  });
});

describe('labelLiveness', () => {
  it(`says where the value may be read later (SEED=${seed})`, { timeout: patience }, () => {
    let live = 0;
    const property = fc.property(smallGraphs(8), fc.constantFrom(stackifier, relooper), (graph, structurer) => {
      const structured = structurer.structure(graph, { sizes: new Array(graph.size).fill(1000) });
      const { tokens, length } = structured;
      const found = labelLiveness(structured);
      // By definition: run on from each token with all decisions, up to the first token about the variable.
      for (let start = 0; start < length; start = nextToken(tokens, start)) {
        const expected = readsFirst(structured, start);
        expect(found[start], `before ${tokenNames[tokens[start]!]} at ${start}`).toBe(expected ? 1 : 0);
        live += found[start]!;
      }
    });
    fc.assert(property, { numRuns: effort(400, 10_000), seed });
    expect(live).toBeGreaterThan(0);
  });
});

/** Whether some way from the token at `start` comes to one that reads the label variable before one that sets it. */
function readsFirst({ tokens, length }: Structured, start: number): boolean {
  // Its own walk over the constructs, so that it shares nothing with what it tests.
  const opens: number[] = [];
  const end = new Map<number, number>(); // of each construct (and of the Else it has) the index after its End
  const otherwise = new Map<number, number>();
  const labelAt = new Map<number, number>();
  for (let at = 0; at < length; at = nextToken(tokens, at)) {
    const kind = tokenNames[tokens[at]!]!;
    if (kind === 'Block' || kind === 'Loop') labelAt.set(tokens[at + 1]!, at);
    if (kind === 'Block' || kind === 'Loop' || /^If/.test(kind)) opens.push(at);
    if (kind === 'Else') otherwise.set(opens[opens.length - 1]!, at);
    if (kind === 'End') end.set(opens.pop()!, at + 1);
  }
  const toLabel = (label: number): number => {
    const at = labelAt.get(label)!;
    return tokens[at] === Loop ? at + 2 : end.get(at)!;
  };
  const endOfElse = (at: number): number => end.get([...otherwise].find(([, e]) => e === at)![0])!;
  const seen = new Set<number>();
  const work = [start];
  while (work.length > 0) {
    const at = work.pop()!;
    if (seen.has(at) || at >= length) continue;
    seen.add(at);
    const kind = tokenNames[tokens[at]!]!;
    const next = nextToken(tokens, at);
    if (kind !== 'SetLabel' && kind.includes('Label')) return true;
    if (kind === 'SetLabel' || kind === 'Leave' || kind === 'Unreachable') continue;
    if (kind === 'Br') work.push(toLabel(tokens[at + 1]!));
    else if (kind === 'Else') work.push(endOfElse(at));
    else if (kind === 'BrTable') for (let i = at + 3; i < next; i++) work.push(toLabel(tokens[i]!));
    else {
      work.push(next);
      if (kind === 'BrIf' || kind === 'BrIfNot') work.push(toLabel(tokens[at + 2]!));
      if (kind === 'If' || kind === 'IfNot') work.push(otherwise.has(at) ? otherwise.get(at)! + 1 : end.get(at)!);
    }
  }
  return false;
}
