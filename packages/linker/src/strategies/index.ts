import { resume } from './resume.ts';
import type { SwitchStrategy } from './strategy.ts';

/** The switch strategies that lower functions, by name. `jump-table` is not among them: it leaves the module as it is. */
export const strategies = { resume } as const satisfies Record<string, SwitchStrategy>;
