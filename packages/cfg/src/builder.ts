import { type BlockId, Exit, type Graph } from './graph.ts';

/**
 * Builds a {@link Graph} block by block. One builder serves any number of graphs: {@link GraphBuilder.clear} keeps the
 * memory. A new block's exit is Leave until it is set; setting it again replaces it.
 *
 * ```ts
 * const b = new GraphBuilder();
 * const head = b.addBlock(), body = b.addBlock(), done = b.addBlock();
 * b.branch(head, body, done);
 * b.goto(body, head);
 * const graph = b.build(head); // while (head) body;
 * ```
 */
export class GraphBuilder {
  #size = 0;
  #kind: Uint8Array = new Uint8Array(64);
  /** Goto: the target; If: the first target; Switch: where its targets start in the pool. */
  #first: Uint32Array = new Uint32Array(64);
  /** If: the second target; Switch: how many targets. */
  #second: Uint32Array = new Uint32Array(64);
  #pool: Uint32Array = new Uint32Array(64);
  #poolLength = 0;

  /** How many blocks there are. */
  get size(): number {
    return this.#size;
  }

  /** Forgets all blocks. */
  clear(): void {
    this.#size = 0;
    this.#poolLength = 0;
  }

  /** Adds a block with exit Leave and returns its number: 0, 1, 2, … */
  addBlock(): BlockId {
    const block = this.#size++;
    if (block === this.#kind.length) {
      this.#kind = grown(this.#kind, block + 1);
      this.#first = grown(this.#first, block + 1);
      this.#second = grown(this.#second, block + 1);
    }
    this.#kind[block] = Exit.Leave;
    return block;
  }

  /** After `block` control goes to `to`. */
  goto(block: BlockId, to: BlockId): void {
    this.#kind[block] = Exit.Goto;
    this.#first[block] = to;
  }

  /** After `block` control goes to `then` if its condition is not zero, else to `otherwise`. */
  branch(block: BlockId, then: BlockId, otherwise: BlockId): void {
    this.#kind[block] = Exit.If;
    this.#first[block] = then;
    this.#second[block] = otherwise;
  }

  /** After `block` control goes to `targets[index]`, and to the last target, the default, for any greater index. */
  switch(block: BlockId, targets: ArrayLike<BlockId>): void {
    if (targets.length === 0) throw new RangeError(`block ${block}: a switch needs a default target`);
    const start = this.#poolLength;
    const end = start + targets.length;
    if (end > this.#pool.length) this.#pool = grown(this.#pool, end);
    this.#pool.set(targets, start);
    this.#poolLength = end;
    this.#kind[block] = Exit.Switch;
    this.#first[block] = start;
    this.#second[block] = targets.length;
  }

  /** After `block` control leaves the graph. */
  leave(block: BlockId): void {
    this.#kind[block] = Exit.Leave;
  }

  /**
   * The graph with the given entry. It owns its arrays: it stays as it is when the builder goes on.
   *
   * @throws RangeError if the entry or a target is not a block.
   */
  build(entry: BlockId): Graph {
    const size = this.#size;
    const kind = this.#kind.slice(0, size);
    const first = this.#first;
    const second = this.#second;
    const pool = this.#pool;
    const succStart = new Uint32Array(size + 1);
    let edges = 0;
    for (let b = 0; b < size; b++) {
      succStart[b] = edges;
      const k = kind[b];
      edges += k === Exit.Goto ? 1 : k === Exit.If ? 2 : k === Exit.Switch ? second[b]! : 0;
    }
    succStart[size] = edges;
    const succ = new Uint32Array(edges);
    let at = 0;
    for (let b = 0; b < size; b++) {
      const k = kind[b];
      if (k === Exit.Goto) succ[at++] = first[b]!;
      else if (k === Exit.If) {
        succ[at++] = first[b]!;
        succ[at++] = second[b]!;
      } else if (k === Exit.Switch) {
        const start = first[b]!;
        const end = start + second[b]!;
        for (let i = start; i < end; i++) succ[at++] = pool[i]!;
      }
    }
    const graph: Graph = { size, entry, kind, succStart, succ };
    checkTargets(graph);
    return graph;
  }
}

function checkTargets(graph: Graph): void {
  const { size, entry, succStart, succ } = graph;
  if (!(entry >= 0 && entry < size)) throw new RangeError(`entry ${entry} is not one of ${size} blocks`);
  for (let e = 0; e < succ.length; e++) {
    if (succ[e]! >= size) {
      let b = 0;
      while (succStart[b + 1]! <= e) b++;
      throw new RangeError(`block ${b}: target ${succ[e]} is not one of ${size} blocks`);
    }
  }
}

function grown<T extends Uint8Array | Uint32Array>(array: T, atLeast: number): T {
  const larger = new (array.constructor as new (n: number) => T)(Math.max(atLeast, array.length * 2));
  larger.set(array);
  return larger;
}
