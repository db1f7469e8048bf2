/**
 * Functions on their way through the linker, to look at: the graph that goes into the structurer, the instructions of
 * its blocks, and the structured program that comes out.
 */
import type { Graph, Structured } from '@go-wasm/cfg';
import { goOpNames } from '@go-wasm/lift';
import { emptyNames, type Names, Op, printInstructions } from '@go-wasm/wasm';
import { functionStages, runFunction } from './functions.ts';
import { NEW_IMPORT } from './imports.ts';
import { type LinkOptions, prepare } from './link.ts';
import { type Lowered, lowOpNames } from './lowered.ts';
import { nameOf } from './names.ts';

/** A module's functions, by their index among those that it defines; behind them the parts that large ones have been split into. */
export interface Inspector {
  /** Go's names for them; those of parts as in the module that is made. */
  readonly names: readonly string[];
  /** Why a function has no graph of its own: it stays as Go's linker wrote it. Undefined where it has one. */
  reason(f: number): string | undefined;
  /** One function that has a graph. What the last call has returned is gone. */
  inspect(f: number): Inspection;
}

/** One function as the structurer sees it. */
export interface Inspection {
  readonly name: string;
  /** One entry; an If or Switch block leaves its condition or index on the operand stack. */
  readonly graph: Graph;
  readonly structured: Structured;
  /** Of each block: how many instructions it has. */
  readonly sizes: Int32Array;
  /** The instructions of a block as text, a line each. */
  code(block: number): string;
}

/**
 * Takes a module that Go's linker wrote through the stages for whole programs, so that single functions can be looked at.
 *
 * @param options as for {@link link}; `jump-table` has no graphs and is refused.
 * @throws what {@link link} throws.
 */
export function inspect(input: Uint8Array, options: LinkOptions = {}): Inspector {
  const { cx, stages } = prepare(input, options);
  const last = stages.findIndex(({ name }) => name === 'structure');
  const upToGraph = stages.slice(0, last + 1);
  for (const stage of upToGraph) if ('run' in stage) stage.run(cx);
  const group = functionStages(upToGraph);

  const { program, lifted, lowering, lowered } = cx;
  const names = emptyNames();
  program.module.imports
    .filter(({ kind }) => kind === 'func')
    .forEach(({ name }, i) => {
      names.functions.set(i, name);
    });
  const own = Array.from({ length: lifted.units }, (_, f) => nameOf(program, lifted, f));
  own.forEach((name, f) => {
    names.functions.set(program.imports + f, name);
  });
  lowering.newImports.forEach(({ name }, i) => {
    names.functions.set(NEW_IMPORT + i, name);
  });
  ['SP', 'CTXT', 'g', 'RET0', 'RET1', 'RET2', 'RET3', 'PAUSE'].forEach((name, i) => {
    names.globals.set(i, name);
  });
  // Passes add functions to call.
  const add = lowering.addFunction.bind(lowering);
  lowering.addFunction = (name, type) => {
    const index = add(name, type);
    names.functions.set(index, name);
    return index;
  };
  for (const stage of group) stage.start?.(cx);
  return {
    names: own,
    reason: (f) =>
      lifted.isLifted(f) ? undefined : (lifted.reason[f] ?? "it does not follow Go's calling convention"),
    inspect: (f) => {
      const name = own[f]!;
      runFunction(cx, group, f, options.verify);
      names.locals.set(
        program.imports + f,
        new Map([
          [0, 'PC_B'],
          [1, 'SP'],
        ]),
      );
      return {
        name,
        graph: lowered.graph!,
        structured: cx.structured,
        sizes: lowered.start.slice(0, lowered.graph!.size).map((start, b) => lowered.end[b]! - start),
        code: (block) => printBlock(lowered, block, names, program.imports + f),
      };
    },
  };
}

function printBlock({ code, start, end }: Lowered, block: number, names: Names, index: number): string {
  let text = '';
  let depth = 0;
  for (let i = start[block]!; i < end[block]!; i++) {
    const op = code.op[i]!;
    if (op === Op.End) depth--;
    text += '  '.repeat(op === Op.Else ? depth - 1 : depth);
    if (lowOpNames[op] !== undefined) text += `${lowOpNames[op]}\n`;
    else if (goOpNames[op] !== undefined) text += `${goOpNames[op]} ${code.a[i]} ${code.b[i]}\n`;
    else text += printInstructions(code, i, i + 1, { names, function: index }).replace(/ ;; @1$/m, '');
    if (op === Op.Block || op === Op.Loop || op === Op.If) depth++;
  }
  return text;
}
