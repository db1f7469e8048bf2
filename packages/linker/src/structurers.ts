import type { Structurer } from '@go-wasm/cfg';
import { stackifier } from '@go-wasm/stackifier';

/** The structurers, by name. */
export const structurers = { stackifier } as const satisfies Record<string, Structurer>;
