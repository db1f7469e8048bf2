/** `-emit=module` for other tools: a bundler's plugin, the server. */
import { execFile } from 'node:child_process';
import { dirname, join, resolve } from 'node:path';
import { promisify } from 'node:util';
import type { EmittedModule } from './commands/emit-module.ts';
import { goCommand } from './commands/go.ts';
import { describe } from './errors.ts';
import { TERMINAL_VARIABLE } from './progress.ts';
import { GoFailed, goError, targetEnv } from './toolchain.ts';

export type { EmittedModule };

/** What is wrong, and where. */
export interface Problem {
  /** The path of the file. */
  file: string;
  line: number;
  /** From 1, in bytes. */
  column: number;
  message: string;
}

/** A package that cannot be built. The message is what go or go-wasm says. */
export class BuildError extends Error {
  override readonly name = 'BuildError';
  /** In the order in which they were found; none where there is no place to point to. */
  readonly problems: readonly Problem[];

  /** @param folder what relative paths in the message mean. */
  constructor(message: string, folder: string, cause: unknown) {
    super(message, { cause });
    this.problems = [...message.matchAll(/^(.+?\.go):(\d+):(?:(\d+):)? (.*)$/gm)].map(
      ([, file, line, column, message]) => ({
        file: resolve(folder, file!),
        line: Number(line),
        column: Number(column ?? 1),
        message: message!,
      }),
    );
  }
}

/** A package, and what a build of it is to be like. */
export interface ModuleOptions {
  /** The folder of the package. */
  folder: string;
  /** Flags of `go-wasm build`: `-tags=x`, `-ldflags=-s -w`. */
  flags?: readonly string[];
}

/** A module that was built. */
export interface BuiltModule extends EmittedModule {
  /** What go and go-wasm have printed. */
  warnings: string;
}

/**
 * Builds a package as `go-wasm build -emit=module` does, and writes the program alone.
 *
 * @param wasm where the program goes.
 * @throws BuildError
 */
export async function buildModule({ folder, flags = [] }: ModuleOptions, wasm: string): Promise<BuiltModule> {
  let warnings = '';
  let module: EmittedModule | undefined;
  try {
    await goCommand('build', ['-C', folder, ...flags, '-emit=module', '-o', wasm, '.'], {
      async run(args, { [TERMINAL_VARIABLE]: _, ...env }) {
        const run = await promisify(execFile)('go', args, { env }).catch((error) => Promise.reject(goError(error)));
        warnings = run.stderr;
        return 0;
      },
      emit(emitted) {
        module = emitted;
      },
    });
  } catch (error) {
    const { line, hint } = describe(error);
    const text = error instanceof GoFailed ? error.stderr.trim() : [line, hint].filter(Boolean).join('\n');
    throw new BuildError(text, folder, error);
  }
  return { ...module!, warnings };
}

/** What a build of a package depends on, as far as it may change. */
export interface ModuleInputs {
  /** The folders of packages: each `.go` file in one may matter. */
  folders: readonly string[];
  /** go.mod, and files that are embedded. */
  files: readonly string[];
}

/** What of a package and all it imports is not in Go's installation or its module cache. Empty where go cannot tell. */
export async function moduleInputs({ folder, flags = [] }: ModuleOptions): Promise<ModuleInputs> {
  interface Listed {
    Dir: string;
    EmbedFiles?: string[];
    Module?: { Main?: boolean; GoMod?: string; Replace?: { Version?: string; GoMod?: string } };
  }
  const tags = flags.filter((flag) => /^--?(tags|mod|modfile)=/.test(flag));
  // A list: go writes objects one behind the other.
  const args = ['list', '-e', '-deps', '-json=Dir,EmbedFiles,Module', ...tags, '.'];
  const env = targetEnv(process.env);
  const { stdout } = await promisify(execFile)('go', args, { cwd: folder, env, maxBuffer: 1 << 28 }).catch(() => ({
    stdout: '',
  }));
  const listed: Listed[] = stdout === '' ? [] : JSON.parse(`[${stdout.replaceAll(/^\}\n\{/gm, '},{')}]`);
  const own = listed.filter(({ Module }) => Module?.Main || (Module?.Replace && Module.Replace.Version === undefined));
  const files = own.flatMap(({ Dir, EmbedFiles = [], Module }) => [
    ...EmbedFiles.map((file) => join(Dir, file)),
    ...[Module?.GoMod, Module?.Replace?.GoMod].filter((file) => file !== undefined),
  ]);
  return { folders: [...new Set([folder, ...own.map(({ Dir }) => Dir)])], files: [...new Set(files)] };
}

/** Whether a file that has changed matters to a build. */
export function isInput({ folders, files }: ModuleInputs, file: string): boolean {
  if (files.includes(file)) return true;
  return file.endsWith('.go') && !file.endsWith('_test.go') && folders.includes(dirname(file));
}

/** The lines around a problem, with a mark below its place; empty where the file does not have it. */
export function codeFrame(text: string, { line, column }: Problem): string {
  const lines = text.split('\n');
  if (line > lines.length) return '';
  const first = Math.max(1, line - 2);
  const width = String(line + 2).length;
  return lines
    .slice(first - 1, line + 2)
    .flatMap((code, k) => {
      const shown = `${String(first + k).padStart(width)} | ${code}`;
      if (first + k !== line) return [shown];
      // Tabs stay, so that the mark stands where it should.
      const before = Buffer.from(code)
        .subarray(0, column - 1)
        .toString()
        .replaceAll(/[^\t]/g, ' ');
      return [shown, `${' '.repeat(width)} | ${before}^`];
    })
    .join('\n');
}
