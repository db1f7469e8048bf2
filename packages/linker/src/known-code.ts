import { Exit } from '@go-wasm/cfg';
import { GoOp, type GoProgram, INDIRECT, type Lifted } from '@go-wasm/lift';
import { Op } from '@go-wasm/wasm';
import { GoRuntime } from './strategies/go-runtime.ts';

const utf8 = new TextEncoder();

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

/** From here on a constant is an address in Go's data: the functions that are known this way compute with no larger numbers. */
const LEAST_ADDRESS = 0x1_0000;

/** The code of functions, without what the linker has decided: the numbers of functions, and where data lies. */
export interface Fingerprint {
  /** The same for the same code. */
  readonly digest: number;
  /** By function: the addresses that it reads and writes, in the order of its code. */
  readonly addresses: ReadonlyMap<string, readonly number[]>;
}

/** The fingerprint of functions, told by their names, in this order; undefined if one of them was not lifted. */
export function fingerprint(program: GoProgram, lifted: Lifted, functions: readonly string[]): Fingerprint | undefined {
  const runtime = new GoRuntime(program, lifted);
  const indices = functions.map((name) => runtime.findLifted(name));
  if (indices.includes(-1)) return undefined;
  const fails = program.imports + runtime.find('runtime.throw');
  const all = new Digest();
  const addresses = new Map<string, readonly number[]>();
  for (const [k, f] of indices.entries()) {
    const [digest, found] = digestOfFunction(program, lifted, f, fails);
    all.addWord(digest);
    addresses.set(functions[k]!, found);
  }
  return { digest: all.value, addresses };
}

/** @param fails the index of runtime.throw. */
function digestOfFunction(
  { imports, names }: GoProgram,
  { code, funcBlock, blockStart, blockEnd, exit, target, otherwise }: Lifted,
  f: number,
  fails: number,
): [digest: number, addresses: number[]] {
  const digest = new Digest();
  const addresses: number[] = [];
  const first = funcBlock[f]!;
  for (let block = first; block < funcBlock[f + 1]!; block++) {
    const kind = exit[block]!;
    digest.addWord(kind);
    if (kind !== Exit.Leave) digest.addWord(target[block]! - first);
    if (kind === Exit.If) digest.addWord(otherwise[block]! - first);
    const [start, end] = [blockStart[block]!, blockEnd[block]!];
    // A text that is passed to runtime.throw may lie lower.
    const says = code.op.subarray(start, end).some((op, i) => op === GoOp.Call && code.a[start + i] === fails);
    for (let i = start; i < end; i++) {
      const [op, a, b] = [code.op[i]!, code.a[i]!, code.b[i]!];
      digest.addWord(op);
      if (op >= GoOp.Call && op <= GoOp.CallRaw && a !== INDIRECT) {
        digest.addWord(digestOfBytes(utf8.encode(a < imports ? `import ${a}` : names[a - imports]!)));
        digest.addWord(b);
      } else if (op === Op.I64Const && b === 0 && a >= LEAST_ADDRESS) {
        addresses.push(code.op[i + 1] === Op.I32WrapI64 ? a + code.a[i + 2]! : a);
      } else if (op !== Op.I64Const || !says) {
        digest.addWord(a);
        digest.addWord(b);
      }
    }
  }
  return [digest.value, addresses];
}
