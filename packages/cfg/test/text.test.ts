import { type Graph, GraphSyntaxError, parseGraph, printGraph, printStructured } from '@go-wasm/cfg';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { stackifier } from '../../stackifier/src/index.ts';
import { effort, seed } from './support/effort.ts';
import { smallGraphs } from './support/graphs.ts';

const EXAMPLE = `
# Comments go to the end of the line.
head: if body else done      # on the condition of \`head\`
body [12]: goto head
  pick-2 : switch head body else done\r
done.$: leave
done: switch else done
`;

describe('the text form of graphs', () => {
  it('is read', () => {
    const { graph, names, sizes } = parseGraph(EXAMPLE);
    expect(names).toEqual(['head', 'body', 'pick-2', 'done.$', 'done']);
    expect(sizes).toEqual([1, 12, 1, 1, 1]);
    expect(printGraph(graph)).toBe(
      'b0: if b1 else b4\nb1: goto b0\nb2: switch b0 b1 else b4\nb3: leave\nb4: switch else b4\n',
    );
  });

  it(`is printed so that it is read as the same (SEED=${seed})`, () => {
    const same = (graph: Graph, sizes: number[]): void => {
      const names = Array.from({ length: graph.size }, (_, b) => `x${b}`);
      const read = parseGraph(printGraph(graph, names, sizes));
      expect(read.graph).toEqual(graph);
      expect(read.names).toEqual(names);
      expect(read.sizes).toEqual(sizes.slice(0, graph.size));
    };
    fc.assert(fc.property(smallGraphs(12), fc.array(fc.nat(50), { minLength: 12, maxLength: 12 }), same), {
      numRuns: effort(300, 10_000),
      seed,
    });
  });

  it('is printed with the entry first', () => {
    const { graph } = parseGraph('a: goto b\nb: leave');
    expect(printGraph({ ...graph, entry: 1 })).toBe('b1: leave\nb0: goto b1\n');
  });

  it.each([
    ['', '1:1: there is no block'],
    ['# nothing\n\n', '3:1: there is no block'],
    ['a goto a', '1:3: expected :'],
    ['a:', '1:3: expected goto, if, switch or leave'],
    ['a: jump a', '1:4: expected goto, if, switch or leave, not jump'],
    ['a: leave\n  a: leave', '2:3: block a is there already'],
    ['a: goto b', '1:9: there is no block b'],
    ['a: goto', '1:8: expected the name of a block'],
    ['a: if a a', '1:9: expected else'],
    ['a: if a else', '1:13: expected the name of a block'],
    ['a: switch a a', '1:14: expected the name of a block'],
    ['a: leave a', '1:10: expected the end of the line'],
    ['a [x]: leave', '1:4: expected a size'],
    ['a [2: leave', '1:5: expected ]'],
    ['else: leave', '1:1: else is not a name'],
    ['?: leave', '1:1: expected the name of a block'],
  ])('is refused with line and column: %j', (text, message) => {
    expect(() => parseGraph(text)).toThrow(GraphSyntaxError);
    expect(() => parseGraph(text)).toThrow(message);
  });
});

describe('printStructured', () => {
  it('prints a tree', () => {
    const { graph, names } = parseGraph(EXAMPLE);
    expect(printStructured(stackifier.structure(graph), names)).toBe(`block @0
  loop @1
    head
    br_if not head @0
    body
    br @1
  end
end
loop @2
  done
  drop done
  br @2
end
unreachable
`);
  });
});
