/**
 * The base of all errors that the runtime raises. The message says what happened and what to do about it; the code never
 * changes once it is released.
 *
 * | code | class | raised when |
 * |---|---|---|
 * | GW6001–6005 | SourceError | what was given to `instantiate` cannot be loaded |
 * | GW6101–6106 | ModuleError | the module is not one that this runtime can run |
 * | GW6201 | EngineError | the engine lacks what the module needs |
 * | GW6301 | StartError | arguments and environment do not fit |
 * | GW6401 | ExitedError | a program is used after its end |
 * | GW6402 | BlockedError | an export waits for something that cannot happen before it returns |
 * | GW6403 | CrashError | the program ended by a WebAssembly trap or a JavaScript exception |
 */
export abstract class GoRuntimeError extends Error {
  readonly code: string;

  constructor(code: string, message: string, options?: ErrorOptions) {
    super(message, options);
    this.code = code;
  }
}

/**
 * The source cannot be loaded.
 *
 * GW6001 wrong type · GW6002 not found or network error · GW6003 response already read · GW6004 not WebAssembly ·
 * GW6005 WebAssembly that the engine refuses
 */
export class SourceError extends GoRuntimeError {
  override readonly name = 'SourceError';
}

/**
 * The module is WebAssembly, but not one that this runtime can run.
 *
 * GW6101 not made by Go · GW6102 wasip1 · GW6103 made by TinyGo · GW6104 imports that nobody provides ·
 * GW6105 Go newer than the runtime · GW6106 go-wasm newer than the runtime
 */
export class ModuleError extends GoRuntimeError {
  override readonly name = 'ModuleError';
}

/** The engine cannot run the module. GW6201. */
export class EngineError extends GoRuntimeError {
  override readonly name = 'EngineError';
}

/** The program cannot be started: its arguments and environment are longer than Go allows. GW6301. */
export class StartError extends GoRuntimeError {
  override readonly name = 'StartError';
}

/** A program was used after its end, or has ended while it was used. GW6401. */
export class ExitedError extends GoRuntimeError {
  override readonly name = 'ExitedError';
  /** The code that it ended with: 2 after a panic. */
  readonly exitCode: number;
  /** What the Go runtime wrote last: after a panic its message, and the stacks of goroutines. */
  readonly trace: string;

  constructor(exitCode: number, trace = '') {
    const hint = 'to be called later, it must not return from main (end main with select {})';
    super('GW6401', `the Go program has already exited with code ${exitCode}: ${trace.split('\n')[0] || hint}`);
    this.exitCode = exitCode;
    this.trace = trace;
  }
}

/** Go code waits for an event, which can only come after it has returned to JavaScript. GW6402. */
export class BlockedError extends GoRuntimeError {
  override readonly name = 'BlockedError';

  /** @param hint What to do about it. */
  constructor(name: string, hint: string) {
    super(
      'GW6402',
      `the exported function ${name} waits (for a timer, a channel or a fetch), but nothing can happen before it returns: ${hint}`,
    );
  }
}

/** The program has ended by a trap, or by a JavaScript exception that nothing in it catches; `cause` is that. GW6403. */
export class CrashError extends GoRuntimeError {
  override readonly name = 'CrashError';

  constructor(cause: unknown) {
    const overflow = cause instanceof RangeError;
    const hint = overflow ? "; the engine's stack is too small (in Node: --stack-size)" : '';
    super('GW6403', `the Go program has crashed: ${cause}${hint}`, { cause });
  }
}
