/**
 * `npm run release -- version`: makes the new versions and changelogs out of the files in .changeset.
 * `npm run release -- publish [--dry-run]`: builds, tests what would be published, publishes what npm does not have yet, tags it.
 */
import { $ } from 'zx';
import { parseOptions } from './options.ts';
import { root } from './paths.ts';

const { values, positionals } = parseOptions(import.meta.url, {
  allowPositionals: true,
  options: { 'dry-run': { type: 'boolean', default: false } },
});
const run = $({ cwd: root, stdio: 'inherit' });

switch (positionals[0]) {
  case 'version':
    await run`npx changeset version`;
    // npm has no `workspace:` ranges: the lock file names the versions too.
    await run`npm run lock`;
    break;
  case 'publish': {
    if (!values['dry-run']) {
      const { stdout: changes } = await $({ cwd: root, quiet: true })`git status --porcelain`;
      if (changes) throw new Error(`commit or remove these first:\n${changes}`);
    }
    await run`npm run build`;
    await run`npx vitest run tools/pack.test.ts`;
    if (values['dry-run']) await run`npm publish --workspaces --dry-run --tag next`;
    else await run`npx changeset publish`;
    break;
  }
  default:
    throw new Error('which? `npm run release -- version` or `npm run release -- publish [--dry-run]`');
}
