/** Copies of the packages with one thing changed, and whether the checks find it. */

import { fork } from 'node:child_process';
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { dirname, join, relative } from 'node:path';
import { fileURLToPath } from 'node:url';
import ts from 'typescript';

const PACKAGES = fileURLToPath(new URL('../../../', import.meta.url));
const FOLDERS = ['cfg/src', 'stackifier/src', 'relooper/src', 'cfg/test/support'];
const ONLY_SUPPORT = ['attack.ts', 'graphs.ts', 'proof.ts'];

export interface Mutant {
  /** Path below packages/. */
  file: string;
  /** Where the change is in the file, and what is put there for how much. */
  at: number;
  length: number;
  to: string;
}

export function sourceOf(file: string): string {
  return readFileSync(join(PACKAGES, file), 'utf8');
}

/** The mutant that replaces `from`, which must be there just once. */
export function replace(file: string, from: string, to: string): Mutant {
  const source = sourceOf(file);
  const at = source.indexOf(from);
  if (at < 0 || source.indexOf(from, at + 1) >= 0)
    throw new Error(`${file} must have just one ${JSON.stringify(from)}`);
  return { file, at, length: from.length, to };
}

/** Which files there are, as JavaScript that finds the other packages beside it. */
function compile(file: string, source: string): string {
  const { outputText } = ts.transpileModule(source, {
    compilerOptions: { target: ts.ScriptTarget.ES2023, module: ts.ModuleKind.ESNext, verbatimModuleSyntax: true },
  });
  return outputText
    .replace(/(from '\.[^']*)\.ts'/g, "$1.js'")
    .replace(/from '@go-wasm\/(\w+)'/g, (_, name) => `from '${relative(dirname(file), `${name}/src/index.js`)}'`);
}

/** Copies of the packages that can be run, in a folder of their own. Call `dispose` in the end. */
export class Laboratory {
  readonly #folder: string;
  readonly #compiled: Map<string, string> = new Map();
  #count = 0;

  constructor() {
    const cache = join(PACKAGES, '../node_modules/.cache');
    mkdirSync(cache, { recursive: true });
    this.#folder = mkdtempSync(join(cache, 'mutants-'));
    writeFileSync(join(this.#folder, 'package.json'), '{ "type": "module" }');
    for (const folder of FOLDERS) {
      for (const name of readdirSync(join(PACKAGES, folder))) {
        if (folder === 'cfg/test/support' && !ONLY_SUPPORT.includes(name)) continue;
        this.#compiled.set(`${folder}/${name}`, compile(`${folder}/${name}`, sourceOf(`${folder}/${name}`)));
      }
    }
  }

  /** What the checks say: `survived`, `found: …` or `found: …` for one that does not end or uses up the memory. */
  async try(mutant: Mutant | undefined, timeout: number): Promise<string> {
    const root = join(this.#folder, String(this.#count++));
    for (const [file, code] of this.#compiled) {
      const path = join(root, file.replace(/ts$/, 'js'));
      mkdirSync(dirname(path), { recursive: true });
      writeFileSync(path, file === mutant?.file ? compile(file, mutate(mutant)) : code);
    }
    const child = fork(join(root, 'cfg/test/support/attack.js'), [join(PACKAGES, 'cfg/test/filetests')], {
      execArgv: ['--max-old-space-size=512'],
      stdio: 'ignore',
    });
    return await new Promise<string>((resolve) => {
      let verdict = 'found: it crashes';
      const timer = setTimeout(() => {
        verdict = 'found: it does not end';
        child.kill('SIGKILL');
      }, timeout);
      child.once('message', (message) => {
        verdict = String(message);
      });
      child.once('exit', () => {
        clearTimeout(timer);
        rmSync(root, { recursive: true });
        resolve(verdict);
      });
    });
  }

  dispose(): void {
    rmSync(this.#folder, { recursive: true });
  }
}

function mutate({ file, at, length, to }: Mutant): string {
  const source = sourceOf(file);
  return source.slice(0, at) + to + source.slice(at + length);
}

const OPERATORS: readonly [RegExp, string][] = [
  [/ < /g, ' <= '],
  [/ <= /g, ' < '],
  [/ > /g, ' >= '],
  [/ >= /g, ' > '],
  [/ === /g, ' !== '],
  [/ !== /g, ' === '],
  [/ && /g, ' || '],
  [/ \|\| /g, ' && '],
  [/ \+ 1\b/g, ''],
  [/ - 1\b/g, ''],
  [/ = -1;/g, ' = 0;'],
  [/ = 0;/g, ' = 1;'],
  [/ = 1;/g, ' = 0;'],
  [/!(?=\w+[ &|)])/g, ''],
  [/\bcontinue;/g, ';'],
];

/** All mutants of a file that these operators make; comments are left alone. */
export function mutantsOf(file: string): Mutant[] {
  const source = sourceOf(file);
  const code = source.replace(/\/\*[\s\S]*?\*\/|\/\/.*/g, (comment) => ' '.repeat(comment.length));
  return OPERATORS.flatMap(([pattern, to]) =>
    [...code.matchAll(pattern)].map((match) => ({ file, at: match.index, length: match[0].length, to })),
  ).sort((a, b) => a.at - b.at);
}

export function describeMutant({ file, at, length, to }: Mutant): string {
  const source = sourceOf(file);
  const line = source.slice(0, at).split('\n').length;
  return `${file}:${line}: ${source.split('\n')[line - 1]!.trim()} — ${source.slice(at, at + length).trim()} → ${to.trim()}`;
}
