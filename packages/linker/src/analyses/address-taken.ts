/**
 * Which functions an indirect call may reach: those whose PC stands in the data or in code, and methods. Go's function values and the
 * method tables of interfaces (itab) are data with PCs; closures that capture something are made by code that stores one. Method
 * tables of types have PCs by their offset, in four bytes (internal/abi/type.go, Method), which other numbers may look like: so all
 * functions that have a method's name count.
 *
 * Assumes: Go code makes no PC of a function by arithmetic with another one's. What is not meant: return points (a return goes where the
 * stack says), and a function's own PC in its own code, which morestack gets to enter it anew.
 */
import { FUNC_VALUE_OFFSET, type GoProgram, type Lifted } from '@go-wasm/lift';
import { Op } from '@go-wasm/wasm';

/** Where a function's address stands, if it is not in the code of a function. */
export const Taken = { No: -1, InData: -2, Method: -3 } as const;

/** By index among the defined functions: the first function whose code has its address, or one of {@link Taken}. */
export function addressTaken(program: GoProgram, lifted: Lifted): Int32Array {
  const { functions, names, image } = program;
  const { code, funcBlock, blockStart, blockEnd } = lifted;
  const taken = new Int32Array(functions).fill(Taken.No);
  const mark = (low: number, high: number, where: number): void => {
    const f = (low >>> 16) + high * 0x10000 - FUNC_VALUE_OFFSET;
    if (f >= 0 && f < functions && f !== where && taken[f] === Taken.No) taken[f] = where;
  };
  const words = new Int32Array(image.buffer, image.byteOffset, image.length >>> 2);
  for (let k = 0; k + 1 < words.length; k += 2) {
    // Of a PC in data, PC_B is 0.
    if ((words[k]! & 0xffff) === 0 && words[k + 1]! >>> 16 === 0) mark(words[k]!, words[k + 1]!, Taken.InData);
  }
  for (let f = 0; f < functions; f++) {
    for (let b = funcBlock[f]!; b < funcBlock[f + 1]!; b++) {
      for (let i = blockStart[b]!; i < blockEnd[b]!; i++) {
        if (code.op[i] === Op.I64Const && code.b[i]! >>> 16 === 0) mark(code.a[i]!, code.b[i]!, f);
      }
    }
  }
  for (let f = 0; f < functions; f++) if (taken[f] === Taken.No && isMethod(names[f]!)) taken[f] = Taken.Method;
  return taken;
}

/** `path/pkg.Type.Method`, `path/pkg.(*Type).Method`, `pkg.Type[...].Method`; closures have names like these, too. */
function isMethod(name: string): boolean {
  const local = name.slice(name.lastIndexOf('/', name.includes('[') ? name.indexOf('[') : undefined) + 1);
  return local.split('.').length > 2;
}
