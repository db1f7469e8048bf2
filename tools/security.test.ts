/** What users can rely on without reading the code: no shell, no eval, few dependencies that are accounted for, the same bytes from every build. */
import { createHash } from 'node:crypto';
import { cpSync, mkdtempSync, readdirSync, readFileSync, rmSync, symlinkSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, relative } from 'node:path';
import { build } from 'esbuild';
import ts from 'typescript';
import { afterAll, describe, expect, test } from 'vitest';
import { $ } from 'zx';
import { isTurn, ofToday } from '../packages/cfg/test/support/effort.ts';
import { root } from './src/paths.ts';

const packages = readdirSync(join(root, 'packages'));

/** What a file does that no file of a package may do, one line each. */
function forbidden(name: string, text: string): string[] {
  const file = ts.createSourceFile(name, text, ts.ScriptTarget.Latest, true);
  const found: string[] = [];
  const open: ts.Node[] = [file];
  const report = (node: ts.Node, what: string): void => {
    const { line } = file.getLineAndCharacterOfPosition(node.getStart());
    found.push(`${name}:${line + 1}: ${what}`);
  };
  for (let node = open.pop(); node !== undefined; node = open.pop()) {
    if (ts.isCallExpression(node) || ts.isNewExpression(node)) {
      const callee = node.expression;
      const called = ts.isPropertyAccessExpression(callee) ? callee.name.text : callee.getText();
      const first = node.arguments?.[0];
      if (called === 'eval' || called === 'Function') report(node, called);
      if ((called === 'setTimeout' || called === 'setInterval') && first && ts.isStringLiteralLike(first))
        report(node, `${called} of a text`);
    }
    // `shell: true` and `{ shell }`; `exec` and `execSync` run a shell always.
    const property = ts.isPropertyAssignment(node) || ts.isShorthandPropertyAssignment(node) ? node.name.getText() : '';
    if (property.replace(/['"]/g, '') === 'shell') report(node, 'shell');
    if (
      ts.isImportDeclaration(node) &&
      /^(node:)?child_process$/.test((node.moduleSpecifier as ts.StringLiteral).text)
    ) {
      const names = node.importClause?.namedBindings;
      if (names === undefined || !ts.isNamedImports(names)) report(node, 'all of child_process');
      else
        for (const { name, propertyName } of names.elements)
          if (/^exec(Sync)?$/.test((propertyName ?? name).text)) report(node, 'exec');
    }
    if (ts.isImportDeclaration(node) && (node.moduleSpecifier as ts.StringLiteral).text === 'zx') report(node, 'zx');
    open.push(...node.getChildren(file));
  }
  return found;
}

describe('code', () => {
  test('the scan finds what it looks for', () => {
    expect(
      forbidden(
        'a.ts',
        `import { exec as e, spawn } from 'node:child_process';\nspawn('x', { shell: true });\nnew Function('x');\nglobalThis.eval('1');\nsetTimeout('x', 1);\nimport * as all from 'child_process';`,
      ).sort(),
    ).toEqual([
      'a.ts:1: exec',
      'a.ts:2: shell',
      'a.ts:3: Function',
      'a.ts:4: eval',
      'a.ts:5: setTimeout of a text',
      'a.ts:6: all of child_process',
    ]);
  });

  test.each(packages)('%s starts nothing through a shell, and evaluates no text', (name) => {
    const folder = join(root, 'packages', name);
    const files = (readdirSync(folder, { recursive: true }) as string[]).filter(
      (file) => /\.[cm]?[jt]s$/.test(file) && !/^(dist|test|node_modules|tsup\.config)\b/.test(file),
    );
    expect(files.length).toBeGreaterThan(0);
    expect(
      files.flatMap((file) => forbidden(relative(root, join(folder, file)), readFileSync(join(folder, file), 'utf8'))),
    ).toEqual([]);
  });

  test("nor does the runtime's bundle for browsers", async () => {
    const { outputFiles } = await build({
      entryPoints: [join(root, 'packages/runtime/src/index.ts')],
      bundle: true,
      format: 'esm',
      platform: 'browser',
      write: false,
      external: ['node:*'],
    });
    for (const { text } of outputFiles) expect(forbidden('bundle.js', text)).toEqual([]);
  });
});

type Manifest = Record<string, Record<string, string> | undefined> & { scripts?: Record<string, string> };

describe('dependencies', () => {
  const manifests = packages.map((name) => ({
    name,
    manifest: JSON.parse(readFileSync(join(root, 'packages', name, 'package.json'), 'utf8')) as Manifest,
  }));

  /** Rows of docs/dependencies.md: dependency, licence, packages. */
  const rows = readFileSync(join(root, 'docs/dependencies.md'), 'utf8')
    .split('\n')
    .flatMap((line) => {
      const [, name, licence, of, reason] = /^\| `(.+?)` \| (.+?) \| (.+?) \| (.+) \|$/.exec(line) ?? [];
      return name === undefined ? [] : [{ name, licence: licence!, of: of!.split(', '), reason: reason! }];
    });

  test('docs/dependencies.md lists all, and of which package', () => {
    const wanted = new Map<string, Set<string>>();
    for (const { name, manifest } of manifests) {
      for (const kind of ['dependencies', 'optionalDependencies', 'peerDependencies']) {
        for (const dependency of Object.keys(manifest[kind] ?? {})) {
          if (dependency.startsWith('@go-wasm/')) continue;
          wanted.set(dependency, (wanted.get(dependency) ?? new Set()).add(name));
        }
      }
    }
    const listed = Object.fromEntries(rows.map(({ name, of }) => [name, [...of].sort()]));
    expect(listed).toEqual(Object.fromEntries([...wanted].map(([name, of]) => [name, [...of].sort()])));
  });

  test.each(rows)('$name: the licence is what it says', ({ name, licence }) => {
    const { license } = JSON.parse(readFileSync(join(root, 'node_modules', name, 'package.json'), 'utf8'));
    expect(license).toBe(licence);
  });

  test('no package has an install script', () => {
    for (const { manifest } of manifests) {
      expect(Object.keys(manifest.scripts ?? {}).filter((script) => /install|^prepare$/.test(script))).toEqual([]);
    }
  });
});

describe.runIf(isTurn('even'))('the same bytes from every build', { timeout: 300_000 }, () => {
  const temp = mkdtempSync(join(tmpdir(), 'go-wasm-pack-'));
  afterAll(() => rmSync(temp, { recursive: true, force: true }));

  /** A package built and packed in a copy of the repository. @returns its digest. */
  async function packed(copy: string, name: string): Promise<string> {
    const folder = join(temp, copy);
    const kept = (path: string): boolean => !/[\\/](node_modules|dist|test)$/.test(path);
    for (const file of [
      `packages/${name}`,
      'tsup.base.ts',
      'tsconfig.base.json',
      'tsconfig.build.json',
      'package.json',
      'LICENSE',
    ])
      cpSync(join(root, file), join(folder, file), { recursive: true, filter: kept });
    symlinkSync(join(root, 'node_modules'), join(folder, 'node_modules'), 'junction');
    const run = $({ cwd: join(folder, 'packages', name), quiet: true });
    await run`npm run build --if-present`;
    const [{ filename }] = JSON.parse((await run`npm pack --json --ignore-scripts`).stdout) as [{ filename: string }];
    return createHash('sha256')
      .update(readFileSync(join(folder, 'packages', name, filename)))
      .digest('hex');
  }

  test.each(ofToday(packages, { every: 2 }))('%s, in two folders', async (name) => {
    const first = await packed(`one ${name}`, name);
    const second = await packed(`the other ${name}`, name);
    expect(second).toBe(first);
  });
});
