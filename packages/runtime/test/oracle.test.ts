/** The same as with Go's own wasm_exec_node.js: output, errors, exit code. Stock modules, linked ones, another Go release each day. */
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import type { Engine } from '../../../tools/src/engines.ts';
import { findToolchain, type Toolchain } from '../../../tools/src/go.ts';
import { full } from '../../cfg/test/support/effort.ts';
import { otherReleases } from '../../linker/test/helpers/go.ts';
import { buildGo, bundle, emptyFolder, go, linkModule, nodes, type Result, RUNNER, runNode } from './support.ts';

interface Case {
  args: string[];
  code: number;
  stdin?: string;
  /** Something that is printed: so that two that do nothing are not equal. */
  shows: string;
}

const folder = '@folder';
const cases: Case[] = [
  { args: ['args', 'a', 'b c', 'ü', ''], code: 0, shows: '3 "ü"' },
  { args: ['env', 'GREETING', 'MISSING'], code: 0, shows: 'GREETING="grüezi" true' },
  { args: ['exit', '3'], code: 3, shows: 'exiting' },
  { args: ['print'], code: 0, shows: 'ünïcödé ✓' },
  { args: ['panic'], code: 2, shows: 'panic: this is the end: EOF' },
  { args: ['nil'], code: 2, shows: 'nil pointer dereference' },
  { args: ['jspanic'], code: 2, shows: 'property no such function is not a function' },
  { args: ['deadlock'], code: 2, shows: 'all goroutines are asleep - deadlock!' },
  { args: ['mutex'], code: 2, shows: 'all goroutines are asleep - deadlock!' },
  { args: ['goexit'], code: 2, shows: 'all goroutines are asleep - deadlock!' },
  { args: ['exitinfunc'], code: 7, shows: 'exiting in a function' },
  { args: ['stdin'], code: 0, stdin: 'some ünput\n'.repeat(10_000), shows: '120000 <nil>' },
  { args: ['lines'], code: 0, stdin: 'one\ntwo\nthree', shows: '11 <nil>' },
  { args: ['files', folder], code: 0, shows: 'open ROOT/missing: No such file or directory' },
  {
    args: 'many values strings bytes random memory nested goroutines deep funcs timers global'.split(' '),
    code: 0,
    shows: 'process object',
  },
];
/** The ones for every engine and every release of Go, however little is tested. */
const few = cases.filter(({ args }) => ['panic', 'deadlock', 'stdin', 'files', 'many'].includes(args[0]!));

const runner = await bundle(RUNNER);
const stock = await buildGo('program');
const linked = await linkModule(stock);

let folders = 0;
/** What Go's own runner makes of a stock module, by all that it depends on. */
const oracle = new Map<string, Promise<Result>>();

async function compare(
  { args, code, stdin = '', shows }: Case,
  module: string,
  engine: Engine,
  toolchain: Toolchain = go,
): Promise<void> {
  const original = module.replace('-linked', '');
  const start = (script: string, file: string) =>
    runNode(engine, [script, file, ...args.map((arg) => (arg === folder ? emptyFolder(`files-${++folders}`) : arg))], {
      stdin,
      // The program's name differs, which no program shows.
      env: { GREETING: 'grüezi', PWD: '/' },
      cwd: '/',
    });
  const key = [engine.path, original, ...args].join(' ');
  const wasmExec = join(toolchain.goroot, 'lib/wasm/wasm_exec_node.js');
  if (!oracle.has(key)) oracle.set(key, start(wasmExec, original));
  const expected = await oracle.get(key)!;
  const found = await start(runner, module);
  expect(found).toEqual(expected);
  expect(found.code).toBe(code);
  expect(found.stdout + found.stderr).toContain(shows);
}

describe.for(nodes)('$name $version', (engine) => {
  const some = full || engine === nodes[nodes.length - 1] ? cases : few;
  describe.concurrent('stock', () => {
    test.for(some)('$args', (example) => compare(example, stock, engine));
  });
  describe.concurrent('linked', () => {
    test.for(some)('$args', (example) => compare(example, linked, engine));
  });
});

test("servers in the same program, as in Go's own tests", async () => {
  const web = await buildGo('web');
  await compare({ args: [], code: 0, shows: 'hello from Go' }, web, nodes[0]!);
});

for (const version of otherReleases()) {
  const toolchain = await findToolchain(version);
  const module = await buildGo('program', { toolchain });
  describe.concurrent(version, () => {
    test.for(few)('$args', (example) => compare(example, module, nodes[nodes.length - 1]!, toolchain));
  });
}
