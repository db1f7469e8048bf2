import { spawnSync } from 'node:child_process';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { root } from './src/paths.ts';

/** Runs `npm run soak` with arguments. */
function soak(...args: string[]) {
  const flags = ['--disable-warning=ExperimentalWarning', '--conditions=@go-wasm/source', '--import', './tools/ts.js'];
  return spawnSync(process.execPath, [...flags, join('tools', 'src', 'soak.ts'), ...args], {
    cwd: root,
    encoding: 'utf8',
  });
}

const HELP = /^`npm run soak`: .*\n( {2}--minutes N {2,}.*\n)( {2}--.*\n)+$/ms;

test('--help prints what a command does, and its options', () => {
  const { status, stdout, stderr } = soak('--minutes', '1', '--help');
  expect(stdout).toMatch(HELP);
  expect({ status, stderr }).toEqual({ status: 0, stderr: '' });
});

test('what a command does not take is named, with its help', () => {
  const { status, stdout, stderr } = soak('--minute', '1');
  const [what, , ...help] = stderr.split('\n');
  expect(what).toContain("Unknown option '--minute'");
  expect(help.join('\n')).toMatch(HELP);
  expect({ status, stdout }).toEqual({ status: 2, stdout: '' });
});
