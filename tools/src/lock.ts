/**
 * `npm run lock`: brings package-lock.json up to date with the package.json files, for all platforms.
 *
 * npm leaves optional packages that it could not get out of the lock file, and `npm ci` then calls the file incomplete. Here they are
 * put back, as far as their names tell: version, operating system, processor, C library.
 */
import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { $ } from 'zx';
import { root } from './paths.ts';

interface Entry {
  version?: string;
  dev?: boolean;
  optional?: boolean;
  cpu?: string[];
  libc?: string[];
  os?: string[];
  optionalDependencies?: Record<string, string>;
}

const systems = ['aix', 'android', 'darwin', 'freebsd', 'linux', 'netbsd', 'openbsd', 'openharmony', 'sunos', 'win32'];

/** The entry of a package for one platform: `@rollup/rollup-linux-x64-musl` → linux, x64, musl. */
function platformEntry(name: string, version: string, dev: boolean): Entry | undefined {
  const [, os, cpu, abi] = new RegExp(`[/-](${systems.join('|')})-([a-z0-9]+)(?:-([a-z]+))?$`).exec(name) ?? [];
  if (!os || !cpu) return undefined;
  const libc = os !== 'linux' || !abi ? undefined : abi.startsWith('musl') ? 'musl' : 'glibc';
  return {
    version,
    cpu: [cpu],
    ...(dev && { dev }),
    ...(libc && { libc: [libc] }),
    optional: true,
    os: [os],
  };
}

await $({ cwd: root, stdio: 'inherit' })`npm install --package-lock-only --ignore-scripts --no-audit --no-fund`;
const file = join(root, 'package-lock.json');
const lock = JSON.parse(await readFile(file, 'utf8')) as { packages: Record<string, Entry> };
for (const [parent, { optionalDependencies = {}, dev = false }] of Object.entries(lock.packages)) {
  for (const [name, version] of Object.entries(optionalDependencies)) {
    const path = `node_modules/${name}`;
    if (lock.packages[`${parent}/${path}`] ?? lock.packages[path]) continue;
    const entry = platformEntry(name, version, dev);
    if (!entry) throw new Error(`${parent} wants ${name} ${version}, which npm did not lock`);
    lock.packages[path] = entry;
    console.log(`added ${name} ${version}`);
  }
}
lock.packages = Object.fromEntries(Object.entries(lock.packages).sort(([a], [b]) => a.localeCompare(b, 'en')));
await writeFile(file, `${JSON.stringify(lock, null, 2)}\n`);
