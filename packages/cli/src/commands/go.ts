import { execFile } from 'node:child_process';
import { resolve } from 'node:path';
import { promisify } from 'node:util';
import type { BrowserServer } from 'playwright-core';
import { ENDPOINT_VARIABLE, isBrowser, serveBrowser } from '../browser.ts';
import { cacheFolder } from '../cache-folder.ts';
import { strategyFor, thisHost } from '../engine.ts';
import { UsageError } from '../errors.ts';
import { execFlag, withNode } from '../exec.ts';
import { type GoCommand, type GoCommandLine, parseGoArgs, parseGoflags } from '../go-flags.ts';
import { goHelp } from '../help.ts';
import { DEFAULTS } from '../options.ts';
import { type Placement, place } from '../placement.ts';
import { TERMINAL_VARIABLE, VERBOSE_VARIABLE, watched } from '../progress.ts';
import { joinQuoted } from '../quoted.ts';
import { runGo } from '../run-go.ts';
import { shim, toolexecFlag, withoutShim } from '../shim.ts';
import { moveMapsOut } from '../source-map.ts';
import { targetEnv, toolchain } from '../toolchain.ts';
import { type EmittedModule, moduleBuild, writeModule } from './emit-module.ts';

/** What others than the command line do in another way. */
export interface GoHooks {
  /** Runs go, with arguments and an environment. Gives its exit code. */
  run?: typeof runGo;
  /** Takes what `-emit=module` has made. */
  emit?: (module: EmittedModule) => void;
}

/**
 * `go-wasm build`, `run`, `test`, `install`: go's own command for wasm, with the pipeline behind its linker.
 *
 * @returns go's exit code.
 */
export async function goCommand(
  command: GoCommand,
  argv: readonly string[],
  { run = runGo, emit = writeModule }: GoHooks = {},
): Promise<number> {
  let line = parseGoArgs(command, argv);
  if (line.help) {
    process.stdout.write(goHelp(command));
    return 0;
  }
  const runs = command === 'run' || command === 'test';
  const target = targetEnv(process.env);
  const go = await toolchain(target, line.chdir);
  const goflags = parseGoflags(go.GOFLAGS);
  const options = { ...DEFAULTS, ...goflags.options, ...line.options };
  const folder = resolve(line.chdir ?? '.');
  const env: NodeJS.ProcessEnv = runs ? withNode(target) : { ...target };
  // An empty value would mean the one that `go env -w` has set.
  if (goflags.rest !== go.GOFLAGS) env.GOFLAGS = goflags.rest || ' ';
  const module = line.emit === 'module' ? await moduleBuild(line, go, env, folder) : undefined;
  if (module) line = module.line;
  const output = line.values.get('o');
  const mapsApart = options.sourcemap === 'file';
  if (mapsApart && (output === undefined || options.linkmode === 'internal')) {
    throw new UsageError('GW5001', '-sourcemap=file needs -o, and a linkmode that is not internal', {
      hint: 'say where the program goes, with -o FILE or -o FOLDER/, or have the map in it with -sourcemap=inline',
    });
  }

  const runsHere = runs && !line.values.has('exec') && !goflags.exec;
  // go takes the name relative to -outputdir, or to the folder that it was started in.
  const cpuprofile =
    runsHere && line.cpuprofile !== undefined
      ? resolve(folder, line.values.get('outputdir') ?? '', line.cpuprofile)
      : undefined;
  if (cpuprofile !== undefined && options.sourcemap === 'none') {
    options.sourcemap = 'inline';
    // As stock Go links it, but with the map.
    if (options.linkmode === 'internal') Object.assign(options, { linkmode: 'auto', switch: 'jump-table' });
  }
  if (options.linkmode !== 'internal') {
    // Before anything is built: whether the target can run it.
    const { strategy, reason } = strategyFor(
      options,
      target.GOOS,
      runsHere ? () => thisHost(target.GOOS, line.host) : undefined,
    );
    options.switch = strategy;
    // What asyncify makes of a program depends on the engine.
    if (runsHere && strategy === 'asyncify' && options.target === '')
      options.target = thisHost(target.GOOS, line.host)?.text ?? '';
    if (reason !== undefined && isOn(line, 'v'))
      process.stderr.write(`go-wasm: -switch=auto is ${strategy}, ${reason}\n`);
  }

  if (watched()) env[TERMINAL_VARIABLE] = '1';
  if (line.verbose) env[VERBOSE_VARIABLE] = '1';

  const flags: string[] = [];
  let browser: BrowserServer | undefined;
  const wrapper = withoutShim(line.toolexec ?? goflags.toolexec) ?? [];
  if (options.linkmode !== 'internal')
    flags.push(`-toolexec=${toolexecFlag(await shim(go), options, wrapper, folder)}`);
  else if (wrapper.length > 0) flags.push(`-toolexec=${joinQuoted(wrapper)}`);
  if (runsHere) {
    const strategy = options.linkmode === 'internal' || options.switch === 'auto' ? 'jump-table' : options.switch;
    const { host } = line;
    flags.push(`-exec=${execFlag(go, { goos: target.GOOS, strategy, host, fetch: command === 'run', cpuprofile })}`);
    // The tests of several packages run at once: one browser for all of them.
    if (command === 'test' && isBrowser(host)) browser = await serveBrowser(host, strategy);
    if (browser) env[ENDPOINT_VARIABLE] = browser.wsEndpoint();
  } else if (line.host !== undefined) {
    throw new UsageError('GW5001', '-host and -exec exclude each other');
  }

  const chdir = line.chdir === undefined ? [] : ['-C', line.chdir];
  const placement = await placeOutput(command, line, folder, env);
  if (placement?.workFolder !== undefined) env.GOTMPDIR = placement.workFolder;
  const staged = placement?.output === undefined ? [] : ['-o', placement.output];
  const args = [...flags, ...line.args.slice(0, line.flags), ...staged, ...line.args.slice(line.flags)];
  let code: number | undefined;
  let emitted: EmittedModule | undefined;
  try {
    code = await run([command, ...chdir, ...args], env);
  } finally {
    placement?.finish(code === 0);
    emitted = module?.finish(code === 0);
    await browser?.close();
  }
  if (emitted) emit(emitted);
  if (code === 0 && mapsApart && !isOn(line, 'n')) moveMapsOut(resolve(folder, output!));
  return code;
}

/** Whether a flag of go's without a value is set. */
function isOn(line: GoCommandLine, flag: string): boolean {
  return /^(1|t|true)$/i.test(line.values.get(flag) ?? '');
}

/** Sees to it that go replaces what it writes in one step. Undefined for a command that writes nothing. */
async function placeOutput(
  command: GoCommand,
  line: GoCommandLine,
  folder: string,
  env: NodeJS.ProcessEnv,
): Promise<Placement | undefined> {
  const output = line.values.get('o');
  const writes = command === 'test' ? output !== undefined || isOn(line, 'c') : command !== 'run';
  if (!writes || isOn(line, 'n')) return undefined;
  const writesHere = async () => {
    if (command !== 'build') return command === 'test';
    // go build writes a file if there is one package, and it is a program.
    const flags = ['tags', 'mod', 'modfile', 'overlay'].filter((flag) => line.values.has(flag));
    const given = flags.map((flag) => `-${flag}=${line.values.get(flag)}`);
    const args = ['list', '-find', '-f', '{{.Name}}', ...given, ...line.args.slice(line.flags)];
    const names = await promisify(execFile)('go', args, { env, cwd: folder }).catch(() => undefined);
    return names?.stdout.trim() === 'main';
  };
  return place({ output, folder, writesHere }, cacheFolder(), env);
}
