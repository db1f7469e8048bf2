/** What the analyses of whole programs have found, as text: a line for each function of which there is something to say. */
import { GoOp, type GoProgram, INDIRECT, type Lifted } from '@go-wasm/lift';
import { type LinkOptions, prepare } from '../link.ts';
import { UNWINDS } from './may-unwind.ts';
import { neverReturns } from './never-returns.ts';
import { reach, Source, UNREACHED } from './reach.ts';

/** An analysis that {@link dump} knows. */
export type AnalysisName = 'calls' | 'never-returns' | 'may-unwind' | 'frames';

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
};

/** All that can be dumped, by name. */
export const analyses: Readonly<Record<AnalysisName, Analysis>> = {
  calls: {
    description:
      'which functions a function calls, each once, in the order of its code; (indirect) for what a table is asked for',
    of: ({ imports, names, module }, { code, goOps, funcGoOp }) => {
      const imported = module.imports.filter(({ kind }) => kind === 'func');
      return (f) => {
        const callees = new Set<string>();
        for (let k = funcGoOp[f]!; k < funcGoOp[f + 1]!; k++) {
          const o = code.op[goOps[k]!]!;
          const callee = code.a[goOps[k]!]!;
          if (o === GoOp.Return || o === GoOp.Unwind) continue;
          if (callee === INDIRECT) callees.add('(indirect)');
          else callees.add(callee < imports ? `${imported[callee]!.name} (import)` : names[callee - imports]!);
        }
        return callees.size > 0 ? [...callees].join(', ') : undefined;
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
    of: (program, lifted) => {
      const next = reach(program, lifted, UNWINDS);
      return (f) => {
        const way = next[f]!;
        if (way === UNREACHED) return undefined;
        return way < 0 ? SOURCES[way]! : `calls ${program.names[way]}`;
      };
    },
  },
  frames: {
    description:
      "the bytes of a function's frame on the goroutine's stack, without its return address; Go's tables have them",
    of:
      ({ frame }) =>
      (f) =>
        frame[f]! < 0 ? undefined : `${frame[f]} bytes`,
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
