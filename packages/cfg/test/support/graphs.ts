/** Graphs to test with: all small ones, random ones of several kinds, and large ones of simple shapes. */

import { Analysis, type BlockId, Exit, type Graph, GraphBuilder } from '@go-wasm/cfg';
import fc from 'fast-check';

/** One exit: no target is Leave, one Goto, two If, more Switch. */
export type Targets = readonly BlockId[];

export function graphOf(exits: readonly Targets[], entry: BlockId = 0): Graph {
  const builder = new GraphBuilder();
  for (const _ of exits) builder.addBlock();
  exits.forEach((targets, b) => {
    if (targets.length === 1) builder.goto(b, targets[0]!);
    else if (targets.length === 2) builder.branch(b, targets[0]!, targets[1]!);
    else if (targets.length > 2) builder.switch(b, targets);
  });
  return builder.build(entry);
}

/**
 * Every graph of up to `size` blocks, each with up to `ways` ways out, in which the entry reaches all blocks; of graphs
 * that differ only in the blocks' numbers just one. Calls `visit` with each, or with each `step`-th one from number `from` on.
 */
export function everyGraph(
  size: number,
  ways: number,
  visit: (graph: Graph) => void,
  step: number = 1,
  from: number = 0,
): void {
  const exits: BlockId[][] = [];
  let count = 0;
  // Blocks are numbered as a breadth-first search finds them: block b's targets may name at most the next new block.
  const choose = (b: number, known: number): void => {
    if (b === known) {
      if (count++ % step === from % step) visit(graphOf(exits));
      return;
    }
    const targets: BlockId[] = [];
    exits.push(targets);
    const next = (knownNow: number): void => {
      choose(b + 1, knownNow);
      if (targets.length === ways) return;
      for (let t = 0; t <= knownNow && t < size; t++) {
        targets.push(t);
        next(Math.max(knownNow, t + 1));
        targets.pop();
      }
    };
    next(known);
    exits.pop();
  };
  choose(0, 1);
}

/** A stream of numbers that depend on nothing but the seed (mulberry32). */
export function randomNumbers(seed: number): () => number {
  let state = seed | 0;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let t = Math.imul(state ^ (state >>> 15), 1 | state);
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t;
    return (t ^ (t >>> 14)) >>> 0;
  };
}

/** Small graphs of any shape, which shrink well. */
export function smallGraphs(maxBlocks: number): fc.Arbitrary<Graph> {
  const exit = fc.oneof(
    { weight: 1, arbitrary: fc.constant<number[]>([]) },
    { weight: 3, arbitrary: fc.array(fc.nat(maxBlocks - 1), { minLength: 1, maxLength: 1 }) },
    { weight: 4, arbitrary: fc.array(fc.nat(maxBlocks - 1), { minLength: 2, maxLength: 2 }) },
    { weight: 2, arbitrary: fc.array(fc.nat(maxBlocks - 1), { minLength: 3, maxLength: 6 }) },
  );
  return fc
    .array(exit, { minLength: 1, maxLength: maxBlocks })
    .map((exits) => graphOf(exits.map((targets) => targets.map((t) => t % exits.length))));
}

/** Graphs of up to `maxBlocks` blocks: structured programs, such programs with jumps added, and anything at all. */
export function largeGraphs(maxBlocks: number): fc.Arbitrary<Graph> {
  return fc
    .record({
      seed: fc.integer(),
      blocks: fc.integer({ min: 1, max: maxBlocks }),
      kind: fc.constantFrom('structured', 'jumps', 'local', 'anything'),
    })
    .map(({ seed, blocks, kind }) => randomGraph(seed, blocks, kind));
}

export type RandomKind = 'structured' | 'jumps' | 'local' | 'anything';

export function randomGraph(seed: number, blocks: number, kind: RandomKind): Graph {
  const random = randomNumbers(seed);
  const below = (n: number): number => random() % n;
  if (kind === 'anything' || kind === 'local') {
    // `local`: most ways lead a little forward or back, as in real programs with gotos.
    const target = (b: number): number =>
      kind === 'anything' || below(20) === 0 ? below(blocks) : Math.min(blocks - 1, Math.max(0, b + below(9) - 3));
    return graphOf(
      Array.from({ length: blocks }, (_, b) => {
        const ways = [0, 1, 1, 1, 2, 2, 2, 2, 2, 3 + below(6)][below(10)]!;
        const targets = Array.from({ length: ways }, () => target(b));
        if (kind === 'local' && ways > 0) targets[below(ways)] = Math.min(b + 1, blocks - 1);
        return targets;
      }),
    );
  }
  const graph = structuredGraph(random, blocks);
  if (kind === 'structured') return graph;
  const exits = exitsOf(graph);
  for (let jumps = 1 + below(1 + blocks / 20); jumps > 0; jumps--) {
    const targets = exits[below(exits.length)]!;
    if (targets.length > 0) targets[below(targets.length)] = below(exits.length);
  }
  return graphOf(exits);
}

export function exitsOf({ size, succStart, succ }: Graph): BlockId[][] {
  return Array.from({ length: size }, (_, b) => Array.from(succ.subarray(succStart[b]!, succStart[b + 1]!)));
}

/** The graph of a random program of nested ifs, loops, switches, breaks, continues and returns; always reducible. */
function structuredGraph(random: () => number, blocks: number): Graph {
  const builder = new GraphBuilder();
  const below = (n: number): number => random() % n;
  interface Scope {
    /** Where control is; −1 if it cannot be anywhere. */
    at: BlockId;
    /** How many blocks this part of the program should have. */
    budget: number;
    breaks: BlockId[];
    continues: BlockId[];
  }
  /** A part of the program, from block s.at on; returns where it ends, −1 if it does not. */
  const part = (s: Scope, depth: number): BlockId => {
    let at = s.at;
    const limit = Math.min(blocks, builder.size + s.budget);
    while (at >= 0 && builder.size < limit) {
      const left = limit - builder.size;
      const nested = { budget: 1 + below(left), breaks: s.breaks, continues: s.continues };
      switch (depth > 60 ? 0 : below(9)) {
        case 0: {
          const next = builder.addBlock();
          builder.goto(at, next);
          at = next;
          break;
        }
        case 1:
        case 2: {
          const then = builder.addBlock();
          const end = part({ ...nested, at: then }, depth + 1);
          const after = builder.addBlock();
          if (below(2) === 0) builder.branch(at, then, after);
          else builder.branch(at, after, then);
          if (end >= 0) builder.goto(end, after);
          at = after;
          break;
        }
        case 3: {
          const then = builder.addBlock();
          const otherwise = builder.addBlock();
          builder.branch(at, then, otherwise);
          const ends = [part({ ...nested, at: then }, depth + 1), part({ ...nested, at: otherwise }, depth + 1)];
          at = ends.some((e) => e >= 0) ? builder.addBlock() : -1;
          for (const e of ends) if (e >= 0) builder.goto(e, at);
          break;
        }
        case 4:
        case 5: {
          const head = builder.addBlock();
          const body = builder.addBlock();
          const after = builder.addBlock();
          builder.goto(at, head);
          if (below(40) === 0) builder.goto(head, body);
          else builder.branch(head, body, after);
          const end = part(
            {
              ...nested,
              at: body,
              breaks: [...s.breaks.slice(-3), after],
              continues: [...s.continues.slice(-3), head],
            },
            depth + 1,
          );
          if (end >= 0) {
            if (below(3) === 0) builder.branch(end, head, after);
            else builder.goto(end, head);
          }
          at = after;
          break;
        }
        case 6: {
          const cases = Array.from({ length: 2 + below(6) }, () => builder.addBlock());
          builder.switch(
            at,
            Array.from(
              { length: cases.length + below(4) },
              (_, i) => cases[i < cases.length ? i : below(cases.length)]!,
            ),
          );
          const after = builder.addBlock();
          let through = -1;
          for (const c of cases) {
            if (through >= 0) builder.goto(through, c);
            const end = part({ ...nested, budget: Math.ceil(nested.budget / cases.length), at: c }, depth + 1);
            through = -1;
            if (end >= 0 && below(4) === 0) through = end;
            else if (end >= 0) builder.goto(end, after);
          }
          if (through >= 0) builder.goto(through, after);
          at = after;
          break;
        }
        case 7: {
          const exits = below(2) === 0 ? s.breaks : s.continues;
          if (exits.length === 0) break;
          const next = builder.addBlock();
          const to = exits[below(exits.length)]!;
          if (below(2) === 0) builder.branch(at, to, next);
          else builder.branch(at, next, to);
          at = next;
          break;
        }
        case 8:
          if (below(4) === 0 && depth > 0) at = -1;
          break;
      }
    }
    return at;
  };
  part({ at: builder.addBlock(), budget: blocks, breaks: [], continues: [] }, 0);
  return builder.build(0);
}

/** `n` blocks, each going to the next one. */
export function chain(n: number): Graph {
  return graphOf(Array.from({ length: n }, (_, b) => (b + 1 < n ? [b + 1] : [])));
}

/** `n` loops, each in the one before it. */
export function nestedLoops(n: number): Graph {
  // Header b goes on inwards or out to the block after the loop, b's mirror, which goes back to b or out.
  return graphOf(
    Array.from({ length: 2 * n }, (_, b) => {
      if (b < n) return b + 1 < n ? [b + 1, 2 * n - 1 - b] : [2 * n - 1 - b];
      const header = 2 * n - 1 - b;
      return header > 0 ? [header, b + 1] : [0];
    }),
  );
}

/** `n` ifs, each in the then arm of the one before it. */
export function nestedIfs(n: number): Graph {
  return graphOf([
    ...Array.from({ length: n }, (_, b) => [b + 1, 2 * n - b]),
    [n + 1],
    ...Array.from({ length: n }, (_, k) => (k + 1 < n ? [n + 2 + k] : [])),
  ]);
}

/** A switch over `n` blocks, each of which goes to one end, every third one through the next case. */
export function wideSwitch(n: number): Graph {
  return graphOf([
    Array.from({ length: n }, (_, i) => i + 1),
    ...Array.from({ length: n }, (_, i) => [i % 3 === 0 && i + 1 < n ? i + 2 : n + 1]),
    [],
  ]);
}

/** Two chains with rungs: each block goes on in its own chain or changes to the other one. Acyclic. */
export function ladder(n: number): Graph {
  return graphOf(
    Array.from({ length: 2 * n + 1 }, (_, k) => {
      if (k === 0) return [1, 2];
      const next = k + 2;
      const other = k % 2 === 1 ? k + 3 : k + 1;
      return next > 2 * n || other > 2 * n ? [] : [next, other];
    }),
  );
}

/** `n` irreducible loops, each of two blocks that are both entered, one after the other. */
export function irreducibleLadder(n: number): Graph {
  // Blocks 3i, 3i + 1, 3i + 2: a choice between the two blocks of the loop, and these.
  return graphOf(
    Array.from({ length: 3 * n + 1 }, (_, k) => {
      const i = k - (k % 3);
      if (k === 3 * n) return [];
      return k === i ? [i + 1, i + 2] : k === i + 1 ? [i + 2, i + 3] : [i + 1, i + 3];
    }),
  );
}

/** A path of `n` blocks that can be walked both ways and is entered at both ends: `n` irreducible loops in each other. */
export function nestedIrreducible(n: number): Graph {
  return graphOf([
    [1, n],
    ...Array.from({ length: n }, (_, k) => (k === 0 ? [2, n + 1] : k === n - 1 ? [n - 1] : [k, k + 2])),
    [],
  ]);
}

/** The graphs on which time must grow no faster than size: for each a name and how to make one of about `n` blocks. */
export const largeShapes: readonly [name: string, make: (n: number) => Graph][] = [
  ['chain', chain],
  ['nested ifs', (n) => nestedIfs(Math.ceil(n / 2))],
  ['nested loops', (n) => nestedLoops(Math.ceil(n / 2))],
  ['switch', wideSwitch],
  ['ladder', (n) => ladder(Math.ceil(n / 2))],
  ['irreducible loops, one after the other', (n) => irreducibleLadder(Math.ceil(n / 3))],
  ['irreducible loops, nested', nestedIrreducible],
  ['random, structured', (n) => mostlyReached(n, 'structured')],
  ['random, with some jumps', (n) => mostlyReached(n, 'jumps')],
  ['random, any edges', (n) => mostlyReached(n, 'anything')],
];

/** What must take less than a second and no deep stack. */
export const limits: readonly [name: string, make: () => Graph][] = [
  ['a chain of 100,000 blocks', () => chain(100_000)],
  ['ifs nested 100,000 deep', () => nestedIfs(100_000)],
  ['loops nested 100,000 deep', () => nestedLoops(100_000)],
  ['a switch of 20,000 ways', () => wideSwitch(20_000)],
  ['10,000 irreducible loops, one after the other', () => irreducibleLadder(10_000)],
  ['10,000 irreducible loops, nested', () => nestedIrreducible(10_000)],
];

/** The first random graph of a kind of which the entry reaches at least 70 %. */
function mostlyReached(blocks: number, kind: RandomKind): Graph {
  for (let seed = 1; ; seed++) {
    const graph = randomGraph(seed, blocks, kind);
    if (new Analysis().run(graph).reachable >= 0.7 * graph.size) return graph;
  }
}

/** Whether block kinds and ways out agree: what every Graph must keep to. */
export function isWellFormed({ size, kind, succStart }: Graph): boolean {
  for (let b = 0; b < size; b++) {
    const ways = succStart[b + 1]! - succStart[b]!;
    const ok =
      kind[b] === Exit.Leave
        ? ways === 0
        : kind[b] === Exit.Goto
          ? ways === 1
          : kind[b] === Exit.If
            ? ways === 2
            : ways > 0;
    if (!ok) return false;
  }
  return true;
}
