/** The standard output in Node: all of it arrives, and nobody else has to wait for it. */
import { spawn } from 'node:child_process';
import fs from 'node:fs';
import { join } from 'node:path';
import { setTimeout } from 'node:timers/promises';
import { describe, expect, test, vi } from 'vitest';
import { nodeFs } from '../src/node.ts';
import { buildGo, bundle, go, nodes, RUNNER, runNode } from './support.ts';

const module = await buildGo('output');
const runner = await bundle(RUNNER);

describe.for(nodes)('$name $version', (engine) => {
  test('a pipe that is full', async () => {
    const child = spawn(engine.path, [runner, module, 'lines'], { stdio: ['ignore', 'pipe', 'inherit'] });
    await setTimeout(500);
    let text = '';
    for await (const bytes of child.stdout.setEncoding('utf8')) text += bytes;
    const lines = text.split('\n');
    expect(lines.map((line) => line.slice(0, 6)).join()).toBe(
      [...Array.from({ length: 20_000 }, (_, i) => String(i).padStart(6, '0')), ''].join(),
    );
    expect(text.length).toBe(2_000_000);
  });

  test('timers fire between two writes', async () => {
    const { code, stdout } = await runNode(engine, [runner, module, 'timers']);
    expect(stdout).toMatch(/^(more\n)+$/);
    expect(code).toBe(0);
  });

  test('errors are those of wasm_exec_node.js', async () => {
    const ours = await runNode(engine, [runner, module, 'closed']);
    expect(ours.stderr).toMatch(/^write \/dev\/stdout: /);
    expect(ours).toEqual(await runNode(engine, [join(go.goroot, 'lib/wasm/wasm_exec_node.js'), module, 'closed']));
  });
});

test('a pipe that does not wait until there is room', async () => {
  const full = Object.assign(new Error('EAGAIN: resource temporarily unavailable, write'), { code: 'EAGAIN' });
  const wrote: unknown[][] = [];
  const writeSync = vi.spyOn(fs, 'writeSync');
  for (let i = 0; i < 3; i++) {
    writeSync.mockImplementationOnce(() => {
      throw full;
    });
  }
  writeSync.mockImplementationOnce((...args) => wrote.push(args) + 2);
  const buffer = new TextEncoder().encode('some text');
  const result = await new Promise((resolve) => {
    nodeFs().write!(1, buffer, 5, 4, null, (...result) => resolve(result));
  });
  writeSync.mockRestore();
  // As Node's own.
  expect(result).toEqual([null, 3, buffer]);
  expect(wrote).toEqual([[1, buffer, 5, 4, null]]);
});
