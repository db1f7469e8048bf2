import { execFileSync } from 'node:child_process';
import { existsSync, mkdirSync, readdirSync, readFileSync, statSync, symlinkSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { CACHE, folder, goWasm, linkedWith, run, TEMP, userEnv } from './command.ts';

const MOD = 'module example.com/app\n\ngo 1.24\n';
const MAIN = 'package main\n\nvar Text = "hi"\n\nfunc main() { println(Text) }\n';
const DEFAULT = { switch: 'resume', structure: 'stackifier', verify: false };
const APP = folder('the app', { 'go.mod': MOD, 'main.go': MAIN });

/** Whether a build with -x has run the linker. */
const relinked = (x: string): boolean => /\/link(\.exe)?'? -o /.test(x);

describe('go-wasm build', () => {
  test('links through the pipeline, and only if something has changed', async () => {
    const build = (...flags: string[]) => goWasm(['build', '-x', ...flags, '-o', 'app.wasm', '.'], { cwd: APP });
    const file = join(APP, 'app.wasm');

    expect(relinked((await build()).stderr)).toBe(true);
    expect(linkedWith(file)).toEqual(DEFAULT);
    expect(statSync(file).mode & 0o111).not.toBe(0);
    const first = readFileSync(file);
    expect(relinked((await build()).stderr)).toBe(false);

    expect(relinked((await build('-switch=jump-table')).stderr)).toBe(true);
    expect(linkedWith(file)).toEqual({ ...DEFAULT, switch: 'jump-table' });
    expect(relinked((await build('-switch=jump-table')).stderr)).toBe(false);

    expect(relinked((await build('-structure', 'relooper', '--verify-each')).stderr)).toBe(true);
    expect(linkedWith(file)).toEqual({ ...DEFAULT, structure: 'relooper', verify: true });

    // Stock Go: no shim, and its own idea of what is up to date.
    const stock = await build('-linkmode=internal');
    expect(relinked(stock.stderr)).toBe(true);
    expect(stock.stderr).not.toContain('go-wasm-shim');
    expect(linkedWith(file)).toBeUndefined();
    expect(relinked((await build('-linkmode=internal')).stderr)).toBe(false);

    await build();
    expect(readFileSync(file).equals(first)).toBe(true);
  });

  test('-switch=auto chooses for the target, and -v says what and why', async () => {
    const file = join(APP, 'auto.wasm');
    const build = (...flags: string[]) => goWasm(['build', ...flags, '-o', file, '.'], { cwd: APP });
    const quiet = await build('-switch=auto', '-target=node24,safari');
    expect(quiet).toMatchObject({ code: 0, stdout: '', stderr: '' });
    expect(linkedWith(file)).toEqual({ ...DEFAULT, target: 'node24,safari' });
    const { stderr } = await build('-switch=auto', '-target=node24,safari', '-v');
    expect(stderr).toMatch(/^go-wasm: -switch=auto is resume, for node24,safari: \S.*\n/);
    expect((await build('-switch=auto', '-v')).stderr).toMatch(/^go-wasm: -switch=auto is resume, for any engine: /);
    expect((await build('-v')).stderr).not.toContain('-switch=auto');
  });

  test.each([
    ['-switch=jspi -target=node26,safari', {}, 'GW2110: safari cannot run -switch=jspi: it has no jspi\n'],
    ['-target=wasmtime', {}, 'GW2111: wasmtime does not run modules for GOOS=js\n'],
    ['-target=chromium', { GOOS: 'wasip1' }, 'GW2111: chromium does not run modules for GOOS=wasip1\n'],
    ['-target=netscape4', {}, "GW2109: there is no target 'netscape4'\n"],
  ])('%s %j is refused before anything is built', async (flags, env, message) => {
    const cwd = folder('refused', { 'go.mod': MOD, 'main.go': 'package main\n\nthis is not Go\n' });
    for (const command of ['build', 'run', 'test']) {
      const refused = await goWasm([command, ...flags.split(' '), '.'], { cwd, env });
      expect(refused).toMatchObject({ code: 1, stdout: '' });
      expect(refused.stderr).toMatch(/^go-wasm: GW.*\n {2}hint: .*\n$/);
      expect(refused.stderr).toContain(message);
    }
  });

  test('keeps the build ID where go finds it', async () => {
    const id = execFileSync('go', ['tool', 'buildid', join(APP, 'app.wasm')], { env: userEnv() })
      .toString()
      .trim();
    const [action, ...others] = id.split('/');
    expect(others).toHaveLength(3);
    // go writes the hash of the content over what the linker has put there as a placeholder, the action's.
    expect(others.at(-1)).not.toBe(action);
    expect(readFileSync(join(APP, 'app.wasm')).includes(id)).toBe(true);
  });

  test('finds its own name for the output, and writes nothing for packages that are no program', async () => {
    const cwd = folder('no output', { 'go.mod': MOD, 'main.go': MAIN, 'lib/lib.go': 'package lib\n' });
    expect(await goWasm(['build'], { cwd })).toEqual({ code: 0, signal: null, stdout: '', stderr: '' });
    expect(linkedWith(join(cwd, 'app'))).toEqual(DEFAULT);
    expect((await goWasm(['build', './...'], { cwd })).code).toBe(0);
    expect(readdirSync(cwd).sort()).toEqual(['app', 'go.mod', 'lib', 'main.go']);
  });

  test('writes several programs into a folder', async () => {
    const cwd = folder('several', {
      'go.mod': MOD,
      'cmd/a/a.go': MAIN,
      'cmd/b/b.go': MAIN,
      'lib/lib.go': 'package lib\n',
    });
    expect(await goWasm(['build', '-o', 'the output/', './...'], { cwd })).toMatchObject({ code: 0, stderr: '' });
    expect(readdirSync(join(cwd, 'the output')).sort()).toEqual(['a', 'b']);
    for (const name of ['a', 'b']) expect(linkedWith(join(cwd, 'the output', name))).toEqual(DEFAULT);
  });

  test('-C, -tags, -trimpath, -ldflags and -mod=vendor are go’s', async () => {
    const cwd = folder('flags', {
      'go.mod': `${MOD}\nrequire example.com/dep v1.0.0\n`,
      'main.go': MAIN,
      'dep.go': '//go:build withdep\n\npackage main\n\nimport "example.com/dep"\n\nfunc init() { println(dep.Name) }\n',
      'vendor/modules.txt': '# example.com/dep v1.0.0\n## explicit; go 1.24\nexample.com/dep\n',
      'vendor/example.com/dep/dep.go': 'package dep\n\nconst Name = "vendored"\n',
    });
    const ldflags = "-linkmode=external -s -w -X 'main.Text=hello world'";
    const flags = ['-tags', 'withdep', '-trimpath', '-mod=vendor', `-ldflags=${ldflags}`, '-o', 'out.wasm'];
    const built = await goWasm(['build', '-C', 'flags', ...flags, '.']);
    expect(built).toMatchObject({ code: 0, stderr: '' });
    const module = readFileSync(join(cwd, 'out.wasm'));
    expect(linkedWith(join(cwd, 'out.wasm'))).toEqual(DEFAULT);
    expect(module.includes('hello world') && module.includes('vendored')).toBe(true);
    expect(module.includes(cwd)).toBe(false);
  });

  test('works in a workspace', async () => {
    const cwd = folder('workspace', {
      'go.work': 'go 1.24\n\nuse (\n\t./app\n\t./dep\n)\n',
      'app/go.mod': MOD,
      'app/main.go': 'package main\n\nimport "example.com/dep"\n\nfunc main() { println(dep.Name) }\n',
      'dep/go.mod': 'module example.com/dep\n\ngo 1.24\n',
      'dep/dep.go': 'package dep\n\nconst Name = "from the workspace"\n',
    });
    const built = await goWasm(['build', '-o', 'app.wasm', './app'], { cwd });
    expect(built).toMatchObject({ code: 0, stderr: '' });
    expect(linkedWith(join(cwd, 'app.wasm'))).toEqual(DEFAULT);
  });

  test('-buildmode=c-shared for wasip1', async () => {
    const cwd = folder('reactor', {
      'go.mod': MOD,
      'main.go': 'package main\n\n//go:wasmexport add\nfunc add(a, b int32) int32 { return a + b }\n\nfunc main() {}\n',
    });
    const built = await goWasm(['build', '-buildmode=c-shared', '-o', 'add.wasm', '.'], {
      cwd,
      env: { GOOS: 'wasip1' },
    });
    expect(built).toMatchObject({ code: 0, stderr: '' });
    expect(linkedWith(join(cwd, 'add.wasm'))).toEqual(DEFAULT);
    expect(readdirSync(cwd).sort()).toEqual(['add.wasm', 'go.mod', 'main.go']);
  });

  test('the target is js unless the environment says wasip1', async () => {
    const imports = (file: string) => /gojs|wasi_snapshot_preview1/.exec(readFileSync(file, 'latin1'))?.[0];
    const targets = { linux: 'gojs', js: 'gojs', wasip1: 'wasi_snapshot_preview1' };
    for (const [GOOS, expected] of Object.entries(targets)) {
      const out = join(TEMP, `${GOOS}.wasm`);
      expect(await goWasm(['build', '-o', out, '.'], { cwd: APP, env: { GOOS, GOARCH: 'arm64' } })).toMatchObject({
        code: 0,
      });
      expect(imports(out)).toBe(expected);
    }
  });

  test('-n shows the commands and does nothing', async () => {
    const shown = await goWasm(['build', '-n', '-o', 'never.wasm', '.'], { cwd: APP });
    expect(shown.code).toBe(0);
    expect(relinked(shown.stderr)).toBe(true);
    expect(existsSync(join(APP, 'never.wasm'))).toBe(false);
  });

  test('-json is go’s', async () => {
    const cwd = folder('broken', { 'go.mod': MOD, 'main.go': 'package main\n\nfunc main() { x }\n' });
    const built = await goWasm(['build', '-json', '.'], { cwd });
    expect(built.code).toBe(1);
    const events = built.stdout
      .trim()
      .split('\n')
      .map((line) => JSON.parse(line).Action);
    expect(events).toContain('build-fail');
  });
});

// The same words and the same exit code as go's own.
describe('what go refuses', () => {
  test.each([
    ['an unsupported flag', ['-race', '.']],
    ['an unknown flag', ['-nonsense', '.']],
    ['a flag without its value', ['-o']],
    ['a package that is not there', ['./nowhere']],
    ['a folder that is not there', ['-C', 'nowhere', '.']],
    ['a broken -toolexec', ["-toolexec='a", '.']],
    ['a linker flag', ['-ldflags=-nonsense', '-o', 'x.wasm', '.']],
    ['flags in the wrong place', ['-o', 'a', '-C', '.', '.']],
  ])('%s', async (_, args) => {
    const go = await run('go', ['build', ...args], { cwd: APP, env: { GOOS: 'js', GOARCH: 'wasm' } });
    const ours = await goWasm(['build', ...args], { cwd: APP });
    expect(go.code).not.toBe(0);
    expect(ours).toEqual(go);
  });

  test('a go.mod that it cannot use', async () => {
    const cwd = folder('bad mod', { 'go.mod': 'module x\n\nnonsense\n', 'main.go': MAIN });
    const go = await run('go', ['build', '.'], { cwd, env: { GOOS: 'js', GOARCH: 'wasm' } });
    const ours = await goWasm(['build', '.'], { cwd });
    expect(ours.code).toBe(go.code);
    expect(ours.stderr).toContain('unknown directive: nonsense');
  });
});

describe('-linkmode', () => {
  const build = (flags: string[], env: NodeJS.ProcessEnv) =>
    goWasm(['build', ...flags, '-o', 'mode.wasm', '.'], { cwd: APP, env });
  const file = join(APP, 'mode.wasm');

  test.each([
    ['unsupported', 'GW2001: made to fail (in function main.main)'],
    ['limit', 'GW3001: made to fail'],
    ['internal', 'GW9001: made to fail'],
    ['crash', 'GW9000: unexpected TypeError: made to fail'],
  ])('auto keeps stock Go’s output, and says why in one line: %s', async (TEST_LINK, reason) => {
    const built = await build([`-ldflags=-X main.Text=${TEST_LINK}`], { TEST_LINK });
    expect(built).toMatchObject({ code: 0, stdout: '' });
    expect(built.stderr).toBe(`# example.com/app\ngo-wasm: linked as stock Go does: ${reason}\n`);
    expect(linkedWith(file)).toBeUndefined();
    expect(readFileSync(file).subarray(0, 4).toString('latin1')).toBe('\0asm');
  });

  test('external fails instead, and leaves the old file', async () => {
    await build([], {});
    const old = readFileSync(file);
    const failed = await build(['-linkmode=external'], { TEST_LINK: 'unsupported' });
    expect(failed).toMatchObject({ code: 1, stdout: '' });
    expect(failed.stderr).toContain('go-wasm: GW2001: made to fail (in function main.main)\n  hint: do not\n');
    expect(readFileSync(file).equals(old)).toBe(true);
    // What auto has let pass is not good enough for external.
    await build([], { TEST_LINK: 'unsupported' });
    expect((await build(['-linkmode=external'], {})).code).toBe(0);
    expect(linkedWith(file)).toEqual(DEFAULT);
  });

  test('internal in -ldflags is stock Go', async () => {
    expect(await build(['-ldflags=-linkmode=internal'], {})).toMatchObject({ code: 0 });
    expect(linkedWith(file)).toBeUndefined();
  });
});

describe('GOFLAGS', () => {
  test('-linkmode and -toolexec in it are respected', async () => {
    const log = join(TEMP, 'goflags tools');
    const wrapper = join(folder('goflags', { 'wrap.sh': `#!/bin/sh\necho "$1" >> "${log}"\nexec "$@"\n` }), 'wrap.sh');
    const GOFLAGS = `-buildvcs=false -ldflags=-linkmode=external "-toolexec=sh '${wrapper}'"`;
    const built = await goWasm(['build', '-o', 'goflags.wasm', '.'], { cwd: APP, env: { GOFLAGS } });
    expect(built).toMatchObject({ code: 0, stderr: '' });
    expect(linkedWith(join(APP, 'goflags.wasm'))).toEqual(DEFAULT);
    expect(readFileSync(log, 'utf8')).toMatch(/\/link\n/);
    const failed = await goWasm(['build', '-o', 'other.wasm', '.'], { cwd: APP, env: { GOFLAGS, TEST_LINK: 'limit' } });
    expect(failed.code).toBe(1);
  });

  test('what go-wasm env prints makes plain go build use the pipeline', async () => {
    const { stdout, code } = await goWasm(['env', '-structure=relooper']);
    expect(code).toBe(0);
    const out = join(TEMP, 'plain go.wasm');
    const script = `${stdout}cd "${APP}" && go build -x -o "${out}" .`;
    expect(relinked((await run('sh', ['-c', script])).stderr)).toBe(true);
    expect(linkedWith(out)).toEqual({ ...DEFAULT, structure: 'relooper' });
    expect(relinked((await run('sh', ['-c', script])).stderr)).toBe(false);

    // go-wasm itself is not confused by it, whatever it is asked for.
    const json = JSON.parse((await goWasm(['env', '--json', '--structure', 'relooper'])).stdout);
    expect(Object.keys(json)).toEqual(['GOOS', 'GOARCH', 'GOFLAGS']);
    expect(await goWasm(['build', '-o', out, '.'], { cwd: APP, env: json })).toMatchObject({ code: 0, stderr: '' });
    expect(linkedWith(out)).toEqual(DEFAULT);
    expect(await goWasm(['build', '-linkmode=internal', '-o', out, '.'], { cwd: APP, env: json })).toMatchObject({
      code: 0,
    });
    expect(linkedWith(out)).toBeUndefined();
    expect(JSON.parse((await goWasm(['env', '--json', '-structure=relooper'], { env: json })).stdout)).toEqual(json);
  });
});

test('the user’s -toolexec runs in front of every tool', async () => {
  const log = join(TEMP, 'all tools');
  folder('wrappers', { 'wrap me.sh': `#!/bin/sh\necho "$(basename "$2") $1" >> "${log}"\nshift\nexec "$@"\n` });
  const cwd = folder('wrapped', { 'go.mod': MOD, 'main.go': MAIN.replace('hi', String(process.hrtime.bigint())) });
  const toolexec = "sh '../wrappers/wrap me.sh' --";
  const built = await goWasm(['build', '-toolexec', toolexec, '-o', 'out.wasm', '.'], { cwd });
  expect(built).toMatchObject({ code: 0, stderr: '' });
  expect(linkedWith(join(cwd, 'out.wasm'))).toEqual(DEFAULT);
  const tools = new Set(readFileSync(log, 'utf8').trim().split('\n'));
  expect([...tools].sort()).toEqual(['asm --', 'compile --', 'link --']);
});

test('go-wasm install puts programs where go does', async () => {
  const GOPATH = join(TEMP, 'the go path');
  mkdirSync(GOPATH);
  const env = { GOPATH, GOMODCACHE: execFileSync('go', ['env', 'GOMODCACHE']).toString().trim() };
  expect(await goWasm(['install', '.'], { cwd: APP, env })).toMatchObject({ code: 0, stderr: '' });
  expect(linkedWith(join(GOPATH, 'bin', 'js_wasm', 'app'))).toEqual(DEFAULT);
});

test('go-wasm works where GOROOT has a space in it', async () => {
  const GOROOT = join(TEMP, 'the go root');
  symlinkSync(execFileSync('go', ['env', 'GOROOT']).toString().trim(), GOROOT);
  const PATH = `${join(GOROOT, 'bin')}:${process.env.PATH}`;
  const env = { GOROOT, PATH, GO_WASM_CACHE: CACHE };
  expect(await goWasm(['run', '.'], { cwd: APP, env })).toMatchObject({ code: 0, stderr: 'hi\n' });
});

test('without go there is a way out', async () => {
  expect(await goWasm(['build', '.'], { cwd: APP, env: { PATH: TEMP, GOPROXY: 'off' } })).toEqual({
    code: 1,
    signal: null,
    stdout: '',
    stderr:
      'go-wasm: GW4001: go is not in PATH\n' +
      '  hint: install Go 1.24 or later from https://go.dev/dl, then run: go-wasm doctor; go-wasm build -yes fetches it\n',
  });
});
