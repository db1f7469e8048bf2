/**
 * The `resume` strategy: to switch goroutines, the wasm stack is unwound by checks behind calls, and the scheduler loop
 * re-enters one frame after the other at its resume point, from the goroutine's stack in memory. Runs on every engine.
 */
import { SpLowering } from './sp-lowering.ts';
import type { SwitchStrategy } from './strategy.ts';

export const resume: SwitchStrategy = {
  name: 'resume',
  description: 'one structured copy of each function; a switch unwinds the wasm stack and re-enters frames one by one',
  start: (program, lifted, facts) => new SpLowering(program, lifted, facts, facts.mayUnwind),
};
