/** What an engine says that cannot run a module. */
import { readFileSync, truncateSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { buildGo, bundle, linkModule, nodes, runNode, temp } from './support.ts';

const stock = await buildGo('imports/plain');
const script = await bundle('engine-run.ts');

describe.for(nodes)('$name $version', (engine) => {
  const load = async (module: string, ...flags: string[]): Promise<string[]> => {
    const { code, stdout, stderr } = await runNode(engine, [...flags, script, module]);
    // V8 says what --jitless takes away.
    expect({ code, stderr: stderr.replace(/^Warning: disabling flag .*\n/, '') }).toEqual({ code: 0, stderr: '' });
    return stdout.trim().split('\n');
  };

  test('a feature that a strategy needs', async () => {
    const [bytes, response] = await load(await linkModule(stock, 'stack-switching'));
    expect(bytes).toMatch(/^EngineError GW6201 this engine lacks (exception handling, )?stack switching: update it/);
    // It has been read, and nobody knows what it was.
    expect(response).toMatch(
      /^SourceError GW6005 .*may need what this engine lacks \(.*stack switching\): CompileError/,
    );
  });

  test('no WebAssembly at all', async () => {
    const [bytes] = await load(stock, '--jitless');
    expect(bytes).toMatch(/^EngineError GW6201 this engine lacks WebAssembly: update it/);
  });

  test('a module that is cut short is not the engine’s fault', async () => {
    const file = join(temp, 'short.wasm');
    writeFileSync(file, readFileSync(await linkModule(stock)));
    truncateSync(file, 5000);
    const [bytes] = await load(file);
    expect(bytes).toMatch(
      /^SourceError GW6005 the engine does not take the module, which may be cut short: CompileError/,
    );
  });
});
