import { readFileSync } from 'node:fs';
import { expect, it } from 'vitest';

/**
 * Tests the examples of a README: each block of JavaScript is run, with `modules` for what it imports, and must print what
 * the block of text after it says.
 */
export function testReadme(url: URL, modules: Record<string, object>): void {
  const text = readFileSync(url, 'utf8');
  const examples = [...text.matchAll(/```js\n([\s\S]*?)```\s*(?:[^`\n]*\n\s*)?```text\n([\s\S]*?)```/g)];
  it('has examples', () => {
    expect(examples.length).toBeGreaterThan(0);
    expect(text.match(/```js\n/g)).toHaveLength(examples.length);
  });
  examples.forEach(([, code, output], k) => {
    it(`example ${k + 1} prints what it says`, () => {
      const body = code!.replace(
        /import (\{[^}]*\}) from '([^']*)';/g,
        (_, names, module) => `const ${names} = modules['${module}'];`,
      );
      let printed = '';
      const log = (line: unknown): void => {
        printed += `${line}\n`;
      };
      new Function('modules', 'console', body)(modules, { log });
      expect(printed.trimEnd()).toBe(output!.trimEnd());
    });
  });
}
