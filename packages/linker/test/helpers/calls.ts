import { Code, decodeFunction, decodeModule, importCount, Op, readNames } from '@go-wasm/wasm';

const FUNC_VALUE_OFFSET = 0x1000; // cmd/link/internal/wasm/asm.go

/** Calls in a module that Go code makes, parts of functions too: their places in it, and the PCs that they return to, from these as constants in front of them. */
export function callsOf(bytes: Uint8Array): { place: number; pc: bigint }[] {
  const module = decodeModule(bytes);
  const calls: { place: number; pc: bigint }[] = [];
  const code = new Code();
  const names = readNames(module)?.functions ?? new Map<number, string>();
  const indices = new Map([...names].map(([index, name]) => [name, index]));
  const first = importCount(module, 'func');
  for (let f = 0; f < module.bodies.length; f++) {
    decodeFunction(module, f, code);
    // In the name section Go's linker writes names without parentheses, stars and the like.
    const whole = names
      .get(first + f)
      ?.match(/^(.*)\.part\d+$/)?.[1]
      ?.replace(/[^\w.]/g, '_');
    const pcF = BigInt(FUNC_VALUE_OFFSET + (whole === undefined ? f : indices.get(whole)! - first));
    let pc = 0n;
    for (let i = 0; i < code.length; i++) {
      const op = code.op[i];
      if (op === Op.I64Const) {
        const value = (BigInt(code.b[i]! >>> 0) << 32n) | BigInt(code.a[i]! >>> 0);
        // morestack "returns" to PC_B 0: the function starts anew.
        if (value >> 16n === pcF && (value & 0xffffn) !== 0n) pc = value;
      } else if ((op === Op.Call || op === Op.CallIndirect) && pc !== 0n) {
        calls.push({ place: code.offset[i]!, pc });
        pc = 0n;
      }
    }
  }
  return calls;
}

/** How often a function of a module calls another one by its index, both told by their names. */
export function callsFrom(bytes: Uint8Array, name: string, callee: string): number {
  const { code, indices } = codeOf(bytes, name);
  const index = indices.get(callee);
  let calls = 0;
  for (let i = 0; i < code.length; i++) if (code.op[i] === Op.Call && code.a[i] === index) calls++;
  return calls;
}

/** The code of a function of a module, told by its name, and the index of each function by name. */
export function codeOf(bytes: Uint8Array, name: string): { code: Code; indices: ReadonlyMap<string, number> } {
  const module = decodeModule(bytes);
  const indices = new Map([...readNames(module)!.functions].map(([index, of]) => [of, index]));
  const code = new Code();
  decodeFunction(module, indices.get(name)! - importCount(module, 'func'), code);
  return { code, indices };
}
