/**
 * Callbacks that wait. In stock Go a `js.FuncOf` function runs on the goroutine that handles the event, and that goroutine
 * must be done before JavaScript goes on: if the function waits, all is deadlocked.
 *
 * Here the host may have the event handled by a new goroutine: it sets the exported global `go-wasm:spawn` before it
 * calls `resume`. Then `syscall/js.handleEvent` does no more than `go handleEvent()`. The goroutine of the event waits,
 * as ever, until all others wait or have ended, and returns to the host: with the result, or before it is there.
 *
 * A host that does not set it gets what stock Go does.
 *
 * Where the stack is nearly full, or the goroutine is asked to yield, the event is handled as in stock Go: so `newproc`
 * neither grows the stack nor unwinds, and the return PC that it is given is only the place that traces show.
 */
import type { GoProgram, Lifted } from '@go-wasm/lift';
import { Op, ValType } from '@go-wasm/wasm';
import { assemble } from '../assemble.ts';
import { CTXT_GLOBAL, G, G_GLOBAL, type GoRuntime } from './go-runtime.ts';
import type { Host } from './sp-lowering.ts';

const EMPTY = -0x40;
/** What newproc and its arguments may take above the stack guard: its frame is a small one (128 bytes at most). */
const ROOM = 256;
const {
  Call,
  Drop,
  End,
  GlobalGet,
  GlobalSet,
  I32And,
  I32Const,
  I32GtU,
  I32Load,
  I32Ne,
  I32Store8,
  I32Sub,
  I32WrapI64,
  I64Const,
  I64GeS,
  I64Load,
  I64Store,
  If,
  LocalGet,
  LocalTee,
  Return,
} = Op;

/** Programs that know no JavaScript stay as they are. */
export function letCallbacksWait(program: GoProgram, lifted: Lifted, runtime: GoRuntime, host: Host): void {
  const { module, imports } = program;
  const handler = runtime.find('syscall/js.handleEvent');
  const newproc = runtime.find('runtime.newproc');
  if (![handler, newproc].every((f) => f >= 0 && lifted.isLifted(f))) return;
  const spawn = host.addGlobal();
  module.exports.push({ name: 'go-wasm:spawn', kind: 'global', index: spawn });
  const index = host.addFunction('syscall/js.handleEvent.spawn', host.type);
  host.wrap(handler, index);
  const [pc, sp, callee] = [0, 1, 2];
  host.define(
    index,
    assemble(
      [ValType.I32],
      [
        [LocalGet, pc],
        [I64Const, 0],
        [I64GeS],
        [GlobalGet, spawn],
        [I32Const, 0],
        [I32Ne],
        [I32And],
        [LocalGet, sp],
        [I32Const, ROOM],
        [I32Sub],
        [GlobalGet, G_GLOBAL],
        [I32WrapI64],
        [I32Load, G.stackGuard0, 2],
        [I32GtU],
        [I32And],
        [If, EMPTY],
        [I32Const, 0],
        [GlobalSet, spawn],
        // The function value that handleEvent is called by is the argument, its PC the return address.
        [LocalGet, sp],
        [I32Const, 16],
        [I32Sub],
        [LocalTee, callee],
        [GlobalGet, CTXT_GLOBAL],
        [I64Store, 8, 3],
        [GlobalGet, CTXT_GLOBAL],
        [I32WrapI64],
        [I64Load, 0, 3],
        [LocalGet, callee],
        [Call, imports + newproc],
        [Drop],
        // return true
        [LocalGet, sp],
        [I32Const, 1],
        [I32Store8, 8, 0],
        [LocalGet, sp],
        [Return],
        [End],
        [LocalGet, pc],
        [LocalGet, sp],
        [Call, imports + handler],
      ],
    ),
  );
}
