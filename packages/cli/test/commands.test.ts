import { execFileSync } from 'node:child_process';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { optionalPasses, strategies } from '@go-wasm/linker';
import { describe, expect, test } from 'vitest';
import { which } from '../src/toolchain.ts';
import { CACHE, folder, goWasm, linkedWith, PACKAGE, run, TEMP } from './command.ts';

const VERSION = JSON.parse(readFileSync(new URL('../package.json', import.meta.url), 'utf8')).version;
const SWITCHES = `-switch takes ${[...Object.keys(strategies), 'jump-table', 'auto'].join(', ')}`;
const MODULE = Buffer.from([0, 0x61, 0x73, 0x6d, 1, 0, 0, 0]);

describe('go-wasm link', () => {
  const cwd = folder('link', { 'in put.wasm': '', 'text.wasm': 'no module' });
  writeFileSync(join(cwd, 'in put.wasm'), MODULE);

  test('puts a module through the pipeline, quietly', async () => {
    const linked = await goWasm(['link', 'in put.wasm', '-o', 'out put.wasm'], { cwd });
    expect(linked).toEqual({ code: 0, signal: null, stdout: '', stderr: '' });
    expect(linkedWith(join(cwd, 'out put.wasm'))).toEqual({ switch: 'resume', structure: 'stackifier', verify: false });
  });

  test('takes flags with one dash or two, anywhere', async () => {
    const flags = [
      'link',
      '-switch=jump-table',
      '-o',
      'flags.wasm',
      '--structure',
      'relooper',
      'in put.wasm',
      '-verify-each',
    ];
    expect(await goWasm(flags, { cwd })).toMatchObject({ code: 0, stderr: '' });
    expect(linkedWith(join(cwd, 'flags.wasm'))).toEqual({ switch: 'jump-table', structure: 'relooper', verify: true });
  });

  test('takes a list of passes to leave out, and functions to keep', async () => {
    const flags = [
      'link',
      'in put.wasm',
      '-o',
      'kept.wasm',
      `-no-pass=${optionalPasses.join(',')}`,
      '-keep',
      "^main\\.|it's",
    ];
    expect(await goWasm(flags, { cwd })).toMatchObject({ code: 0, stderr: '' });
    expect(linkedWith(join(cwd, 'kept.wasm'))).toMatchObject({ noPass: optionalPasses, keep: "^main\\.|it's" });
  });

  test.each([...Object.keys(strategies), 'jump-table'])('-switch=%s', async (name) => {
    expect(await goWasm(['link', 'in put.wasm', '-o', `${name}.wasm`, '-switch', name], { cwd })).toMatchObject({
      code: 0,
    });
    expect(linkedWith(join(cwd, `${name}.wasm`))).toMatchObject({ switch: name });
  });

  test('-target is handed on', async () => {
    const flags = ['link', 'in put.wasm', '-o', 'target.wasm', '-switch=auto', '-target', 'node24,+jspi'];
    expect(await goWasm(flags, { cwd })).toMatchObject({ code: 0, stderr: '' });
    expect(linkedWith(join(cwd, 'target.wasm'))).toMatchObject({ switch: 'auto', target: 'node24,+jspi' });
  });

  test('the output may be the input', async () => {
    writeFileSync(join(cwd, 'same.wasm'), MODULE);
    expect(await goWasm(['link', 'same.wasm', '-o', 'same.wasm'], { cwd })).toMatchObject({ code: 0 });
    expect(linkedWith(join(cwd, 'same.wasm'))).toBeDefined();
  });

  test.each([
    [
      'not a module',
      ['text.wasm', '-o', 'x'],
      'GW1001: not a WebAssembly module (text.wasm, at offset 0x0)',
      'give a .wasm file',
    ],
    ['no such file', ['nowhere.wasm', '-o', 'x'], 'GW4010: cannot read nowhere.wasm: there is no such file', undefined],
    ['a folder', ['.', '-o', 'x'], 'GW4010: cannot read .: it is a folder', undefined],
    [
      'no folder to write to',
      ['in put.wasm', '-o', 'no/x'],
      'GW4011: cannot write no/x: the folder does not exist',
      'look at the name and the permissions, or choose another place',
    ],
    [
      'a folder to write to',
      ['in put.wasm', '-o', '.'],
      'GW4011: cannot write .: it is a folder',
      'look at the name and the permissions, or choose another place',
    ],
    [
      'no output',
      ['in put.wasm'],
      "GW5001: required option '-o, --output <out.wasm>' not specified",
      'see go-wasm help',
    ],
    ['an unknown value', ['in put.wasm', '-o', 'x', '-switch=x'], 'GW5001: -switch=x is unknown', SWITCHES],
    [
      'an unknown pass',
      ['in put.wasm', '-o', 'x', '-no-pass=simplify,lower'],
      'GW5001: -no-pass=lower is unknown',
      `-no-pass takes ${optionalPasses.join(', ')}`,
    ],
    [
      'a broken pattern',
      ['in put.wasm', '-o', 'x', '-keep=('],
      'GW5001: -keep: Invalid regular expression: /(/: Unterminated group',
      "-keep takes a regular expression, as JavaScript has them, for Go's names of functions",
    ],
  ])('%s: an error with a code, and nothing is written', async (_, args, message, hint) => {
    expect(await goWasm(['link', ...args], { cwd })).toEqual({
      code: 1,
      signal: null,
      stdout: '',
      stderr: `go-wasm: ${message}\n${hint === undefined ? '' : `  hint: ${hint}\n`}`,
    });
  });

  test.runIf(process.getuid?.() !== 0)('a file that may not be read', async () => {
    writeFileSync(join(cwd, 'secret.wasm'), MODULE, { mode: 0 });
    expect((await goWasm(['link', 'secret.wasm', '-o', 'x'], { cwd })).stderr).toContain('permission denied');
  });

  test('a bug of ours says that it is one', async () => {
    const { code, stderr } = await goWasm(['link', 'in put.wasm', '-o', 'x'], { cwd, env: { TEST_LINK: 'crash' } });
    expect(code).toBe(1);
    expect(stderr).toMatch(/^go-wasm: GW9000: unexpected TypeError: made to fail\n {2}hint: this is a bug of go-wasm/);
    const debug = { TEST_LINK: 'crash', GO_WASM_DEBUG: '1' };
    expect((await goWasm(['link', 'in put.wasm', '-o', 'x'], { cwd, env: debug })).stderr).toContain('\n    at ');
  });
});

describe('go-wasm env', () => {
  test('keeps the GOFLAGS of the user, and prints what a shell can read', async () => {
    const GOFLAGS = `-mod=mod "-ldflags=-X 'main.text=a b'"`;
    const env = { GOFLAGS, GOOS: 'wasip1' };
    const { GOFLAGS: printed, ...target } = JSON.parse((await goWasm(['env', '--json'], { env })).stdout);
    expect(target).toEqual({ GOOS: 'wasip1', GOARCH: 'wasm' });
    expect(printed.startsWith(`${GOFLAGS} "-toolexec=`)).toBe(true);
    if (process.platform === 'win32') return;
    const { stdout } = await goWasm(['env'], { env });
    const read = execFileSync('sh', ['-c', `${stdout}printf '%s|%s|%s' "$GOOS" "$GOARCH" "$GOFLAGS"`]).toString();
    expect(read).toBe(`wasip1|wasm|${printed}`);
  });

  test('-linkmode=internal leaves the linker alone', async () => {
    const { stdout } = await goWasm(['env', '-json', '-linkmode=internal']);
    expect(JSON.parse(stdout)).toEqual({ GOOS: 'js', GOARCH: 'wasm', GOFLAGS: '-buildvcs=false' });
  });

  test('a cache folder that cannot be quoted for go', async () => {
    const env = { GO_WASM_CACHE: join(TEMP, `it's "quoted"`) };
    const { code, stderr } = await goWasm(['env'], { env });
    expect(code).toBe(1);
    expect(stderr).toMatch(/^go-wasm: GW4021: .*\n {2}hint: .*GO_WASM_CACHE/);
  });

  test('a cache folder that cannot be made', async () => {
    const file = join(folder('no cache', { file: '' }), 'file');
    const { code, stderr } = await goWasm(['env'], { env: { GO_WASM_CACHE: file } });
    expect(code).toBe(1);
    expect(stderr).toMatch(/^go-wasm: GW4011: the cache folder cannot be written: .*\n {2}hint: set GO_WASM_CACHE/);
  });
});

describe('go-wasm doctor', () => {
  test('--json says the same to machines', async () => {
    const { code, stdout } = await goWasm(['doctor', '-json'], { env: { TEST_LINK: 'internal' } });
    expect(code).toBe(1);
    const checks = JSON.parse(stdout) as { name: string; state: string; text: string }[];
    expect(checks).toContainEqual({ name: 'Node', state: 'ok', text: process.version });
    expect(checks).toContainEqual(expect.objectContaining({ name: 'link', state: 'failed' }));
  });

  const lines = (text: string) => text.split('\n').filter((line) => line !== '');

  test('says that all is well, without colours in a pipe', async () => {
    const { code, stdout, stderr } = await goWasm(['doctor'], { env: { CI: 'true' } });
    expect([code, stderr]).toEqual([0, '']);
    const checks = lines(stdout).map((line) => line.replace(/: .*/, ''));
    const names = ['Node', 'Go', 'cache', 'js runner', 'shim', 'link', 'strategies in this Node'];
    expect(checks.slice(0, names.length)).toEqual(names.map((name) => `ok    ${name}`));
    expect(checks[names.length]).toMatch(/^(ok|--) {4}wasmtime$/);
    expect(stdout).toMatch(/strategies in this Node: resume.*; -switch=auto takes resume\n/);
    expect(stdout).toContain(CACHE);
  });

  test('says what is missing, and what to do', async () => {
    const { code, stdout } = await goWasm(['doctor'], { env: { PATH: TEMP } });
    expect(code).toBe(1);
    expect(stdout).toContain('FAIL  Go: GW4001: go is not in PATH\n      hint: install Go');
  });

  test('says that the pipeline fails', async () => {
    const { code, stdout } = await goWasm(['doctor'], { env: { TEST_LINK: 'internal' } });
    expect(code).toBe(1);
    expect(stdout).toMatch(/FAIL {2}link: .*GW9001: made to fail/s);
  });

  test('says that a Go is not supported', async () => {
    const answer = JSON.stringify({
      GOROOT: '/nowhere',
      GOVERSION: 'go1.23.4',
      GOHOSTOS: 'x',
      GOHOSTARCH: 'y',
      GOFLAGS: '',
    });
    const old = folder('old go', { go: `#!/bin/sh\necho '${answer}'\n` });
    execFileSync('chmod', ['+x', join(old, 'go')]);
    const { code, stdout } = await goWasm(['doctor'], { env: { PATH: `${old}:${process.env.PATH}` } });
    expect(code).toBe(1);
    expect(stdout).toMatch(/FAIL {2}Go: GW4002: go1\.23\.4 is not supported\n {6}hint: use Go 1\.24 to 1\.27/);
  });
});

describe('help', () => {
  test.each(['build', 'run', 'test', 'install'])(
    'go-wasm help %s is that of --help, with examples',
    async (command) => {
      const { stdout, code } = await goWasm(['help', command]);
      expect(code).toBe(0);
      expect(stdout).toMatch(new RegExp(`^Usage: go-wasm ${command} `, 'm'));
      expect(stdout).toMatch(new RegExp(`^ {2}(\\w+=\\w+ )?go-wasm ${command} `, 'm'));
      for (const flag of ['-h', '--help', '-help']) expect((await goWasm([command, flag])).stdout).toBe(stdout);
    },
  );

  test('every command has help, with examples', async () => {
    const { stdout: list } = await goWasm(['help']);
    const commands = [...list.matchAll(/^ {2}(\w+)(?= .* {2}\S)/gm)].map(([, name]) => name!);
    expect(commands).toEqual(expect.arrayContaining(['build', 'serve', 'report', 'clean', 'completion', 'version']));
    for (const command of commands.filter((name) => name !== 'help')) {
      const { stdout, code, stderr } = await goWasm(['help', command]);
      expect([command, code, stderr]).toEqual([command, 0, '']);
      expect(stdout).toMatch(new RegExp(`^Usage: go-wasm ${command}`, 'm'));
      expect(stdout).toMatch(new RegExp(`^Examples:\n( {2}.*\n)*? {2}(\\S.* )?go-wasm ${command}`, 'm'));
      expect((await goWasm([command, '--help'])).stdout).toBe(stdout);
    }
    expect(await goWasm(['help', 'help'])).toMatchObject({ code: 0, stdout: list, stderr: '' });
  });

  test('without a command there is a list of them', async () => {
    const { stdout, code } = await goWasm([]);
    expect(code).toBe(0);
    for (const command of ['build', 'run', 'test', 'install', 'link', 'cfg', 'why', 'env', 'doctor', 'version']) {
      expect(stdout).toMatch(new RegExp(`^ {2}${command}\\b`, 'm'));
    }
    expect((await goWasm(['--help'])).stdout).toBe(stdout);
    expect((await goWasm(['help'])).stdout).toBe(stdout);
  });
});

test.each([['version'], ['--version']])('go-wasm %s', async (word) => {
  expect(await goWasm([word])).toEqual({ code: 0, signal: null, stdout: `go-wasm ${VERSION}\n`, stderr: '' });
});

test.each([
  [['biuld'], "unknown command 'biuld'", 'Did you mean build?'],
  [['vet', './...'], "unknown command 'vet'", "that is go's own: GOOS=js GOARCH=wasm go vet"],
  [['xyzzy'], "unknown command 'xyzzy'", 'see go-wasm help'],
  [
    ['dump', 'x.wasm', 'frame'],
    "there is no analysis 'frame'",
    'did you mean frames? they are calls, address-taken, never-returns, may-unwind, may-move-stack, runs-once, stack-depth, frames',
  ],
  [['env', '--jsno'], "unknown option '--jsno'", 'Did you mean --json?'],
  [['build', '-switch=x'], '-switch=x is unknown', SWITCHES],
  [
    ['build', '-target'],
    '-target needs a value',
    '-target takes engines and features, with commas between them: node24,chromium, +jspi',
  ],
])('go-wasm %j', async (args, message, hint) => {
  expect(await goWasm(args)).toEqual({
    code: 1,
    signal: null,
    stdout: '',
    stderr: `go-wasm: GW5001: ${message}\n  hint: ${hint}\n`,
  });
});

/** Goes back to the start of the line and clears it. */
const CLEAR = '\r\x1b[K';

// util-linux's `script` runs a command on a terminal.
const terminal = which('script') !== undefined && process.platform === 'linux';

describe.runIf(terminal)('on a terminal', () => {
  const onTerminal = (args: string, env: NodeJS.ProcessEnv = {}) =>
    run('script', ['-qec', `'${process.execPath}' '${join(PACKAGE, 'bin.js')}' ${args}`, '/dev/null'], {
      env: { TERM: 'xterm', CI: undefined, NO_COLOR: undefined, FORCE_COLOR: undefined, ...env },
    });

  test('errors are coloured, elsewhere they are not', async () => {
    expect((await onTerminal('biuld')).stdout).toContain('\x1b[31mgo-wasm:\x1b[39m GW5001');
    expect((await onTerminal('biuld', { NO_COLOR: '1' })).stdout).toMatch(/^go-wasm: GW5001/);
    expect((await goWasm(['biuld'])).stderr).toMatch(/^go-wasm: GW5001/);
  });

  test('what takes long shows how far it is, and what came of it', async () => {
    const cwd = folder('progress', {
      'go.mod': 'module x\n\ngo 1.24\n',
      'main.go': 'package main\n\nfunc main() {}\n',
    });
    const TEST_LINK = 'progress';
    const built = await onTerminal(`build -C '${cwd}' -o app.wasm .`, { TEST_LINK });
    expect(built.stdout.replaceAll(CLEAR, '␛')).toMatch(
      /^(␛go-wasm: linking \d+\/1000 functions, \d+\/s, \d+ s left)+␛$/,
    );
    const linked = await onTerminal(`link '${cwd}/app.wasm' -o '${cwd}/app.wasm'`, { TEST_LINK });
    expect(linked.stdout.replaceAll(CLEAR, '␛')).toMatch(/␛\S.*app\.wasm: .* MB, 1 of 1 functions structured/);
    // Not where nobody watches, and not for what is quick.
    expect((await goWasm(['build', '-C', cwd, '-o', 'a.wasm', '.'], { env: { TEST_LINK } })).stderr).toBe('');
    expect((await onTerminal(`build -C '${cwd}' -o quick.wasm .`)).stdout).toBe('');
  });
});
