/**
 * Files of Go-like assembly ({@link assemble}), and behind `--- lifted` what is made of each function. `BLESS=1` writes
 * what is made now.
 */
import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import { liftProgram, printLifted, readProgram } from '../src/index.ts';
import { assemble } from './helpers/asm.ts';

const MARK = '\n--- lifted\n';
const folder = new URL('./filetests/', import.meta.url);

test.each(readdirSync(folder))('%s', (file) => {
  const url = new URL(file, folder);
  const text = readFileSync(url, 'utf8');
  const source = text.split(MARK, 1)[0]!.trimEnd();
  const bytes = assemble(source);
  expect(WebAssembly.validate(bytes as BufferSource)).toBe(true);
  const program = readProgram(bytes);
  const lifted = liftProgram(program);
  const made = program.names.map((_, f) => printLifted(program, lifted, f)).join('\n');
  const expected = `${source}\n${MARK}${made}`;
  if (process.env.BLESS === '1') writeFileSync(url, expected);
  else expect(text, `${file} says something else; if the new output is right, run again with BLESS=1`).toBe(expected);
});
