/**
 * Where the code of a new module has come from, by Go's own tables ({@link LineTable}): what source maps and DWARF are made of.
 *
 * A Go call has a return PC, so each call is known exactly, as in Go's tracebacks: it has the line of its return PC
 * less one. What stands between two calls gets the line of the first PC behind the earlier one, in the order in which Go
 * wrote it; blocks may have moved since.
 *
 * Assumes: instructions keep the place in the input that they came from (`Code.offset`), or have none.
 */
import { type GoProgram, type Lifted, type Lines, LineTable } from '@go-wasm/lift';
import { type ByteRange, decodeModule } from '@go-wasm/wasm';

/** Of one function: pairs of an offset in its new body and the place in the input that is there now. */
export type Places = number[];

/** A function of a new module. */
export interface MappedFunction {
  /** Index among the defined functions; that of the whole function for a part of one. */
  f: number;
  /** Its body's offsets in the module. */
  start: number;
  end: number;
  /** Its lines; none for a function that is ours, or unknown. */
  lines: Lines;
  /** Offsets in its body, rising, and the PC_B that what stands from there on has come from: arrays of the same length. */
  offset: number[];
  pc: number[];
}

/** A new module, and where its code has come from. */
export interface Mapped {
  readonly program: GoProgram;
  readonly table: LineTable;
  readonly output: Uint8Array;
  /** The functions, in the order of the module. */
  functions(): Iterable<MappedFunction>;
}

/** @param places by index among the defined functions */
export function mapped(
  program: GoProgram,
  lifted: Lifted,
  places: readonly (Places | undefined)[],
  output: Uint8Array,
): Mapped {
  const table = new LineTable(program);
  const bodies = decodeModule(output).bodies as ByteRange[];
  function* functions(): Iterable<MappedFunction> {
    for (const [index, { start, end }] of bodies.entries()) {
      const f = index < lifted.units ? lifted.originOf(index) : index;
      const lines = table.of(f);
      const list = lines.end.length > 0 ? (places[index] ?? []) : [];
      const pcOf = pcs(lifted, f);
      const offset: number[] = [];
      const pc: number[] = [];
      for (let k = 0; k < list.length; k += 2) {
        offset.push(list[k]!);
        pc.push(pcOf(list[k + 1]!));
      }
      yield { f, start, end, lines, offset, pc };
    }
  }
  return { program, table, output, functions };
}

/** The places of a module that stays as it is. */
export function placesAsTheyAre(program: GoProgram, lifted: Lifted): Places[] {
  const { code, goOps, funcGoOp } = lifted;
  return program.bodies.map(({ start }, f) => {
    const places: Places = [];
    for (let k = funcGoOp[f]!; k < funcGoOp[f + 1]!; k++) {
      const place = code.offset[goOps[k]!]!;
      places.push(place - start, place, place + 1 - start, place + 1);
    }
    return places;
  });
}

/** The PC whose line an instruction of function `f` has, by the place in the input that it came from. */
function pcs(lifted: Lifted, f: number): (place: number) => number {
  const { code, goOps, funcGoOp } = lifted;
  const calls: number[] = [];
  const after: number[] = [];
  for (let k = funcGoOp[f]!; k < funcGoOp[f + 1]!; k++) {
    const i = goOps[k]!;
    if (code.b[i]! <= 0) continue; // no return PC
    calls.push(code.offset[i]!);
    after.push(code.b[i]!);
  }
  return (place) => {
    const k = upperBound(calls, place) - 1;
    if (k < 0) return 0;
    return calls[k] === place ? after[k]! - 1 : after[k]!;
  };
}

/** How many of the rising numbers are no larger than `x`. */
export function upperBound(numbers: readonly number[], x: number): number {
  let low = 0;
  let high = numbers.length;
  while (low < high) {
    const middle = (low + high) >>> 1;
    if (numbers[middle]! <= x) low = middle + 1;
    else high = middle;
  }
  return low;
}
