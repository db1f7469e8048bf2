import { expect, test } from 'vitest';
import {
  Code,
  decodeModule,
  emptyModule,
  emptyNames,
  encodeModule,
  type Limits,
  type Module,
  type Names,
  Op,
  printFunction,
  printInstructions,
  ValType,
} from '../src/index.ts';
import { assemble, disassemble, reassemble, texts } from './texts.ts';

const names: Names = {
  ...emptyNames(),
  functions: new Map([
    [0, 'env.log'],
    [2, 'main.(*T).Sum'],
  ]),
  locals: new Map([
    [
      2,
      new Map([
        [0, 'x'],
        [3, 'z'],
      ]),
    ],
  ]),
  globals: new Map([[0, 'base']]),
};

test('a function with names and offsets', () => {
  const module = decodeModule(assemble(texts.mvp!));
  expect(printFunction(module, 2, names)).toMatchInlineSnapshot(`
    "(func $"main.(*T).Sum" (;2;) (type 0) (param $x i32) (param i64) (result f64)
      (local (;2;) i32)
      (local (;3;) $z i32)
      (local (;4;) f64)
      block ;; @1
        loop ;; @2
          local.get 2
          local.get $x
          i32.ge_s
          br_if 1 (;@1;)
          local.get 4
          local.get 2
          f64.load offset=1000000 align=4
          f64.add
          local.set 4
          i32.const 0
          i64.const 9223372036854775807
          i64.store32 offset=4
          local.get 2
          i32.const -129
          i32.add
          local.set 2
          br 0 (;@2;)
        end
        unreachable
      end
      block ;; @3
        block ;; @4
          block ;; @5
            local.get $x
            br_table 0 (;@5;) 1 (;@4;) 2 (;@3;) 0 (;@5;)
          end
          unreachable
        end
      end
      local.get 1
      i64.eqz
      if ;; @6
        f64.const nan:0x8000000000001
        return
      else
        nop
      end
      i32.const 3
      i64.const 4
      i32.const 1
      call_indirect (type 0)
      drop
      memory.size
      memory.grow
      drop
      f32.const 1.5
      f32.const inf
      i32.const 1
      select
      drop
      i64.const -9223372036854775808
      global.set 1
      local.get 4
    )
    "
  `);
  expect(printFunction(module, 1, undefined, { offsets: true })).toMatchInlineSnapshot(`
    "(func (;1;) (type 2)
    (;00008a;)   i32.const 2147483647
    (;000090;)   call 0
    )
    "
  `);
  expect(printFunction(module, 0, names)).toMatchInlineSnapshot(`
    "(import "env" "log" (func $env.log (;0;) (type 1) (param i32)))
    "
  `);
});

test.each(['exceptions', 'legacyExceptions', 'simd', 'memory64', 'multiMemory', 'gc', 'stackSwitching'])(
  '%s',
  (text) => {
    const module = decodeModule(assemble(texts[text]!));
    const all = module.functions.map((_, i) => printFunction(module, i)).join('');
    expect(all).toMatchSnapshot();
  },
);

/** The text of a module whose parts this package prints: functions; what they need is added here. */
function moduleText(module: Module): string {
  const types = module.types.map((type) => {
    if (type.kind !== 'func') throw new Error('only function types');
    const list = (word: string, values: number[]): string => values.map((v) => ` (${word} ${valueNames[v]})`).join('');
    return `(type (func${list('param', type.params)}${list('result', type.results)}))`;
  });
  const limits = ({ min, max, shared, is64 }: Limits): string =>
    `${is64 ? 'i64 ' : ''}${min} ${max ?? ''} ${shared ? 'shared' : ''}`;
  // Imported ones come first; here they are not imported.
  const tags = [...module.imports.filter((entry) => entry.kind === 'tag'), ...module.tags];
  return `(module
    ${types.join(' ')}
    ${tags.map((tag) => `(tag (type ${tag.type}))`).join(' ')}
    ${module.memories.map((memory) => `(memory ${limits(memory)})`).join(' ')}
    ${module.tables.map((table) => `(table ${limits(table)} funcref)`).join(' ')}
    ${module.functions.map((_, i) => printFunction(module, i)).join('')})`;
}

const valueNames: Record<number, string> = Object.fromEntries(
  Object.entries(ValType).map(([name, type]) => [type, name.toLowerCase()]),
);

test.each(['multiValue', 'tailCalls', 'exceptions', 'simd', 'threads', 'memory64', 'wideArithmetic'])(
  'Binaryen reads the text of %s as the same code',
  (name) => {
    const module = decodeModule(assemble(texts[name]!));
    module.exports = [];
    module.data = [];
    const text = moduleText(module);
    module.tags = [...module.imports.filter((entry) => entry.kind === 'tag'), ...module.tags];
    module.imports = [];
    expect(disassemble(assemble(text))).toBe(disassemble(reassemble(encodeModule(module))));
  },
);

test('numbers', () => {
  const code = new Code();
  code.push(Op.I64Const, 0, 1 << 31);
  code.push(Op.I64Const, -1, 0);
  code.push(Op.F32Const, 0x3f800000);
  code.push(Op.F32Const, 1 << 31);
  code.push(Op.F32Const, 0x7fc00000);
  code.push(Op.F32Const, -1);
  code.push(Op.F64Const, 0, 0x7ff00000);
  code.push(Op.F64Const, 1, 0x7ff00000);
  code.push(Op.F64Const, 0, 0x7ff80000 | (1 << 31));
  code.push(Op.I64Load, -1, 0);
  expect(printInstructions(code)).toMatchInlineSnapshot(`
    "i64.const -9223372036854775808
    i64.const 4294967295
    f32.const 1
    f32.const -0
    f32.const nan
    f32.const -nan:0x7fffff
    f64.const inf
    f64.const nan:0x1
    f64.const -nan
    i64.load offset=4294967295 align=1
    "
  `);
});

test('many locals without names are a run', () => {
  const module = emptyModule();
  module.types.push({ kind: 'func', params: [], results: [] });
  module.functions.push(0);
  module.bodies.push(Uint8Array.of(2, 0xd0, 0x86, 0x03, 0x7f, 2, 0x63, 0x00, Op.End));
  const local = { ...emptyNames(), locals: new Map([[0, new Map([[7, 'seven']])]]) };
  expect(printFunction(module, 0, local)).toMatchInlineSnapshot(`
    "(func (;0;) (type 0)
      (local (;0;) i32 i32 i32 i32 i32 i32 i32)
      (local (;7;) $seven i32)
      (local (;8;) i32 i32 i32 i32 i32 i32 i32 i32 i32 i32 i32 i32 i32 i32 i32 i32) ;; and 49976 more
      (local (;50000;) (ref null 0) (ref null 0))
    )
    "
  `);
});
