/** Completion, as shells do it. */
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { which } from '../src/toolchain.ts';
import { folder, goWasm, run } from './command.ts';

/** What bash offers for a line that ends at the cursor. */
async function inBash(line: string): Promise<string[]> {
  const script = (await goWasm(['completion', 'bash'])).stdout;
  // The words as bash splits them: = is one.
  const words = [...line.matchAll(/=|[^\s=]+/g)].map(([word]) => word);
  if (/\s$/.test(line)) words.push('');
  const ask = `COMP_LINE='${line}' COMP_POINT=${line.length} COMP_WORDS=(${words.map((w) => `'${w}'`).join(' ')})
COMP_CWORD=${words.length - 1}; compopt() { :; }; _go_wasm; printf '%s\\n' "\${COMPREPLY[@]}"`;
  const { stdout, stderr } = await run('bash', ['-c', `${script}\n${ask}`]);
  expect(stderr).toBe('');
  return stdout.split('\n').filter((word) => word !== '');
}

test.skipIf(which('bash') === undefined)('bash completes commands, flags and values (needs bash)', async () => {
  expect(await inBash('go-wasm ')).toEqual(
    expect.arrayContaining(['build', 'run', 'test', 'link', 'completion', 'help']),
  );
  expect(await inBash('go-wasm b')).toEqual(['build']);
  expect(await inBash('go-wasm help sym')).toEqual(['symbolize']);
  expect(await inBash('go-wasm build -st')).toEqual(['-structure=', '-structure=relooper', '-structure=stackifier']);
  expect(await inBash('go-wasm build --structure=r')).toEqual(['relooper']);
  expect(await inBash('go-wasm build ./x -switch=')).toEqual(expect.arrayContaining(['resume', 'asyncify']));
  expect(await inBash('go-wasm test -cov')).toEqual(['-cover', '-covermode=', '-coverpkg=', '-coverprofile=']);
  expect(await inBash('go-wasm build -benchm')).toEqual([]);
  expect(await inBash('go-wasm run -host=ch')).toEqual(['chromium']);
  expect(await inBash('go-wasm why a.wasm -j')).toEqual(['-json']);
  // Files are bash's own affair.
  expect(await inBash('go-wasm link app')).toEqual([]);
});

/** What fish offers for lines that end at the cursor, without what it says of it, and without folders, which are its own affair. */
async function inFish(...lines: string[]): Promise<string[][]> {
  const script = (await goWasm(['completion', 'fish'])).stdout;
  const ask = lines.map((line) => `complete -C '${line}'; echo end`).join('\n');
  const { stdout, stderr } = await run('fish', ['--no-config', '-c', `${script}\n${ask}`]);
  expect(stderr).toBe('');
  const answers = stdout.split(/^end\n/m).slice(0, -1);
  return answers.map((text) => text.split('\n').flatMap((line) => line.match(/^[^\t]*[^\t/](?=\t|$)/) ?? []));
}

test.skipIf(which('fish') === undefined)('fish completes commands, flags and values (needs fish)', async () => {
  expect(
    await inFish(
      'go-wasm b',
      'go-wasm help sym',
      'go-wasm build -st',
      'go-wasm build ./x --structure=',
      'go-wasm run -host=ch',
    ),
  ).toEqual([
    ['build'],
    ['symbolize'],
    ['-structure=', '-structure=relooper', '-structure=stackifier'],
    ['--structure=', '--structure=relooper', '--structure=stackifier'],
    ['-host=chromium'],
  ]);
});

/** zsh at a terminal of its own, which it has a module for: types each line and a tab, and prints what the line is then. */
const TYPE_IN_ZSH = `zmodload zsh/zpty
zpty z zsh -f -i
zpty -w z "unsetopt prompt_sp zle_bracketed_paste; PS1=; autoload -U compinit; compinit -u -D; source \${(q)1}; bindkey '^I' complete-word
show() { print -rn -- \\"<<\\$BUFFER>>\\" }; zle -N show; bindkey '^X' show; print -r R''EADY"
zpty -r z out '*READY*'
for line in \${@:2}; do
  zpty -wn z $'\\C-u'$line$'\\t\\C-x'
  zpty -r z out '*<<*>>*'
  print -r -- \${\${out##*<<}%%>>*}
done
zpty -d z
`;

test.skipIf(which('zsh') === undefined)('zsh completes commands, flags and values (needs zsh)', async () => {
  const { stdout } = await goWasm(['completion', 'zsh']);
  const files = folder('zsh', { 'type.zsh': TYPE_IN_ZSH, '_go-wasm': stdout });
  const lines = ['b', 'help sym', 'build -st', 'build ./x --structure=r', 'run -host=ch', 'why a.wasm -j'];
  const typed = lines.map((line) => `go-wasm ${line}`);
  const shown = await run('zsh', ['-f', join(files, 'type.zsh'), join(files, '_go-wasm'), ...typed]);
  expect(shown).toMatchObject({ code: 0, stderr: '' });
  // As far as there is no choice.
  expect(shown.stdout.split('\n')).toEqual([
    'go-wasm build ',
    'go-wasm help symbolize ',
    'go-wasm build -structure=',
    'go-wasm build ./x -structure=relooper ',
    'go-wasm run -host=chromium ',
    'go-wasm why a.wasm -json ',
    '',
  ]);
});

test.skipIf(which('pwsh') === undefined)('PowerShell completes commands and flags (needs pwsh)', async () => {
  const script = (await goWasm(['completion', 'powershell'])).stdout;
  const ask = ['go-wasm bu', 'go-wasm build -st'].map(
    (line) => `(TabExpansion2 '${line}' ${line.length}).CompletionMatches.CompletionText -join ' '`,
  );
  const { stdout, stderr } = await run('pwsh', ['-NoProfile', '-Command', `${script}\n${ask.join('\n')}`]);
  expect(stderr).toBe('');
  expect(stdout.trim().split(/\r?\n/)).toEqual(['build', '-structure= -structure=relooper -structure=stackifier']);
});

test.each(['zsh', 'fish', 'powershell'])('%s: every command and flag is there', async (shell) => {
  const { code, stdout } = await goWasm(['completion', shell]);
  expect(code).toBe(0);
  const words = stdout.split(/[\s'(),:]+/);
  expect(words).toEqual(
    expect.arrayContaining(['build', 'symbolize', '-switch=resume', '-coverprofile=', '-json', '-host=chromium']),
  );
});

test('a shell that there is not', async () => {
  expect((await goWasm(['completion', 'cmd'])).stderr).toMatch(/^go-wasm: GW5001: .*\n {2}hint: one of bash, zsh/);
});
