import { ByteWriter, Code, decodeFunction, encodeBody, type Module } from '../src/index.ts';

/** Replaces every body by its instructions, decoded and encoded again. */
export function recode(module: Module): void {
  const code = new Code();
  const writer = new ByteWriter();
  module.bodies = module.bodies.map((_, i) => {
    const locals = decodeFunction(module, i, code);
    writer.clear();
    encodeBody(locals, code, 0, code.length, writer);
    return writer.take();
  });
}
