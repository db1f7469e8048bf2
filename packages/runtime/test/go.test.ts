/** The drop-in for wasm_exec.js. */
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { Go } from '../src/index.ts';
import { buildGo, bundle, nodes, runNode, temp, go as toolchain } from './support.ts';

const file = await buildGo('program');
const module = await WebAssembly.compile(readFileSync(file));

async function load(go: Go): Promise<WebAssembly.Instance> {
  return WebAssembly.instantiate(module, go.importObject);
}

describe('as in a page', () => {
  const lines: string[] = [];
  const { log, error, warn } = console;
  const { process } = globalThis;
  beforeEach(() => {
    lines.length = 0;
    console.log = (...args) => lines.push(args.join(' '));
    console.error = console.log;
    console.warn = console.log;
  });
  afterEach(() => void Object.assign(console, { log, error, warn }));

  test('runs, and runs again', async () => {
    const go = new Go();
    expect(go.exited).toBeUndefined();
    expect(go.argv).toEqual(['js']);
    go.argv = ['js', 'args', 'x'];
    await go.run(await load(go));
    expect(lines).toEqual(['0 "args"', '1 "x"']);
    expect(go.exited).toBe(true);
    go.argv = ['js', 'env', 'A'];
    go.env = { A: 'b' };
    await go.run(await load(go));
    expect(lines.slice(2)).toEqual(['A="b" true']);
    expect(globalThis.process).toBe(process);
    expect(globalThis).not.toHaveProperty('Go');
    expect(globalThis).not.toHaveProperty('fs');
  });

  test('exit is called with the code, and warns by default', async () => {
    const go = new Go();
    go.argv = ['js', 'exit', '3'];
    await go.run(await load(go));
    expect(lines).toEqual(['exiting', 'exit code: 3']);
    const codes: number[] = [];
    go.exit = (code) => codes.push(code);
    await go.run(await load(go));
    expect(codes).toEqual([3]);
  });

  test('what is no instance', async () => {
    const instance = {} as WebAssembly.Instance;
    await expect(new Go().run(instance)).rejects.toThrow('WebAssembly.Instance expected');
  });

  test('a program that crashes rejects', async () => {
    const go = new Go();
    go.argv = ['js', 'callbacks'];
    const program: Record<string, (x: unknown) => unknown> = {};
    Object.assign(globalThis, { program });
    try {
      const running = go.run(await load(go));
      const call = program.get!;
      expect(() =>
        call({
          get name() {
            throw new Error('from a getter');
          },
        }),
      ).toThrow('from a getter');
      await expect(running).rejects.toThrow('from a getter');
      expect(() => go._resume()).toThrow('from a getter');
    } finally {
      delete (globalThis as { program?: unknown }).program;
    }
  });
});

test("in the place of Go's own in wasm_exec_node.js", async () => {
  // The same script, with our class.
  const bundled = await bundle('drop-in.ts');
  const script = join(temp, 'wasm_exec_node.mjs');
  const original = readFileSync(join(toolchain.goroot, 'lib/wasm/wasm_exec_node.js'), 'utf8');
  writeFileSync(
    script,
    `import { createRequire } from 'node:module'; import ${JSON.stringify(bundled)}; const require = createRequire(import.meta.url);\n${original
      .replace('"use strict";', '')
      .replace('require("./wasm_exec");', '')}`,
  );
  const env = { PWD: '/' };
  for (const [args, code] of [
    [['print'], 0],
    [['deadlock'], 2],
    [['exit', '4'], 4],
    [['many', 'values', 'funcs', 'nested', 'timers', 'strings'], 0],
  ] as const) {
    const run = (script: string) => runNode(nodes[0]!, [script, file, ...args], { env, cwd: '/' });
    const found = await run(script);
    expect(found).toEqual(await run(join(toolchain.goroot, 'lib/wasm/wasm_exec_node.js')));
    expect(found.code).toBe(code);
  }
});
