/** The samples of the README: what they print in Node, what they show in Chromium. */
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { build } from 'esbuild';
import { beforeAll, describe, expect, test } from 'vitest';
import { go as runGo } from '../../../tools/src/go.ts';
import { chromium, visit, whyNoChromium } from './browser.ts';
import { emptyFolder, go, here, installRuntime, linkModule, nodes, runNode } from './support.ts';

const text = readFileSync(here('../README.md'), 'utf8');
/** By file name; the text that follows is what it prints. */
const samples = [
  ...text.matchAll(/```(?:go|js|html)\n((?:\/\/|<!--) (\S+)[\s\S]*?)```\n(?:\s*```text\n([\s\S]*?)```)?/g),
].map(([, code, name, output]) => ({ name: name!, code: code!, output }));

const folder = emptyFolder('readme');

beforeAll(async () => {
  for (const { name, code } of samples) writeFileSync(join(folder, name), code);
  await installRuntime(folder);
  await runGo(go, ['build', '-o', 'app.wasm', 'main.go'], { goos: 'js', cwd: folder });
  await linkModule(join(folder, 'app.wasm'));
}, 60_000);

test(`all are tested, with ${go.version}`, () => {
  expect(text.match(/^```(go|js|html)$/gm)).toHaveLength(samples.length);
  expect(samples.filter(({ output }) => output).length).toBeGreaterThan(3);
});

test.for(samples.filter(({ output }) => output))('$name', async ({ name, output }) => {
  const { stdout, stderr, code } = await runNode(nodes[0]!, [name], { cwd: folder });
  expect({ stdout, stderr, code }).toEqual({ stdout: output, stderr: '', code: 0 });
});

describe.skipIf(!chromium)(whyNoChromium ?? 'in Chromium', () => {
  const types = { html: 'text/html', js: 'text/javascript', wasm: 'application/wasm' };
  /** What a page shows in its first paragraph. */
  const shown = async (page: string): Promise<unknown> => {
    const look = `<script type="module">
      const look = () => document.querySelector('p').textContent;
      while (look() === '') await new Promise((resolve) => setTimeout(resolve, 20));
      await fetch('result/p', { method: 'POST', body: JSON.stringify(look()) });
    </script>`;
    const results = await visit(1, (name) => {
      if (name === '') return ['text/html', page + look];
      const type = types[name.slice(name.lastIndexOf('.') + 1) as keyof typeof types];
      return type === undefined ? undefined : [type, readFileSync(join(folder, name))];
    });
    return results.p;
  };
  const sample = (wanted: string): string => samples.find(({ name }) => name === wanted)!.code;

  test.for(['index.html', 'drop-in.html'])('%s', async (name) => expect(await shown(sample(name))).toBe('5'));

  test('worker.js', async () => {
    // As a bundler does.
    await build({
      ...{ entryPoints: [join(folder, 'worker.js')], outfile: join(folder, 'worker.js'), allowOverwrite: true },
      ...{ bundle: true, format: 'esm' },
    });
    expect(await shown('<!doctype html><p></p><script type="module" src="page.js"></script>')).toBe('5');
  });
});
