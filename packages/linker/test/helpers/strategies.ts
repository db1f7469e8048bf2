/** A program as every strategy links it. */
import { link, type StrategyName, strategies } from '../../src/index.ts';

/**
 * What each strategy makes of a module; `resume` alone where the module is of another release of Go than the installed one.
 *
 * @param targets the engines to link for, by strategy.
 */
export async function* byStrategies(
  input: Uint8Array,
  go: string | undefined,
  targets: Partial<Record<StrategyName, string>> = {},
): AsyncGenerator<{ name: StrategyName; bytes: Uint8Array }> {
  const all = Object.keys(strategies) as StrategyName[];
  for (const name of go === undefined ? all : (['resume'] as const)) {
    const target = targets[name];
    const { bytes } = await link(input, { switch: name, ...(target && { target }) });
    yield { name, bytes };
  }
}
