import { type GoProgram, Lifted, liftProgram, readProgram } from '@go-wasm/lift';
import { LimitError, UnsupportedError } from '@go-wasm/wasm';
import { type BinaryenLevel, binaryenLevels, optimize } from './binaryen.ts';
import { withDwarf } from './dwarf.ts';
import { functionStages, runFunction, takeFunctions } from './functions.ts';
import { type FunctionStage, type Level, LinkContext, levels, pipeline, type Stage } from './pipeline.ts';
import { mapped, type Places, placesAsTheyAre } from './places.ts';
import { type SourceMapOptions, sourceMap, withSourceMapUrl } from './source-map.ts';
import { strategies } from './strategies/index.ts';
import { type StructurerName, structurers } from './structurers.ts';
import { type Choice, chooseSwitch, parseTarget, requirements, type StrategyName, type SwitchName } from './targets.ts';
import { type Explainer, explainer } from './why.ts';
import { type LinkWorker, merge } from './workers.ts';

/** The names of the stages that can be left out. */
export const optionalPasses: readonly string[] = pipeline.filter(({ levels }) => levels).map(({ name }) => name);

/** Those of {@link optionalPasses} that are run at a level. */
export function passesAt(level: Level): string[] {
  return pipeline.filter(({ levels }) => levels?.includes(level)).map(({ name }) => name);
}

/** What the user can choose. */
export interface LinkOptions {
  /** How goroutines are switched: `jump-table` leaves the module as it is, `auto` takes the best for the target. Default `resume`. */
  switch?: SwitchName;
  /** The engines and features that the module is for: see {@link parseTarget}. Any engine that Go supports without it. */
  target?: string;
  /** How control flow is structured. Default `stackifier`. */
  structure?: StructurerName;
  /** Check each function's control flow after it was structured, and the whole module at the end: slow, for tests and bug reports. */
  verify?: boolean;
  /** How much is optimized; default `2`. */
  level?: Level;
  /** Optional stages of the pipeline to leave out, by name. */
  noPass?: readonly string[];
  /** Functions to leave in jump-table form, by Go's name for them: to find out which one makes a difference. */
  keep?: RegExp;
  /** Has Binaryen optimize what comes out: it must be installed. Not with a source map or DWARF, which cannot follow. */
  binaryen?: BinaryenLevel;
  /** Makes a source map as well. Of functions that Binaryen rewrites (`asyncify`) it has the first line only. */
  sourceMap?: SourceMapOptions;
  /** Puts DWARF into the module: functions, lines and inlined calls, for wasmtime and native debuggers. */
  dwarf?: boolean;
  /** Threads that take part, started for this link; the bytes are the same without. See {@link worker}. */
  workers?: readonly LinkWorker[];
  /** Called as functions are done. */
  onProgress?: (done: number, total: number) => void;
}

/** What was done, for `go-wasm report` and for the curious. Sizes in bytes, times in milliseconds. */
export interface LinkReport {
  goVersion: string;
  goos: 'js' | 'wasip1';
  switch: string;
  /** Why that strategy was chosen, where it was left to the linker. */
  reason?: string;
  structure: string;
  inputBytes: number;
  outputBytes: number;
  /** Functions in the module; of them structured; of them kept in jump-table form, with the reason of each. */
  functions: { total: number; structured: number; kept: { name: string; reason: string }[] };
  stages: { name: string; ms: number }[];
}

/** The new module, and what has been done. */
export interface LinkResult {
  bytes: Uint8Array;
  /** The source map that was asked for, as JSON. */
  sourceMap?: string;
  report: LinkReport;
  /** Why functions pay for the switching of goroutines, of what has been lifted already; not for `jump-table`. */
  explainer?: Explainer;
}

/**
 * Turns a module that Go's linker wrote (js/wasm or wasip1/wasm, Go 1.24–1.27) into one with structured control flow.
 *
 * @throws MalformedError, UnsupportedError, LimitError for input that cannot be processed, InternalError for our bugs.
 */
export async function link(input: Uint8Array, options: LinkOptions = {}): Promise<LinkResult> {
  if ((options.sourceMap || options.dwarf) && options.binaryen) {
    const [what, flag] = options.sourceMap ? ['a source map', '-sourcemap'] : ['DWARF', '-dwarf'];
    throw new UnsupportedError('GW2108', `${what} cannot follow Binaryen's optimizer`, {
      hint: `leave out ${flag} or -O=binaryen`,
    });
  }
  if (options.switch === 'jump-table') return identity(input, options);
  const tooLarge = new Map<string, string>();
  for (;;) {
    try {
      return await linkOnce(input, options, tooLarge);
    } catch (error) {
      // A function that outgrows a limit stays as it is, and all else is done anew: it is called in another way then.
      const { function: name, pass } = error instanceof LimitError ? error.where : {};
      if (name === undefined || pass === undefined || tooLarge.has(name)) throw error;
      tooLarge.set(name, (error as LimitError).message);
      options = { ...options, workers: [] }; // they have had their input
    }
  }
}

async function linkOnce(
  input: Uint8Array,
  options: LinkOptions,
  tooLarge: ReadonlyMap<string, string>,
): Promise<LinkResult> {
  const { cx, stages, reason } = prepare(input, options, tooLarge);
  if (options.sourceMap || options.dwarf) cx.places = [];
  cx.binaryen = options.binaryen;
  const times = await run(stages, cx, options);

  const { program, lifted } = cx;
  const kept = [];
  let structured = 0;
  for (let f = 0; f < program.functions; f++) {
    if (lifted.isLifted(f)) structured++;
    else if (program.isGo[f] === 1) kept.push({ name: program.names[f]!, reason: lifted.reason[f] ?? 'unknown' });
  }
  return {
    ...described(cx.program, cx.lifted, cx.places ?? [], cx.output, options),
    explainer: explainer(program, lifted),
    report: {
      goVersion: program.goVersion,
      goos: program.goos,
      switch: cx.strategy.name,
      ...(reason !== undefined && { reason }),
      structure: cx.structurer.name,
      inputBytes: input.length,
      outputBytes: cx.output.length,
      functions: { total: program.functions, structured, kept },
      stages: stages.map(({ name }, k) => ({ name, ms: times[k]! })),
    },
  };
}

/**
 * The stages that `options` ask for, and what they work on.
 *
 * @param tooLarge functions that are left as they are, and why.
 * @throws UnsupportedError for a choice that there is not, or that the target cannot run.
 */
export function prepare(
  input: Uint8Array,
  options: LinkOptions,
  tooLarge?: ReadonlyMap<string, string>,
): { cx: LinkContext; stages: readonly Stage[]; reason: Choice['reason'] } {
  const { switch: asked = 'resume', structure = 'stackifier', level = '2', noPass = [] } = options;
  const structurer = structurers[structure];
  if (asked === 'jump-table' || (asked !== 'auto' && !Object.hasOwn(requirements, asked)))
    throw unknownChoice('switch strategy', asked, ['auto', 'jump-table', ...Object.keys(strategies)]);
  const target = options.target ? parseTarget(options.target) : undefined;
  const { strategy: name, reason } = chooseSwitch(asked, target);
  const strategy = strategies[name as StrategyName];
  if (structurer === undefined) throw unknownChoice('structurer', structure, Object.keys(structurers));
  const { binaryen } = options;
  if (binaryen !== undefined && !binaryenLevels.includes(binaryen))
    throw unknownChoice("level of Binaryen's", binaryen, binaryenLevels);
  if (!levels.includes(level)) throw unknownChoice('level of optimization', level, levels);
  for (const name of noPass) if (!optionalPasses.includes(name)) throw unknownChoice('pass', name, optionalPasses);
  const stages = pipeline.filter(
    ({ name, strategy: only, notFor, asked, levels = [level] }) =>
      !noPass.includes(name) &&
      levels.includes(level) &&
      (only ?? strategy.name) === strategy.name &&
      notFor !== strategy.name &&
      (asked === undefined || options[asked] !== undefined),
  );
  const keep = (name: string): string | undefined => (options.keep?.test(name) ? 'asked for' : tooLarge?.get(name));
  const cx = new LinkContext(input, strategy, structurer, keep, target);
  if (stages.some(({ name }) => name === 'branch-hints')) cx.hints = [];
  return { reason, cx, stages };
}

/** Runs the stages in order. Returns the milliseconds that each has taken. */
async function run(stages: readonly Stage[], cx: LinkContext, options: LinkOptions): Promise<Float64Array> {
  const { verify, onProgress, workers = [] } = options;
  cx.onProgress = onProgress;
  // Asyncify keeps notes while it lowers, and most of the time goes into what follows.
  cx.shared = workers.length > 0 && cx.strategy.name !== 'asyncify';
  if (cx.shared) for (const worker of workers) worker.post(cx.input);
  const times = new Float64Array(stages.length);
  for (let s = 0; s < stages.length; ) {
    const stage = stages[s]!;
    if ('run' in stage) {
      const start = performance.now();
      await stage.run(cx);
      times[s++] = performance.now() - start;
      if (verify) stage.check?.(cx);
      continue;
    }
    const group = functionStages(stages);
    await runFunctions(cx, group, times.subarray(s, s + group.length), options);
    s += group.length;
  }
  return times;
}

/** Puts all functions through the stages, with workers if there are any. */
async function runFunctions(
  cx: LinkContext,
  stages: readonly FunctionStage[],
  times: Float64Array,
  options: LinkOptions,
): Promise<void> {
  const { workers = [], onProgress: _, sourceMap: __, ...given } = options;
  const { verify } = options;
  const { lifted, neverReturns, mayUnwind } = cx;
  const next = new Int32Array(cx.shared ? new SharedArrayBuffer(4) : new ArrayBuffer(4));
  const missing = Uint8Array.from({ length: lifted.units }, (_, f) => (lifted.isLifted(f) ? 1 : 0));
  const done = (f: number): void => {
    missing[f] = 0;
  };
  const helping = cx.shared ? workers : [];
  const places = cx.places !== undefined;
  for (const worker of helping) worker.post({ options: given, lifted, neverReturns, mayUnwind, next, places });
  takeFunctions(cx, stages, next, { verify, times, done });
  for (const worker of helping) {
    if (!missing.includes(1)) break; // it has come too late to take any
    // What a thread leaves undone, for whatever reason, is done here.
    const theirs = await worker.done.catch(() => undefined);
    if (theirs) merge(cx, theirs, done);
  }
  for (let f = missing.indexOf(1); f >= 0; f = missing.indexOf(1, f + 1)) runFunction(cx, stages, f, verify, times);
}

/** The module, with what was asked for to debug it. */
function described(
  program: GoProgram,
  lifted: Lifted,
  places: readonly (Places | undefined)[],
  output: Uint8Array,
  options: LinkOptions,
): Pick<LinkResult, 'bytes' | 'sourceMap'> {
  if (!options.sourceMap && !options.dwarf) return { bytes: output };
  const all = mapped(program, lifted, places, output);
  const bytes = options.dwarf ? withDwarf(all) : output;
  if (!options.sourceMap) return { bytes };
  const map = sourceMap(all, options.sourceMap.content);
  return { bytes: withSourceMapUrl(bytes, options.sourceMap.url(map)), sourceMap: map };
}

async function identity(input: Uint8Array, options: LinkOptions): Promise<LinkResult> {
  const start = performance.now();
  const program = readProgram(input);
  const lifted = options.sourceMap || options.dwarf ? liftProgram(program) : new Lifted(program.functions);
  const output = options.binaryen ? await optimize(input, options.binaryen, []) : input;
  return {
    ...described(program, lifted, placesAsTheyAre(program, lifted), output, options),
    report: {
      goVersion: program.goVersion,
      goos: program.goos,
      switch: 'jump-table',
      structure: 'none',
      inputBytes: input.length,
      outputBytes: output.length,
      functions: { total: program.functions, structured: 0, kept: [] },
      stages: [{ name: 'decode', ms: performance.now() - start }],
    },
  };
}

function unknownChoice(what: string, given: string, known: readonly string[]): UnsupportedError {
  return new UnsupportedError('GW2105', `there is no ${what} '${given}'`, {
    hint: `choose one of ${known.join(', ')}`,
  });
}
