import type { StrategyName } from '../targets.ts';
import { asyncify } from './asyncify.ts';
import { jspi } from './jspi.ts';
import { resume } from './resume.ts';
import { stackSwitching } from './stack-switching.ts';
import type { SwitchStrategy } from './strategy.ts';

/** The switch strategies by name. */
export const strategies: Readonly<Record<StrategyName, SwitchStrategy>> = {
  resume,
  asyncify,
  'stack-switching': stackSwitching,
  jspi,
};
