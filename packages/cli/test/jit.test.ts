import { execFileSync } from 'node:child_process';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { expect, test } from 'vitest';
import { findEngine } from '../../../tools/src/engines.ts';

const jit = new URL('../src/jit.ts', import.meta.url).href;
const loader = pathToFileURL(fileURLToPath(new URL('../../../tools/ts.js', import.meta.url))).href;

/** (func (export "good")) (func (export "bad") i32.add) */
const HALF_VALID = [
  [0, 97, 115, 109, 1, 0, 0, 0, 1, 4, 1, 96, 0, 0, 3, 3, 2, 0, 0],
  [7, 14, 2, 4, 103, 111, 111, 100, 0, 0, 3, 98, 97, 100, 0, 1],
  [10, 8, 2, 2, 0, 11, 3, 0, 106, 11],
].flat();

const SCRIPT = `
  const bytes = new Uint8Array(${JSON.stringify(HALF_VALID)});
  const seen = [];
  const attempt = (name, action) => {
    try {
      action();
      seen.push(name);
    } catch (error) {
      seen.push(error.name);
    }
  };
  attempt('compiled', () => new WebAssembly.Module(bytes));
  (await import(${JSON.stringify(jit)})).validateLazily();
  let app;
  attempt('compiled', () => { app = new WebAssembly.Instance(new WebAssembly.Module(bytes)).exports; });
  attempt('called', () => app.good());
  attempt('called', () => app.bad());
  seen.push(WebAssembly.validate(bytes));
  console.log(JSON.stringify(seen));
`;

const engines = await Promise.all([findEngine('node'), findEngine('node26')]);

test.each(engines.filter((engine) => engine !== undefined))(
  'V8 validates functions when it compiles them, in $name',
  ({ path }) => {
    const args = ['--no-warnings', '--import', loader, '--input-type=module', '-e', SCRIPT];
    const { NODE_OPTIONS: _, ...env } = process.env;
    const seen = JSON.parse(execFileSync(path, args, { encoding: 'utf8', env }));
    expect(seen).toEqual(['CompileError', 'compiled', 'called', 'CompileError', false]);
  },
);
