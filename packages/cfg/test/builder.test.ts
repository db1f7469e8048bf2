import { Exit, type Graph, GraphBuilder } from '@go-wasm/cfg';
import { describe, expect, it } from 'vitest';

function shown({ size, entry, kind, succStart, succ }: Graph): unknown {
  return { size, entry, kind: [...kind], succStart: [...succStart], succ: [...succ] };
}

describe('GraphBuilder', () => {
  it('keeps the successors of each block in order', () => {
    const builder = new GraphBuilder();
    for (let b = 0; b < 5; b++) expect(builder.addBlock()).toBe(b);
    builder.switch(0, [1, 2, 2, 3]);
    builder.branch(1, 3, 2);
    builder.goto(2, 0);
    builder.goto(3, 1);
    builder.leave(3);
    expect(shown(builder.build(1))).toEqual({
      size: 5,
      entry: 1,
      kind: [Exit.Switch, Exit.If, Exit.Goto, Exit.Leave, Exit.Leave],
      succStart: [0, 4, 6, 7, 7, 7],
      succ: [1, 2, 2, 3, 3, 2, 0],
    });
  });

  it('replaces an exit that is set again', () => {
    const builder = new GraphBuilder();
    builder.addBlock();
    builder.switch(0, [0, 0, 0]);
    builder.switch(0, [0]);
    expect(shown(builder.build(0))).toMatchObject({ kind: [Exit.Switch], succ: [0] });
    builder.goto(0, 0);
    expect(shown(builder.build(0))).toMatchObject({ kind: [Exit.Goto], succ: [0] });
  });

  it('starts anew after clear(), without touching what it has built', () => {
    const builder = new GraphBuilder();
    for (let b = 0; b < 1000; b++) builder.addBlock();
    for (let b = 0; b < 1000; b++) builder.switch(b, [b, (b + 1) % 1000]);
    const graph = builder.build(0);
    const before = shown(graph);
    builder.clear();
    expect(builder.size).toBe(0);
    for (let b = 0; b < 3; b++) builder.addBlock();
    expect(shown(builder.build(2))).toEqual({ size: 3, entry: 2, kind: [3, 3, 3], succStart: [0, 0, 0, 0], succ: [] });
    expect(shown(graph)).toEqual(before);
  });

  it('refuses what is no block', () => {
    const builder = new GraphBuilder();
    expect(() => builder.build(0)).toThrow(new RangeError('entry 0 is not one of 0 blocks'));
    builder.addBlock();
    expect(() => builder.build(-1)).toThrow(new RangeError('entry -1 is not one of 1 blocks'));
    expect(() => builder.switch(0, [])).toThrow(new RangeError('block 0: a switch needs a default target'));
    builder.addBlock();
    builder.branch(1, 0, 2);
    expect(() => builder.build(0)).toThrow(new RangeError('block 1: target 2 is not one of 2 blocks'));
    builder.goto(1, -1);
    expect(() => builder.build(0)).toThrow(RangeError);
  });
});
