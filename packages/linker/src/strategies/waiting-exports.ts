/**
 * Exports that wait. A `go:wasmexport` function runs on the goroutine that handles events; JavaScript's frames are below
 * it, so it cannot be left for a moment. In stock Go, one that waits for an event returns when all goroutines wait, with a
 * result that is not there yet and with another goroutine's SP, and nothing works from there on.
 *
 * Here such a call is given up, and the goroutine goes on without it:
 *
 * - The scheduler loop of the export tells an end from a pause. At a pause the export returns at once, and leaves SP as
 *   the pause has set it; the exported global `go-wasm:waiting` is the address of the goroutine's g, which the host keeps.
 * - When the Go function returns later, to the return PC of the export, a scheduler loop calls what is in the export's
 *   place in the table: a function that sets `go-wasm:waiting` again, tells the host by calling `runtime.nanotime1` with
 *   an SP of 0, and returns from the export's frame, to `goexit`. The host gets the result from the export itself, which
 *   does nothing else while the exported global `go-wasm:collect` is not 0.
 *
 * A host that knows nothing of it writes the time to address 8, which no Go program reads. Programs without exports stay
 * as they are.
 *
 * Assumes exports in the shape that cmd/internal/obj/wasm writes (genWasmExportWrapper); if one is not, none may wait.
 */
import { type GoProgram, SP_GLOBAL } from '@go-wasm/lift';
import { ByteWriter, Code, decodeFunction, encodeBody, type Module, Op, ValType } from '@go-wasm/wasm';
import { assemble, type Instruction } from '../assemble.ts';
import { G_GLOBAL, type GoRuntime, PAUSE_GLOBAL } from './go-runtime.ts';
import { enterArguments, type Host, PC } from './sp-lowering.ts';

const EMPTY = -0x40;
const { I32, I64 } = ValType;
const {
  BrIf,
  Call,
  CallIndirect,
  End,
  GlobalGet,
  GlobalSet,
  I32Add,
  I32And,
  I32Const,
  I32Eq,
  I32Eqz,
  I32Load,
  I32Load16U,
  I32Ne,
  I32WrapI64,
  I64Eq,
  If,
  LocalGet,
  LocalSet,
  LocalTee,
  Loop,
  Return,
} = Op;

/** An export, and where in its code is what. */
interface Wrapper {
  f: number;
  code: Code;
  /** The call of the scheduler loop. */
  loop: number;
  /** Loads the result, from SP; nothing for none. */
  load: Instruction | undefined;
  /** The size of its frame. */
  frame: number;
}

export class WaitingExports {
  readonly #program: GoProgram;
  readonly #host: Host;
  readonly #waiting: number = -1;
  readonly #collect: number = -1;
  readonly #nanotime: number = -1;
  /** (pc_f: i32, g: i64) -> paused: i32: the scheduler loop of an export; −1 where none may wait. */
  readonly loop: number = -1;
  /** What is in the table in place of each export. */
  readonly #done: Map<number, number> = new Map();

  constructor(program: GoProgram, runtime: GoRuntime, host: Host) {
    this.#program = program;
    this.#host = host;
    const { module, imports } = program;
    const functions = module.imports.filter(({ kind }) => kind === 'func');
    const nanotime = functions.findIndex(({ module, name }) => module === 'gojs' && name === 'runtime.nanotime1');
    const loop = imports + runtime.find('wasm_pc_f_loop_export');
    if (nanotime < 0 || loop < imports) return;
    const wrappers = findWrappers(program, loop);
    if (wrappers === undefined || wrappers.length === 0) return;

    this.#nanotime = nanotime;
    this.#waiting = host.addGlobal();
    this.#collect = host.addGlobal();
    module.exports.push({ name: 'go-wasm:waiting', kind: 'global', index: this.#waiting });
    module.exports.push({ name: 'go-wasm:collect', kind: 'global', index: this.#collect });
    const type = module.types.push({ kind: 'func', params: [I32, I64], results: [I32] }) - 1;
    this.loop = host.addFunction('go_wasm.loop_export', type);
    for (const wrapper of wrappers) {
      module.bodies[wrapper.f] = this.#wrapperBody(wrapper);
      const done = host.addFunction(`${program.names[wrapper.f]}.done`, host.type);
      host.define(done, this.#doneBody(wrapper));
      this.#done.set(wrapper.f, done);
    }
  }

  /** Whether an export, by its index among the defined functions, may wait. */
  has(f: number): boolean {
    return this.#done.has(f);
  }

  /** @param loopBody the scheduler loop, where the strategy has one of its own. */
  finish(module: Module, loopBody?: Uint8Array): void {
    if (this.#done.size === 0) return;
    this.#host.define(this.loop, loopBody ?? this.#loopBody());
    const table = module.elements[0]!.functions!;
    for (const [f, done] of this.#done) table[f] = done;
  }

  /** As Go's `wasm_pc_f_loop_export`; but it ends only where the function returns on the goroutine that called it. */
  #loopBody(): Uint8Array {
    const [pcF, g, sp, pc, pcB] = [0, 1, 2, 3, 4];
    return assemble(
      [I32, I32, I32],
      [
        [GlobalGet, PAUSE_GLOBAL],
        [I32Eqz],
        [If, EMPTY],
        [Loop, EMPTY],
        ...PC,
        [I32Load, 2, 1],
        [LocalTee, pc],
        [LocalGet, pcF],
        [I32Eq],
        [LocalGet, sp], // not 0: the last one has returned
        [I32Const, 0],
        [I32Ne],
        [I32And],
        [GlobalGet, G_GLOBAL],
        [LocalGet, g],
        [I64Eq],
        [I32And],
        [If, EMPTY],
        [I32Const, 0],
        [Return],
        [End],
        ...this.#host.beforeLoopCall(),
        ...PC,
        [I32Load16U, 0, 1],
        [LocalSet, pcB],
        ...enterArguments(pcB),
        [LocalGet, pc],
        [CallIndirect, this.#host.type, 0],
        [LocalTee, sp],
        [If, EMPTY],
        [LocalGet, sp],
        [I32Const, 8],
        [I32Add],
        [GlobalSet, SP_GLOBAL],
        [End],
        [GlobalGet, PAUSE_GLOBAL],
        [I32Eqz],
        [BrIf, 0],
        [End],
        [End],
        [I32Const, 0],
        [GlobalSet, PAUSE_GLOBAL],
        [I32Const, 1],
      ],
    );
  }

  /** The Go function has returned to an export that waits no more: at its return PC, whose PC_B is 0 where it has no frame. */
  #doneBody({ frame }: Wrapper): Uint8Array {
    const sp = 1;
    const below = frame === 0 ? 0 : 8;
    return assemble(
      [],
      [
        [LocalGet, sp],
        [I32Const, below],
        [I32Add],
        [GlobalSet, SP_GLOBAL],
        [GlobalGet, G_GLOBAL],
        [I32WrapI64],
        [GlobalSet, this.#waiting],
        [I32Const, 0],
        [Call, this.#nanotime],
        [LocalGet, sp],
        [I32Const, below + frame],
        [I32Add],
      ],
    );
  }

  #wrapperBody({ f, code: from, loop, load }: Wrapper): Uint8Array {
    const { module } = this.#program;
    const type = module.types[module.functions[f]!]!;
    const { params, results } = type.kind === 'func' ? type : { params: [], results: [] };
    const code = new Code(from.length);
    const locals = decodeFunction(module, f, code);
    code.clear();
    const g = params.length + locals.counts.reduce((x, y) => x + y, 0);
    locals.counts.push(1);
    locals.types.push(I64);
    const push = (...instructions: Instruction[]): void => {
      for (const [op, a = 0, b = 0] of instructions) code.push(op, a as number, b);
    };
    const result: Instruction[] = load === undefined ? [] : [[GlobalGet, SP_GLOBAL], load];
    push([GlobalGet, this.#collect], [If, EMPTY], ...result, [Return], [End]);
    push([GlobalGet, G_GLOBAL], [LocalSet, g]);
    for (let i = 0; i < from.length; i++) {
      if (i !== loop) {
        code.pushFrom(from, i);
        continue;
      }
      push([LocalGet, g], [Call, this.loop], [If, EMPTY]);
      push([LocalGet, g], [I32WrapI64], [GlobalSet, this.#waiting]);
      // Some number: the host takes none.
      if (results.length > 0) push([GlobalGet, SP_GLOBAL], load!);
      push([Return], [End]);
    }
    const writer = new ByteWriter();
    encodeBody(locals, code, 0, code.length, writer);
    return writer.take();
  }
}

/** The exports, which call the scheduler loop; undefined if one is not understood. */
function findWrappers(program: GoProgram, loopIndex: number): Wrapper[] | undefined {
  const { module, imports, functions, isGo } = program;
  const exported = new Set(module.exports.filter(({ kind }) => kind === 'func').map(({ index }) => index - imports));
  const wrappers: Wrapper[] = [];
  for (const f of exported) {
    if (f < 0 || f >= functions || isGo[f] === 1) continue;
    const code = new Code();
    decodeFunction(module, f, code);
    const { op, a, b, length } = code;
    let loop = -1;
    for (let i = 0; i < length; i++) if (op[i] === Call && a[i] === loopIndex) loop = i;
    if (loop < 0) continue;
    let i = loop + 1;
    if (op[i++] !== End) return undefined;
    let load: Instruction | undefined;
    if (op[i] === GlobalGet && a[i] === SP_GLOBAL && isLoad(op[i + 1]!)) {
      load = [op[i + 1]!, a[i + 1]!, b[i + 1]!];
      i += 2;
    }
    let frame = 0;
    if (op[i] === GlobalGet && a[i] === SP_GLOBAL && op[i + 1] === I32Const && op[i + 2] === I32Add) {
      if (op[i + 3] !== GlobalSet || a[i + 3] !== SP_GLOBAL) return undefined;
      frame = a[i + 1]!;
      i += 4;
    }
    const type = module.types[module.functions[f]!]!;
    const results = type.kind === 'func' ? type.results.length : -1;
    if (op[i] !== Return || results !== (load === undefined ? 0 : 1)) return undefined;
    wrappers.push({ f, code, loop, load, frame });
  }
  return wrappers;
}

function isLoad(op: number): boolean {
  return op >= Op.I32Load && op <= Op.I64Load32U;
}
