import { Command, CommanderError } from 'commander';
import { version } from './assets.ts';
import { colorsOf } from './colors.ts';
import { printError, UsageError } from './errors.ts';
import { GO_COMMANDS, type GoCommand } from './go-flags.ts';
import {
  CFG_HELP,
  CLEAN_HELP,
  COMPLETION_HELP,
  DOCTOR_HELP,
  DUMP_HELP,
  ENV_HELP,
  goHelp,
  goSummary,
  LINK_HELP,
  PROFILE_HELP,
  PROGRAM_HELP,
  REPORT_HELP,
  SERVE_HELP,
  SERVE_SUMMARY,
  SYMBOLIZE_HELP,
  VERSION_HELP,
  WHY_HELP,
} from './help.ts';
import { DEFAULTS, ownFlag, type PipelineOptions, setOption, spelledOut } from './options.ts';
import { GoFailed } from './toolchain.ts';

/**
 * The `go-wasm` command.
 *
 * @param argv the arguments, without Node and the script.
 * @returns the exit code; everything to be said has been said.
 */
export async function main(argv: readonly string[]): Promise<number> {
  try {
    const [name, ...rest] = argv;
    // What needs go, and would only say that it is not there.
    if (isGoCommand(name) || name === 'serve' || name === 'env') {
      const { provideGo } = await import('./fetch-go.ts');
      const help = rest.some((arg) => /^--?h(elp)?$/.test(arg));
      await provideGo(help ? 'no' : rest.includes('--yes') || rest.includes('-yes') ? 'yes' : 'ask');
    }
    // go's command lines follow go's rules, which are not commander's.
    if (isGoCommand(name)) return await (await import('./commands/go.ts')).goCommand(name, rest);
    if (name === 'serve') return await (await import('./commands/serve.ts')).serveCommand(rest);
    return await runCommander(argv);
  } catch (error) {
    if (error instanceof GoFailed) {
      process.stderr.write(error.stderr);
      return error.exitCode;
    }
    printError(error, colorsOf(process.stderr).red);
    return 1;
  }
}

function isGoCommand(name: string | undefined): name is GoCommand {
  return GO_COMMANDS.some((command) => command === name);
}

/** The commands of ours. The modules behind them are loaded when they are needed. */
async function runCommander(argv: readonly string[]): Promise<number> {
  let code = 0;
  const program = new Command('go-wasm')
    .description('Go on WebAssembly, fast: wraps go, and restores structured control flow when it links.')
    .version(`go-wasm ${version()}`, '--version', 'print the version')
    .helpOption('-h, --help', 'print this help')
    .helpCommand('help [command]', 'print help, for one command or for all')
    .addHelpText('after', PROGRAM_HELP)
    .configureOutput({ outputError: () => {} })
    .exitOverride();
  for (const name of GO_COMMANDS) {
    const command = program.command(name).summary(goSummary(name));
    command.helpInformation = () => goHelp(name);
  }
  // Its flags are those of go build, too.
  program.command('serve').summary(SERVE_SUMMARY).helpInformation = () => SERVE_HELP;
  const link = program
    .command('link')
    .summary('Restores control flow in a module that go build has made.')
    .argument('<in.wasm>', 'the module')
    .requiredOption('-o, --output <out.wasm>', 'where to write the result')
    .option('--verbose', 'say how long each stage takes')
    .addHelpText('after', LINK_HELP)
    .action(async (input: string, flags: Record<string, string | boolean>) => {
      const { linkCommand } = await import('./commands/link.ts');
      const options = { ...DEFAULTS, ...given(flags) };
      code = await linkCommand(input, String(flags.output), options, flags.verbose === true);
    });
  const env = program
    .command('env')
    .summary('Prints the environment in which plain go build uses the pipeline.')
    .option('--json', 'print it as JSON')
    .addHelpText('after', ENV_HELP)
    .action(async (flags: Record<string, string | boolean>) => {
      const { envCommand } = await import('./commands/env.ts');
      code = await envCommand(given(flags), flags.json === true);
    });
  const cfg = program
    .command('cfg')
    .summary("Prints and draws a function's control-flow graph, and what is made of it.")
    .argument('<in.wasm>', 'a module that go build has made')
    .argument('[function]', "Go's name for it, the end of that name, or a regular expression; without it: a list")
    .option('--code', "print each block's instructions")
    .option('--svg [file]', 'draw both: file.graph.svg and file.structure.svg; named after the function without a file')
    .addHelpText('after', CFG_HELP)
    .action(async (input: string, name: string | undefined, flags: Record<string, string | boolean>) => {
      const { cfgCommand } = await import('./commands/cfg.ts');
      const { code, svg } = flags;
      await cfgCommand(input, name, { ...DEFAULTS, ...given(flags) }, { code: code === true, svg: svg as string });
    });
  program
    .command('why')
    .summary('Says why a function pays for the switching of goroutines, by the shortest chain of calls.')
    .argument('<in.wasm>', 'a module that go build has made')
    .argument('[function]', "Go's name for it, the end of that name, or a regular expression")
    .option('--all', 'a summary of all functions, as without a function')
    .option('--switch <strategy>', 'one strategy only: see go-wasm help build')
    .option('--target <names>', 'engines and features that auto chooses for: see go-wasm help build')
    .option('--keep <regexp>', 'functions to leave as they are')
    .option('--json', 'print it as JSON')
    .addHelpText('after', WHY_HELP)
    .action(async (input: string, name: string | undefined, flags: Record<string, string | boolean>) => {
      if (flags.all === true && name !== undefined) {
        throw new UsageError('GW5001', '--all and a function exclude each other');
      }
      const { whyCommand } = await import('./commands/why.ts');
      const options = given(flags);
      whyCommand(input, name, options.switch, { ...DEFAULTS, ...options }, flags.json === true);
    });
  const report = program
    .command('report')
    .summary('Shows where the bytes of a module are, and what linking changes.')
    .argument('<module.wasm>', "a module of Go's, linked by go-wasm or not")
    .argument('[other.wasm]', 'another one, to compare with')
    .option('--json', 'print it as JSON')
    .option('--html <file>', 'write it as one page, with a map of packages and functions')
    .addHelpText('after', REPORT_HELP)
    .action(async (file: string, other: string | undefined, flags: Record<string, string | boolean>) => {
      const { reportCommand } = await import('./commands/report.ts');
      const options = { json: flags.json === true, html: flags.html as string | undefined };
      await reportCommand(file, other, { ...DEFAULTS, ...given(flags) }, options);
    });
  for (const command of [link, env, cfg, report]) {
    command
      .option('--switch <strategy>', 'how goroutines are switched: see go-wasm help build')
      .option('--target <names>', 'engines and features that the module is for: see go-wasm help build')
      .option('--structure <algorithm>', 'how control flow is structured: stackifier, relooper')
      .option('--no-pass <names>', 'passes to leave out')
      .option('--keep <regexp>', 'functions to leave as they are')
      .option('--verify-each', 'check the module after every stage');
  }
  for (const command of [link, env]) {
    command.option(
      '--O <level>',
      "0, 1, 2, 3 or s; binaryen:1 … binaryen:z for Binaryen's optimizer: see go-wasm help build",
    );
  }
  for (const command of [link, env]) {
    command
      .option('--sourcemap <kind>', 'none, inline, file: see go-wasm help build')
      .option('--dwarf', 'DWARF for wasmtime and native debuggers');
  }
  env.option('--linkmode <mode>', 'auto, external, internal');
  program
    .command('symbolize')
    .summary("Puts Go's functions, files and lines into an engine's trace.")
    .argument('<map>', 'the source map of the module')
    .argument('[trace]', 'a file; standard input without it')
    .addHelpText('after', SYMBOLIZE_HELP)
    .action(async (map: string, trace: string | undefined) => {
      (await import('./commands/symbolize.ts')).symbolizeCommand(map, trace);
    });
  program
    .command('profile')
    .summary('Makes a profile for go tool pprof of one that DevTools or Node has written.')
    .argument('<in.cpuprofile>', 'the CPU profile')
    .argument('[map]', 'the source map of the module, or the module with the map in it')
    .requiredOption('-o, --output <out.pb.gz>', 'where to write the result')
    .addHelpText('after', PROFILE_HELP)
    .action(async (profile: string, map: string | undefined, flags: Record<string, string | boolean>) => {
      (await import('./commands/profile.ts')).profileCommand(profile, String(flags.output), map);
    });
  program
    .command('doctor')
    .summary('Checks that all that is needed is there.')
    .option('--json', 'print it as JSON')
    .addHelpText('after', DOCTOR_HELP)
    .action(async (flags: Record<string, string | boolean>) => {
      code = await (await import('./commands/doctor.ts')).doctorCommand(flags.json === true);
    });
  program
    .command('dump')
    .summary('Prints what an analysis of the whole program has found, a line for each function.')
    .argument('<in.wasm>', 'a module that go build has made')
    .argument('<analysis>', 'calls, never-returns, may-unwind or frames')
    .argument('[functions]', "a regular expression for Go's names of functions; all without it")
    .option('--keep <regexp>', 'functions to leave as they are')
    .addHelpText('after', DUMP_HELP)
    .action(async (input: string, name: string, match: string | undefined, flags: Record<string, string>) => {
      (await import('./commands/dump.ts')).dumpCommand(input, name, match, { ...DEFAULTS, ...given(flags) });
    });
  program
    .command('clean')
    .summary('Removes what go-wasm has kept in its cache folder.')
    .option('--all', 'what is fetched or built for this machine, too')
    .addHelpText('after', CLEAN_HELP)
    .action(async (flags: Record<string, string | boolean>) => {
      (await import('./commands/clean.ts')).cleanCommand(flags.all === true);
    });
  program
    .command('completion')
    .summary('Prints what a shell needs to complete commands and flags.')
    .argument('<shell>', 'bash, zsh, fish or powershell')
    .addHelpText('after', COMPLETION_HELP)
    .action(async (shell: string) => {
      (await import('./commands/completion.ts')).completionCommand(program, shell);
    });
  program
    .command('version')
    .summary('Prints the version.')
    .addHelpText('after', VERSION_HELP)
    .action(() => {
      process.stdout.write(`go-wasm ${version()}\n`);
    });

  if (argv.length === 0) {
    program.outputHelp();
    return 0;
  }
  try {
    // help is a command of the library, for which it has no help.
    const args = argv[0] === 'help' && argv[1] === 'help' ? ['help'] : argv;
    await program.parseAsync(args.map(twoDashes), { from: 'user' });
    return code;
  } catch (error) {
    if (!(error instanceof CommanderError)) throw error;
    if (error.exitCode === 0) return 0;
    throw usageError(error.message, argv);
  }
}

/** Our own flags are written with one dash, as go's are, or with two. */
function twoDashes(argument: string): string {
  const arg = spelledOut(argument);
  // Its value never stands apart: what follows may be an argument.
  if (/^--?svg$/.test(arg)) return '--svg=';
  const [, name] = /^-([a-zA-Z][^=]*)/.exec(arg) ?? [];
  const long =
    name !== undefined &&
    (name.length > 1 || name === 'O') &&
    (ownFlag(name) || ['all', 'code', 'html', 'json', 'svg', 'verbose'].includes(name));
  return long ? `-${arg}` : arg;
}

/** The options among commander's flags. */
function given(flags: Record<string, string | boolean>): Partial<PipelineOptions> {
  const options: Partial<PipelineOptions> = {};
  for (const [key, value] of Object.entries(flags)) {
    // For commander, --no-pass is the opposite of --pass, which is there unless something else is said.
    if (key === 'pass' && value === true) continue;
    const name = { verifyEach: 'verify-each', pass: 'no-pass' }[key] ?? key;
    if (ownFlag(name)) setOption(options, name, String(value));
  }
  return options;
}

/** Commands of go's that need no pipeline. */
const PLAIN_GO = new Set('bug doc fix fmt generate get list mod telemetry tool vet work'.split(' '));

function usageError(message: string, argv: readonly string[]): UsageError {
  const [first, second] = message.replace(/^error: /, '').split('\n');
  const name = argv[0] ?? '';
  const hint = PLAIN_GO.has(name)
    ? `that is go's own: GOOS=js GOARCH=wasm go ${name}`
    : (second?.replace(/^\((.*)\)$/, '$1') ?? 'see go-wasm help');
  return new UsageError('GW5001', first ?? message, { hint });
}
