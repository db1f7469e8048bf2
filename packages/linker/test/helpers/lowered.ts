/** Lowered functions as tests write them: lists of instructions, one for each block. */
import { GraphBuilder } from '@go-wasm/cfg';
import { Lowered } from '../../src/lowered.ts';

/** An opcode and its first immediate. */
export type Line = readonly [op: number, a: number];

/** A function of these blocks, each of which is followed by the next one. */
export function loweredOf(blocks: readonly (readonly Line[])[]): Lowered {
  const lowered = new Lowered();
  const builder = new GraphBuilder();
  for (const [b, lines] of blocks.entries()) {
    builder.addBlock();
    if (b > 0) builder.goto(b - 1, b);
    lowered.start[b] = lowered.code.length;
    for (const [op, a] of lines) lowered.code.push(op, a);
    lowered.end[b] = lowered.code.length;
  }
  builder.leave(blocks.length - 1);
  lowered.graph = builder.build(0);
  return lowered;
}

/** The blocks of a function. */
export function blocksOf({ code, start, end, graph }: Lowered): Line[][] {
  return Array.from({ length: graph!.size }, (_, b) => {
    const at = Array.from({ length: end[b]! - start[b]! }, (_, k) => start[b]! + k);
    return at.map((i): Line => [code.op[i]!, code.a[i]!]);
  });
}
