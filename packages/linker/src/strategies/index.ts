import { asyncify } from './asyncify.ts';
import { jspi } from './jspi.ts';
import { resume } from './resume.ts';
import { stackSwitching } from './stack-switching.ts';
import type { SwitchStrategy } from './strategy.ts';

/** The names of the switch strategies that lower functions. `jump-table` is not among them: it leaves the module as it is. */
export type StrategyName = 'resume' | 'asyncify' | 'stack-switching' | 'jspi';

export const strategies: Readonly<Record<StrategyName, SwitchStrategy>> = {
  resume,
  asyncify,
  'stack-switching': stackSwitching,
  jspi,
};
