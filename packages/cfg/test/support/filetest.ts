import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { type NamedGraph, parseGraph } from '@go-wasm/cfg';
import { expect, it } from 'vitest';

const MARK = '\n--- ';

/**
 * A test for each file `*.cfg` of a folder: a graph, and after it sections `--- name` with what `sections[name]` makes of it.
 * `BLESS=1` writes what is made now.
 */
export function testFiles(folder: URL, sections: Record<string, (input: NamedGraph) => string>): void {
  for (const file of readdirSync(folder).filter((name) => name.endsWith('.cfg'))) {
    it(file, () => {
      const url = new URL(file, folder);
      const text = readFileSync(url, 'utf8');
      const graph = text.split(MARK, 1)[0]!.trimEnd();
      const input = parseGraph(graph);
      const made = Object.entries(sections).map(([name, make]) => `${MARK}${name}\n${make(input)}`);
      const expected = `${graph}\n${made.join('')}`;
      if (process.env.BLESS === '1') writeFileSync(url, expected);
      else
        expect(text, `${file} says something else; if the new output is right, run again with BLESS=1`).toBe(expected);
    });
  }
}
