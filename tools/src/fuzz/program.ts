/**
 * Go functions from a seed: control flow of all kinds (with loops that goto makes irreducible), values of most kinds, closures, generics,
 * iterators, defer, panic, recover, goroutines, channels, select. Beside tools/fuzz/go they make a program whose output depends on nothing
 * but the seed: each goroutine traces for itself, and where the order is not given, only sums are seen.
 *
 * A function is a tree of statements, so that some can be left out when a difference is looked for. Rules of Go that are met by construction:
 * every variable is used, no jump passes a declaration, constants are never combined with constants, and no loop is without end.
 */
import { randomNumbers } from '../../../packages/cfg/test/support/graphs.ts';

/** A statement: its lines, in which a list stands for statements in braces. `id` is unique in the function. */
interface Statement {
  id: number;
  parts: readonly (string | readonly Statement[])[];
}

const types = [
  'int',
  'int32',
  'uint8',
  'uint64',
  'float64',
  'string',
  'bool',
  '[]int',
  'map[int]int',
  'func(int) int',
] as const;
type Type = (typeof types)[number];
const numbers: readonly Type[] = ['int', 'int32', 'uint8', 'uint64', 'float64'];

const literals: Readonly<Record<string, readonly string[]>> = {
  int: ['0', '1', '2', '-1', '7', '63', '255', '-1 << 63', '1<<63 - 1', '1 << 32', '-129', '1000003'],
  int32: ['0', '1', '-1', '31', '127', '-1 << 31', '1<<31 - 1', '65536'],
  uint8: ['0', '1', '2', '127', '128', '255'],
  uint64: ['0', '1', '3', '1<<64 - 1', '1 << 63', '0xdeadbeef'],
  float64: ['0.0', '1.0', '-0.5', '1e300', '3.25', '-1e-9', '1 << 53'],
  string: ['""', '"a"', '"héllo"', '"\\x00\\xff"', '"0123456789"'],
  bool: ['true', 'false'],
};

interface Scope {
  variables: { name: string; type: Type }[];
  /** The labels of the loops around this place. */
  loops: string[];
  /** What `return` needs. */
  result: 'int' | 'named' | 'none';
  /** How deep in blocks this place is. */
  depth: number;
}

class Generator {
  readonly #next: () => number;
  readonly #functions: number;
  #names = 0;
  #ids = 0;
  #budget: number;

  /** @param functions how many functions there are that may be called: those with smaller numbers. */
  constructor(seed: number, functions: number) {
    this.#next = randomNumbers(seed);
    this.#functions = functions;
    this.#budget = 12 + this.#below(40);
  }

  #below(n: number): number {
    return this.#next() % n;
  }

  #of<T>(list: readonly T[]): T {
    return list[this.#below(list.length)]!;
  }

  #name(prefix: string): string {
    return `${prefix}${this.#names++}`;
  }

  #statement(...parts: Statement['parts']): Statement {
    return { id: this.#ids++, parts };
  }

  function(): Statement[] {
    const parameters: Scope['variables'] = [
      { name: 'a', type: 'int' },
      { name: 'b', type: 'int32' },
      { name: 'x', type: 'float64' },
      { name: 's', type: 'string' },
    ];
    return this.#block({ variables: parameters, loops: [], result: 'named', depth: 0 }, 4 + this.#below(8));
  }

  #block(scope: Scope, length: number): Statement[] {
    const inner: Scope = { ...scope, variables: [...scope.variables], depth: scope.depth + 1 };
    const list: Statement[] = [];
    for (let k = 0; k < length; k++) {
      if (this.#budget-- <= 0 && k > 0) break;
      list.push(this.#any(inner));
    }
    return list;
  }

  #any(scope: Scope): Statement {
    const nest = scope.depth < 6;
    switch (this.#below(nest ? 30 : 10)) {
      case 0:
      case 1:
      case 2:
        return this.#declaration(scope);
      case 3:
      case 4:
        return this.#assignment(scope);
      case 5:
      case 6:
        return this.#trace(scope);
      case 7:
        return this.#jump(scope);
      case 8:
        return this.#statement(`t.i(${this.#call(scope)})`);
      case 9:
        return this.#collection(scope);
      case 10:
      case 11:
      case 12:
        return this.#if(scope);
      case 13:
      case 14:
      case 15:
        return this.#loop(scope);
      case 16:
      case 17:
        return this.#range(scope);
      case 18:
      case 19:
        return this.#switch(scope);
      case 20:
        return this.#typeSwitch(scope);
      case 21:
      case 22:
        return this.#gotos(scope);
      case 23:
        return this.#closure(scope);
      case 24:
        return this.#statement('t.try(func() {', this.#block({ ...scope, loops: [], result: 'none' }, 4), '})');
      case 25:
        return this.#defer(scope);
      case 26:
        return this.#generics(scope);
      case 27:
      case 28:
        return this.#goroutines(scope);
      default:
        return this.#panics(scope);
    }
  }

  // Expressions.

  #variable(scope: Scope, type: Type): string | undefined {
    const those = scope.variables.filter((v) => v.type === type);
    return those.length > 0 ? this.#of(those).name : undefined;
  }

  #literal(type: Type): string {
    return `${type}(${this.#of(literals[type]!)})`;
  }

  /** An expression that is no constant. */
  #dynamic(scope: Scope, type: Type): string {
    const variable = this.#variable(scope, type);
    if (variable !== undefined && this.#below(4) > 0) return variable;
    switch (type) {
      case 'int':
        return this.#of(['a', 'len(s)', 'int(b)', 'toInt(x)', 't.count', 'fib(a & 7)']);
      case 'int32':
        return this.#of(['b', 'int32(a)']);
      case 'uint8':
        return this.#of(['uint8(a)', 'uint8(b)']);
      case 'uint64':
        return this.#of(['uint64(a)', 'bits(uint64(b), uint(a)&63)']);
      case 'float64':
        return this.#of(['x', 'float64(a)', 'math.Sqrt(x)', 'math.Floor(x)']);
      case 'string':
        return this.#of(['s', 'strconv.Itoa(a)', 'string(rune(a & 0x3ff))', 'shape(a | 1).Name()']);
      case 'bool':
        return this.#of(['(a > 3)', '(b < 0)', '(s == "")', '(x != x)', '(a&1 == 0)']);
      case '[]int':
        return this.#of(['[]int{a, len(s)}', '[]int(nil)', 'make([]int, a&7)']);
      case 'map[int]int':
        return this.#of(['map[int]int{a: 1}', 'map[int]int(nil)']);
      case 'func(int) int':
        return this.#of(['shape(a).Area', 'fib13', 'func(k int) int { return k ^ a }']);
    }
  }

  #expression(scope: Scope, type: Type, depth = 0): string {
    if (depth > 3 || this.#below(4) === 0) {
      return literals[type] !== undefined && this.#below(3) === 0 ? this.#literal(type) : this.#dynamic(scope, type);
    }
    const left = this.#dynamic(scope, type);
    const right = (): string => this.#expression(scope, type, depth + 1);
    switch (type) {
      case 'int':
        if (this.#below(3) === 0) return this.#integer(scope, depth);
        return this.#arithmetic(scope, left, type, depth);
      case 'int32':
      case 'uint8':
      case 'uint64':
        if (this.#below(4) === 0) return `${type}(${this.#dynamic(scope, this.#of(numbers.slice(0, 4)))})`;
        return this.#arithmetic(scope, left, type, depth);
      case 'float64':
        if (this.#below(4) === 0) return `float64(${this.#dynamic(scope, this.#of(numbers))})`;
        // A machine may otherwise join a product and a sum.
        return `float64(${left} ${this.#of(['+', '-', '*', '/'])} ${right()})`;
      case 'string': {
        const n = this.#expression(scope, 'int', depth + 1);
        return this.#of([
          `cut(${left} + ${right()})`,
          `${left}[min(len(${left}), ${n}&3):]`,
          `fmt.Sprint(${this.#dynamic(scope, this.#of(types.slice(0, 9)))})`,
          `string([]byte(${left}))`,
          `strings.ToUpper(${left})`,
        ]);
      }
      case 'bool': {
        const of = this.#of([...numbers, 'string'] as Type[]);
        const compare = this.#of(['==', '!=', '<', '<=', '>', '>=']);
        return this.#of([
          `(${this.#dynamic(scope, of)} ${compare} ${this.#expression(scope, of, depth + 1)})`,
          `(${left} && ${right()})`,
          `(${left} || ${right()})`,
          `!${left}`,
        ]);
      }
      case '[]int':
        return this.#of([
          `append(${left}, ${this.#expression(scope, 'int', depth + 1)})`,
          `${left}[:len(${left})/2]`,
          left,
        ]);
      default:
        return left;
    }
  }

  #arithmetic(scope: Scope, left: string, type: Type, depth: number): string {
    const right = this.#expression(scope, type, depth + 1);
    const operator = this.#of(['+', '-', '*', '&', '|', '^', '&^', '/', '%', '<<', '>>']);
    if (operator === '<<' || operator === '>>') {
      const count = `uint8(${this.#dynamic(scope, 'int')})`;
      return `(${left} ${operator} ${this.#below(3) === 0 ? count : `(${count} & 15)`})`;
    }
    // Of thirty divisions one may be by zero.
    if ((operator === '/' || operator === '%') && this.#below(30) > 0)
      return `(${left} ${operator} (${this.#dynamic(scope, type)} | 1))`;
    if (operator === '/' || operator === '%') return `(${left} ${operator} ${this.#dynamic(scope, type)})`;
    return `(${left} ${operator} ${right})`;
  }

  #integer(scope: Scope, depth: number): string {
    const n = this.#expression(scope, 'int', depth + 1);
    const list = this.#dynamic(scope, '[]int');
    const map = this.#dynamic(scope, 'map[int]int');
    const text = this.#dynamic(scope, 'string');
    return this.#of([
      `len(${list})`,
      `${map}[${n}]`,
      `sum(${n}, ${list}...)`,
      `int(${this.#dynamic(scope, this.#of(['int32', 'uint8', 'uint64']))})`,
      `toInt(${this.#expression(scope, 'float64', depth + 1)})`,
      `shape(${n}|3).Area(${this.#dynamic(scope, 'int')})`,
      `strings.Count(${text}, "a")`,
      `(${this.#dynamic(scope, 'func(int) int')})(${n})`,
      `min(${n}, ${this.#dynamic(scope, 'int')})`,
      `fold(${list}, ${n}, func(p, q int) int { return p*31 + q })`,
      this.#below(12) === 0 ? `${list}[${n}&15]` : `fib(${n} & 7)`,
      this.#call(scope),
    ]);
  }

  #call(scope: Scope): string {
    const n = this.#dynamic(scope, 'int');
    if (this.#functions === 0 || this.#below(3) === 0) return `deep(t, ${n} & 255)`;
    const args = (['int', 'int32', 'float64', 'string'] as const).map((type) => this.#dynamic(scope, type));
    return `f${this.#below(this.#functions)}(t, ${args.join(', ')})`;
  }

  // Statements.

  #declaration(scope: Scope): Statement {
    const type = this.#of(types);
    const value = this.#expression(scope, type);
    const name = this.#name('v');
    scope.variables.push({ name, type });
    return this.#statement(`var ${name} ${type} = ${value}`, `_ = ${name}`);
  }

  #assignment(scope: Scope): Statement {
    const { name, type } = this.#of(scope.variables);
    if (numbers.includes(type) && this.#below(2) === 0) {
      if (this.#below(3) === 0) return this.#statement(`${name}${this.#of(['++', '--'])}`);
      return this.#statement(`${name} ${this.#of(['+=', '-=', '*='])} ${this.#expression(scope, type)}`);
    }
    const other = scope.variables.filter((v) => v.type === type && v.name !== name);
    if (other.length > 0 && this.#below(4) === 0) {
      const { name: second } = this.#of(other);
      return this.#statement(`${name}, ${second} = ${second}, ${name}`);
    }
    return this.#statement(`${name} = ${this.#expression(scope, type)}`);
  }

  #trace(scope: Scope): Statement {
    switch (this.#below(5)) {
      case 0:
        return this.#statement(`t.s(${this.#expression(scope, 'string')})`);
      case 1:
        return this.#statement(`t.f(${this.#expression(scope, 'float64')})`);
      case 2:
        return this.#statement(`t.b(${this.#expression(scope, 'bool')})`);
      default:
        return this.#statement(`t.i(${this.#expression(scope, 'int')})`);
    }
  }

  #return(scope: Scope): string {
    if (scope.result === 'none') return 'return';
    if (scope.result === 'named' && this.#below(3) === 0) return `r = ${this.#expression(scope, 'int')}; return`;
    return `return ${this.#expression(scope, 'int')}`;
  }

  #jump(scope: Scope): Statement {
    const condition = this.#expression(scope, 'bool');
    const loop = scope.loops.length > 0 && this.#below(4) > 0 ? this.#of(scope.loops) : undefined;
    const how = loop !== undefined ? `${this.#of(['break', 'continue'])} ${loop}` : this.#return(scope);
    return this.#statement(`if ${condition} {`, [this.#statement(how)], '}');
  }

  #collection(scope: Scope): Statement {
    const list = this.#variable(scope, '[]int');
    const map = this.#variable(scope, 'map[int]int');
    const n = this.#expression(scope, 'int');
    const choice = this.#below(4);
    if (choice === 0 && map !== undefined)
      return this.#statement(`if ${map} != nil {`, `${map}[${n}&31] += ${this.#dynamic(scope, 'int')}`, '}');
    if (choice === 1 && map !== undefined) return this.#statement(`delete(${map}, ${n}&31)`, `t.i(len(${map}))`);
    if (choice === 2 && list !== undefined)
      return this.#statement(
        `if len(${list}) > 0 {`,
        `${list}[uint(${this.#dynamic(scope, 'int')})%uint(len(${list}))]--`,
        '}',
      );
    if (list !== undefined)
      return this.#statement(`${list} = append(${list}[:len(${list}):len(${list})], ${n})`, `t.s(fmt.Sprint(${list}))`);
    return this.#trace(scope);
  }

  #if(scope: Scope): Statement {
    const parts: (string | Statement[])[] = [`if ${this.#expression(scope, 'bool')} {`, this.#block(scope, 3)];
    for (let n = this.#below(3); n > 0; n--)
      parts.push(`} else if ${this.#expression(scope, 'bool')} {`, this.#block(scope, 3));
    if (this.#below(2) === 0) parts.push('} else {', this.#block(scope, 3));
    return this.#statement(...parts, '}');
  }

  /** A loop's body. Its label is used where the loop asks whether to stop. */
  #body(scope: Scope, variables: Scope['variables']): { label: string; body: Statement[] } {
    const label = this.#name('l');
    const inside = { ...scope, variables: [...scope.variables, ...variables], loops: [...scope.loops, label] };
    return { label, body: this.#block(inside, 4) };
  }

  #loop(scope: Scope): Statement {
    const i = this.#name('i');
    const inside: Scope['variables'] = [{ name: i, type: 'int' }];
    const { label, body } = this.#body(scope, inside);
    const end = `if t.out() { break ${label} }`;
    switch (this.#below(4)) {
      case 0:
        return this.#statement(
          `${label}:`,
          `for ${i} := ${this.#of(['0', 'a & 3', 'len(s)'])}; ${i} < ${2 + this.#below(9)}; ${i}++ {`,
          end,
          body,
          '}',
        );
      case 1:
        return this.#statement(
          `{ ${i} := 0`,
          `${label}:`,
          `for ${this.#expression(scope, 'bool')} || ${i} < 3 {`,
          `${i}++`,
          end,
          body,
          '} }',
        );
      case 2:
        return this.#statement(
          `{ ${i} := ${this.#expression(scope, 'int')} & 7`,
          `${label}:`,
          'for {',
          `${i}--`,
          end,
          body,
          `if ${i} < 0 { break } } }`,
        );
      default:
        // Go has a variable for each turn, which closures can see.
        return this.#statement(
          `{ var later []func(int) int`,
          `${label}:`,
          `for ${i} := 9; ${i} > ${this.#below(8)}; ${i} -= 2 {`,
          end,
          `later = append(later, func(k int) int { ${i}++; return k + ${i} })`,
          body,
          '}',
          'for k, f := range later { t.i(f(k)) } }',
        );
    }
  }

  #range(scope: Scope): Statement {
    const [k, v] = [this.#name('k'), this.#name('e')];
    const make = (...inside: Scope['variables']) => this.#body(scope, inside);
    const end = (label: string): string => `if t.out() { break ${label} }`;
    switch (this.#below(6)) {
      case 0: {
        const { label, body } = make({ name: k, type: 'int' }, { name: v, type: 'int' });
        return this.#statement(
          `${label}:`,
          `for ${k}, ${v} := range ${this.#expression(scope, '[]int')} {`,
          `_, _ = ${k}, ${v}`,
          end(label),
          body,
          '}',
        );
      }
      case 1: {
        const { label, body } = make({ name: k, type: 'int' }, { name: v, type: 'int32' });
        return this.#statement(
          `${label}:`,
          `for ${k}, ${v} := range ${this.#expression(scope, 'string')} {`,
          `_, _ = ${k}, ${v}`,
          end(label),
          body,
          '}',
        );
      }
      case 2: {
        const { label, body } = make({ name: k, type: 'int' });
        return this.#statement(
          `${label}:`,
          `for ${k} := range ${this.#dynamic(scope, 'int')} & 7 {`,
          `_ = ${k}`,
          end(label),
          body,
          '}',
        );
      }
      case 3: {
        const { label, body } = make({ name: k, type: 'int' });
        return this.#statement(
          `${label}:`,
          `for ${k} := range upTo(t, ${this.#dynamic(scope, 'int')} & 7) {`,
          `_ = ${k}`,
          end(label),
          body,
          '}',
        );
      }
      case 4: {
        const { label, body } = make({ name: k, type: 'int' });
        const map = this.#dynamic(scope, 'map[int]int');
        return this.#statement(
          `${label}:`,
          `for _, ${k} := range slices.Sorted(maps.Keys(${map})) {`,
          `_ = ${k}`,
          end(label),
          body,
          '}',
        );
      }
      default: {
        const { label, body } = make({ name: k, type: 'string' }, { name: v, type: 'int' });
        return this.#statement(
          `{ var tree *Tree[string, int]`,
          `for k := range ${2 + this.#below(5)} { tree = tree.Put(strconv.Itoa((a+k*7)&63), k) }`,
          `${label}:`,
          `for ${k}, ${v} := range tree.All() {`,
          `_, _ = ${k}, ${v}`,
          end(label),
          body,
          '} }',
        );
      }
    }
  }

  #switch(scope: Scope): Statement {
    const parts: (string | Statement[])[] = [];
    const n = 2 + this.#below(6);
    const kind = this.#below(4);
    if (kind === 0) {
      parts.push('switch {');
      for (let k = 0; k < n; k++) parts.push(`case ${this.#expression(scope, 'bool')}:`, this.#block(scope, 2));
    } else if (kind === 1) {
      parts.push(`switch ${this.#expression(scope, 'string')} {`);
      for (const text of literals.string!.slice(0, n)) parts.push(`case ${text}:`, this.#block(scope, 2));
    } else {
      const dense = this.#below(2) === 0;
      parts.push(`switch ${this.#expression(scope, 'int')} & ${dense ? 15 : -1} {`);
      for (let k = 0; k < n; k++) {
        parts.push(`case ${dense ? k : k * k * k * 997 - 3}:`, this.#block(scope, 2));
        if (k < n - 1 && this.#below(4) === 0) parts.push('fallthrough');
      }
    }
    if (this.#below(2) === 0) parts.push('default:', this.#block(scope, 2));
    return this.#statement(...parts, '}');
  }

  #typeSwitch(scope: Scope): Statement {
    const value = this.#dynamic(scope, this.#of(types.slice(0, 7)));
    const v = this.#name('u');
    const under = (type: Type): Statement[] =>
      this.#block({ ...scope, variables: [...scope.variables, { name: v, type }] }, 2);
    return this.#statement(
      `switch ${v} := any(${value}).(type) {`,
      'case int:',
      `_ = ${v}`,
      under('int'),
      'case string:',
      `_ = ${v}`,
      under('string'),
      'case float64:',
      `_ = ${v}`,
      under('float64'),
      'case Shape, nil:',
      `t.b(${v} == nil)`,
      'default:',
      `t.s(fmt.Sprintf("%T", ${v}))`,
      '}',
    );
  }

  /** Blocks with labels between which anything jumps anywhere: mostly an irreducible loop. */
  #gotos(scope: Scope): Statement {
    const labels = Array.from({ length: 2 + this.#below(4) }, () => this.#name('g'));
    const jump = (v: string): string =>
      `switch uint(${v}) % ${labels.length + 1} { ${labels.map((label, k) => `case ${k}: goto ${label}`).join('; ')} }`;
    const parts: (string | Statement[])[] = [jump(this.#dynamic(scope, 'int'))];
    // No jump may pass a declaration: those of the blocks are in braces.
    for (const label of labels) {
      parts.push(`${label}:`, '{', this.#block(scope, 3), '}', `if !t.out() { ${jump(this.#dynamic(scope, 'int'))} }`);
    }
    return this.#statement('{', ...parts, '}');
  }

  #closure(scope: Scope): Statement {
    const name = this.#name('v');
    const k = this.#name('k');
    const inside: Scope = {
      ...scope,
      variables: [...scope.variables, { name: k, type: 'int' }],
      loops: [],
      result: 'int',
    };
    const body = this.#block(inside, 3);
    const result = this.#expression(inside, 'int');
    scope.variables.push({ name, type: 'func(int) int' });
    return this.#statement(
      `var ${name} func(int) int = func(${k} int) int {`,
      `if t.out() { return ${k} }`,
      body,
      `return ${result}`,
      '}',
      `_ = ${name}`,
    );
  }

  #defer(scope: Scope): Statement {
    const inside: Scope = { ...scope, loops: [], result: 'none' };
    const body = this.#block(inside, 2);
    switch (this.#below(4)) {
      case 0:
        return this.#statement(`defer t.i(${this.#expression(scope, 'int')})`);
      case 1:
        if (scope.result === 'named') return this.#statement('defer func() {', body, 'r = r*3 + 1', '}()');
        return this.#statement('defer func() {', body, '}()');
      case 2:
        return this.#statement(
          'defer func() { if e := recover(); e != nil { t.s("recovered " + text(e)) }',
          body,
          '}()',
        );
      default:
        return this.#statement(`for k := range ${1 + this.#below(12)} { defer func() {`, 't.i(k)', body, '}() }');
    }
  }

  #panics(scope: Scope): Statement {
    const what = this.#of([
      `panic(${this.#expression(scope, 'string')})`,
      `panic(fmt.Errorf("e%d", ${this.#dynamic(scope, 'int')}))`,
      `var m map[int]int; m[${this.#dynamic(scope, 'int')}] = 1`,
      `t.i((${this.#dynamic(scope, '[]int')})[${this.#dynamic(scope, 'int')}])`,
      `t.s(shape(2).Name())`,
      `t.i(any(${this.#dynamic(scope, 'string')}).(int))`,
      `t.i(${this.#dynamic(scope, 'int')} / (${this.#dynamic(scope, 'int')} & 1))`,
      `t.i(len(make([]int, ${this.#dynamic(scope, 'int')} | -1<<40)))`,
      `t.s((${this.#dynamic(scope, 'string')})[3:1+${this.#dynamic(scope, 'int')}&3])`,
    ]);
    // Mostly where it is caught near by.
    if (this.#below(5) === 0) return this.#statement(`if ${this.#expression(scope, 'bool')} {`, what, '}');
    const body = this.#block({ ...scope, loops: [], result: 'none' }, 2);
    const again = this.#below(3) === 0 ? 'defer func() { panic(fmt.Sprint("again ", recover())) }()' : '';
    return this.#statement(
      't.try(func() {',
      again,
      this.#below(2) === 0 ? 'defer t.s("deferred")' : '',
      body,
      what,
      '})',
    );
  }

  #generics(scope: Scope): Statement {
    const n = this.#dynamic(scope, 'int');
    const type = this.#of(['int', 'string', 'float64'] as const);
    const e = this.#name('e');
    const body = this.#block(
      { ...scope, variables: [...scope.variables, { name: e, type }], loops: [], result: 'none' },
      2,
    );
    const stack = this.#name('s');
    return this.#statement(
      `{ ${stack} := &Stack[${type}]{}`,
      `push := ${stack}.Push`,
      `for range ${1 + this.#below(4)} { push(${this.#expression(scope, type)}) }`,
      `for k, ${e} := range ${stack}.All() { if k > ${n}&3 { break }`,
      `func() { _ = ${e}`,
      body,
      '}() }',
      `for { ${e}, ok := ${stack}.Pop(); if !ok || t.out() { break }; t.s(fmt.Sprint(${e})) } }`,
    );
  }

  /** A function literal `func(t *T, a int) int` that sees nothing of what is around it. */
  #task(): Statement['parts'] {
    const scope: Scope = { variables: [{ name: 'a', type: 'int' }], loops: [], result: 'int', depth: 4 };
    const body = this.#block(scope, 3);
    return [
      'func(t *T, a int) int {',
      'b, x, s := int32(a), float64(a), "task"',
      '_, _, _ = b, x, s',
      'if t.out() { return a }',
      body,
      `return ${this.#expression(scope, 'int')}`,
      '}',
    ];
  }

  #goroutines(scope: Scope): Statement {
    const n = 1 + this.#below(5);
    // Evaluated here: goroutines see nothing that changes.
    const begin = `{ start := ${this.#dynamic(scope, 'int')}; task := `;
    const wait = `idle(${this.#below(256)} + k)`;
    const task = this.#task();
    const run = (value: string): string => `c.try(func() { v = task(c, ${value}) })`;
    switch (this.#below(6)) {
      case 0: // Each sends its result; the sum is seen.
        return this.#statement(
          begin,
          ...task,
          `sums := make(chan int, ${this.#below(3)})`,
          `var traces [${n}]*T`,
          `for k := range ${n} { c := t.child(); traces[k] = c`,
          `go func() { v := 0; defer func() { sums <- v }()`,
          wait,
          run('k + start'),
          '}() }',
          `total := 0; for range ${n} { total += <-sums }`,
          't.i(total)',
          'for _, c := range traces { t.join(c) } }',
        );
      case 1: // A pipeline.
        return this.#statement(
          begin,
          ...task,
          'in := make(chan int)',
          'var from <-chan int = in',
          `var traces [${n}]*T`,
          `for k := range ${n} { c := t.child(); traces[k] = c; to := make(chan int, k&1)`,
          'go func(from <-chan int) { defer close(to)',
          `for v := range from {`,
          wait,
          run('v + start'),
          'to <- v } }(from)',
          'from = to }',
          `go func() { for k := range ${2 + this.#below(4)} { in <- k + ${this.#below(9)} }; close(in) }()`,
          'for v := range from { t.i(v) }',
          'for _, c := range traces { t.join(c) } }',
        );
      case 2: // Turns are taken.
        return this.#statement(
          begin,
          ...task,
          'ping, pong := make(chan int), make(chan int)',
          'c := t.child()',
          'go func() { defer close(pong); for v := range ping {',
          run('v + start'),
          'pong <- v } }()',
          `for k := range ${1 + this.#below(6)} { ping <- k`,
          'select { case v := <-pong: t.i(v); case <-time.After(time.Hour): t.s("late") } }',
          'close(ping)',
          '_, ok := <-pong',
          't.b(ok)',
          't.join(c) }',
        );
      case 3: // Workers, results by number.
        return this.#statement(
          begin,
          ...task,
          `jobs, results := make(chan int, 3), make([]int, ${n * 2})`,
          'var all sync.WaitGroup',
          `for range ${n} { all.Add(1); go func() { defer all.Done(); for k := range jobs { c, v := &T{fuel: 60}, 0`,
          wait,
          run('k ^ start'),
          'results[k] = v } }() }',
          `for k := range ${n * 2} { jobs <- k }`,
          'close(jobs); all.Wait()',
          't.s(fmt.Sprint(results)) }',
        );
      case 4: // A lock, and a signal to stop.
        return this.#statement(
          begin,
          ...task,
          'var total lockedSum; done, ended := make(chan struct{}), make(chan bool)',
          `var traces [${n}]*T`,
          `for k := range ${n} { c := t.child(); traces[k] = c; go func() { v := 0`,
          run('k - start'),
          'total.add(v)',
          'for { select { case <-done: ended <- true; return; default: runtime.Gosched() } } }() }',
          wait.replace('k', '0'),
          `close(done); for range ${n} { <-ended }`,
          't.i(total.v)',
          'for _, c := range traces { t.join(c) } }',
        );
      default: // One that ends by Goexit or a panic that it catches, its stack grown.
        return this.#statement(
          begin,
          ...task,
          'c := t.child(); ended := make(chan int)',
          'go func() { v := 0; defer func() { ended <- v }()',
          `defer c.s("leaving")`,
          `c.i(deep(c, ${this.#below(900)}))`,
          run('start'),
          this.#below(2) === 0 ? 'runtime.Goexit()' : '',
          '}()',
          't.i(<-ended)',
          't.join(c) }',
        );
    }
  }
}

/** A function of a program, from a seed of its own, so that it is the same alone and among others. */
export interface GeneratedFunction {
  readonly number: number;
  readonly body: readonly Statement[];
  /** How many statements it has in all. */
  readonly statements: number;
}

/** Function `number` of a seed: it may call those with smaller numbers. */
export function generate(seed: number, number: number): GeneratedFunction {
  const body = new Generator(Math.imul(seed, 7919) + number, number).function();
  return { number, body, statements: [...all(body)].length };
}

function* all(list: readonly Statement[]): Iterable<Statement> {
  const open: Statement[] = [...list];
  for (let statement = open.pop(); statement !== undefined; statement = open.pop()) {
    yield statement;
    for (const part of statement.parts) if (typeof part !== 'string') open.push(...part);
  }
}

/** The ids of a function's statements. */
export function statementsOf({ body }: GeneratedFunction): number[] {
  return [...all(body)].map(({ id }) => id).sort((a, b) => a - b);
}

/**
 * The Go file that holds functions.
 *
 * @param kept by number of the function: the statements that are not left out; all where there is no such set.
 */
export function sourceOf(
  functions: readonly GeneratedFunction[],
  kept: ReadonlyMap<number, ReadonlySet<number>> = new Map(),
): string {
  const lines = [
    'package main',
    '',
    'import ("fmt"; "maps"; "math"; "runtime"; "slices"; "strconv"; "strings"; "sync"; "time")',
    '',
    'var _, _, _, _ = fmt.Sprint, math.Sqrt, runtime.GC, slices.Max[[]int]',
    'var _, _, _, _ = strconv.Itoa, strings.Count, sync.OnceFunc, time.Now',
    'var _ = maps.Keys[map[int]int]',
    '',
    'func fib13(k int) int { return fib(k & 13) }',
    '',
    'func init() {',
    ...functions.map(
      ({ number }) => `functions = append(functions, struct { name string; f function }{"f${number}", f${number}})`,
    ),
    '}',
  ];
  for (const { number, body } of functions) {
    lines.push('', `func f${number}(t *T, a int, b int32, x float64, s string) (r int) {`, 'if t.out() { return a }');
    print(body, kept.get(number), lines);
    lines.push('return r + a', '}');
  }
  return `${lines.join('\n')}\n`;
}

/** Statements nest no deeper than the generator lets them. */
function print(list: readonly Statement[], kept: ReadonlySet<number> | undefined, lines: string[]): void {
  for (const { id, parts } of list) {
    if (kept !== undefined && !kept.has(id)) continue;
    for (const part of parts) {
      if (typeof part === 'string') lines.push(part);
      else print(part, kept, lines);
    }
  }
}
