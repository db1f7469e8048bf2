import { GraphBuilder } from './builder.ts';
import type { BlockId, Graph } from './graph.ts';
import { type Structured, Tok } from './structured.ts';
import { isIf, nextToken } from './tokens.ts';

/** A graph with the names and sizes that its text form has. */
export interface NamedGraph {
  /** Its blocks are numbered as the lines are. */
  readonly graph: Graph;
  /** Of each block: its name. */
  readonly names: readonly string[];
  /** Of each block: its size, 1 where the text has none. */
  readonly sizes: readonly number[];
}

/** The text form of a graph is malformed. Lines and columns count from 1. */
export class GraphSyntaxError extends Error {
  /** Always `GraphSyntaxError`. */
  override readonly name: string = 'GraphSyntaxError';
  /** The line, from 1. */
  readonly line: number;
  /** The column in characters, from 1. */
  readonly column: number;

  constructor(line: number, column: number, message: string) {
    super(`${line}:${column}: ${message}`);
    this.line = line;
    this.column = column;
  }
}

/**
 * Reads a graph from its text form: a line for each block, the first one is the entry.
 *
 * ```
 * # Comments go to the end of the line.
 * head: if body else done      # on the condition of `head`
 * body [12]: goto head         # its size is 12
 * pick: switch head body else done
 * done: leave
 * ```
 *
 * A name is a run of letters, digits, `_`, `.`, `$`, `-`. Blocks are numbered in the order of their lines.
 *
 * @throws GraphSyntaxError
 */
export function parseGraph(text: string): NamedGraph {
  const lines = text.split(/\r?\n/).map((line, i) => new Line(line, i + 1));
  const blocks = lines.filter((line) => !line.atEnd());
  const names: string[] = [];
  const sizes: number[] = [];
  const ids = new Map<string, BlockId>();
  for (const line of blocks) {
    const { word: name, column } = line.name('the name of a block');
    if (ids.has(name)) throw line.error(`block ${name} is there already`, column);
    if (name === 'else') throw line.error('else is not a name', column);
    ids.set(name, names.length);
    names.push(name);
    sizes.push(line.size());
    line.expect(':');
  }
  if (blocks.length === 0) throw new GraphSyntaxError(lines.length, 1, 'there is no block');
  const builder = new GraphBuilder();
  for (const _ of names) builder.addBlock();
  blocks.forEach((line, b) => {
    const target = (): BlockId => {
      const { word: name, column } = line.name('the name of a block');
      const t = ids.get(name);
      if (t === undefined) throw line.error(`there is no block ${name}`, column);
      return t;
    };
    const { word: exit, column } = line.name('goto, if, switch or leave');
    switch (exit) {
      case 'goto':
        builder.goto(b, target());
        break;
      case 'if': {
        const then = target();
        line.expect('else');
        builder.branch(b, then, target());
        break;
      }
      case 'switch': {
        const targets: BlockId[] = [];
        while (!line.accept('else')) targets.push(target());
        targets.push(target());
        builder.switch(b, targets);
        break;
      }
      case 'leave':
        break;
      default:
        throw line.error(`expected goto, if, switch or leave, not ${exit}`, column);
    }
    if (!line.atEnd()) throw line.error('expected the end of the line');
  });
  return { graph: builder.build(0), names, sizes };
}

/** One line of a text form, read from left to right. */
class Line {
  readonly #text: string;
  readonly #number: number;
  #at = 0;

  constructor(text: string, number: number) {
    this.#text = text.replace(/\s*(#.*)?$/, '');
    this.#number = number;
    this.#skipSpace();
  }

  atEnd(): boolean {
    return this.#at === this.#text.length;
  }

  name(what: string): { word: string; column: number } {
    const column = this.#at + 1;
    const word = this.#match(/[\w.$-]+/y);
    if (word === undefined) throw this.error(`expected ${what}`);
    return { word, column };
  }

  /** An optional size in brackets. */
  size(): number {
    if (!this.accept('[')) return 1;
    const digits = this.#match(/\d+/y);
    if (digits === undefined) throw this.error('expected a size');
    this.expect(']');
    return Number(digits);
  }

  accept(token: string): boolean {
    const pattern = /\w/.test(token) ? new RegExp(`${token}(?![\\w.$-])`, 'y') : new RegExp(`\\${token}`, 'y');
    return this.#match(pattern) !== undefined;
  }

  expect(token: string): void {
    if (!this.accept(token)) throw this.error(`expected ${token}`);
  }

  error(message: string, column: number = this.#at + 1): GraphSyntaxError {
    return new GraphSyntaxError(this.#number, column, message);
  }

  #match(pattern: RegExp): string | undefined {
    pattern.lastIndex = this.#at;
    const match = pattern.exec(this.#text);
    if (match === null) return undefined;
    this.#at += match[0].length;
    this.#skipSpace();
    return match[0];
  }

  #skipSpace(): void {
    while (this.#at < this.#text.length && this.#text[this.#at]!.trim() === '') this.#at++;
  }
}

/**
 * The text form of a graph, as {@link parseGraph} reads it. The entry comes first, the other blocks in their order; they
 * are called b0, b1, … unless `names` are given. Sizes other than 1 are printed.
 */
export function printGraph(graph: Graph, names?: readonly string[], sizes?: ArrayLike<number>): string {
  const { size, entry, kind, succStart, succ } = graph;
  const nameOf = (b: BlockId): string => names?.[b] ?? `b${b}`;
  const line = (b: BlockId): string => {
    const targets = Array.from(succ.subarray(succStart[b]!, succStart[b + 1]!), nameOf);
    const last = targets.pop();
    const before = targets.map((t) => ` ${t}`).join('');
    const sized = sizes === undefined || sizes[b] === 1 ? '' : ` [${sizes[b]}]`;
    const exit = [`goto ${last}`, `if${before} else ${last}`, `switch${before} else ${last}`, 'leave'][kind[b]!];
    return `${nameOf(b)}${sized}: ${exit}\n`;
  };
  let text = line(entry);
  for (let b = 0; b < size; b++) if (b !== entry) text += line(b);
  return text;
}

/**
 * A structured program as a tree to read: one construct a line, two spaces for each level.
 *
 * ```
 * block @0
 *   loop @1
 *     head
 *     br_if not head @0
 *     body
 *     br @1
 *   end
 * end
 * done
 * leave
 * ```
 *
 * `@n` are labels, `head`, `body`, `done` the names of blocks (b0, b1, … unless `names` are given), `label` the label variable.
 */
export function printStructured({ tokens, length }: Structured, names?: readonly string[]): string {
  const nameOf = (b: BlockId): string => names?.[b] ?? `b${b}`;
  let indent = '';
  let text = '';
  for (let at = 0; at < length; at = nextToken(tokens, at)) {
    const kind = tokens[at]!;
    const a = tokens[at + 1]!;
    if (kind === Tok.Else || kind === Tok.End) indent = indent.slice(2);
    text += `${indent}${describe(kind, a, at)}\n`;
    if (kind === Tok.Block || kind === Tok.Loop || kind === Tok.Else || isIf(kind)) indent += '  ';
  }
  return text;

  function describe(kind: number, a: number, at: number): string {
    const label = `@${tokens[at + 2]}`;
    switch (kind) {
      case Tok.Block:
        return `block @${a}`;
      case Tok.Loop:
        return `loop @${a}`;
      case Tok.If:
        return `if ${nameOf(a)}`;
      case Tok.IfNot:
        return `if not ${nameOf(a)}`;
      case Tok.IfLabel:
        return `if label = ${a}`;
      case Tok.IfNotLabel:
        return `if label ≠ ${a}`;
      case Tok.Else:
        return 'else';
      case Tok.End:
        return 'end';
      case Tok.Code:
        return nameOf(a);
      case Tok.Br:
        return `br @${a}`;
      case Tok.BrIf:
        return `br_if ${nameOf(a)} ${label}`;
      case Tok.BrIfNot:
        return `br_if not ${nameOf(a)} ${label}`;
      case Tok.BrIfLabel:
        return `br_if label = ${a} ${label}`;
      case Tok.BrIfNotLabel:
        return `br_if label ≠ ${a} ${label}`;
      case Tok.BrTable:
        return `br_table ${nameOf(a)}${table(at)}`;
      case Tok.BrTableLabel:
        return `br_table label − ${a}${table(at)}`;
      case Tok.Drop:
        return `drop ${nameOf(a)}`;
      case Tok.Leave:
        return 'leave';
      case Tok.SetLabel:
        return `label := ${a}`;
      default:
        return 'unreachable';
    }
  }

  function table(at: number): string {
    let labels = '';
    for (let i = at + 3; i < nextToken(tokens, at); i++) labels += ` @${tokens[i]}`;
    return labels;
  }
}
