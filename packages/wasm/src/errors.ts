/** Where an error was found. All parts are optional: what is known is said. */
export interface Where {
  /** The file, as the user named it. */
  file?: string | undefined;
  /** Byte offset in the module. */
  offset?: number | undefined;
  /** The function, by name where it has one. */
  function?: string | undefined;
  /** The pass or stage that found it. */
  pass?: string | undefined;
}

/**
 * The base of all errors that go-wasm raises: what happened (`message`), where, and what to do about it (`hint`).
 * The code never changes once it is released; docs/errors.md lists them all.
 */
export abstract class GoWasmError extends Error {
  /** Whose fault it is: the input is broken, the input asks for what we do not do, a limit was met, or we have a bug. */
  abstract readonly kind: 'malformed' | 'unsupported' | 'limit' | 'internal';
  readonly code: string;
  readonly where: Where;
  readonly hint: string | undefined;

  constructor(code: string, message: string, options: { where?: Where; hint?: string; cause?: unknown } = {}) {
    super(message, options.cause === undefined ? undefined : { cause: options.cause });
    this.name = new.target.name;
    this.code = code;
    this.where = options.where ?? {};
    this.hint = options.hint;
  }

  /** The message with its code and place, on one line: `GW1001: unexpected end (at offset 0x1f in function main.main)`. */
  format(): string {
    const { file, offset, function: fn, pass } = this.where;
    const parts = [
      file,
      offset === undefined ? undefined : `at offset 0x${offset.toString(16)}`,
      fn === undefined ? undefined : `in function ${fn}`,
      pass === undefined ? undefined : `in pass ${pass}`,
    ].filter((p) => p !== undefined);
    return `${this.code}: ${this.message}${parts.length ? ` (${parts.join(', ')})` : ''}`;
  }
}

/** The input is not what it claims to be: broken wasm, truncated files. Codes GW1xxx. */
export class MalformedError extends GoWasmError {
  readonly kind = 'malformed';
}

/** The input is sound, but asks for something that go-wasm does not do (yet). Codes GW2xxx. */
export class UnsupportedError extends GoWasmError {
  readonly kind = 'unsupported';
}

/** A limit of an engine, of the format or of this machine was met. Codes GW3xxx. */
export class LimitError extends GoWasmError {
  readonly kind = 'limit';
}

/** A bug of go-wasm. Codes GW9xxx. */
export class InternalError extends GoWasmError {
  readonly kind = 'internal';
}
