import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { everyGraph, largeGraphs, smallGraphs } from '../../cfg/test/support/graphs.ts';
import { comparedRuns, prove } from '../../cfg/test/support/proof.ts';
import { relooper } from '../src/index.ts';

describe('relooper', () => {
  it('every small', () => {
    let n = 0;
    everyGraph(4, 2, (g) => {
      n++;
      prove(relooper, g, 2);
    });
    everyGraph(3, 3, (g) => {
      n++;
      prove(relooper, g, 2);
    });
    console.log(n);
  });
  it('small', () => {
    fc.assert(
      fc.property(smallGraphs(12), (g) => void prove(relooper, g, 3)),
      { numRuns: 5000 },
    );
  });
  it('large', () => {
    fc.assert(
      fc.property(largeGraphs(2000), (g) => void prove(relooper, g, 3)),
      { numRuns: 200 },
    );
    console.log(comparedRuns);
  });
});
