import { Command, CommanderError } from 'commander';
import pc from 'picocolors';
import { version } from './assets.ts';
import { printError, UsageError } from './errors.ts';
import { GO_COMMANDS, type GoCommand } from './go-flags.ts';
import { DOCTOR_HELP, ENV_HELP, goHelp, goSummary, LINK_HELP, PROGRAM_HELP } from './help.ts';
import { DEFAULTS, ownFlag, type PipelineOptions, setOption } from './options.ts';
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
    // go's command lines follow go's rules, which are not commander's.
    if (isGoCommand(name)) return await (await import('./commands/go.ts')).goCommand(name, rest);
    return await runCommander(argv);
  } catch (error) {
    if (error instanceof GoFailed) {
      process.stderr.write(error.stderr);
      return error.exitCode;
    }
    printError(error, pc.createColors(process.stderr.isTTY === true && pc.isColorSupported).red);
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
  const link = program
    .command('link')
    .summary('Restores control flow in a module that go build has made.')
    .argument('<in.wasm>', 'the module')
    .requiredOption('-o, --output <out.wasm>', 'where to write the result')
    .addHelpText('after', LINK_HELP)
    .action(async (input: string, flags: Record<string, string | boolean>) => {
      const { linkCommand } = await import('./commands/link.ts');
      code = await linkCommand(input, String(flags.output), { ...DEFAULTS, ...given(flags) });
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
  for (const command of [link, env]) {
    command
      .option('--switch <strategy>', 'how goroutines are switched: resume, jump-table')
      .option('--structure <algorithm>', 'how control flow is structured: stackifier, relooper')
      .option('--verify-each', 'check the module after every stage');
  }
  env.option('--linkmode <mode>', 'auto, external, internal');
  program
    .command('doctor')
    .summary('Checks that all that is needed is there.')
    .addHelpText('after', DOCTOR_HELP)
    .action(async () => {
      code = await (await import('./commands/doctor.ts')).doctorCommand();
    });
  program
    .command('version')
    .summary('Prints the version.')
    .action(() => {
      process.stdout.write(`go-wasm ${version()}\n`);
    });

  if (argv.length === 0) {
    program.outputHelp();
    return 0;
  }
  try {
    await program.parseAsync(argv.map(twoDashes), { from: 'user' });
    return code;
  } catch (error) {
    if (!(error instanceof CommanderError)) throw error;
    if (error.exitCode === 0) return 0;
    throw usageError(error.message, argv);
  }
}

/** Our own flags are written with one dash, as go's are, or with two. */
function twoDashes(arg: string): string {
  const [, name] = /^-([a-zA-Z][^=]*)/.exec(arg) ?? [];
  return name !== undefined && name.length > 1 && (ownFlag(name) || name === 'json') ? `-${arg}` : arg;
}

/** The options among commander's flags. */
function given(flags: Record<string, string | boolean>): Partial<PipelineOptions> {
  const options: Partial<PipelineOptions> = {};
  for (const [key, value] of Object.entries(flags)) {
    const name = key === 'verifyEach' ? 'verify-each' : key;
    if (ownFlag(name)) setOption(options, name, String(value));
  }
  return options;
}

/** Commands of go's that need no pipeline. */
const PLAIN_GO = new Set('bug clean doc fix fmt generate get list mod telemetry tool vet work'.split(' '));

function usageError(message: string, argv: readonly string[]): UsageError {
  const [first, second] = message.replace(/^error: /, '').split('\n');
  const name = argv[0] ?? '';
  const hint = PLAIN_GO.has(name)
    ? `that is go's own: GOOS=js GOARCH=wasm go ${name}`
    : (second?.replace(/^\((.*)\)$/, '$1') ?? 'see go-wasm help');
  return new UsageError('GW5001', first ?? message, { hint });
}
