/**
 * What engines can run which switch strategy: the one table of it, and the choices that follow from it.
 *
 * Where a line says "tried", modules of the strategies that need the feature have run in that release and not in the one before.
 *
 * @module @go-wasm/linker/targets
 */
import { UnsupportedError } from '@go-wasm/wasm';

/** What strategies and passes ask of an engine, beyond what every engine that Go supports has. */
export type Feature =
  | 'exceptions'
  | 'jspi'
  | 'legacy-exceptions'
  | 'multi-memory'
  /** Vectors of 128 bits. */
  | 'simd'
  | 'stack-switching'
  /** The instruction `switch` of stack switching. */
  | 'symmetric-switching';

/** The names of the switch strategies that lower functions. `jump-table` is not among them: it leaves the module as it is. */
export type StrategyName = 'resume' | 'asyncify' | 'stack-switching' | 'jspi';

/** What can be asked for: a strategy, stock Go's way, or the best that the target can do. */
export type SwitchName = StrategyName | 'jump-table' | 'auto';

/** What Go calls the system that a module is for: hosts of JavaScript, or of WASI. */
export type Goos = 'js' | 'wasip1';

/** What each strategy cannot do without: one of each list, the first if there is a choice. */
export const requirements: Readonly<Record<StrategyName, readonly (readonly Feature[])[]>> = {
  resume: [],
  asyncify: [['exceptions', 'legacy-exceptions']],
  'stack-switching': [['exceptions'], ['stack-switching']],
  jspi: [['exceptions'], ['jspi']],
};

interface Availability {
  /** The first releases that have it; of several, each but the last holds for its own major release only. */
  since?: readonly string[];
  /** The first release that has it behind flags, and the flags: of its command line, or words for people. */
  flagged?: { since: string; flags: readonly string[] };
}

interface Engine {
  goos: readonly Goos[];
  /** Whether {@link Availability.flagged} is what its command line takes. */
  command: boolean;
  features: Readonly<Partial<Record<Feature, Availability>>>;
}

const CHROMIUM_SWITCHING: Availability = { flagged: { since: '156', flags: ['--js-flags=--wasm-wasmfx'] } };
const WASMTIME_SWITCHING: Availability = {
  flagged: { since: '49', flags: ['-W', 'stack-switching=y,function-references=y,gc=y', '-C', 'collector=null'] },
};

/** Names of engines, as `-target` takes them, with a version behind them or without: then the newest. */
export const engines: Readonly<Record<string, Engine>> = {
  node: {
    goos: ['js', 'wasip1'],
    command: true,
    features: {
      // Tried. Node has backported V8's default to its older lines (22.19, 24.15).
      exceptions: {
        since: ['22.19', '24.15', '25.0'],
        flagged: { since: '22.0', flags: ['--experimental-wasm-exnref'] },
      },
      // https://webassembly.org/features; tried with 20.
      'legacy-exceptions': { since: ['17.0'] },
      // Tried. V8 13.6 and 14.1; before, the API was another one.
      jspi: { since: ['24.15', '25.0'], flagged: { since: '24.0', flags: ['--experimental-wasm-jspi'] } },
      // Tried; V8 12.0, https://webassembly.org/features.
      'multi-memory': { since: ['22.0'] },
      // https://webassembly.org/features; tried with 20.
      simd: { since: ['16.4'] },
      // Tried with 25.9, whose V8 (14.1) knows the flag and refuses the modules, and with 26.10.
      'stack-switching': { flagged: { since: '26.0', flags: ['--experimental-wasm-wasmfx'] } },
    },
  },
  chromium: {
    goos: ['js'],
    command: true,
    features: {
      // https://webassembly.org/features: exception handling with exnref, JS promise integration, multiple memories, fixed-width SIMD.
      exceptions: { since: ['137'] },
      'legacy-exceptions': { since: ['95'] },
      jspi: { since: ['137'] },
      'multi-memory': { since: ['120'] },
      simd: { since: ['91'] },
      // Tried with 156, whose V8 has the flag under this name; before, it began with experimental-.
      'stack-switching': CHROMIUM_SWITCHING,
      // Tried. Node 26.10 (V8 14.6) ends in `unimplemented code`.
      'symmetric-switching': CHROMIUM_SWITCHING,
    },
  },
  firefox: {
    goos: ['js'],
    command: false,
    features: {
      // https://webassembly.org/features.
      exceptions: { since: ['131'] },
      'legacy-exceptions': { since: ['100'] },
      'multi-memory': { since: ['125'] },
      simd: { since: ['89'] },
      // https://bugzilla.mozilla.org/show_bug.cgi?id=2044809, https://developer.mozilla.org/docs/Mozilla/Firefox/Experimental_features.
      jspi: {
        since: ['153'],
        flagged: { since: '152', flags: ['javascript.options.wasm_js_promise_integration in about:config'] },
      },
    },
  },
  safari: {
    goos: ['js'],
    command: false,
    // https://webassembly.org/features: of the others, JSPI is in a technology preview.
    features: { exceptions: { since: ['18.4'] }, 'legacy-exceptions': { since: ['15.2'] }, simd: { since: ['16.4'] } },
  },
  wasmtime: {
    goos: ['wasip1'],
    command: true,
    features: {
      // https://docs.wasmtime.dev/stability-wasm-proposals.html; by default: tried with 49.
      exceptions: {
        since: ['49'],
        flagged: { since: '37', flags: ['-W', 'exceptions=y,function-references=y,gc=y'] },
      },
      'multi-memory': { since: ['15'] },
      // https://webassembly.org/features.
      simd: { since: ['0.33'] },
      // Tried with 49, on x86-64 Linux. It panics when a collector, which exceptions are an allocation for, meets a suspended stack.
      'stack-switching': WASMTIME_SWITCHING,
      'symmetric-switching': WASMTIME_SWITCHING,
    },
  },
  // https://webassembly.org/features. Of these only what all have that Go supports is made use of: nothing else has been tried.
  wasmer: { goos: ['wasip1'], command: true, features: {} },
  wasmedge: { goos: ['wasip1'], command: true, features: {} },
  wazero: { goos: ['wasip1'], command: true, features: {} },
};

/** What `auto` takes: the first that all targets can run without flags; `reason` is what was measured. docs/strategies.md has the figures. */
export const preferred: readonly { strategy: StrategyName; reason: string }[] = [
  {
    strategy: 'resume',
    reason:
      'the fastest at panics and, in the mean, at switching in all engines that were measured, within 6 % of the others elsewhere, and it needs nothing of the engine',
  },
];

/** Engines and features that a module is for. */
export interface Target {
  /** As it was given. */
  readonly text: string;
  readonly engines: readonly { readonly name: string; readonly version: readonly number[] }[];
  /** Features that are said to be there, whatever is known of the engines. */
  readonly added: ReadonlySet<Feature>;
}

const features: readonly string[] = [
  'exceptions',
  'jspi',
  'legacy-exceptions',
  'multi-memory',
  'simd',
  'stack-switching',
  'symmetric-switching',
] satisfies Feature[];

/**
 * `node24,chromium137` (what both can do), `+jspi,+exceptions` (any engine with these), `wasmtime,+stack-switching` (an engine with a
 * feature switched on). A version may have parts: `node22.19`. A feature may have the `wasm-` in front that engines call it with.
 *
 * @throws UnsupportedError for a name that is none.
 */
export function parseTarget(text: string): Target {
  const words = text.split(',').filter((word) => word !== '');
  const found = { text, engines: [] as Target['engines'][number][], added: new Set<Feature>() };
  for (const word of words) {
    const [, feature] = /^\+(?:wasm-)?(.+)$/.exec(word) ?? [];
    const [, name = '', version = ''] = /^([a-z]+)(\d+(?:\.\d+)*)?$/.exec(word) ?? [];
    if (feature !== undefined && features.includes(feature)) found.added.add(feature as Feature);
    else if (Object.hasOwn(engines, name)) found.engines.push({ name, version: parseVersion(version) });
    else throw unknownTarget(word);
  }
  if (words.length === 0) throw unknownTarget(text);
  return found;
}

function unknownTarget(word: string): UnsupportedError {
  return new UnsupportedError('GW2109', `there is no target '${word}'`, {
    hint: `name engines, with their version or without (${Object.keys(engines).join(', ')}; node24), and features (${features.map((name) => `+${name}`).join(', ')})`,
  });
}

/** Without a version: newer than all. */
function parseVersion(text: string): number[] {
  return text === '' ? [Infinity] : text.split('.').map(Number);
}

function atLeast(version: readonly number[], than: readonly number[]): boolean {
  const k = than.findIndex((part, i) => (version[i] ?? 0) !== part);
  return k < 0 || (version[k] ?? 0) > than[k]!;
}

/** How an engine has a feature: with flags, or none needed; undefined if it has it not. */
function flagsFor({ name, version }: Target['engines'][number], feature: Feature): readonly string[] | undefined {
  const { since = [], flagged } = engines[name]!.features[feature] ?? {};
  const plainly = since.map(parseVersion).some((first, i) => {
    return atLeast(version, first) && (i === since.length - 1 || version[0] === first[0]);
  });
  if (plainly) return [];
  return flagged && atLeast(version, parseVersion(flagged.since)) ? flagged.flags : undefined;
}

/** Whether all engines of a target have a feature without flags, or it was said to be there. */
export function hasFeature({ engines, added }: Target, feature: Feature): boolean {
  return added.has(feature) || (engines.length > 0 && engines.every((e) => flagsFor(e, feature)?.length === 0));
}

/** Whether all engines of a target have a feature, be it with flags. */
export function canHave(target: Target, feature: Feature): boolean {
  return without(target, feature) === undefined;
}

/** The engine of a target that has not got a feature, not even with flags. */
function without({ engines, added }: Target, feature: Feature): string | undefined {
  if (added.has(feature)) return undefined;
  if (engines.length === 0) return 'the target';
  const engine = engines.find((engine) => flagsFor(engine, feature) === undefined);
  return engine && label(engine);
}

/** Of features that will do, one that all engines of a target have: without flags, if there is such a one. */
function pick(target: Target, choices: readonly Feature[]): Feature | undefined {
  return choices.find((feature) => hasFeature(target, feature)) ?? choices.find((feature) => canHave(target, feature));
}

/** Whether the engines of a target can run a strategy, be it with flags; what is missing if not. */
function lacking(target: Target, strategy: StrategyName): { engine: string; feature: Feature } | undefined {
  const choices = requirements[strategy].find((choices) => pick(target, choices) === undefined);
  return choices && { engine: without(target, choices[0]!)!, feature: choices[0]! };
}

function label({ name, version }: Target['engines'][number]): string {
  return name + (version[0] === Infinity ? '' : version.join('.'));
}

/** The strategies that a target can run; those that take flags are not among the `plain`. */
export function runnable(target: Target): { all: StrategyName[]; plain: StrategyName[] } {
  const all = (Object.keys(requirements) as StrategyName[]).filter((name) => !lacking(target, name));
  return {
    all,
    plain: all.filter((name) =>
      requirements[name].every((choices) => choices.some((feature) => hasFeature(target, feature))),
    ),
  };
}

/** All that modules of a strategy may make use of. */
export function usedFeatures(strategy: StrategyName): Feature[] {
  return [...requirements[strategy].flat(), ...(strategy === 'asyncify' ? (['multi-memory'] as const) : [])];
}

/** The flags that one engine needs for a strategy, as its command line takes them. */
export function engineFlags(target: Target, strategy: SwitchName): string[] {
  if (strategy === 'auto' || strategy === 'jump-table') return [];
  const picked = requirements[strategy].flatMap((choices) => pick(target, choices) ?? []);
  return target.engines.flatMap((engine) =>
    engines[engine.name]!.command ? picked.flatMap((feature) => flagsFor(engine, feature) ?? []) : [],
  );
}

/** Which engines have what a strategy needs, and from which release on, for people: `node 24.0; chromium 137; …`. */
export function whoRuns(strategy: StrategyName): string {
  return Object.entries(engines)
    .flatMap(([name, { features }]) => {
      const firsts = requirements[strategy].map((choices) => {
        const had = choices.flatMap((feature) => features[feature] ?? []);
        return had.map(({ since, flagged }) => flagged?.since ?? since![0]!).reduce(earlier, '');
      });
      if (firsts.includes('')) return [];
      const flags = engineFlags({ text: name, engines: [{ name, version: [Infinity] }], added: new Set() }, strategy);
      return [`${name} ${firsts.reduce(later, '0')}${flags.length > 0 ? ` with ${flags.join(' ')}` : ''}`];
    })
    .join('; ');
}

function later(a: string, b: string): string {
  return atLeast(parseVersion(a), parseVersion(b)) ? a : b;
}

function earlier(a: string, b: string): string {
  return a === '' || later(a, b) === a ? b : a;
}

/** The strategy that is used, and why it was chosen if that was left to us. */
export interface Choice {
  strategy: StrategyName | 'jump-table';
  /** One sentence; undefined where the strategy was named. */
  reason?: string;
}

/**
 * Chooses for `auto`, and holds what was named against the target.
 *
 * @param target undefined if nothing is known of it: any engine that Go supports.
 * @throws UnsupportedError if an engine of the target cannot run the strategy, or no module for `goos`.
 */
export function chooseSwitch(name: SwitchName, target: Target | undefined, goos?: Goos): Choice {
  const foreign = goos && target?.engines.find((engine) => !engines[engine.name]!.goos.includes(goos));
  if (foreign) {
    throw new UnsupportedError('GW2111', `${label(foreign)} does not run modules for GOOS=${goos}`, {
      hint: `it runs those for GOOS=${engines[foreign.name]!.goos.join(' and ')}`,
    });
  }
  if (name === 'jump-table') return { strategy: name };
  checkGoos(name, goos);
  if (name === 'auto') {
    const can = target === undefined ? ['resume'] : runnable(target).plain;
    const best = preferred.find(({ strategy }) => can.includes(strategy))!;
    const where = target === undefined ? 'any engine' : target.text;
    return { strategy: best.strategy, reason: `for ${where}: ${best.reason}` };
  }
  const missing = target && lacking(target, name);
  if (!missing) return { strategy: name };
  throw new UnsupportedError('GW2110', `${missing.engine} cannot run -switch=${name}: it has no ${missing.feature}`, {
    hint: `choose one of ${runnable(target).all.join(', ')}, auto; -switch=${name} runs in ${whoRuns(name)}`,
  });
}

/** Makes sure that a strategy can be had for a system, if that is known. @throws UnsupportedError */
export function checkGoos(name: SwitchName, goos: Goos | undefined): void {
  if (name !== 'jspi' || goos !== 'wasip1') return;
  throw new UnsupportedError('GW2107', 'the switch strategy jspi is for GOOS=js', {
    hint: 'choose -switch=resume or -switch=stack-switching',
  });
}
