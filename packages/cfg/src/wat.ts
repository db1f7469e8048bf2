import type { BlockId } from './graph.ts';
import type { Structured } from './structured.ts';
import { walk } from './walk.ts';

/** The parts of a program in WebAssembly's text format that only the caller knows: instructions, separated as he likes. */
export interface WatParts {
  /** The straight-line code of a block. */
  code(block: BlockId): string;
  /** What leaves the condition (i32) or index of a block on the stack. */
  on(block: BlockId): string;
  /** How a block leaves: `return`, `unreachable`, … */
  leave(block: BlockId): string;
  /** The local, an i32, that is the label variable; `$label` if not given. Needed only if `usesLabelVariable`. */
  readonly label?: string;
}

/** The instructions of a structured program in WebAssembly's text format, one a line, to be put into a `(func …)`. */
export function toWat(structured: Structured, { code, on, leave, label = '$label' }: WatParts): string {
  let text = '';
  let indent = '';
  const line = (...instructions: string[]): void => {
    for (const instruction of instructions) if (instruction !== '') text += `${indent}${instruction}\n`;
  };
  const open = (instruction: string): void => {
    line(instruction);
    indent += '  ';
  };
  const close = (instruction: string): void => {
    indent = indent.slice(2);
    line(instruction);
  };
  const decide = (block: number, negated: boolean): void => line(on(block), negated ? 'i32.eqz' : '');
  const compare = (value: number, negated: boolean): void =>
    line(`local.get ${label}`, `i32.const ${value}`, negated ? 'i32.ne' : 'i32.eq');
  const table = (depths: Int32Array, count: number): void => line(`br_table ${depths.subarray(0, count).join(' ')}`);
  walk(structured, {
    block: () => open('block'),
    loop: () => open('loop'),
    if: (block, negated) => {
      decide(block, negated);
      open('if');
    },
    else: () => {
      close('else');
      indent += '  ';
    },
    end: () => close('end'),
    code: (block) => line(code(block)),
    br: (depth) => line(`br ${depth}`),
    brIf: (block, negated, depth) => {
      decide(block, negated);
      line(`br_if ${depth}`);
    },
    brTable: (block, depths, count) => {
      line(on(block));
      table(depths, count);
    },
    drop: (block) => line(on(block), 'drop'),
    leave: (block) => line(leave(block)),
    unreachable: () => line('unreachable'),
    setLabel: (value) => line(`i32.const ${value}`, `local.set ${label}`),
    ifLabel: (value, negated) => {
      compare(value, negated);
      open('if');
    },
    brIfLabel: (value, negated, depth) => {
      compare(value, negated);
      line(`br_if ${depth}`);
    },
    brTableLabel: (base, depths, count) => {
      line(`local.get ${label}`, `i32.const ${base}`, 'i32.sub');
      table(depths, count);
    },
  });
  return text;
}
