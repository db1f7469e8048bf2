/** The example of the README prints what the README says. */
import { readFileSync } from 'node:fs';
import { expect, test } from 'vitest';

test('the example', async () => {
  const text = readFileSync(new URL('../README.md', import.meta.url), 'utf8');
  const [, code, output] = /```js\n([\s\S]*?)```\s*```text\n([\s\S]*?)```/.exec(text)!;
  const modules = {
    '@go-wasm/asyncify': await import('../src/index.ts'),
    binaryen: (await import('binaryen')).default,
  };
  const body = code!
    .replace(/import (\{[^}]*\}) from '([^']*)';/g, "const $1 = modules['$2'];")
    .replace(/import (\w+) from '([^']*)';/g, "const $1 = modules['$2'];");
  let printed = '';
  const AsyncFunction = (async () => {}).constructor as typeof Function;
  await new AsyncFunction('modules', 'console', body)(modules, {
    log: (line: unknown) => {
      printed += `${line}\n`;
    },
  });
  expect(printed).toBe(output);
});
