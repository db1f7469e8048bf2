/** The ways to link a module that tests compare. */
import { expect } from 'vitest';
import { full } from '../../../cfg/test/support/effort.ts';
import { link } from '../../src/index.ts';

export interface Variant {
  structure: 'stackifier' | 'relooper';
  /** Functions that stay in jump-table form. */
  kept: 'nothing' | 'half' | 'everything';
}

const all: readonly Variant[] = (['stackifier', 'relooper'] as const).flatMap((structure) =>
  (['nothing', 'half', 'everything'] as const).map((kept) => ({ structure, kept })),
);
/** All of them in a full run. */
export const variants: readonly Variant[] = full
  ? all
  : all.filter(({ structure, kept }) => (structure === 'stackifier' ? kept !== 'half' : kept === 'half'));

/** Every other function, by a hash of its name; but not those without which there is no stack guard. */
class Half extends RegExp {
  override test(name: string): boolean {
    if (/^runtime\.(morestack|execute)$/.test(name)) return false;
    let hash = 0x811c9dc5;
    for (let i = 0; i < name.length; i++) hash = Math.imul(hash ^ name.charCodeAt(i), 0x01000193);
    return ((hash >>> 16) & 1) === 1;
  }
}
const keep = { nothing: undefined, half: new Half(''), everything: /(?:)/ };

/** Links a module that Go built, in one of the ways, by the relooper without optimizing it. All that can be checked is. */
export async function linkAs(
  input: Uint8Array,
  { structure, kept }: Variant,
  noPass: readonly string[] = [],
): Promise<Uint8Array> {
  const pattern = keep[kept];
  const level = structure === 'relooper' ? '0' : '2';
  const options = { structure, level, verify: true, noPass, ...(pattern && { keep: pattern }) } as const;
  const { bytes, report } = await link(input, options);
  const { structured, kept: names } = report.functions;
  if (kept === 'nothing') expect(names).toEqual([]);
  if (kept === 'everything') expect(structured).toBe(0);
  if (kept === 'half') expect(names.length / (names.length + structured)).toBeCloseTo(0.5, 1);
  return bytes;
}
