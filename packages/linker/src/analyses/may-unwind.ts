/**
 * Which functions may unwind the wasm stack: they do so themselves, call something unknown, or call a function that may.
 * A call of any other function needs no check, and no resume point behind it.
 */
import type { GoProgram, Lifted } from '@go-wasm/lift';
import { reaches, type Sources } from './reach.ts';

/** Where unwinding starts, as far as is known. */
export const UNWINDS: Sources = { unwinding: true, indirect: true };

/** By index among the defined functions: 1 if the function may unwind. Functions that were not lifted may. */
export function mayUnwind(program: GoProgram, lifted: Lifted): Uint8Array {
  return reaches(program, lifted, UNWINDS);
}
