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
  json: boolean,
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
    const shown = only === undefined ? (Object.keys(strategies) as StrategyName[]) : [only];
    const said = shown.map((name) => {
      const explanation = explainer.explain(name);
      return f === undefined ? summary(names, name, explanation) : chain(names, f, name, explanation);
    });
    const text = said.map(({ text }) => text).join('');
    const data = Object.fromEntries(said.map(({ strategy, data }) => [strategy, data]));
    process.stdout.write(json ? `${JSON.stringify(data, null, 2)}\n` : text);
  } catch (error) {
    throw inFile(error, file);
  }
}

/** What is said of a strategy: for people, and for machines. */
interface Said {
  strategy: StrategyName;
  text: string;
  data: object;
}

function chain(names: readonly string[], f: number, strategy: StrategyName, { why }: Explanation): Said {
  const found = why(f);
  const calls = (found?.functions ?? []).map((g) => names[g]!);
  const lines = calls.map((name, k) => `  ${k === 0 ? '' : 'calls '}${name}\n`).join('');
  return {
    strategy,
    text: found
      ? `-switch=${strategy}:\n${lines}  which ${END[found.end]}\n`
      : `-switch=${strategy}: ${names[f]} does not pay for switching goroutines\n`,
    data: { function: names[f], pays: found !== undefined, calls, ...(found && { end: found.end }) },
  };
}

function summary(names: readonly string[], strategy: StrategyName, explanation: Explanation): Said {
  const { functions, paying } = explanation;
  const through = explanation.through.map((t) => ({ function: names[t.f], functions: t.functions }));
  const share = ((100 * paying) / functions).toFixed(0);
  const lines = through.slice(0, NAMED).map((t) => `${String(t.functions).padStart(7)} through ${t.function}\n`);
  return {
    strategy,
    text: `-switch=${strategy}: ${paying} of ${functions} functions (${share} %) ${PAYING[strategy]}\n${lines.join('')}`,
    data: { functions, paying, through },
  };
}
