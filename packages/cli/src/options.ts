import type { LinkOptions } from '@go-wasm/linker';
import { UsageError } from './errors.ts';

/** What a build does with the linker's output: `internal` keeps it, `external` restores its control flow, `auto` tries. */
export type Linkmode = 'auto' | 'internal' | 'external';

/** The pipeline's options, as the command line spells them. */
export interface PipelineOptions {
  linkmode: Linkmode;
  switch: NonNullable<LinkOptions['switch']>;
  structure: NonNullable<LinkOptions['structure']>;
  'verify-each': boolean;
}

export const DEFAULTS: PipelineOptions = {
  linkmode: 'auto',
  switch: 'resume',
  structure: 'stackifier',
  'verify-each': false,
};

/** Our own flags and the values they take. `-O…` is kept free for levels of optimization. */
const CHOICES: { [flag in keyof PipelineOptions]: readonly PipelineOptions[flag][] } = {
  linkmode: ['auto', 'internal', 'external'],
  switch: ['resume', 'jump-table'],
  structure: ['stackifier', 'relooper'],
  'verify-each': [true, false],
};

/** Whether a flag (its name, without dashes) is ours, and whether it takes a value that may stand apart. */
export function ownFlag(name: string): 'value' | 'boolean' | undefined {
  if (/^O.?$/.test(name)) throw new UsageError('GW5001', `-${name}: levels of optimization do not exist yet`);
  if (!Object.hasOwn(CHOICES, name)) return undefined;
  return name === 'verify-each' ? 'boolean' : 'value';
}

/** Sets one option from its flag. */
export function setOption(options: Partial<PipelineOptions>, name: string, value: string | undefined): void {
  const choices: readonly (string | boolean)[] = CHOICES[name as keyof PipelineOptions];
  const chosen = choices.find((c) => String(c) === (value ?? (choices[0] === true ? 'true' : undefined)));
  if (chosen === undefined) {
    throw new UsageError('GW5001', value === undefined ? `-${name} needs a value` : `-${name}=${value} is unknown`, {
      hint: `-${name} takes ${choices.join(', ')}`,
    });
  }
  Object.assign(options, { [name]: chosen });
}

/** The options as flags, always all of them in the same order: they are part of what the build cache knows a link by. */
export function toFlags(options: PipelineOptions): string[] {
  return Object.keys(CHOICES).map((name) => `-${name}=${options[name as keyof PipelineOptions]}`);
}

/** The options from the flags that `toFlags` made. */
export function fromFlags(flags: readonly string[]): PipelineOptions {
  const options = { ...DEFAULTS };
  for (const flag of flags) {
    const [, name, value] = /^-([^=]+)=(.*)$/.exec(flag) ?? [];
    if (name === undefined || !ownFlag(name)) throw new UsageError('GW5001', `unknown option ${flag}`);
    setOption(options, name, value);
  }
  return options;
}

/** The options as the linker takes them. */
export function toLinkOptions(options: PipelineOptions): LinkOptions {
  return { switch: options.switch, structure: options.structure, verify: options['verify-each'] };
}
