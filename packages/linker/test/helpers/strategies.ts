/** A program as every strategy links it. */
import { type LinkOptions, link, type StrategyName, strategies } from '../../src/index.ts';

/**
 * What each strategy makes of a module; `resume` alone where the module is of another release of Go than the installed one.
 *
 * @param targets the engines to link for, by strategy.
 * @param options what else all of them are linked with.
 */
export async function* byStrategies(
  input: Uint8Array,
  go: string | undefined,
  targets: Partial<Record<StrategyName, string>> = {},
  options: LinkOptions = {},
): AsyncGenerator<{ name: StrategyName; bytes: Uint8Array }> {
  const all = Object.keys(strategies) as StrategyName[];
  for (const name of go === undefined ? all : (['resume'] as const)) {
    const target = targets[name];
    const { bytes } = await link(input, { ...options, switch: name, ...(target && { target }) });
    yield { name, bytes };
  }
}
