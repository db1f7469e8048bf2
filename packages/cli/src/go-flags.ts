import { UsageError } from './errors.ts';
import { type HostName, parseHost } from './exec.ts';
import { suggest } from './find.ts';
import { choices, ownFlag, type PipelineOptions, setOption, spelledOut } from './options.ts';
import { joinQuoted, splitQuoted } from './quoted.ts';

/** The commands of `go` that link a program. */
export const GO_COMMANDS = ['build', 'run', 'test', 'install'] as const;
export type GoCommand = (typeof GO_COMMANDS)[number];

/**
 * The flags of `go build`, `run`, `test` and `install` that take a value, which may be the next argument (cmd/go:
 * work.AddBuildFlags, work.AddCoverFlags, test.testFlags; Go 1.24–1.27). Every other flag is boolean: its value, if any,
 * follows an `=`. A test asks the toolchain in use whether that is so.
 */
export const VALUE_FLAGS: ReadonlySet<string> = new Set(
  `asmflags buildmode C compiler covermode coverpkg coverprofile debug-actiongraph debug-runtime-trace debug-trace exec
  gccgoflags gcflags installsuffix ldflags mod modfile o overlay p pgo pkgdir tags toolexec
  bench benchtime blockprofile blockprofilerate count cpu cpuprofile fuzz fuzzminimizetime fuzztime list memprofile
  memprofilerate mutexprofile mutexprofilefraction outputdir parallel run shuffle skip timeout trace vet`.split(/\s+/),
);

/** The boolean flags of `go test`: only it must tell its own flags from the test's. */
export const BOOLEAN_FLAGS: ReadonlySet<string> = new Set(
  `a artifacts asan benchmem buildvcs c cover failfast fullpath json linkshared modcacherw msan n race short trimpath v
  work x`.split(/\s+/),
);

/** Of those, the flags of `go test` alone. */
export const TEST_FLAGS: ReadonlySet<string> = new Set(
  `artifacts benchmem c failfast fullpath json short bench benchtime blockprofile blockprofilerate count cpu cpuprofile
  fuzz fuzzminimizetime fuzztime list memprofile memprofilerate mutexprofile mutexprofilefraction outputdir parallel run
  shuffle skip timeout trace vet`.split(/\s+/),
);

/** The flags that the test binary gets as well: `-test.run` is `-run` (cmd/go/internal/test/flagdefs.go). */
const TEST_PREFIX = /^test\./;

/** Our flags. */
const OWN: readonly string[] = [...Object.keys(choices()), 'emit', 'host', 'verbose'].filter((name) => name.length > 1);

/** A command line of go with our own flags taken out. */
export interface GoCommandLine {
  /** The folder that `-C` names, as go sees it. */
  chdir: string | undefined;
  /** Our own options that were given. */
  options: Partial<PipelineOptions>;
  /** Where to run the program: the value of `-host`. */
  host: HostName | undefined;
  /** Where to write a CPU profile: the value of `-cpuprofile`, as it was given. */
  cpuprofile: string | undefined;
  /** Whether to say how long each stage of a link takes. */
  verbose: boolean;
  /** What go gets, in order, without `-C`, `-toolexec` and our flags; `-linkmode` is gone from `-ldflags`. */
  args: string[];
  /** Of `args`: how many come before the package list (all of them, for `go test`, up to the test's own arguments). */
  flags: number;
  /** The user's `-toolexec`, as words. */
  toolexec: string[] | undefined;
  /** The values of the flags that decide what is written or run; the last one counts. */
  values: Map<string, string>;
  /** What `-emit` says that a build writes: the program, or a JavaScript module that runs it. */
  emit: 'wasm' | 'module';
  /** The user asks for help. */
  help: boolean;
}

/**
 * Takes a command line of go apart, as far as go-wasm must know it: our flags, wherever go would take a flag of its own,
 * `-toolexec`, `-ldflags`. What go would refuse stays as it is: go has the better words for it.
 *
 * @throws UsageError for a value that a flag of ours does not take.
 */
export function parseGoArgs(command: GoCommand, argv: readonly string[]): GoCommandLine {
  const line: GoCommandLine = {
    chdir: undefined,
    options: {},
    host: undefined,
    cpuprofile: undefined,
    verbose: false,
    args: [],
    flags: 0,
    toolexec: undefined,
    values: new Map(),
    emit: 'wasm',
    help: false,
  };
  let i = 0;
  // go takes -C only as the first argument.
  const chdir = /^--?C(?:=(.*))?$/s.exec(argv[0] ?? '');
  if (chdir && (chdir[1] !== undefined || argv.length > 1)) {
    line.chdir = chdir[1] ?? argv[1]!;
    i = chdir[1] === undefined ? 2 : 1;
  }
  // For `go test`: `packages` is the list being read, `after` what follows it.
  let place: 'flags' | 'packages' | 'after' = 'flags';
  let mayBeValue = false;
  for (; i < argv.length; i++) {
    const arg = spelledOut(argv[i]!);
    const [, name, equals, inline] = /^--?([^-=][^=]*)(=)?(.*)$/s.exec(arg) ?? [];
    if (name === undefined) {
      if (arg.startsWith('-') && arg !== '-') break; // `--` and what is no flag at all
      if (command !== 'test') break;
      // cmd/go's testFlags: a word after the package list is the value of a flag of the test, or the first of its arguments.
      if (place === 'after' && !mayBeValue) break;
      if (place === 'flags') place = 'packages';
      mayBeValue = false;
      line.args.push(arg);
      continue;
    }
    if (place === 'packages') place = 'after';
    mayBeValue = false;
    if (name === 'host' && (command === 'run' || command === 'test')) {
      line.host = parseHost(equals ? inline : argv[++i]);
      continue;
    }
    if (name === 'cpuprofile' && command === 'run') {
      line.cpuprofile = equals ? inline : argv[++i];
      if (!line.cpuprofile) throw new UsageError('GW5001', '-cpuprofile needs the name of a file');
      continue;
    }
    if (name === 'yes' && !equals) continue; // main.ts has looked at it
    if (name === 'verbose' && !equals) {
      line.verbose = true;
      continue;
    }
    const own = ownFlag(name);
    if (own) {
      const apart = own === 'value' && !equals;
      setOption(line.options, name, equals ? inline : apart ? argv[++i] : undefined);
      continue;
    }
    if (name === 'emit' && command === 'build') {
      const kind = equals ? inline : argv[++i];
      if (kind !== 'wasm' && kind !== 'module') {
        throw new UsageError('GW5001', `-emit=${kind ?? ''} is unknown`, { hint: '-emit takes wasm, module' });
      }
      line.emit = kind;
      continue;
    }
    if (place === 'flags' && /^(h|help)$/.test(name)) line.help = true;
    const known = name.replace(TEST_PREFIX, '');
    if (command === 'test' && !VALUE_FLAGS.has(known) && !BOOLEAN_FLAGS.has(known)) {
      if (name === 'args') break;
      // A flag of the test: no package can follow.
      place = 'after';
      mayBeValue = !equals;
      line.args.push(arg);
      continue;
    }
    if (!VALUE_FLAGS.has(known) && !BOOLEAN_FLAGS.has(known)) {
      // go knows nothing of ours.
      const near = suggest(OWN, name);
      if (near !== '') throw new UsageError('GW5001', `there is no flag -${name}`, { hint: near.trim() });
    }
    if (!VALUE_FLAGS.has(known) || (!equals && i + 1 === argv.length)) {
      line.values.set(name, equals ? inline! : 'true');
      line.args.push(arg);
      continue;
    }
    const value = equals ? inline! : argv[++i]!;
    const toolexec = name === 'toolexec' ? splitQuoted(value) : undefined;
    if (toolexec) {
      line.toolexec = toolexec;
      continue;
    }
    if (known === 'cpuprofile' && command === 'test') line.cpuprofile = value;
    let kept = value;
    if (name === 'ldflags') {
      const taken = takeLinkmode(value);
      kept = taken.kept;
      Object.assign(line.options, taken.options);
    }
    line.values.set(name, kept);
    line.args.push(...(!equals ? [arg, kept] : [kept === value ? arg : `-${name}=${kept}`]));
  }
  line.flags = line.args.length;
  line.args.push(...argv.slice(i));
  return line;
}

/**
 * Takes `-linkmode` out of a value of `-ldflags` (`[pattern=]flags`), because go refuses `external` for wasm.
 * A value without it comes back as it was.
 */
function takeLinkmode(value: string): { kept: string; options: Partial<PipelineOptions> } {
  const options: Partial<PipelineOptions> = {};
  const [, pattern = '', flags] = /^\s*((?!-)[^=]*=)?(.*)$/s.exec(value)!;
  const words = splitQuoted(flags!);
  if (!words?.some((word) => LINKMODE.test(word))) return { kept: value, options };
  const kept: string[] = [];
  for (let i = 0; i < words.length; i++) {
    const word = words[i]!;
    const linkmode = LINKMODE.exec(word);
    if (linkmode) setOption(options, 'linkmode', linkmode[1] ?? words[++i]);
    else if (/^--?X$/.test(word) && i + 1 < words.length) kept.push(word, words[++i]!);
    else kept.push(word);
  }
  return { kept: pattern + joinQuoted(kept), options };
}

const LINKMODE = /^--?linkmode(?:=(.*))?$/;

/** What GOFLAGS says, as far as go-wasm must know it. */
export interface GoFlags {
  /** GOFLAGS for go: without `-toolexec`, and without `-linkmode` in `-ldflags`. */
  rest: string;
  toolexec: string[] | undefined;
  options: Partial<PipelineOptions>;
  exec: boolean;
}

/** Takes GOFLAGS apart: words as `splitQuoted` has them, each a flag of its own. */
export function parseGoflags(goflags: string): GoFlags {
  const found: GoFlags = { rest: goflags, toolexec: undefined, options: {}, exec: false };
  const words = splitQuoted(goflags) ?? [];
  const rest = words.flatMap((word) => {
    const [, name, value = ''] = /^--?([^=]+)=(.*)$/s.exec(word) ?? [];
    found.exec ||= name === 'exec';
    if (name === 'ldflags') {
      const { kept, options } = takeLinkmode(value);
      found.options = options;
      return kept === value ? [word] : [`-ldflags=${kept}`];
    }
    const toolexec = name === 'toolexec' ? splitQuoted(value) : undefined;
    found.toolexec = toolexec ?? found.toolexec;
    return toolexec ? [] : [word];
  });
  if (rest.join('\n') !== words.join('\n')) found.rest = joinQuoted(rest);
  return found;
}
