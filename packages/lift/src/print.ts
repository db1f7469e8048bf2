/** Lifted functions as text: entries, blocks, exits. For people and for tests. */
import { Exit } from '@go-wasm/cfg';
import { emptyNames, Op, printInstructions } from '@go-wasm/wasm';
import { ALWAYS, type Lifted } from './lifted.ts';
import { GoOp, goOpNames, INDIRECT } from './ops.ts';
import type { GoProgram } from './program.ts';

/** Go's registers, as its assembler calls them. */
const globals = ['SP', 'CTXT', 'g', 'RET0', 'RET1', 'RET2', 'RET3', 'PAUSE'];

/** By instruction: how many numbers it is printed with. */
const OPERANDS: Readonly<Record<number, number>> = {
  [GoOp.KeepLocal]: 2,
  [GoOp.TakeLocal]: 2,
  [GoOp.StartPart]: 0,
  [GoOp.CallPart]: 2,
  [GoOp.IsExit]: 1,
  [GoOp.EndPart]: 1,
  [GoOp.ExitPart]: 1,
};

/**
 * The text of function `f` (index among the defined functions). Blocks are counted from the function's first one.
 *
 * ```
 * func main.f
 *   entry 2 → b1 ;; behind runtime.gopanic
 *   entry 5 → b3 ;; always
 * b0:
 *   local.get $SP
 *   go.call runtime.gopanic return=2
 *   if → b3, else b1
 * ```
 */
export function printLifted(program: GoProgram, lifted: Lifted, f: number): string {
  const { module, imports } = program;
  const { code, blockStart, blockEnd, exit, target, otherwise, entryPc, entryBlock, entryCallee } = lifted;
  const first = lifted.funcBlock[f]!;
  const end = lifted.funcBlock[f + 1]!;
  const origin = lifted.originOf(f);
  let text = f === origin ? `func ${program.names[f]}\n` : `part ${f} of ${program.names[origin]}\n`;
  if (first === end) return `${text}  not lifted: ${lifted.reason[f] ?? "it does not follow Go's convention"}\n`;

  const importNames = module.imports.filter((entry) => entry.kind === 'func').map((entry) => entry.name);
  const callee = (index: number): string =>
    index === INDIRECT ? '(indirect)' : (importNames[index] ?? program.names[index - imports] ?? String(index));
  const names = emptyNames();
  globals.forEach((name, index) => {
    names.globals.set(index, name);
  });
  names.locals.set(f, new Map([0, 1].map((local) => [local, ['PC_B', 'SP'][local]!])));
  const options = { names, function: f };

  for (let e = lifted.funcEntry[f]!; e < lifted.funcEntry[f + 1]!; e++) {
    const why = entryCallee[e] === ALWAYS ? 'always' : `behind ${callee(entryCallee[e]!)}`;
    text += `  entry ${entryPc[e]} → b${entryBlock[e]! - first} ;; ${why}\n`;
  }
  for (let b = first; b < end; b++) {
    text += `b${b - first}:\n`;
    let depth = 1;
    for (let i = blockStart[b]!; i < blockEnd[b]!; i++) {
      const op = code.op[i]!;
      if (op === Op.End) depth--;
      text += '  '.repeat(op === Op.Else ? depth - 1 : depth);
      if (op < GoOp.Call) text += printInstructions(code, i, i + 1, options).replace(/ ;; @1$/m, '');
      else if (op > GoOp.Unwind) {
        const operands = [code.a[i], code.b[i]].slice(0, OPERANDS[op]);
        text += `${[goOpNames[op], ...operands].join(' ')}\n`;
      } else if (op >= GoOp.Return) text += `${goOpNames[op]}\n`;
      else {
        const returnsTo = op <= GoOp.CallFlag ? ` return=${code.b[i]}` : '';
        text += `${goOpNames[op]} ${callee(code.a[i]!)}${returnsTo}\n`;
      }
      if (op === Op.Block || op === Op.Loop || op === Op.If) depth++;
    }
    if (exit[b] === Exit.Goto) text += `  → b${target[b]! - first}\n`;
    else if (exit[b] === Exit.If) text += `  if → b${target[b]! - first}, else b${otherwise[b]! - first}\n`;
  }
  return text;
}
