/**
 * Pictures of a function's control flow, laid out by Graphviz: its graph with the loops in it, and the structured program
 * with its constructs one inside the other.
 */
import { Analysis, Exit, nextToken, Tok } from '@go-wasm/cfg';
import type { Inspection } from '@go-wasm/linker';
import { instance } from '@viz-js/viz';
import { EnvironmentError } from './errors.ts';

const BACK = 'color="#c0392b", fontcolor="#c0392b", penwidth=2';
const BRANCH = 'color="#2471a3", fontcolor="#2471a3"';
/** What a construct or loop is filled with, by how deep it is nested. */
const FILLS = ['#f4f6f7', '#e8eef2', '#dde6ec', '#d2dde6'];

/** An SVG of the graph: loops as boxes around their blocks, back edges thick and red, exits labelled. */
export function drawGraph(inspection: Inspection, code: boolean): Promise<string> {
  const { name, graph } = inspection;
  const { kind, succ, succStart } = graph;
  const analysis = new Analysis().run(graph);
  const { order, number, reachable, loops, loopOf, loopHeader, loopLast, loopIrreducible } = analysis;
  const blocks = order.subarray(0, reachable);
  const unreached = Array.from({ length: graph.size }, (_, b) => b).filter((b) => number[b]! < 0);
  const dot = new Dot(name);

  const inside: number[][] = Array.from({ length: loops }, () => []);
  for (const b of blocks) {
    const loop = loopOf[b]!;
    if (loop < 0) dot.node(`b${b}`, nodeOf(b));
    else inside[loop]!.push(b);
  }
  // A loop directly precedes those that are nested in it.
  const open: number[] = [];
  for (let loop = 0; loop <= loops; loop++) {
    while (open.length > 0 && (loop === loops || loopLast[open.at(-1)!]! < loop)) {
      dot.close();
      open.pop();
    }
    if (loop === loops) break;
    dot.open(`${loopIrreducible[loop] ? 'irreducible loop' : 'loop'} b${loopHeader[loop]}`);
    open.push(loop);
    for (const b of inside[loop]!) dot.node(`b${b}`, nodeOf(b));
  }
  for (const b of unreached) dot.node(`b${b}`, `${nodeOf(b)}, style=dashed`);

  for (const b of [...blocks, ...unreached]) {
    const targets = succ.subarray(succStart[b]!, succStart[b + 1]!);
    const labels = new Map<number, string[]>();
    targets.forEach((to, k) => {
      const last = k === targets.length - 1;
      const label =
        kind[b] === Exit.If ? (last ? 'else' : 'then') : kind[b] === Exit.Goto ? '' : last ? 'default' : `${k}`;
      labels.set(to, [...(labels.get(to) ?? []), label]);
    });
    for (const [to, texts] of labels) {
      const back = number[b]! >= 0 && number[to]! <= number[b]!;
      dot.edge(`b${b}`, `b${to}`, texts.join(' '), back ? BACK : '', back);
    }
  }
  return dot.draw();

  function nodeOf(b: number): string {
    const leaves = kind[b] === Exit.Leave;
    return `${label(inspection, b, code)}${leaves ? ', peripheries=2' : ''}${b === graph.entry ? ', penwidth=2' : ''}`;
  }
}

/** Where control comes from: a node, and what is said at the edge from there. */
interface Source {
  from: string;
  label: string;
  style: string;
}

/** A construct that is open. */
interface Construct {
  /** Of a Block and a Loop; −1 for an If. */
  label: number;
  /** Who arrives behind it: branches to a Block, or what comes from the first arm of an If. */
  behind: Source[];
  /** Of an If without an Else: who passes it by. */
  otherwise: Source[];
}

/**
 * An SVG of the structured program: each construct a box around what is in it, in program order; branches to a Loop thick and
 * red, branches out of a Block blue. A block that was split is drawn as often as it occurs.
 */
export function drawStructured(inspection: Inspection, code: boolean): Promise<string> {
  const { name, structured } = inspection;
  const { tokens, length } = structured;
  const dot = new Dot(name);
  const constructs: Construct[] = [];
  /** The construct that opens each label; for a Loop, its node. */
  const openers: (Construct | string)[] = [];
  /** What the next node follows. */
  let pending: Source[] = [];
  /** The node that decides: the last one. */
  let last = '';

  for (let at = 0; at < length; at = nextToken(tokens, at)) {
    const token = tokens[at]!;
    const operand = tokens[at + 1]!;
    switch (token) {
      case Tok.Block: {
        const construct = { label: operand, behind: [], otherwise: [] };
        constructs.push(construct);
        openers[operand] = construct;
        dot.open(`block @${operand}`);
        break;
      }
      case Tok.Loop:
        constructs.push({ label: operand, behind: [], otherwise: [] });
        dot.open(`loop @${operand}`);
        openers[operand] = add(at, `label="@${operand}", shape=circle, margin=0`);
        break;
      case Tok.If:
      case Tok.IfNot:
        openIf(`if ${token === Tok.IfNot ? 'not ' : ''}b${operand}`);
        break;
      case Tok.IfLabel:
      case Tok.IfNotLabel: {
        const test = `label ${token === Tok.IfLabel ? '=' : '≠'} ${operand}`;
        add(at, `label="${test}", shape=diamond`);
        openIf(`if ${test}`);
        break;
      }
      case Tok.Else: {
        const construct = constructs.at(-1)!;
        construct.behind = pending;
        pending = construct.otherwise;
        construct.otherwise = [];
        dot.close();
        dot.open('else');
        break;
      }
      case Tok.End: {
        const { behind, otherwise } = constructs.pop()!;
        pending = [...pending, ...behind, ...otherwise];
        dot.close();
        break;
      }
      case Tok.Code:
        add(at, label(inspection, operand, code));
        break;
      case Tok.SetLabel:
        add(at, `label="label := ${operand}", style=""`);
        break;
      case Tok.Br:
        branch(
          operand,
          pending.map((source) => ({ ...source, label: `${source.label} br @${operand}`.trim() })),
        );
        pending = [];
        break;
      case Tok.BrIf:
      case Tok.BrIfNot: {
        const text = token === Tok.BrIf ? 'br_if' : 'br_if not';
        branch(tokens[at + 2]!, [{ from: last, label: `${text} @${tokens[at + 2]}`, style: '' }]);
        break;
      }
      case Tok.BrIfLabel:
      case Tok.BrIfNotLabel: {
        add(at, `label="label ${token === Tok.BrIfLabel ? '=' : '≠'} ${operand}", shape=diamond`);
        branch(tokens[at + 2]!, [{ from: last, label: `br_if @${tokens[at + 2]}`, style: '' }]);
        break;
      }
      case Tok.BrTableLabel:
      case Tok.BrTable: {
        if (token === Tok.BrTableLabel) add(at, `label="label − ${operand}", shape=diamond`);
        const targets = tokens.subarray(at + 3, nextToken(tokens, at));
        const cases = new Map<number, string[]>();
        targets.forEach((to, k) => {
          cases.set(to, [...(cases.get(to) ?? []), k === targets.length - 1 ? 'default' : `${k}`]);
        });
        for (const [to, texts] of cases) branch(to, [{ from: last, label: `${texts.join(' ')} @${to}`, style: '' }]);
        pending = [];
        break;
      }
      case Tok.Leave:
        dot.node(last, 'peripheries=2');
        pending = [];
        break;
      case Tok.Unreachable:
        add(at, 'label=unreachable, style=dashed');
        pending = [];
        break;
    }
  }
  return dot.draw();

  /** Adds a node behind what is pending. Returns its id. */
  function add(at: number, attributes: string): string {
    last = `t${at}`;
    dot.node(last, attributes);
    for (const { from, label, style } of pending) dot.edge(from, last, label, style);
    pending = [{ from: last, label: '', style: '' }];
    return last;
  }

  /** An If on what the last node decides. */
  function openIf(title: string): void {
    constructs.push({ label: -1, behind: [], otherwise: [{ from: last, label: 'else', style: '' }] });
    pending = [{ from: last, label: 'then', style: '' }];
    dot.open(title);
  }

  function branch(to: number, sources: readonly Source[]): void {
    const opener = openers[to]!;
    if (typeof opener === 'string') for (const { from, label } of sources) dot.edge(from, opener, label, BACK, true);
    else opener.behind.push(...sources.map((source) => ({ ...source, style: BRANCH })));
  }
}

/** The label of a block: its name, its size, and how it leaves or all its instructions. */
function label({ graph, sizes, code }: Inspection, b: number, all: boolean): string {
  const instructions = code(b).trimEnd().split('\n');
  const lines = all ? instructions : graph.kind[b] === Exit.Leave ? instructions.slice(-1) : [];
  const text = [`b${b} [${sizes[b]}]`, ...lines].map((line) => `${escaped(line)}\\l`).join('');
  return `label="${text}"`;
}

/** A graph in Graphviz's language, written from its start to its end. */
class Dot {
  #text: string;
  #clusters = 0;
  #depth = 0;
  #nodes = 0;

  constructor(title: string) {
    this.#text = `digraph {
graph [label="${escaped(title)}", labelloc=t, labeljust=l, bgcolor=white, fontname=Helvetica, fontsize=12, style=rounded]
node [shape=box, fontname=Courier, fontsize=10, style=filled, fillcolor=white, margin="0.1,0.05", height=0]
edge [fontname=Helvetica, fontsize=9, arrowsize=0.7]
`;
  }

  open(title: string): void {
    const fill = FILLS[this.#depth++ % FILLS.length];
    this.#text += `subgraph cluster_${this.#clusters++} {\nlabel="${escaped(title)}"; bgcolor="${fill}"; pencolor="#85929e"\n`;
  }

  close(): void {
    this.#depth--;
    this.#text += '}\n';
  }

  node(id: string, attributes: string): void {
    this.#nodes++;
    this.#text += `${id} [${attributes}]\n`;
  }

  /** @param back whether it leads to the start of a loop. */
  edge(from: string, to: string, label: string, attributes = '', back = false): void {
    // Graphviz puts the first node above the second: a loop's start goes above its end.
    const ends = back ? `${to} -> ${from} [dir=back, ` : `${from} -> ${to} [`;
    this.#edges += `${ends}label="${escaped(label)}"${attributes === '' ? '' : `, ${attributes}`}]\n`;
  }

  /** Edges come last: named inside a cluster, a node would be part of it. */
  #edges = '';

  /** The picture, with nothing in it that lies elsewhere. @throws EnvironmentError if Graphviz fails. */
  async draw(): Promise<string> {
    // Graphviz's best layout takes minutes from a few hundred nodes on.
    const quick = this.#nodes > 150 ? 'nslimit=1; nslimit1=1; mclimit=0.1; splines=line\n' : '';
    try {
      const svg = (await instance()).renderString(`${this.#text}${this.#edges}${quick}}\n`, { format: 'svg' });
      return svg.slice(svg.indexOf('<svg'));
    } catch (cause) {
      throw new EnvironmentError('GW4040', `Graphviz cannot draw ${this.#nodes} nodes: ${(cause as Error).message}`, {
        hint: 'leave out -svg: the text has all of it',
        cause,
      });
    }
  }
}

function escaped(text: string): string {
  return text.replace(/[\\"]/g, '\\$&');
}
