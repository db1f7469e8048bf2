import { Exit } from '@go-wasm/cfg';
import { GoOp, type GoProgram, INDIRECT, type Lifted } from '@go-wasm/lift';
import { Op } from '@go-wasm/wasm';

/** By which code is known. Source: Fowler, Noll, Vo: FNV-1a, 32 bits. */
class Digest {
  #hash = 0x811c9dc5;

  addByte(byte: number): void {
    this.#hash = Math.imul(this.#hash ^ byte, 0x01000193);
  }

  addWord(word: number): void {
    for (let shift = 0; shift < 32; shift += 8) this.addByte((word >> shift) & 0xff);
  }

  get value(): number {
    return this.#hash >>> 0;
  }
}

export function digestOfBytes(bytes: Uint8Array): number {
  const digest = new Digest();
  for (const byte of bytes) digest.addByte(byte);
  return digest.value;
}

export function digestOfWords(words: Iterable<number>): number {
  const digest = new Digest();
  for (const word of words) digest.addWord(word);
  return digest.value;
}

/** From here on a constant is an address in Go's data: the functions that are known this way compute with no larger numbers. */
const LEAST_ADDRESS = 0x1_0000;

/** The code of a lifted function, without what the linker has decided: the numbers of functions, and where data lies. */
export interface Fingerprint {
  /** The same for the same code. */
  readonly digest: number;
  /** The addresses that it reads and writes, in the order of its code. */
  readonly addresses: readonly number[];
}

/** The fingerprint of function `f`, an index among the defined functions, which must have been lifted. */
export function fingerprint(program: GoProgram, lifted: Lifted, f: number): Fingerprint {
  const { code, funcBlock, blockStart, blockEnd, exit, target, otherwise } = lifted;
  const { imports, names } = program;
  const hash = new Digest();
  const addresses: number[] = [];
  const first = funcBlock[f]!;
  const fails = imports + names.indexOf('runtime.throw');
  for (let block = first; block < funcBlock[f + 1]!; block++) {
    const kind = exit[block]!;
    hash.addWord(kind);
    if (kind !== Exit.Leave) hash.addWord(target[block]! - first);
    if (kind === Exit.If) hash.addWord(otherwise[block]! - first);
    const [start, end] = [blockStart[block]!, blockEnd[block]!];
    // A text that is passed to runtime.throw may lie lower.
    const says = code.op.subarray(start, end).some((op, i) => op === GoOp.Call && code.a[start + i] === fails);
    for (let i = start; i < end; i++) {
      const [op, a, b] = [code.op[i]!, code.a[i]!, code.b[i]!];
      hash.addWord(op);
      if (op >= GoOp.Call && op <= GoOp.CallRaw && a !== INDIRECT) {
        hash.addWord(digestOfBytes(new TextEncoder().encode(a < imports ? `import ${a}` : names[a - imports]!)));
        hash.addWord(b);
      } else if (op === Op.I64Const && b === 0 && a >= LEAST_ADDRESS) {
        if (code.op[i + 1] === Op.I32WrapI64) addresses.push(a + code.a[i + 2]!);
        else addresses.push(a);
      } else if (op !== Op.I64Const || !says) {
        hash.addWord(a);
        hash.addWord(b);
      }
    }
  }
  return { digest: hash.value, addresses };
}
