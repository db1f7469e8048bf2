/**
 * How the page of a program and the process that started it talk, over a WebSocket: binary messages of a number that
 * ties an answer to its question, the length of what follows as JSON, that JSON, and bytes. Little-endian.
 */

/** The functions of Node's `fs` that Go calls, but for those that take a buffer. */
export const FILE_FUNCTIONS: readonly string[] =
  'chmod chown close fchmod fchown fstat fsync ftruncate lchown link lstat mkdir open readdir readlink rename rmdir stat symlink truncate unlink utimes'.split(
    ' ',
  );

/** What the page asks: a function of Node's `fs`, or one of `init` and `exit`, with its arguments. */
export interface Question {
  name: string;
  args: readonly unknown[];
}

export interface Answer {
  error?: { code: string; message: string };
  result?: unknown;
}

/** What the page must know to start the program. */
export interface Start {
  argv: string[];
  env: Record<string, string>;
  cwd: string;
  constants: Record<string, number>;
  /** Properties of the program's `process`. */
  process: Record<string, unknown>;
}

/** The number of a question that wants no answer. */
export const NO_ANSWER = 0;

export function pack(
  id: number,
  head: Question | Answer,
  bytes: Uint8Array = new Uint8Array(),
): Uint8Array<ArrayBuffer> {
  const json = new TextEncoder().encode(JSON.stringify(head));
  const message = new Uint8Array(8 + json.length + bytes.length);
  const view = new DataView(message.buffer);
  view.setUint32(0, id, true);
  view.setUint32(4, json.length, true);
  message.set(json, 8);
  message.set(bytes, 8 + json.length);
  return message;
}

export function unpack<Head>(message: Uint8Array): { id: number; head: Head; bytes: Uint8Array } {
  const view = new DataView(message.buffer, message.byteOffset, message.byteLength);
  const end = 8 + view.getUint32(4, true);
  return {
    id: view.getUint32(0, true),
    head: JSON.parse(new TextDecoder().decode(message.subarray(8, end))),
    bytes: message.subarray(end),
  };
}
