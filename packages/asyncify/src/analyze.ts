/**
 * Which functions may be on the wasm stack when it is unwound, and why: the call graph, searched backwards from what
 * starts an unwinding.
 *
 * Breadth first, so that the reason kept for each function is the next one on a shortest chain. Each signature is a node of
 * its own between the functions that call it indirectly and the functions of that signature whose address is taken:
 *
 * ```
 * main ──call──▶ each ──indirect──▶ (i32) -> () ──▶ step ──call──▶ env.sleep
 * ```
 *
 * So indirect calls count only where something of their signature may unwind; Binaryen's own analysis takes all of them, or
 * none. Linear in the size of the code.
 */
import { Code, decodeExpression, decodeFunction, type Module, Op, Reader, readNames } from '@go-wasm/wasm';

/** A function: its index in the module, or its name in the name section, in which `*` stands for any characters. */
export type FunctionPattern = number | string;

/** What may start an unwinding, and what is instrumented for it. */
export interface AnalyzeOptions {
  /** The imports that may start an unwinding, as `module.name`, in which `*` stands for any characters. Default all: `*`. */
  imports?: readonly string[];
  /** Functions of the module that start one themselves. Their callers are instrumented, and they are not. */
  starts?: readonly FunctionPattern[];
  /** Whether to leave indirect calls out of account. Those in functions that are instrumented are instrumented all the same. */
  ignoreIndirect?: boolean;
  /** Calls to leave out of account: those of which the program knows that they do not unwind, or that no frame below is needed. */
  ignoreCall?: (caller: number, callee: number) => boolean;
  /** Functions that are instrumented whatever the call graph says; and so are their callers. */
  add?: readonly FunctionPattern[];
  /** Functions that are not instrumented whatever the call graph says; and no callers for their sake. */
  remove?: readonly FunctionPattern[];
  /** If given, the functions to instrument are just these. */
  only?: readonly FunctionPattern[];
}

/**
 * Why a function may be on the stack:
 * - `call`, `indirect`: it calls the next one of the chain, directly or by its signature;
 * - `import`: it is an import that may unwind;
 * - `start`, `add`, `only`: it is on that list;
 * - `host`: it makes an indirect call through a table that the host can write to.
 */
export type Reason = 'call' | 'indirect' | 'import' | 'start' | 'add' | 'only' | 'host';

/** A function of a chain of calls, and why it is in it. */
export interface Step {
  /** Function index in the module. */
  readonly function: number;
  readonly name: string;
  readonly reason: Reason;
}

/** What {@link analyze} has found. */
export interface Analysis {
  /** By function index of the module, imports included: 1 if the function may be on the stack when it is unwound. */
  readonly switchable: Uint8Array;
  /** The shortest chain of calls from a function to what makes it switchable; empty if it is not. */
  why(index: number): Step[];
  /** The name of a function: from the name section; `module.name` for an import; its index where it has none. */
  name(index: number): string;
}

/** @throws MalformedError for code that cannot be decoded; RangeError for a name on a list that no function has. */
export function analyze(module: Module, options: AnalyzeOptions = {}): Analysis {
  const { imports = ['*'], starts = [], add = [], remove = [], only } = options;
  const imported = module.imports.filter(({ kind }) => kind === 'func');
  const functions = imported.length + module.functions.length;
  const names = readNames(module)?.functions ?? new Map<number, string>();
  const name = (index: number): string => {
    const { module: from, name: field } = imported[index] ?? {};
    return from !== undefined ? `${from}.${field}` : (names.get(index) ?? String(index));
  };
  const select = (patterns: readonly FunctionPattern[]): number[] =>
    patterns.flatMap((pattern) => {
      if (typeof pattern === 'number') return [pattern];
      const matches = matcher([pattern]);
      const found = [];
      for (let f = imported.length; f < functions; f++) if (matches(name(f))) found.push(f);
      if (found.length === 0) throw new RangeError(`there is no function '${pattern}'`);
      return found;
    });

  const graph = new CallGraph(module, functions, imported.length, options);
  const reason: (Reason | undefined)[] = new Array(graph.nodes);
  const next = new Int32Array(graph.nodes).fill(-1);
  const removed = new Uint8Array(graph.nodes);
  for (const f of select(remove)) removed[f] = 1;

  const queue: number[] = [];
  const reach = (node: number, why: Reason, to = -1): void => {
    if (reason[node] !== undefined || removed[node] === 1) return;
    reason[node] = why;
    next[node] = to;
    queue.push(node);
  };
  if (only !== undefined) {
    for (const f of select(only)) reach(f, 'only');
  } else {
    const mayStart = matcher(imports);
    for (let f = 0; f < imported.length; f++) if (mayStart(name(f))) reach(f, 'import');
    for (const f of select(starts)) reach(f, 'start');
    for (const f of select(add)) reach(f, 'add');
    if (graph.host >= 0) reach(graph.host, 'host');
    for (let k = 0; k < queue.length; k++) {
      const node = queue[k]!;
      for (const caller of graph.callersOf(node)) reach(caller, node < functions ? 'call' : 'indirect', node);
    }
  }

  const switchable = new Uint8Array(functions);
  for (let f = 0; f < functions; f++) if (reason[f] !== undefined) switchable[f] = 1;
  return {
    switchable,
    name,
    why: (index) => {
      const chain: Step[] = [];
      for (let node = index; node >= 0 && reason[node] !== undefined; ) {
        const signature = next[node]! >= functions ? next[node]! : -1;
        const why = signature >= 0 && reason[signature] === 'host' ? 'host' : reason[node]!;
        chain.push({ function: node, name: name(node), reason: why });
        node = signature >= 0 ? next[signature]! : next[node]!;
      }
      return chain;
    },
  };
}

/** Callers by callee, in two arrays. Nodes are the functions, and behind them the signatures of indirect calls. */
class CallGraph {
  readonly nodes: number;
  /** The node of all indirect calls, if the host can put functions into a table; else −1. */
  readonly host: number;
  readonly #start: Int32Array;
  readonly #callers: Int32Array;

  constructor(module: Module, functions: number, imported: number, { ignoreIndirect, ignoreCall }: AnalyzeOptions) {
    const signatures = new Map<string, number>();
    // Of types with supertypes, a call of one may reach functions of another.
    const subtyping = module.types.some(({ sub }) => sub !== undefined);
    const hostTable =
      module.imports.some(({ kind }) => kind === 'table') || module.exports.some(({ kind }) => kind === 'table');
    const signatureOf = (type: number): number => {
      const definition = module.types[type];
      const key =
        hostTable || subtyping || definition?.kind !== 'func' ? '' : `${definition.params}>${definition.results}`;
      let node = signatures.get(key);
      if (node === undefined) {
        node = functions + signatures.size;
        signatures.set(key, node);
      }
      return node;
    };
    const types = [
      ...module.imports.flatMap((entry) => (entry.kind === 'func' ? [entry.type] : [])),
      ...module.functions,
    ];
    const edges: number[] = []; // callee, caller, …
    const call = (callee: number, caller: number): void => {
      if (caller >= 0 && ignoreCall?.(caller, callee) !== true) edges.push(callee, caller);
    };
    const taken = new Uint8Array(functions);
    const code = new Code();
    const scan = (caller: number): void => {
      for (let i = 0; i < code.length; i++) {
        const a = code.a[i]!;
        switch (code.op[i]!) {
          case Op.Call:
          case Op.ReturnCall:
            call(a, caller);
            break;
          case Op.CallIndirect:
          case Op.ReturnCallIndirect:
          case Op.CallRef:
          case Op.ReturnCallRef:
            if (!ignoreIndirect) edges.push(signatureOf(a), caller);
            break;
          case Op.RefFunc:
            taken[a] = 1;
        }
      }
    };
    for (let f = 0; f < module.functions.length; f++) {
      decodeFunction(module, f, code);
      scan(imported + f);
    }
    const constants = [
      ...module.globals.map(({ init }) => init),
      ...module.tables.map(({ init }) => init),
      ...module.elements.flatMap(({ expressions }) => expressions ?? []),
    ];
    for (const constant of constants) {
      if (!(constant instanceof Uint8Array)) continue;
      code.clear();
      decodeExpression(new Reader(constant), code);
      scan(-1);
    }
    for (const segment of module.elements) for (const f of segment.functions ?? []) taken[f] = 1;
    // Signatures that nobody calls do no harm.
    if (!ignoreIndirect) for (let f = 0; f < functions; f++) if (taken[f] === 1) edges.push(f, signatureOf(types[f]!));

    this.nodes = functions + signatures.size;
    this.host = hostTable ? (signatures.get('') ?? -1) : -1;
    this.#start = new Int32Array(this.nodes + 2);
    this.#callers = new Int32Array(edges.length / 2);
    for (let k = 0; k < edges.length; k += 2) this.#start[edges[k]! + 2]!++;
    for (let n = 0; n < this.nodes; n++) this.#start[n + 2]! += this.#start[n + 1]!;
    for (let k = 0; k < edges.length; k += 2) this.#callers[this.#start[edges[k]! + 1]!++] = edges[k + 1]!;
  }

  callersOf(node: number): Int32Array {
    return this.#callers.subarray(this.#start[node]!, this.#start[node + 1]!);
  }
}

function matcher(patterns: readonly string[]): (text: string) => boolean {
  const expressions = patterns.map((pattern) => {
    const parts = pattern.split('*').map((part) => part.replace(/[\\^$.|?+()[\]{}]/g, '\\$&'));
    return new RegExp(`^${parts.join('.*')}$`, 's');
  });
  return (text) => expressions.some((expression) => expression.test(text));
}
