/**
 * Lets the host ask how many goroutines there are: the exported function `go-wasm:goroutines`, () -> i32, gives what
 * `runtime.NumGoroutine()` gives. It adds up the counts that the Go runtime keeps anyway, as `runtime.gcount` does, and may be called at any time: while the
 * program waits, and by JavaScript that Go has called. `gcount` itself is in few programs, and as Go code needs a stack.
 *
 * Assumes one P, as the Go runtime does on WebAssembly. Before the program's start all words are 0, and so is the result.
 */
import type { GoProgram, Lifted } from '@go-wasm/lift';
import { importCount, type Module, Op, ValType } from '@go-wasm/wasm';
import { assemble, type Instruction, i32, seq } from './assemble.ts';
import { nameFunctions } from './names.ts';
import { GoRuntime } from './strategies/go-runtime.ts';

const NAME = 'go-wasm:goroutines';

/** Adds the function to a module; not if the Go runtime keeps its counts in a way that is not known. */
export function addGoroutineCount(program: GoProgram, lifted: Lifted, module: Module): void {
  const counts = new GoRuntime(program, lifted).goroutineCounts();
  if (counts === undefined) return;
  const { all, system, free, allp, freeOfP } = counts;
  const load = (address: number): Instruction[] => seq(i32(address), [Op.I32Load, 0, 2]);
  const body = assemble(
    [],
    seq(
      load(all),
      ...[system, ...free].flatMap((address) => [load(address), Op.I32Sub]),
      load(allp),
      [Op.I32Load, 0, 2],
      [Op.I32Load, freeOfP, 2],
      Op.I32Sub,
    ),
  );
  const index = importCount(module, 'func') + module.functions.length;
  module.functions.push(module.types.push({ kind: 'func', params: [], results: [ValType.I32] }) - 1);
  module.bodies.push(body);
  module.exports.push({ name: NAME, kind: 'func', index });
  nameFunctions(module, new Map([[index, NAME]]));
}
