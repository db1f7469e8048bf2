/**
 * The `resume` strategy: to switch goroutines, the wasm stack is unwound by checks behind calls, and the scheduler loop
 * re-enters one frame after the other at its resume point, from the goroutine's stack in memory. Runs on every engine.
 */
import { type GoProgram, type Lifted, SP_GLOBAL } from '@go-wasm/lift';
import { type Module, Op, ValType } from '@go-wasm/wasm';
import { UNWINDS } from '../analyses/may-unwind.ts';
import { assemble, type Instruction, seq } from '../assemble.ts';
import { G_GLOBAL, GoRuntime } from './go-runtime.ts';
import { SpLowering, STORE_RETURN_PC } from './sp-lowering.ts';
import { StackGuard } from './stack-guard.ts';
import type { Facts, SwitchStrategy } from './strategy.ts';
import { letCallbacksWait } from './waiting-callbacks.ts';
import { WaitingExports } from './waiting-exports.ts';

const { Call, GlobalGet, I32Const, I32WrapI64, LocalGet, LocalSet, Return } = Op;

export const resume: SwitchStrategy = {
  name: 'resume',
  description: 'one structured copy of each function; a switch unwinds the wasm stack and re-enters frames one by one',
  switchesAt: UNWINDS,
  start: (program, lifted, facts) => new ResumeLowering(program, lifted, facts),
};

class ResumeLowering extends SpLowering {
  /** Not there if what it needs was not lifted: then recursion is as deep as the engine's stack, as with stock Go. */
  readonly #guard: StackGuard | undefined;
  readonly #exports: WaitingExports;
  readonly #morestack: number;
  readonly #morestackOuter: number = -1;

  constructor(program: GoProgram, lifted: Lifted, facts: Facts) {
    super(program, lifted, facts, facts.mayUnwind);
    const runtime = new GoRuntime(program, lifted);
    const host = this.host();
    this.#exports = new WaitingExports(program, runtime, host);
    letCallbacksWait(program, lifted, runtime, host);
    this.#morestack = runtime.get('runtime.morestack');
    if (![this.#morestack, runtime.get('runtime.execute')].every((f) => lifted.isLifted(f))) return;
    const { module } = program;
    const type = module.types.push({ kind: 'func', params: [ValType.I32], results: [] }) - 1;
    this.#guard = new StackGuard(runtime, this.addFunction('go_wasm.guard', type), host.addGlobal);
    this.#morestackOuter = this.addFunction('runtime.morestack.switch', this.type);
    this.wrap(this.#morestack, this.#morestackOuter);
  }

  reentry(): number | undefined {
    if (this.#guard === undefined) return undefined;
    const type = this.program.module.types.push({ kind: 'func', params: [], results: [] }) - 1;
    const index = this.addFunction('go_wasm.reenter', type);
    this.define(index, this.#guard.reentryBody());
    return index;
  }

  override finish(module: Module): void {
    if (this.#guard !== undefined) {
      this.define(this.#guard.index, this.#guard.body());
      this.define(this.#morestackOuter, this.#morestackBody(this.#guard));
    }
    this.#exports.finish(module);
    super.finish(module);
  }

  /** Wasm frames begin where the scheduler loop enters a function. */
  protected override beforeLoopCall(): Instruction[] {
    return this.#guard === undefined ? [] : seq([GlobalGet, SP_GLOBAL], [Call, this.#guard.index]);
  }

  #morestackBody(guard: StackGuard): Uint8Array {
    const [sp, g] = [1, 2];
    return assemble(
      [ValType.I32],
      [
        ...STORE_RETURN_PC,
        [GlobalGet, G_GLOBAL],
        [I32WrapI64],
        [LocalSet, g],
        // As Go's own does: unwind, and have the function start anew.
        ...guard.ifArtificial(g, sp, [[I32Const, 0], [Return]]),
        [LocalGet, 0],
        [LocalGet, sp],
        [Call, this.program.imports + this.#morestack],
      ],
    );
  }
}
