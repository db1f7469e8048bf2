import type { Module } from './module.ts';
import { Section } from './module.ts';

/** The first custom section of a name. */
export function findCustom(module: Module, name: string): Uint8Array | undefined {
  return module.customs.find((custom) => custom.name === name)?.payload;
}

/** Replaces the first custom section of a name, or appends one behind all other sections. */
export function setCustom(module: Module, name: string, payload: Uint8Array): void {
  const existing = module.customs.find((custom) => custom.name === name);
  if (existing !== undefined) existing.payload = payload;
  else module.customs.push({ name, payload, after: Section.Data });
}
