/**
 * The producers section: which languages and tools made the module.
 *
 * Source: tool-conventions, ProducersSection.md.
 */
import { findCustom, setCustom } from './custom.ts';
import type { Module } from './module.ts';
import { malformed, Reader } from './reader.ts';
import { ByteWriter } from './writer.ts';

/** A field of the producers section: languages or tools, with their versions. */
export interface ProducersField {
  /** `language`, `processed-by` or `sdk`. */
  name: string;
  values: { name: string; version: string }[];
}

/**
 * The producers of a module; undefined if it does not say.
 *
 * @throws MalformedError with the offset in the section.
 */
export function readProducers(module: Module): ProducersField[] | undefined {
  const payload = findCustom(module, 'producers');
  return payload && decodeProducers(payload);
}

/** Replaces the module's producers section, or adds one. */
export function writeProducers(module: Module, fields: readonly ProducersField[]): void {
  setCustom(module, 'producers', encodeProducers(fields));
}

/** Decodes the payload of a producers section. */
export function decodeProducers(payload: Uint8Array): ProducersField[] {
  const reader = new Reader(payload);
  const fields: ProducersField[] = [];
  for (let n = reader.count(2); n > 0; n--) {
    const field: ProducersField = { name: reader.name(), values: [] };
    for (let k = reader.count(2); k > 0; k--) field.values.push({ name: reader.name(), version: reader.name() });
    fields.push(field);
  }
  if (reader.pos !== payload.length) {
    throw malformed('GW1041', 'the producers section is longer than its content', reader.pos);
  }
  return fields;
}

/** Encodes the payload of a producers section. */
export function encodeProducers(fields: readonly ProducersField[]): Uint8Array {
  const writer = new ByteWriter();
  writer.u32(fields.length);
  for (const { name, values } of fields) {
    writer.name(name);
    writer.u32(values.length);
    for (const value of values) {
      writer.name(value.name);
      writer.name(value.version);
    }
  }
  return writer.take();
}
