/** What the program of the tests (program/) exports to those that wait. */
export interface Exports {
  add(a: number, b: number): number;
  talk(n: number): number;
  wait(ms: number): number;
  waitInt64(ms: bigint, add: number): bigint;
  waitFloat(ms: number): number;
  waitNothing(): void;
  receive(depth: number): number;
  send(value: number): void;
  start(value: number): void;
  collect(): number;
  failLater(ms: number): void;
  recovers(ms: number): number;
  hook(n: number): number;
  quit(code: number): void;
}
