/** Samples of JavaScript and TypeScript in READMEs and docs are sound, as the packages' own types have it. */
import { mkdtempSync, readdirSync, readFileSync, realpathSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import ts from 'typescript';
import { afterAll, expect, test } from 'vitest';
import { root } from './src/paths.ts';

const pages = [
  'README.md',
  ...readdirSync(join(root, 'packages')).map((name) => `packages/${name}/README.md`),
  ...readdirSync(join(root, 'docs'), { recursive: true, encoding: 'utf8' })
    .filter((name) => name.endsWith('.md') && !/^(api|\.vitepress)\b/.test(name))
    .map((name) => `docs/${name}`),
];

// Beside the packages that samples import, but not in the repository.
const temp = realpathSync(mkdtempSync(join(tmpdir(), 'go-wasm samples-')));
symlinkSync(join(root, 'node_modules'), join(temp, 'node_modules'), 'junction');
afterAll(() => rmSync(temp, { recursive: true, force: true }));

/** Writes the samples of a page, each as a file. @returns by file, where it is from: page and line. */
function extract(page: string): Map<string, string> {
  const text = readFileSync(join(root, page), 'utf8');
  const files = new Map<string, string>();
  for (const match of text.matchAll(/^```(js|ts|html)\n([\s\S]*?)^```$/gm)) {
    const [, language, code] = match as unknown as [string, string, string];
    const line = text.slice(0, match.index).split('\n').length;
    const scripts =
      language === 'html' ? [...code.matchAll(/<script type="module">([\s\S]*?)<\/script>/g)] : [['', code]];
    for (const [k, [, script]] of scripts.entries()) {
      const file = join(temp, `${page.replace(/\W+/g, ' ')} ${line} ${k}.${language === 'ts' ? 'mts' : 'mjs'}`);
      // Each is a module, be it without imports.
      writeFileSync(file, `${script}\nexport {};\n`);
      files.set(file, `${page}:${line}`);
    }
  }
  return files;
}

test('types of samples', { timeout: 120_000 }, () => {
  const files = new Map(pages.flatMap((page) => [...extract(page)]));
  expect(files.size).toBeGreaterThan(15);
  const { config } = ts.readConfigFile(join(root, 'tsconfig.base.json'), ts.sys.readFile);
  const { options } = ts.convertCompilerOptionsFromJson(config.compilerOptions, root);
  const check = (language: string, strictness: ts.CompilerOptions): string[] => {
    const names = [...files.keys()].filter((file) => file.endsWith(language));
    const program = ts.createProgram(names, {
      ...options,
      ...{ noEmit: true, declaration: false, isolatedDeclarations: false, allowJs: true, checkJs: true },
      ...{
        lib: ['lib.es2023.d.ts', 'lib.dom.d.ts', 'lib.dom.iterable.d.ts'],
        typeRoots: [join(root, 'node_modules/@types')],
      },
      ...strictness,
    });
    return names.flatMap((file) =>
      ts
        .getPreEmitDiagnostics(program, program.getSourceFile(file))
        .map(({ messageText }) => ts.flattenDiagnosticMessageText(messageText, ' '))
        // What the reader has: a module that was built, or a Go file. And what is no error in JavaScript: to use exports as what they are.
        .filter((message) => !/^Cannot find module '\.\.?\/|type 'ExportValue'/.test(message))
        .map((message) => `${files.get(file)}: ${message}`),
    );
  };
  // Who writes JavaScript need not say that an element is there.
  const problems = [
    ...check('.mts', {}),
    ...check('.mjs', { strict: false, exactOptionalPropertyTypes: false, noUncheckedIndexedAccess: false }),
  ];
  expect(problems).toEqual([]);
});
