/** Structured programs as real WebAssembly: each block reports itself, each condition is asked for. */

import { type Decide, type Structured, type Trace, walk } from '@go-wasm/cfg';

const VOID = 0x40;

/** The instructions of a program, as a function body: imports are `event(i32)` and `decide(i32) -> i32`; local 0 is the label variable. */
export function functionBody(structured: Structured): number[] {
  const code: number[] = [];
  const op = (...bytes: number[]): void => void code.push(...bytes);
  const u32 = (value: number): void => void leb(code, value, false);
  const constant = (value: number): void => {
    op(0x41);
    leb(code, value, true);
  };
  const event = (value: number): void => {
    constant(value);
    op(0x10, 0);
  };
  const condition = (block: number, negated = false): void => {
    constant(block);
    op(0x10, 1);
    if (negated) op(0x45);
  };
  const compare = (value: number, negated: boolean): void => {
    op(0x20, 0);
    if (value !== 0) {
      constant(value);
      op(negated ? 0x47 : 0x46);
    } else if (!negated) op(0x45);
  };
  const table = (depths: Int32Array, count: number): void => {
    op(0x0e);
    u32(count - 1);
    for (let i = 0; i < count; i++) u32(depths[i]!);
  };
  walk(structured, {
    block: () => op(0x02, VOID),
    loop: () => op(0x03, VOID),
    if: (block, negated) => {
      condition(block, negated);
      op(0x04, VOID);
    },
    else: () => op(0x05),
    end: () => op(0x0b),
    code: (block) => event(block),
    br: (depth) => {
      op(0x0c);
      u32(depth);
    },
    brIf: (block, negated, depth) => {
      condition(block, negated);
      op(0x0d);
      u32(depth);
    },
    brTable: (block, depths, count) => {
      condition(block);
      table(depths, count);
    },
    drop: (block) => {
      condition(block);
      op(0x1a);
    },
    leave: (block) => {
      event(~block);
      op(0x0f);
    },
    unreachable: () => op(0x00),
    setLabel: (value) => {
      constant(value);
      op(0x21, 0);
    },
    ifLabel: (value, negated) => {
      compare(value, negated);
      op(0x04, VOID);
    },
    brIfLabel: (value, negated, depth) => {
      compare(value, negated);
      op(0x0d);
      u32(depth);
    },
    brTableLabel: (base, depths, count) => {
      op(0x20, 0);
      constant(base);
      op(0x6b);
      table(depths, count);
    },
  });
  const body = structured.usesLabelVariable ? [1, 1, 0x7f] : [0];
  for (const byte of code) body.push(byte);
  body.push(0x0b);
  return body;
}

/** A module that imports `env.event` and `env.decide` and exports the program as `run`. */
export function moduleOf(structured: Structured): Uint8Array<ArrayBuffer> {
  const body = functionBody(structured);
  const bytes = [0x00, 0x61, 0x73, 0x6d, 1, 0, 0, 0];
  const section = (id: number, content: number[]): void => {
    bytes.push(id);
    leb(bytes, content.length, false);
    for (const byte of content) bytes.push(byte);
  };
  const name = (text: string): number[] => [text.length, ...Buffer.from(text)];
  section(1, [3, 0x60, 1, 0x7f, 0, 0x60, 1, 0x7f, 1, 0x7f, 0x60, 0, 0]);
  section(2, [2, ...name('env'), ...name('event'), 0, 0, ...name('env'), ...name('decide'), 0, 1]);
  section(3, [1, 2]);
  section(7, [1, ...name('run'), 0, 2]);
  const code = [1];
  leb(code, body.length, false);
  for (const byte of body) code.push(byte);
  section(10, code);
  return Uint8Array.from(bytes);
}

/** How many bytes the body of the one function of a module takes. */
export function bodySize(module: Uint8Array): number {
  let at = 8;
  const u32 = (): number => {
    let value = 0;
    for (let shift = 0; ; shift += 7) {
      const byte = module[at++]!;
      value |= (byte & 0x7f) << shift;
      if (byte < 0x80) return value;
    }
  };
  for (;;) {
    const id = module[at++]!;
    const size = u32();
    if (id === 10) {
      u32();
      return u32();
    }
    at += size;
  }
}

/** Runs the export `run` of such a module until it returns or `limit` blocks have been run. */
export function runModule(module: Uint8Array<ArrayBuffer>, decide: Decide, limit: number): Trace {
  const trace: Trace = [];
  const stop = new Error('limit');
  const event = (value: number): void => {
    if (value >= 0 && trace.length === limit) throw stop;
    trace.push(value);
  };
  const { exports } = new WebAssembly.Instance(new WebAssembly.Module(module), { env: { event, decide } });
  try {
    (exports.run as () => void)();
  } catch (error) {
    if (error !== stop) throw error;
  }
  return trace;
}

function leb(to: number[], value: number, signed: boolean): void {
  let rest = value;
  for (;;) {
    const byte = rest & 0x7f;
    rest = signed ? rest >> 7 : rest >>> 7;
    const done = signed ? (rest === 0 && byte < 0x40) || (rest === -1 && byte >= 0x40) : rest === 0;
    to.push(done ? byte : byte | 0x80);
    if (done) return;
  }
}
