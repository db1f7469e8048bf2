/** Completion, as shells do it. */
import { expect, test } from 'vitest';
import { which } from '../src/toolchain.ts';
import { goWasm, run } from './command.ts';

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

const CHECKS: Record<string, string[]> = {
  zsh: ['-n'],
  fish: ['--no-execute'],
  pwsh: ['-NoProfile', '-Command', '-'],
};

test.each(['zsh', 'fish', 'powershell'])('%s: every command and flag is there', async (shell) => {
  const { code, stdout } = await goWasm(['completion', shell]);
  expect(code).toBe(0);
  const words = stdout.split(/[\s'(),:]+/);
  expect(words).toEqual(
    expect.arrayContaining(['build', 'symbolize', '-switch=resume', '-coverprofile=', '-json', '-host=chromium']),
  );
  const program = shell === 'powershell' ? 'pwsh' : shell;
  if (which(program) === undefined) {
    console.warn(`${shell} is not installed: it has not read its script`);
    return;
  }
  const stdin = stdout;
  const read = await run(program, [...CHECKS[program]!, ...(shell === 'zsh' ? ['/dev/stdin'] : [])], { stdin });
  expect(read).toMatchObject({ code: 0, stderr: '' });
});

test('a shell that there is not', async () => {
  expect((await goWasm(['completion', 'cmd'])).stderr).toMatch(/^go-wasm: GW5001: .*\n {2}hint: one of bash, zsh/);
});
