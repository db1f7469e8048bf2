/**
 * Go finds the function of a PC by `runtime.findfunctab`: a bucket of 20 bytes for each 4,096 PCs, the number of the first
 * function in it, and for each sixteenth of it how many more there are. On WebAssembly a function has 65,536 PCs, so 16 buckets in a row
 * have its number, and nothing else:
 *
 * ```
 * bucket b: { idx uint32 = b / 16, subbuckets [16]byte = 0 }
 * ```
 *
 * In the file each of them is a data segment of its own, since Go's linker cuts data at zeros: they take nine bytes each, in all a tenth of
 * the module, and are nine in ten of its segments. With this, the module's start function writes what has been left out.
 *
 * Assumes that no stage before changes what Go's data say, and nothing of what the table is for: memory is the same when the module has been
 * instantiated. Only buckets that are as above are left out, and only if the module has no start function and all data known addresses, as Go's modules have it.
 *
 * Sources: cmd/link/internal/ld/pcln.go, findfunctab; cmd/link/internal/wasm/asm.go, writeDataSec; runtime/symtab.go, findfuncbucket, moduledata.
 */
import { findModuleData, findTable, type GoProgram } from '@go-wasm/lift';
import { type Bytes, type DataSegment, importCount, lengthOf, type Module, Op, ValType } from '@go-wasm/wasm';
import { assemble, begin, get, type Instruction, i32, seq, set, tee } from '../assemble.ts';
import { nameFunctions } from '../names.ts';

const { BrIf, End, I32Add, I32LtU, I32Store, Loop } = Op;

/** The word of `runtime.firstmoduledata` with the table's address: behind that of the header and six slices. */
const FINDFUNCTAB = 19;

const BUCKET = 20;
/** How many buckets a function has. */
const BUCKETS = 16;
/** Fewer functions are not worth the code. */
const ENOUGH = 16;

const NAME = 'go_wasm.function_index';

export function computeFunctionIndex({ functions, image }: GoProgram, module: Module): void {
  if (module.start !== undefined) return;
  const table = findTable(image, functions);
  const start = table && findModuleData(table)?.(FINDFUNCTAB);
  if (start !== undefined) computeBuckets(module, image, start);
}

/**
 * Leaves out the buckets at an address.
 *
 * @param image the module's memory when it has been instantiated.
 */
export function computeBuckets(module: Module, image: Uint8Array, start: number): void {
  if (module.start !== undefined || start % 4 !== 0) return;
  const count = regularBuckets(image, start);
  if (count < ENOUGH * BUCKETS || module.data.some(({ offset }) => typeof offset !== 'number')) return;

  const left: DataSegment[] = [];
  for (const segment of module.data) keepOutside(segment, start, start + count * BUCKET, left);
  module.data = left;
  module.start = importCount(module, 'func') + module.functions.length;
  module.functions.push(module.types.push({ kind: 'func', params: [], results: [] }) - 1);
  module.bodies.push(fill(start, count));
  nameFunctions(module, new Map([[module.start, NAME]]));
}

/** How many buckets, from the start of the table on, are as they can be computed. */
function regularBuckets(image: Uint8Array, start: number): number {
  const view = new DataView(image.buffer, image.byteOffset, image.byteLength);
  let count = 0;
  for (let at = start; at + BUCKET <= image.length; at += BUCKET, count++) {
    if (view.getUint32(at, true) !== Math.floor(count / BUCKETS)) return count;
    for (let k = 4; k < BUCKET; k += 4) if (view.getUint32(at + k, true) !== 0) return count;
  }
  return count;
}

/** Appends to `left` what a segment has outside of the addresses from `from` to `to`. */
function keepOutside(segment: DataSegment, from: number, to: number, left: DataSegment[]): void {
  const start = (segment.offset as number) >>> 0;
  const end = start + lengthOf(segment.bytes);
  if (segment.memory !== 0 || end <= from || start >= to) {
    left.push(segment);
    return;
  }
  if (start < from) left.push({ ...segment, bytes: cut(segment.bytes, 0, from - start) });
  if (end > to) left.push({ ...segment, offset: to | 0, bytes: cut(segment.bytes, to - start, end - start) });
}

function cut(bytes: Bytes, from: number, to: number): Bytes {
  return bytes instanceof Uint8Array ? bytes.subarray(from, to) : { start: bytes.start + from, end: bytes.start + to };
}

/** Writes the numbers of `count` buckets: those of one function after those of the other. */
function fill(start: number, count: number): Uint8Array {
  const [at, number] = [0, 1];
  const write = (buckets: number): Instruction[] =>
    Array.from({ length: buckets }, (_, k) => seq(get(at), get(number), [I32Store, k * BUCKET, 2])).flat();
  return assemble(
    [ValType.I32, ValType.I32],
    seq(
      seq(i32(start), set(at), begin(Loop), write(BUCKETS)),
      seq(get(at), i32(BUCKETS * BUCKET), I32Add, set(at)),
      seq(get(number), i32(1), I32Add, tee(number), i32(Math.floor(count / BUCKETS)), I32LtU, [BrIf, 0], End),
      write(count % BUCKETS),
    ),
  );
}
