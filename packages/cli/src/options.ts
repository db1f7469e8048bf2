import {
  type BinaryenLevel,
  binaryenLevels,
  type Level,
  type LinkOptions,
  levels,
  optionalPasses,
  parseTarget,
  strategies,
} from '@go-wasm/linker';
import { UsageError } from './errors.ts';
import { suggest } from './find.ts';
import { sourceMapOptions } from './source-map.ts';

/** What a build does with the linker's output: `internal` keeps it, `external` restores its control flow, `auto` tries. */
export type Linkmode = 'auto' | 'internal' | 'external';

/** The pipeline's options, as the command line spells them. */
export interface PipelineOptions {
  linkmode: Linkmode;
  switch: NonNullable<LinkOptions['switch']>;
  /** Engines and features, with commas between them; empty for any engine. */
  target: string;
  structure: NonNullable<LinkOptions['structure']>;
  sourcemap: 'none' | 'inline' | 'file';
  dwarf: boolean;
  O: Level | `binaryen:${BinaryenLevel}`;
  'verify-each': boolean;
  /** Names of passes, with commas between them. */
  'no-pass': string;
  /** A regular expression; none if empty. */
  keep: string;
}

export const DEFAULTS: PipelineOptions = {
  linkmode: 'auto',
  switch: 'resume',
  target: '',
  structure: 'stackifier',
  sourcemap: 'none',
  dwarf: false,
  O: '2',
  'verify-each': false,
  'no-pass': '',
  keep: '',
};

type Switch = PipelineOptions['switch'];

/** The flags that take one of a few values. */
const CHOICES: {
  [flag in Exclude<keyof PipelineOptions, 'no-pass' | 'keep' | 'target'>]: readonly PipelineOptions[flag][];
} = {
  linkmode: ['auto', 'internal', 'external'],
  switch: [...(Object.keys(strategies) as Switch[]), 'jump-table', 'auto'],
  structure: ['stackifier', 'relooper'],
  sourcemap: ['none', 'inline', 'file'],
  dwarf: [true, false],
  O: [...levels, ...binaryenLevels.map((level) => `binaryen:${level}` as const)],
  'verify-each': [true, false],
};

/** All flags of ours by name, with the values that they take where these are few. */
export function choices(): Readonly<Record<string, readonly string[]>> {
  const named = Object.entries(CHOICES).map(([name, values]) => [name, values.map(String).filter((v) => v !== '')]);
  const all = Object.keys(DEFAULTS).map((name): [string, string[]] => [name, []]);
  return Object.fromEntries([...all, ...named, ['no-pass', optionalPasses]]);
}

/** `-O2`, as compilers have it, for `-O=2`; all else as it is. */
export function spelledOut(arg: string): string {
  return arg.replace(/^(--?O)([a-z0-9])$/, '$1=$2');
}

/** Whether a flag (its name, without dashes) is ours, and whether it takes a value that may stand apart. */
export function ownFlag(name: string): 'value' | 'boolean' | undefined {
  if (!Object.hasOwn(DEFAULTS, name)) return undefined;
  return typeof DEFAULTS[name as keyof PipelineOptions] === 'boolean' ? 'boolean' : 'value';
}

/** Sets one option from its flag. */
export function setOption(options: Partial<PipelineOptions>, name: string, value: string | undefined): void {
  Object.assign(options, { [name]: parse(name as keyof PipelineOptions, value) });
}

function parse(name: keyof PipelineOptions, given: string | undefined): string | boolean {
  const value = given ?? (ownFlag(name) === 'boolean' ? 'true' : undefined);
  if (value === undefined) throw new UsageError('GW5001', `-${name} needs a value`, { hint: takes(name) });
  switch (name) {
    case 'target':
      return value === '' ? value : parseTarget(value).text;
    case 'keep':
      try {
        new RegExp(value);
      } catch (cause) {
        throw new UsageError('GW5001', `-keep: ${(cause as Error).message}`, { hint: takes(name), cause });
      }
      return value;
    case 'no-pass': {
      const passes = list(value);
      const unknown = passes.find((pass) => !optionalPasses.includes(pass));
      if (unknown === undefined) return passes.join(',');
      throw new UsageError('GW5001', `-no-pass=${unknown} is unknown`, {
        hint: suggest(optionalPasses, unknown) + takes(name),
      });
    }
    default: {
      const chosen = CHOICES[name].find((choice) => String(choice) === value);
      if (chosen !== undefined) return chosen;
      throw new UsageError('GW5001', `-${name}=${value} is unknown`, {
        hint: (name === 'O' ? '' : suggest(CHOICES[name].map(String), value)) + takes(name),
      });
    }
  }
}

function takes(name: keyof PipelineOptions): string {
  if (name === 'keep') return "-keep takes a regular expression, as JavaScript has them, for Go's names of functions";
  if (name === 'target') return '-target takes engines and features, with commas between them: node24,chromium, +jspi';
  const values = name === 'no-pass' ? optionalPasses : CHOICES[name];
  return `-${name} takes ${values.filter((value) => value !== '').join(', ')}`;
}

/** The options as flags, always all of them in the same order: they are part of what the build cache knows a link by. */
export function toFlags(options: PipelineOptions): string[] {
  return Object.keys(DEFAULTS).map((name) => `-${name}=${options[name as keyof PipelineOptions]}`);
}

/** The options from the flags that `toFlags` made. */
export function fromFlags(flags: readonly string[]): PipelineOptions {
  const options = { ...DEFAULTS };
  for (const flag of flags) {
    const [, name, value] = /^-([^=]+)=(.*)$/s.exec(flag) ?? [];
    if (name === undefined || !ownFlag(name)) throw new UsageError('GW5001', `unknown option ${flag}`);
    setOption(options, name, value);
  }
  return options;
}

function optimization(O: PipelineOptions['O']): Pick<LinkOptions, 'level' | 'binaryen'> {
  if (O === DEFAULTS.O) return {};
  const [level, binaryen] = O.split(':');
  return binaryen ? { binaryen: binaryen as BinaryenLevel } : { level: level as Level };
}

/** The options as the linker takes them. A source map of the kind `file` will be beside `output`. */
export function toLinkOptions(options: PipelineOptions, output: string): LinkOptions {
  const sourceMap = sourceMapOptions(options.sourcemap, output);
  return {
    ...(sourceMap && { sourceMap }),
    ...(options.dwarf && { dwarf: true }),
    ...optimization(options.O),
    switch: options.switch,
    ...(options.target !== '' && { target: options.target }),
    structure: options.structure,
    verify: options['verify-each'],
    ...(options['no-pass'] !== '' && { noPass: list(options['no-pass']) }),
    ...(options.keep !== '' && { keep: new RegExp(options.keep) }),
  };
}

function list(text: string): string[] {
  return text.split(',').filter((word) => word !== '');
}
