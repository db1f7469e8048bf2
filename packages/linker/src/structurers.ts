import type { Structurer } from '@go-wasm/cfg';
import { relooper } from '@go-wasm/relooper';
import { stackifier } from '@go-wasm/stackifier';

export type StructurerName = 'stackifier' | 'relooper';

/** The structurers, by name. */
export const structurers: Readonly<Record<StructurerName, Structurer>> = { stackifier, relooper };
