/** What the analyses of whole programs have found, as text: a line for each function of which there is something to say. */
import type { GoProgram, Lifted } from '@go-wasm/lift';
import { type LinkOptions, prepare } from '../link.ts';
import { addressTaken, Taken } from './address-taken.ts';
import { callGraph } from './call-graph.ts';
import { FrameLayouts } from './frame-layout.ts';
import { mayMoveStack } from './may-move-stack.ts';
import { UNWINDS } from './may-unwind.ts';
import { neverReturns } from './never-returns.ts';
import { reach, Source, UNREACHED } from './reach.ts';
import { runsOnce } from './runs-once.ts';
import { stackDepth, Unbounded } from './stack-depth.ts';

/** An analysis that {@link dump} knows. */
export type AnalysisName =
  | 'calls'
  | 'address-taken'
  | 'never-returns'
  | 'may-unwind'
  | 'may-move-stack'
  | 'runs-once'
  | 'stack-depth'
  | 'frames';

/** Says something of function `f`, by its index among the defined functions, or nothing. */
type Line = (f: number) => string | undefined;

/** How an analysis becomes text. */
export interface Analysis {
  readonly description: string;
  /** Analyses a program. */
  readonly of: (program: GoProgram, lifted: Lifted) => Line;
}

const SOURCES: Readonly<Record<number, string>> = {
  [Source.Unwinding]: 'starts to unwind',
  [Source.NotLifted]: 'was not understood',
  [Source.Indirect]: 'makes an indirect call',
  [Source.Listed]: 'leaves the stack',
};

const NO_BOUND: Readonly<Record<number, string>> = {
  [Unbounded.Recursion]: 'no bound: recursion by way of',
  [Unbounded.Indirect]: 'no bound: it makes an indirect call',
  [Unbounded.Unknown]: 'no bound: not known what it does to SP',
  [Unbounded.Callee]: 'no bound: it calls',
};

/** A line for what {@link reach} has found. */
function way({ names }: GoProgram, next: Int32Array): Line {
  return (f) => {
    const to = next[f]!;
    if (to === UNREACHED) return undefined;
    return to < 0 ? SOURCES[to]! : `calls ${names[to]}`;
  };
}

/** All that can be dumped, by name. */
export const analyses: Readonly<Record<AnalysisName, Analysis>> = {
  calls: {
    description:
      'which functions a function calls, each once, in the order of its code; (indirect) for what a table is asked for',
    of: (program, lifted) => {
      const { names, module } = program;
      const imported = module.imports.filter(({ kind }) => kind === 'func');
      const { start, callees, indirect } = callGraph(program, lifted);
      return (f) => {
        const called = Array.from(callees.subarray(start[f]!, start[f + 1]!), (callee) =>
          callee < 0 ? `${imported[-1 - callee]!.name} (import)` : names[callee]!,
        );
        if (indirect[f] === 1) called.push('(indirect)');
        return called.length > 0 ? called.join(', ') : undefined;
      };
    },
  },
  'address-taken': {
    description: 'functions that an indirect call may reach, and where their address stands',
    of: (program, lifted) => {
      const taken = addressTaken(program, lifted);
      return (f) => {
        const where = taken[f]!;
        if (where >= 0) return `in the code of ${program.names[where]}`;
        return where === Taken.InData ? 'in data' : where === Taken.Method ? 'a method' : undefined;
      };
    },
  },
  'never-returns': {
    description: 'functions that never return to their caller, so that a call of them ends its block',
    of: (program, lifted) => {
      const never = neverReturns(program, lifted);
      return (f) => (never[f] === 1 ? 'never returns' : undefined);
    },
  },
  'may-unwind': {
    description:
      'functions behind whose calls there are a check and a resume point, and why: what comes next on a shortest way',
    of: (program, lifted) => way(program, reach(program, lifted, UNWINDS)),
  },
  'may-move-stack': {
    description:
      "functions behind whose calls the goroutine's stack may have moved, and why: what comes next on a shortest way",
    of: (program, lifted) => way(program, mayMoveStack(program, lifted)),
  },
  'runs-once': {
    description: 'main.main, and what a function that runs once calls in no loop and nobody else calls',
    of: (program, lifted) => {
      const once = runsOnce(program, lifted);
      return (f) => (once[f] === 1 ? 'runs once' : undefined);
    },
  },
  'stack-depth': {
    description:
      "the bytes of the goroutine's stack that a function takes with all that it calls, unless something panics, and the deepest way",
    of: (program, lifted) => {
      const { bytes, by } = stackDepth(program, lifted);
      const name = (f: number): string => (by[f]! < 0 ? '' : ` ${program.names[by[f]!]}`);
      return (f) => {
        const bound = bytes[f]!;
        if (bound < 0) return NO_BOUND[bound] + name(f);
        return `${bound} bytes${by[f]! < 0 ? '' : `, by way of${name(f)}`}`;
      };
    },
  },
  frames: {
    description:
      "a function's frame on the goroutine's stack: its bytes, those of arguments and results, and the offsets from SP of its slots; & for one whose address is taken",
    of: (program, lifted) => {
      const layouts = new FrameLayouts(program, lifted);
      const bytes = (n: number): string => (n < 0 ? 'unknown' : `${n}`);
      return (f) => {
        if (program.frame[f]! < 0) return undefined;
        const { frame, own, outgoing, slots, addressTaken, unknown } = layouts.of(f);
        const taken = addressTaken.map((offset) => `&${offset}`);
        const all = [...slots.map(String), ...taken, ...(unknown ? ['&?'] : [])];
        return `${frame} bytes, arguments ${bytes(own)}, outgoing ${outgoing}${all.length > 0 ? `, slots ${all.join(' ')}` : ''}`;
      };
    },
  },
};

/**
 * What an analysis has found in a module that Go's linker wrote. Of the options, `keep` matters.
 *
 * @param match which functions, by Go's names for them; all without it.
 * @returns lines `name: what was found`, in the order of the functions.
 * @throws what `link` throws.
 */
export function dump(input: Uint8Array, name: AnalysisName, match?: RegExp, options: LinkOptions = {}): string {
  const { cx, stages } = prepare(input, options);
  for (const stage of stages) if (['decode', 'lift'].includes(stage.name) && 'run' in stage) stage.run(cx);
  const { program, lifted } = cx;
  const line: Line = analyses[name].of(program, lifted);
  let text = '';
  for (let f = 0; f < program.functions; f++) {
    if (match && !match.test(program.names[f]!)) continue;
    const found = line(f);
    if (found !== undefined) text += `${program.names[f]}: ${found}\n`;
  }
  return text;
}
