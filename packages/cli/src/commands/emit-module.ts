/**
 * `go-wasm build -emit=module`: the program as a JavaScript module, with types. `-o dist/app` writes three files:
 *
 *   app.wasm   the program, with Go functions of ours (glue) for those that WebAssembly cannot call by itself
 *   app.js     runs it, and exports its functions
 *   app.d.ts   their types and comments
 *
 * The glue, and the main function of a package that is no program, are in go's overlay: no file of the user's changes.
 */
import { type ExecFileException, execFile } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { basename, dirname, join, resolve } from 'node:path';
import { EXPORTS_SOURCES, MODULE_HOST } from '../assets.ts';
import { UsageError } from '../errors.ts';
import type { GoCommandLine } from '../go-flags.ts';
import { writeWhole } from '../output.ts';
import { hostTool } from '../shim.ts';
import { goError, type Toolchain } from '../toolchain.ts';

/** What exports/main.go says of a package. */
interface Description {
  Main: boolean;
  Dir: string;
  ImportPath: string;
  Functions: Exported[];
  Types: { Name: string; Doc: string; Type: string }[];
  Glue: string;
  Problems: string[];
}

interface Exported {
  Name: string;
  Export: string;
  Doc: string;
  Params: { Name: string; Kind: string; Type: string }[];
  Results: { Kind: string; Type: string }[];
  Async: boolean;
  Direct: boolean;
}

/** A build of a module. */
export interface ModuleBuild {
  /** The command line that builds the program. */
  line: GoCommandLine;
  /** To be called when go has ended: on success, gives what belongs to the program. */
  finish(success: boolean): EmittedModule | undefined;
}

/** What belongs to the program of a module. */
export interface EmittedModule {
  /** The path of the program. */
  wasm: string;
  /** The text of the JavaScript module. @param url an expression for the URL of the program. */
  source(url: string): string;
  /** The text of its declarations. */
  declarations: string;
}

/** Writes a module beside its program. */
export function writeModule({ wasm, source, declarations }: EmittedModule): void {
  const write = (ending: string, text: string) =>
    writeWhole(wasm.replace(/\.wasm$/, ending), new TextEncoder().encode(text));
  write('.js', source(`new URL(${JSON.stringify(`./${basename(wasm)}`)}, import.meta.url)`));
  write('.d.ts', declarations);
}

/**
 * Finds out what a package exports.
 *
 * @param env go's.
 * @param folder the folder that go runs in.
 * @throws UsageError for a package that makes no module, GoFailed with go's own words where it does not compile.
 */
export async function moduleBuild(
  line: GoCommandLine,
  go: Toolchain,
  env: NodeJS.ProcessEnv,
  folder: string,
): Promise<ModuleBuild> {
  if (env.GOOS !== 'js') throw usage('a module is for GOOS=js', 'unset GOOS');
  if (line.values.has('overlay')) throw usage('it makes an overlay itself', 'leave out -overlay');
  const [flags, packages] = withoutOutput(line);
  const description = await describe(go, env, folder, flags, packages);
  const { Dir, Functions, ImportPath, Problems } = description;
  if (Problems.length > 0) throw new UsageError('GW5005', Problems.join('\n'));
  if (Functions.length === 0 && !description.Main) {
    throw new UsageError('GW5005', `${ImportPath} exports no function`, {
      hint: 'write //gowasm:export as the last line of the comment of a function',
    });
  }

  const output = line.values.get('o') ?? basename(Dir);
  const stem = join(output, /[/\\]$/.test(output) ? basename(Dir) : '').replace(/\.(js|wasm)$/, '');
  const work = mkdtempSync(join(tmpdir(), 'go-wasm-module-'));
  const replaced: Record<string, string> = {};
  const add = (path: string, text: string): string => {
    const file = join(work, basename(path));
    writeFileSync(file, text);
    replaced[path] = file;
    return path;
  };
  let targets = packages;
  if (description.Glue !== '') {
    const glue = add(join(Dir, 'gowasm_glue.go'), description.Glue);
    // go wants files in one spelling of their folder.
    const file = packages.find((name) => name.endsWith('.go'));
    if (file !== undefined) targets = [...packages, join(dirname(file), basename(glue))];
  }
  if (!description.Main) {
    const main = `package main\n\nimport _ ${JSON.stringify(ImportPath)}\n\nfunc main() { select {} }\n`;
    add(join(Dir, 'gowasm_main', 'gowasm_main.go'), main);
    targets = [join(Dir, 'gowasm_main')];
  }
  const overlay = join(work, 'overlay.json');
  writeFileSync(overlay, JSON.stringify({ Replace: replaced }));

  const wasm = `${stem}.wasm`;
  const args = [...flags, `-overlay=${overlay}`, '-o', wasm];
  return {
    line: {
      ...line,
      args: [...args, ...targets],
      flags: args.length,
      values: new Map(line.values).set('o', wasm).set('overlay', overlay),
    },
    finish(success) {
      rmSync(work, { recursive: true, force: true });
      if (!success) return undefined;
      return {
        wasm: resolve(folder, wasm),
        source: (url) => moduleSource(description.Functions, url),
        declarations: declarations(description),
      };
    },
  };
}

function usage(what: string, hint: string): UsageError {
  return new UsageError('GW5001', `-emit=module: ${what}`, { hint });
}

/** The flags and the packages of a command line, without `-o`. */
function withoutOutput(line: GoCommandLine): [flags: string[], packages: string[]] {
  const flags = line.args.slice(0, line.flags);
  const kept: string[] = [];
  for (let i = 0; i < flags.length; i++) {
    if (/^--?o$/.test(flags[i]!)) i++;
    else if (!/^--?o=/.test(flags[i]!)) kept.push(flags[i]!);
  }
  return [kept, line.args.slice(line.flags)];
}

async function describe(
  go: Toolchain,
  env: NodeJS.ProcessEnv,
  cwd: string,
  flags: readonly string[],
  packages: readonly string[],
): Promise<Description> {
  const describer = hostTool(go, 'go-wasm-exports', EXPORTS_SOURCES);
  const fields = 'ImportPath,Name,Dir,Export,GoFiles,ImportMap,DepOnly';
  // -export has go compile the package: what is wrong with it, go says.
  const list = output('go', ['list', '-deps', '-export', `-json=${fields}`, ...flags, ...packages], { env, cwd });
  const [program, listed] = await Promise.all([describer, list]);
  return JSON.parse(await output(program, [], { env, cwd }, listed));
}

function output(
  file: string,
  args: readonly string[],
  options: { env: NodeJS.ProcessEnv; cwd: string },
  input = '',
): Promise<string> {
  return new Promise((resolve, reject) => {
    const done = (error: ExecFileException | null, stdout: string, stderr: string): void => {
      if (error) reject(goError(Object.assign(error, { stderr })));
      else resolve(stdout);
    };
    const child = execFile(file, args, { ...options, maxBuffer: Number.POSITIVE_INFINITY }, done);
    child.stdin!.on('error', () => {}).end(input);
  });
}

const GENERATED = '// Code generated by go-wasm. DO NOT EDIT.\n';

function moduleSource(functions: readonly Exported[], url: string): string {
  const signatures = functions.map(({ Name, Export, Params, Results, Async, Direct }) => ({
    name: Name,
    export: Export,
    params: Params.map(({ Kind }) => Kind),
    results: Results.map(({ Kind }) => Kind),
    async: Async,
    direct: Direct,
  }));
  // Names of their own: a function may be called like a word of the language.
  const names = functions.map(({ Name }, k) => [Name, `$${k}`]);
  return `${GENERATED}${readFileSync(MODULE_HOST, 'utf8').trim()}
const { ${names.map((pair) => pair.join(': ')).join(', ')} } = await goWasm.bind(
  ${url},
  ${JSON.stringify(signatures)},
);
export { ${names.map(([name, own]) => `${own} as ${name}`).join(', ')} };
`;
}

/** Words that TypeScript takes for no name of a function or parameter. */
const RESERVED = new Set(
  'arguments await break case catch class const continue debugger default delete do else enum eval export extends false finally for function if implements import in instanceof interface let new null package private protected public return static super switch this throw true try typeof var void while with yield'.split(
    ' ',
  ),
);

/** The declarations of the module. */
function declarations({ Functions, Types }: Description): string {
  const parts = Functions.map(({ Name, Doc, Params, Results, Async }) => {
    const params = Params.map(({ Name, Type }) => `${RESERVED.has(Name) ? `${Name}_` : Name}: ${Type}`);
    const results = Results.map(({ Type }) => Type);
    const result = results.length > 1 ? `[${results.join(', ')}]` : (results[0] ?? 'void');
    const type = `(${params.join(', ')}): ${Async ? `Promise<${result}>` : result};\n`;
    if (!RESERVED.has(Name)) return `${comment(Doc)}export function ${Name}${type}`;
    return `${comment(Doc)}declare function $${Name}${type}export { $${Name} as ${Name} };\n`;
  });
  for (const { Name, Doc, Type } of Types) parts.push(`${comment(Doc)}export type ${Name} = ${Type};\n`);
  // Without an export, all that is declared would be exported.
  return [GENERATED, ...parts, 'export {};\n'].join('\n');
}

/** A comment of Go's for TypeScript. */
function comment(text: string): string {
  const lines = text.trim().replaceAll('*/', '* /').split('\n');
  if (lines.length === 1) return lines[0] === '' ? '' : `/** ${lines[0]} */\n`;
  return `/**\n${lines.map((line) => ` * ${line}`.trimEnd()).join('\n')}\n */\n`;
}
