/** A build writes its output, and else only to cache folders and to the one for temporary files: seen by strace, where that is. */
import { execFileSync } from 'node:child_process';
import { mkdirSync, readdirSync, readFileSync } from 'node:fs';
import { homedir } from 'node:os';
import { join, resolve } from 'node:path';
import { expect, test } from 'vitest';
import { folder, PACKAGE, run, TEMP } from './command.ts';

function has(program: string): boolean {
  try {
    execFileSync(program, ['--version'], { stdio: 'ignore' });
    return true;
  } catch {
    return false;
  }
}

/** What a log of strace -f -y says that was made, changed or removed. */
function written(log: string): string[] {
  const paths = new Set<string>();
  for (const line of log.split('\n')) {
    const call = /^\d+ +(\w+)\((.*)\) += (?!-1)/.exec(line) ?? /^\d+ +(\w+)\((.*) <unfinished/.exec(line);
    if (!call || (call[1]!.startsWith('open') && !/O_(WRONLY|RDWR|CREAT|TRUNC)/.test(call[2]!))) continue;
    // `AT_FDCWD</folder>, "name"`, or `"name"` in calls without a folder.
    for (const [, base, name] of call[2]!.matchAll(/(?:(?:AT_FDCWD|\d+)<([^>]*)>, )?"((?:[^"\\]|\\.)*)"/g))
      paths.add(resolve(base ?? '/', name!));
  }
  return [...paths];
}

test.runIf(process.platform === 'linux' && has('strace'))('nothing elsewhere', { timeout: 300_000 }, async () => {
  const app = folder('an app', { 'go.mod': 'module app\n\ngo 1.24\n', 'main.go': 'package main\n\nfunc main() {}\n' });
  const home = join(TEMP, 'home');
  const temp = join(TEMP, 'temporary');
  const out = join(TEMP, 'out');
  for (const path of [home, temp, out]) mkdirSync(path);
  const go = JSON.parse(execFileSync('go', ['env', '-json', 'GOCACHE', 'GOMODCACHE'], { encoding: 'utf8' }));
  const log = join(TEMP, 'strace.log');
  const calls =
    'open,openat,creat,mkdir,mkdirat,rename,renameat,renameat2,unlink,unlinkat,rmdir,link,linkat,symlink,symlinkat';
  const env = {
    HOME: home,
    XDG_CACHE_HOME: '',
    GO_WASM_CACHE: '',
    TMPDIR: temp,
    GOCACHE: go.GOCACHE,
    GOMODCACHE: go.GOMODCACHE,
  };
  const command = [process.execPath, join(PACKAGE, 'bin.js'), 'build', '-o', join(out, 'app.wasm'), '.'];
  const result = await run('strace', ['-f', '-y', '-o', log, '-e', `trace=${calls}`, ...command], { cwd: app, env });
  expect(result).toMatchObject({ code: 0 });
  const paths = written(readFileSync(log, 'utf8'));
  expect(paths).toContain(join(out, 'app.wasm'));
  const allowed = [
    out,
    temp,
    join(home, '.cache/go-wasm'),
    // Go's own.
    go.GOCACHE,
    join(home, '.config/go'),
    '/dev',
    '/proc',
  ];
  expect(
    paths.filter(
      (path) =>
        !allowed.some((folder) => path === folder || path.startsWith(`${folder}/`) || folder.startsWith(`${path}/`)),
    ),
  ).toEqual([]);
  expect(paths.some((path) => path.startsWith(homedir()) && !path.startsWith(go.GOCACHE))).toBe(false);
  // And nothing is left.
  expect(readdirSync(temp)).toEqual([]);
  expect(readdirSync(out)).toEqual(['app.wasm']);
  expect(readdirSync(app).sort()).toEqual(['go.mod', 'main.go']);
});
