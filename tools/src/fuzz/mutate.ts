/** Mutations of WebAssembly files: from single bytes to whole instructions, so that every stage sees what the stages before it let through. */
import {
  ByteWriter,
  Code,
  decodeFunction,
  decodeModule,
  EngineLimits,
  encodeBody,
  encodeModule,
  FIRST_POOLED,
  immediateKind,
  type Module,
  opcodes,
  Reader,
} from '@go-wasm/wasm';

/** Uniform numbers below `n`. */
export type Random = (n: number) => number;

const header = Uint8Array.of(0x00, 0x61, 0x73, 0x6d, 0x01, 0x00, 0x00, 0x00);
const interesting = [
  0, 1, 2, 0x3f, 0x40, 0x7f, 0x80, 0xff, 0xfff, 0x1000, 0x1001, 0xffff, 0x10000, 0x7fff_ffff, -1, -2,
];
/** The pclntab's first word (runtime/symtab.go). */
const PCLNTAB = Uint8Array.of(0xf1, 0xff, 0xff, 0xff, 0, 0, 1, 8);

interface Section {
  id: number;
  payload: Uint8Array;
}

/** The sections of a file that is whole; of one that is not, those before the place where it breaks. */
function split(bytes: Uint8Array): Section[] {
  const reader = new Reader(bytes, 8);
  const sections: Section[] = [];
  try {
    while (reader.pos < bytes.length) {
      const id = reader.u8();
      sections.push({ id, payload: reader.byteVector() });
    }
  } catch {
    // What follows cannot be told apart.
  }
  return sections;
}

function join(sections: readonly Section[]): Uint8Array {
  const writer = new ByteWriter(1 << 16);
  writer.raw(header);
  for (const { id, payload } of sections) {
    writer.u8(id);
    writer.u32(payload.length);
    writer.raw(payload);
  }
  return writer.take();
}

function spliced(bytes: Uint8Array, at: number, remove: number, insert: readonly number[]): Uint8Array {
  const result = new Uint8Array(Math.max(0, bytes.length - remove) + insert.length);
  result.set(bytes.subarray(0, at));
  result.set(insert, at);
  result.set(bytes.subarray(at + remove), at + insert.length);
  return result;
}

/** Unsigned LEB128, at times longer than it need be, at times longer than it may be. */
function leb(random: Random): number[] {
  let value = interesting[random(interesting.length)]! >>> 0;
  const bytes: number[] = [];
  for (; value >= 0x80; value >>>= 7) bytes.push((value & 0x7f) | 0x80);
  bytes.push(value);
  if (random(4) === 0) {
    bytes[bytes.length - 1]! |= 0x80;
    for (let more = random(6); more > 0; more--) bytes.push(0x80);
    bytes.push(0);
  }
  return bytes;
}

/** Changes bytes of one region, mostly without changing its length. */
function roughen(bytes: Uint8Array, random: Random): Uint8Array {
  let result: Uint8Array = bytes.slice();
  for (let n = 1 + random(3); n > 0 && result.length > 0; n--) {
    const at = random(result.length);
    switch (random(6)) {
      case 0:
        result[at]! ^= 1 << random(8);
        break;
      case 1:
        result[at] = interesting[random(interesting.length)]!;
        break;
      case 2:
        result[at]! += random(2) === 0 ? 1 : -1;
        break;
      case 3:
        result = spliced(result, at, 1 + random(Math.min(8, result.length - at)), []);
        break;
      case 4:
        result = spliced(result, at, 0, leb(random));
        break;
      case 5: {
        const insert = leb(random);
        result = spliced(result, at, Math.min(insert.length, result.length - at), insert);
        break;
      }
    }
  }
  return result;
}

type Mutation = (bytes: Uint8Array, random: Random, others: readonly Uint8Array[]) => Uint8Array;

/** A change of the sections, whose sizes are right again afterwards. */
function ofSections(change: (sections: Section[], random: Random, others: readonly Uint8Array[]) => void): Mutation {
  return (bytes, random, others) => {
    const sections = split(bytes);
    if (sections.length > 0) change(sections, random, others);
    return join(sections);
  };
}

/** A change of what the decoder makes of the file; nothing where it does not take the file. */
function ofModule(change: (module: Module, random: Random) => void): Mutation {
  return (bytes, random) => {
    let module: Module;
    try {
      module = decodeModule(bytes);
    } catch {
      return bytes;
    }
    change(module, random);
    return encodeModule(module);
  };
}

/** Changes instructions of one function: most of what comes out is still well formed, some of it valid. */
function changeInstructions(module: Module, random: Random): void {
  const f = random(module.bodies.length);
  const code = new Code();
  let locals: ReturnType<typeof decodeFunction>;
  try {
    locals = decodeFunction(module, f, code);
  } catch {
    return;
  }
  const to = new Code(code.length + 8);
  const change = random(code.length);
  const kind = random(6);
  for (let i = 0; i < code.length; i++) {
    if (i !== change) {
      to.pushFrom(code, i);
      continue;
    }
    if (kind === 0) continue;
    to.pushFrom(code, i);
    const at = to.length - 1;
    if (kind === 1) to.pushFrom(code, i);
    else if (kind === 2) {
      const id = opcodes[random(opcodes.length)]!;
      if (immediateKind[id] === immediateKind[to.op[at]!]) to.op[at] = id;
    } else if (immediateKind[to.op[at]!]! >= FIRST_POOLED) {
      if (to.b[at]! > 0) to.pool[to.a[at]! + random(to.b[at]!)] = random(40);
    } else if (kind === 3) to.a[at]! += random(2) === 0 ? 1 : -1;
    else if (kind === 4) to.a[at] = interesting[random(interesting.length)]!;
    else to.a[at] = random(300);
  }
  if (random(10) === 0) {
    locals.counts.push(1 + random(random(4) === 0 ? EngineLimits.functionLocals + 10 : 4));
    locals.types.push(-1 - random(4));
  }
  const writer = new ByteWriter(to.length * 4 + 64);
  try {
    encodeBody(locals, to, 0, to.length, writer);
  } catch {
    return; // An immediate that has no encoding.
  }
  module.bodies[f] = writer.take();
}

/** Numbers in the head of Go's function table or behind it. */
function changePclntab(bytes: Uint8Array, random: Random): Uint8Array {
  const result = bytes.slice();
  const at = Buffer.from(result.buffer, result.byteOffset, result.byteLength).indexOf(PCLNTAB);
  if (at < 0) return result;
  const view = new DataView(result.buffer);
  for (let n = 1 + random(3); n > 0; n--) {
    const place = at + (random(3) === 0 ? 8 * (1 + random(8)) : 4 * random(Math.max(1, (result.length - at) >> 2)));
    if (place + 4 > result.length) continue;
    const old = view.getInt32(place, true);
    view.setInt32(place, random(2) === 0 ? interesting[random(interesting.length)]! : old + random(16) - 8, true);
  }
  return result;
}

const mutations: readonly Mutation[] = [
  (bytes, random) => roughen(bytes, random),
  (bytes, random) => bytes.slice(0, random(bytes.length + 1)),
  ofSections((sections, random) => {
    const [a, b] = [random(sections.length), random(sections.length)];
    [sections[a], sections[b]] = [sections[b]!, sections[a]!];
  }),
  ofSections((sections, random) => {
    sections.splice(
      random(sections.length),
      random(2),
      ...(random(2) === 0 ? [sections[random(sections.length)]!] : []),
    );
  }),
  ofSections((sections, random) => {
    const section = sections[random(sections.length)]!;
    section.payload = roughen(section.payload, random);
  }),
  ofSections((sections, random) => {
    // The heads of sections have the counts.
    const section = sections[random(sections.length)]!;
    section.payload = spliced(section.payload, 0, Math.min(section.payload.length, 1 + random(4)), leb(random));
  }),
  ofSections((sections, random, others) => {
    const theirs = split(others[random(others.length)]!);
    if (theirs.length === 0) return;
    const section = theirs[random(theirs.length)]!;
    const same = sections.findIndex(({ id }) => id === section.id);
    if (same >= 0) sections[same] = section;
    else sections.splice(random(sections.length + 1), 0, section);
  }),
  ofModule((module, random) => {
    if (module.bodies.length === 0) return;
    for (let n = 1 + random(3); n > 0; n--) changeInstructions(module, random);
  }),
  ofModule((module, random) => {
    const n = module.bodies.length;
    if (n === 0) return;
    const [a, b] = [random(n), random(n)];
    if (random(2) === 0) module.bodies[a] = module.bodies[b]!;
    else module.functions[a] = module.functions[b]!;
  }),
  ofModule((module, random) => {
    const segment = module.data[random(module.data.length + 1)];
    if (segment === undefined)
      for (const memory of module.memories) memory.min = random(2) === 0 ? 65_536 : random(100);
    else segment.offset = interesting[random(interesting.length)]!;
  }),
  ofModule((module, random) => {
    const entry = module.exports[random(module.exports.length + 1)];
    if (entry === undefined) module.exports.pop();
    else if (random(2) === 0) entry.index = random(300);
    else entry.name = ['run', 'resume', '_start', 'mem', 'x'][random(5)]!;
  }),
  changePclntab,
  changePclntab,
];

/** Random sections with a right header, or anything at all. */
export function randomBytes(random: Random): Uint8Array {
  const noise = (n: number): Uint8Array => Uint8Array.from({ length: n }, () => random(256));
  if (random(4) === 0) return noise(random(200));
  const sections = Array.from({ length: random(8) }, () => ({ id: random(15), payload: noise(random(60)) }));
  return join(random(2) === 0 ? sections : sections.sort((a, b) => a.id - b.id));
}

/** `bytes`, with one to four mutations. Does not change `bytes`. */
export function mutate(bytes: Uint8Array, random: Random, others: readonly Uint8Array[]): Uint8Array {
  let result = bytes;
  for (let n = 1 + random(random(3) === 0 ? 4 : 1); n > 0; n--) {
    result = mutations[random(mutations.length)]!(result, random, others);
  }
  return result;
}
