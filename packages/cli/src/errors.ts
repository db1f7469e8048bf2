import type { GoWasmError } from '@go-wasm/wasm';

interface Details {
  hint?: string | undefined;
  cause?: unknown;
}

/** An error of the command itself, outside the pipeline: it has a code and a way out as those of the pipeline have. */
abstract class CommandError extends Error {
  readonly code: string;
  readonly hint: string | undefined;

  constructor(code: string, message: string, { hint, cause }: Details = {}) {
    super(message, cause === undefined ? undefined : { cause });
    this.name = new.target.name;
    this.code = code;
    this.hint = hint;
  }

  format(): string {
    return `${this.code}: ${this.message}`;
  }
}

/**
 * The machine is not as it must be: a program is missing, a file cannot be read or written, the disk is full.
 *
 * GW4001 program not found · GW4002 toolchain unusable · GW4003 Go cannot be fetched ·
 * GW4004 wrong checksum · GW4010 cannot read · GW4011 cannot write · GW4012 no space ·
 * GW4020 shim · GW4021 path that cannot be quoted · GW4030 no WebAssembly runtime · GW4031 engine too old for a strategy ·
 * GW4032 no browser · GW4033 no profile · GW4034 page gone · GW4040 no picture · GW4050 no port
 */
export class EnvironmentError extends CommandError {}

/**
 * The command line is wrong.
 *
 * GW5001 unknown command, flag or value · GW5002 unknown function · GW5003 function without a graph · GW5004 no source map ·
 * GW5005 exports that make no module · GW5006 no CPU profile.
 */
export class UsageError extends CommandError {}

/** The error of a failed file operation, in words. `verb` says what was tried: `read` or `write`. */
export function fileError(verb: 'read' | 'write', file: string, cause: unknown): Error {
  const code = (cause as NodeJS.ErrnoException).code;
  if (typeof code !== 'string') return cause as Error;
  if (code === 'ENOSPC' || code === 'EDQUOT' || code === 'EFBIG') {
    return new EnvironmentError('GW4012', `no space left to write ${file}`, {
      hint: 'free some space, or choose another folder with -o; the old file is as it was',
      cause,
    });
  }
  const reasons: Record<string, string> = {
    ENOENT: verb === 'read' ? 'there is no such file' : 'the folder does not exist',
    EACCES: 'permission denied',
    EPERM: 'permission denied',
    EROFS: 'the file system is read-only',
    EISDIR: 'it is a folder',
    ENOTDIR: 'a part of the path is not a folder',
  };
  return new EnvironmentError(
    verb === 'read' ? 'GW4010' : 'GW4011',
    `cannot ${verb} ${file}: ${reasons[code] ?? code}`,
    {
      ...(verb === 'write' && { hint: 'look at the name and the permissions, or choose another place' }),
      cause,
    },
  );
}

/** What is said of an error: one line with its code and place, and the way out where one is known. */
export function describe(error: unknown): { line: string; hint: string | undefined } {
  if (hasCode(error)) {
    const broken = 'kind' in error && error.kind === 'malformed';
    return {
      line: error.format(),
      hint: error.hint ?? (broken ? 'build the module again: it may be cut short' : undefined),
    };
  }
  const { name, message } = error instanceof Error ? error : new Error(String(error));
  return {
    line: `GW9000: unexpected ${name}: ${message}`,
    hint: 'this is a bug of go-wasm: please report it, with what GO_WASM_DEBUG=1 prints',
  };
}

/** Whether an error is one of ours. By its shape, so that a command need not load the pipeline to say what is wrong. */
function hasCode(error: unknown): error is GoWasmError | CommandError {
  return error instanceof Error && 'code' in error && 'format' in error;
}

/** Prints an error as every command does; with `GO_WASM_DEBUG` set, where it came from as well. */
export function printError(error: unknown, paint: (s: string) => string = (s) => s): void {
  const { line, hint } = describe(error);
  let text = `${paint('go-wasm:')} ${line}\n`;
  if (hint !== undefined) text += `  hint: ${hint}\n`;
  if (process.env.GO_WASM_DEBUG && error instanceof Error) text += `${error.stack}\n`;
  process.stderr.write(text);
}
