/** Standard input and outputs. */

/** What a program reads as its standard input. */
export type Input = string | Uint8Array | ReadableStream<Uint8Array> | AsyncIterable<Uint8Array>;

/**
 * Where a program writes: a function, which gets an array of its own for each write and may return a promise that the
 * program waits for, or a stream, which is closed when the program has ended.
 */
export type Output = ((bytes: Uint8Array) => unknown) | WritableStream<Uint8Array>;

/** The inner side of `Input`: the next bytes, none at the end. */
export type Source = () => Uint8Array | undefined | Promise<Uint8Array | undefined>;

export interface Sink {
  write(bytes: Uint8Array): unknown;
  /** The program has ended. */
  end(): unknown;
}

export function source(input: Input | undefined): Source {
  if (input === undefined) return () => undefined;
  if (typeof input === 'string' || input instanceof Uint8Array) {
    let rest: Uint8Array | undefined = typeof input === 'string' ? new TextEncoder().encode(input) : input;
    return () => {
      const bytes = rest;
      rest = undefined;
      return bytes;
    };
  }
  // Not all browsers can iterate over a stream.
  const reader = 'getReader' in input ? input.getReader() : undefined;
  const iterator = reader
    ? { next: () => reader.read() }
    : (input as AsyncIterable<Uint8Array>)[Symbol.asyncIterator]();
  return async () => {
    for (;;) {
      const { done, value } = await iterator.next();
      if (done) return undefined;
      if (value!.length > 0) return value;
    }
  };
}

export function sink(output: Output | undefined, print: (line: string) => void): Sink {
  if (output === undefined) return lines(print);
  if (typeof output === 'function') return { write: output, end() {} };
  const writer = output.getWriter();
  return { write: (bytes) => writer.write(bytes), end: () => writer.close() };
}

/** For a console, which takes whole lines only. */
function lines(print: (line: string) => void): Sink {
  const decoder = new TextDecoder();
  let line = '';
  return {
    write(bytes) {
      const text = line + decoder.decode(bytes, { stream: true });
      const end = text.lastIndexOf('\n');
      if (end >= 0) print(text.slice(0, end));
      line = text.slice(end + 1);
    },
    end() {
      if (line !== '') print(line);
      line = '';
    },
  };
}
