/** A program as every strategy links it. */
import { ofToday } from '../../../cfg/test/support/effort.ts';
import { type LinkOptions, link, type StrategyName, strategies } from '../../src/index.ts';

const others = (Object.keys(strategies) as StrategyName[]).filter((name) => name !== 'resume');

/** `resume`, and of the other strategies another one each day (with `PROOF=full` all); none of these for another release of Go than the installed one. */
export function strategiesFor(go: string | undefined): readonly StrategyName[] {
  return go === undefined ? ['resume', ...ofToday(others)] : ['resume'];
}

/**
 * What each of {@link strategiesFor} makes of a module.
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
  for (const name of strategiesFor(go)) {
    const target = targets[name];
    const { bytes } = await link(input, { ...options, switch: name, ...(target && { target }) });
    yield { name, bytes };
  }
}
