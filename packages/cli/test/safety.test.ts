/** Whatever happens while an output is written, there is the old file or the whole new one. */
import { execFileSync, spawn } from 'node:child_process';
import {
  chmodSync,
  copyFileSync,
  existsSync,
  linkSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  realpathSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { setTimeout } from 'node:timers/promises';
import { afterAll, describe, expect, test } from 'vitest';
import { writeWhole } from '../src/output.ts';
import { CACHE, folder, goWasm, linkedWith, PACKAGE, TEMP, userEnv } from './command.ts';

const APP = folder('the app', { 'go.mod': 'module app\n\ngo 1.24\n', 'main.go': 'package main\n\nfunc main() {}\n' });
const unix = process.platform !== 'win32';

describe('writeWhole', () => {
  const cwd = folder('written', {});
  mkdirSync(cwd);
  const bytes = Buffer.from('new');

  test('makes a file, with the mode asked for', () => {
    writeWhole(join(cwd, 'a'), bytes, 0o640);
    expect(readFileSync(join(cwd, 'a'), 'utf8')).toBe('new');
    if (unix) expect(statSync(join(cwd, 'a')).mode & 0o777).toBe(0o640);
    expect(readdirSync(cwd)).toEqual(['a']);
  });

  test.runIf(unix)('replaces a file, which keeps its mode, and does not write into the old one', () => {
    const file = join(cwd, 'b');
    writeFileSync(file, 'old');
    chmodSync(file, 0o707);
    linkSync(file, join(cwd, 'other name'));
    writeWhole(file, bytes, 0o640);
    expect(readFileSync(file, 'utf8')).toBe('new');
    expect(statSync(file).mode & 0o777).toBe(0o707);
    expect(readFileSync(join(cwd, 'other name'), 'utf8')).toBe('old');
  });

  test.runIf(unix)('follows a link', () => {
    mkdirSync(join(cwd, 'far'));
    writeFileSync(join(cwd, 'far', 'c'), 'old');
    symlinkSync('far/c', join(cwd, 'link'));
    writeWhole(join(cwd, 'link'), bytes);
    expect(readFileSync(join(cwd, 'far', 'c'), 'utf8')).toBe('new');
    expect(realpathSync(join(cwd, 'link'))).toBe(realpathSync(join(cwd, 'far', 'c')));
    expect(readdirSync(join(cwd, 'far'))).toEqual(['c']);
  });

  test.runIf(unix)('writes to a device, and does not replace it', () => {
    writeWhole('/dev/null', bytes);
    expect(statSync('/dev/null').isCharacterDevice()).toBe(true);
  });

  test('leaves nothing where it fails', () => {
    mkdirSync(join(cwd, 'folder'));
    expect(() => writeWhole(join(cwd, 'folder'), bytes)).toThrow(/it is a folder/);
    expect(() => writeWhole(join(cwd, 'a', 'x'), bytes)).toThrow(/not a folder/);
    expect(readdirSync(cwd).filter((name) => name.includes('go-wasm'))).toEqual([]);
  });
});

describe.runIf(unix)('killed at any moment', () => {
  test('go-wasm link leaves the old or the new file', async () => {
    const cwd = folder('killed', { 'old.wasm': 'old' });
    const input = Buffer.alloc(60_000_000, 7);
    Buffer.from('\0asm\x01\0\0\0', 'latin1').copy(input);
    writeFileSync(join(cwd, 'in.wasm'), input);
    const out = join(cwd, 'out.wasm');
    const seen = { old: 0, new: 0 };
    for (let round = 0; round < 10; round++) {
      copyFileSync(join(cwd, 'old.wasm'), out);
      const child = spawn(process.execPath, [join(PACKAGE, 'bin.js'), 'link', 'in.wasm', '-o', 'out.wasm'], {
        cwd,
        env: userEnv(),
      });
      const ended = new Promise((resolve) => child.on('close', resolve));
      // From the moment on when it has begun to write, or is about to.
      while (round > 0 && child.exitCode === null && readdirSync(cwd).length === 3) await setTimeout(1);
      await setTimeout(round);
      child.kill('SIGKILL');
      await ended;
      const { size } = statSync(out);
      if (size === 3) seen.old++;
      else {
        expect(size).toBeGreaterThan(input.length);
        expect(linkedWith(out)).toBeDefined();
        seen.new++;
      }
      for (const name of readdirSync(cwd)) if (name.startsWith('out.wasm.')) rmSync(join(cwd, name));
    }
    expect(seen.old).toBeGreaterThan(0);
  });

  test('go-wasm build leaves the old or the new file', async () => {
    const out = join(APP, 'killed.wasm');
    await goWasm(['build', '-o', out, '.'], { cwd: APP });
    const old = readFileSync(out);
    const flags = ['build', '-structure=relooper', '-o', out, '.'];
    const start = performance.now();
    await goWasm(flags, { cwd: APP });
    const whole = performance.now() - start;
    const fresh = readFileSync(out);
    expect(fresh.equals(old)).toBe(false);
    for (const part of [0.3, 0.6, 0.8, 0.9, 0.95]) {
      writeFileSync(out, old);
      // The whole group, as a machine that goes down would have it.
      const child = spawn(process.execPath, [join(PACKAGE, 'bin.js'), ...flags], {
        cwd: APP,
        env: userEnv(),
        detached: true,
      });
      const ended = new Promise((resolve) => child.on('close', resolve));
      await setTimeout(whole * part);
      try {
        process.kill(-child.pid!, 'SIGKILL');
      } catch {} // It has ended before its time.
      await ended;
      const left = readFileSync(out);
      expect(left.equals(old) || left.equals(fresh)).toBe(true);
    }
    expect((await goWasm(flags, { cwd: APP })).code).toBe(0);
    expect(readFileSync(out).equals(fresh)).toBe(true);
  });
});

test('two at once: each writes a whole file', async () => {
  const cwd = folder('at once', { 'go.mod': 'module app\n\ngo 1.24\n', 'main.go': 'package main\n\nfunc main() {}\n' });
  // With a cache of their own: they build the shim at once as well.
  const env = { GO_WASM_CACHE: join(TEMP, 'cache of two') };
  const variants = ['-structure=relooper', '-switch=jump-table', '-verify-each'];
  const results = await Promise.all(
    variants.map((flag) => goWasm(['build', flag, '-o', 'app.wasm', '.'], { cwd, env })),
  );
  expect(results).toEqual(results.map(() => ({ code: 0, signal: null, stdout: '', stderr: '' })));
  expect(linkedWith(join(cwd, 'app.wasm'))).toBeDefined();
  expect(readdirSync(cwd).sort()).toEqual(['app.wasm', 'go.mod', 'main.go']);

  const links = variants.map((flag) => goWasm(['link', flag, 'app.wasm', '-o', 'linked.wasm'], { cwd }));
  expect((await Promise.all(links)).map(({ code }) => code)).toEqual([0, 0, 0]);
  expect(readdirSync(cwd).sort()).toEqual(['app.wasm', 'go.mod', 'linked.wasm', 'main.go']);
});

/** A file system in memory, which is another than that of TEMP; undefined where none can be had. */
function otherFileSystem(megabytes: number): string | undefined {
  const root = mkdtempSync(join(TEMP, 'mounted '));
  try {
    execFileSync('mount', ['-t', 'tmpfs', '-o', `size=${megabytes}m`, 'tmpfs', root], { stdio: 'ignore' });
  } catch {
    return undefined;
  }
  afterAll(() => execFileSync('umount', [root]));
  return root;
}

const large = otherFileSystem(100);
const small = otherFileSystem(4);

// Needs the right to mount one.
describe.runIf(large !== undefined && small !== undefined)('on another file system', () => {
  const old = Buffer.alloc(3_000_000, 1);
  Buffer.from('\0asm').copy(old);

  test('a full disk leaves the old file, and nothing else', async () => {
    const module = join(TEMP, 'module.wasm');
    await goWasm(['build', '-o', module, '.'], { cwd: APP });
    const out = join(small!, 'app.wasm');
    writeFileSync(out, old);
    // The cache is here, or there, or on a third one.
    const runs = [
      await goWasm(['link', module, '-o', out]),
      await goWasm(['build', '-o', out, '.'], { cwd: APP }),
      await goWasm(['build', '-o', `${small}/`, '.'], { cwd: APP }),
      await goWasm(['build', '-o', out, '.'], { cwd: APP, env: { GO_WASM_CACHE: join(large!, 'cache') } }),
    ];
    for (const { code, stderr } of runs) {
      expect(code).toBe(1);
      expect(stderr).toMatch(/no space left/);
    }
    expect(runs[0]!.stderr).toMatch(/^go-wasm: GW4012: no space left to write .*\n {2}hint: /);
    expect(readFileSync(out).equals(old)).toBe(true);
    expect(readdirSync(small!)).toEqual(['app.wasm']);
  });

  test('go copies beside the output, where nobody sees half of it', async () => {
    const out = join(large!, 'app.wasm');
    const build = () => goWasm(['build', '-x', '-o', out, '.'], { cwd: APP });
    const first = await build();
    expect(first.code).toBe(0);
    expect(first.stderr).toMatch(/^cp .*\.go-wasm-\d+-\w{6}\/app\.wasm$/m);
    expect(linkedWith(out)).toBeDefined();
    const { ino } = statSync(out);
    // Up to date: go sees that, and the file stays.
    expect((await build()).stderr).not.toMatch(/\/link' -o|^cp /m);
    expect(statSync(out).ino).toBe(ino);

    // A folder, with something old in it that go does not touch, and what a killed process has left.
    writeFileSync(join(large!, 'other.wasm'), old);
    mkdirSync(join(large!, '.go-wasm-999999999-abcdef'));
    symlinkSync('app.wasm', join(large!, 'app'));
    expect(await goWasm(['build', '-switch=jump-table', '-o', `${large}/`, '.'], { cwd: APP })).toMatchObject({
      code: 0,
      stderr: '',
    });
    expect(linkedWith(out)).toMatchObject({ switch: 'jump-table' });
    expect(readFileSync(join(large!, 'other.wasm')).equals(old)).toBe(true);
    expect(
      readdirSync(large!)
        .filter((name) => name !== 'cache')
        .sort(),
    ).toEqual(['app', 'app.wasm', 'other.wasm']);
  });

  test('without -o as well', async () => {
    const cwd = join(large!, 'project');
    mkdirSync(join(cwd, 'lib'), { recursive: true });
    for (const name of ['go.mod', 'main.go']) copyFileSync(join(APP, name), join(cwd, name));
    writeFileSync(join(cwd, 'lib', 'lib.go'), 'package lib\n');
    expect((await goWasm(['build', '-x'], { cwd })).stderr).toMatch(/^cp .*\.go-wasm-.*\/app$/m);
    expect(linkedWith(join(cwd, 'app'))).toBeDefined();
    rmSync(join(cwd, 'app'));
    // Nothing is written for several packages, and for a library.
    expect(await goWasm(['build', './...'], { cwd })).toMatchObject({ code: 0, stderr: '' });
    expect(await goWasm(['build', './lib'], { cwd })).toMatchObject({ code: 0, stderr: '' });
    expect(readdirSync(cwd).sort()).toEqual(['go.mod', 'lib', 'main.go']);
  });

  test('go works on the output’s file system if the cache is there, and renames', async () => {
    const env = { GO_WASM_CACHE: join(large!, 'cache') };
    const out = join(large!, 'renamed.wasm');
    const built = await goWasm(['build', '-x', '-o', out, '.'], { cwd: APP, env });
    expect(built.code).toBe(0);
    expect(built.stderr).toMatch(/^WORK=.*\/cache\/work\/\d+-\w{6}\/go-build\d+$/m);
    expect(built.stderr).toMatch(/^mv .*\/renamed\.wasm$/m);
    expect(readdirSync(join(large!, 'cache', 'work'))).toEqual([]);
    expect(existsSync(join(CACHE, 'work'))).toBe(false);
  });
});
