import {
  type Chain,
  chooseSwitch,
  type Explanation,
  explain,
  parseTarget,
  type StrategyName,
  strategies,
} from '@go-wasm/linker';
import { UsageError } from '../errors.ts';
import { find, unknown } from '../find.ts';
import { inFile, readInput } from '../input.ts';
import { type PipelineOptions, toLinkOptions } from '../options.ts';

/** How many functions the summary names. */
const NAMED = 15;

const END: Readonly<Record<Chain['end'], string>> = {
  unwinds: 'starts to unwind',
  indirect: 'makes an indirect call, which may reach anything',
  unknown: 'keeps its jump table, so nothing is known of it',
  switches: 'is where goroutines are switched',
};

const PAYING: Readonly<Record<StrategyName, string>> = {
  resume: 'have checks behind calls, and are entered again there',
  asyncify: 'are instrumented',
  'stack-switching': 'have checks behind calls',
  jspi: 'have checks behind calls',
};

/**
 * `go-wasm why FILE [FUNC]`: by which calls a function comes to a switch of goroutines; without FUNC the summary.
 *
 * @param asked the one strategy that was asked for; all if undefined.
 */
export function whyCommand(
  file: string,
  query: string | undefined,
  asked: PipelineOptions['switch'] | undefined,
  options: PipelineOptions,
): void {
  const target = options.target === '' ? undefined : parseTarget(options.target);
  const only = asked && chooseSwitch(asked, target).strategy;
  if (only === 'jump-table') {
    throw new UsageError(
      'GW5001',
      '-switch=jump-table leaves functions as they are: all are loops around a jump table',
    );
  }
  const bytes = readInput(file);
  try {
    const explainer = explain(bytes, toLinkOptions({ ...options, switch: only ?? 'resume' }, file));
    const { names } = explainer;
    const found = query === undefined ? [] : find(names, query);
    if (query !== undefined && found.length === 0) throw unknown(names, query, 'go-wasm cfg lists their names');
    if (found.length > 1) {
      process.stdout.write(found.map((f) => `${names[f]}\n`).join(''));
      return;
    }
    const [f] = found;
    for (const name of only === undefined ? (Object.keys(strategies) as StrategyName[]) : [only]) {
      const explanation = explainer.explain(name);
      const text = f === undefined ? summary(names, name, explanation) : chain(names, f, name, explanation);
      process.stdout.write(text);
    }
  } catch (error) {
    throw inFile(error, file);
  }
}

function chain(names: readonly string[], f: number, strategy: StrategyName, { why }: Explanation): string {
  const found = why(f);
  if (found === undefined) return `-switch=${strategy}: ${names[f]} does not pay for switching goroutines\n`;
  const lines = found.functions.map((g, k) => `  ${k === 0 ? '' : 'calls '}${names[g]}\n`).join('');
  return `-switch=${strategy}:\n${lines}  which ${END[found.end]}\n`;
}

function summary(names: readonly string[], strategy: StrategyName, explanation: Explanation): string {
  const { functions, paying, through } = explanation;
  const share = ((100 * paying) / functions).toFixed(0);
  const first = `-switch=${strategy}: ${paying} of ${functions} functions (${share} %) ${PAYING[strategy]}\n`;
  return (
    first +
    through
      .slice(0, NAMED)
      .map((t) => `${String(t.functions).padStart(7)} through ${names[t.f]}\n`)
      .join('')
  );
}
