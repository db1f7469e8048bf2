/**
 * Runs a wasip1 program as Go's own `lib/wasm/go_wasip1_wasm_exec` does, on systems without a shell too, and without a
 * WebAssembly runtime in PATH: then in Node's WASI. `GOWASIRUNTIME` and `GOWASIRUNTIMEARGS` work as they do there;
 * `GOWASIRUNTIME=node` asks for Node.
 *
 *     node run-wasip1.cjs [-host=RUNTIME] [-switch=STRATEGY] PROGRAM [ARG...]
 */
import { existsSync, readFileSync, realpathSync } from 'node:fs';
import { isAbsolute } from 'node:path';
import { WASI } from 'node:wasi';
import { type Choice, engineFlags } from '@go-wasm/linker/targets';
import { checkNode, wasmtimeAt } from '../engine.ts';
import { EnvironmentError, printError } from '../errors.ts';
import { validateLazily } from '../jit.ts';
import { exitCode, runInPlace } from '../run-go.ts';
import { which } from '../toolchain.ts';

/** What is used of the engine's interface: the types of Node 20 leave it out. */
declare const WebAssembly: {
  compile(bytes: Uint8Array): Promise<object>;
  instantiate(module: object, imports: object): Promise<object>;
};

type WasiFunctions = Record<'fd_fdstat_set_flags', (fd: number, flags: number) => number>;
const ENOTSUP = 58;

/** What the program sees of the environment: as with Go's own script. */
const guestEnv: Record<string, string> = { PWD: workingFolder(), PATH: process.env.PATH ?? '' };

/** The folder we are in, under the name that the user knows it by: what a shell has in PWD. */
function workingFolder(): string {
  const { PWD } = process.env;
  const here = process.cwd();
  return PWD !== undefined && isAbsolute(PWD) && existsSync(PWD) && realpathSync(PWD) === here ? PWD : here;
}

/** The runtimes that can be asked for, and how each is told to give the program the file system and the environment. */
const RUNTIMES: Record<string, (extra: string[], program: string, args: string[]) => string[]> = {
  wasmtime: (extra, program, args) => [
    'run',
    '--dir=/',
    ...envFlags(),
    '-W',
    'max-wasm-stack=8388608',
    ...extra,
    program,
    ...args,
  ],
  wasmedge: (extra, program, args) => ['--dir=/', ...envFlags(), ...extra, program, ...args],
  wasmer: (extra, program, args) => ['run', '--dir=/', ...envFlags(), ...extra, program, '--', ...args],
  wazero: (extra, program, args) => ['run', '-mount', '/:/', '-env-inherit', ...extra, program, ...args],
};

function envFlags(): string[] {
  return Object.entries(guestEnv).flatMap(([name, value]) => ['--env', `${name}=${value}`]);
}

async function main(
  asked: string | undefined,
  strategy: Choice['strategy'],
  program: string,
  args: string[],
): Promise<number> {
  if (asked === 'node' || (!asked && !which('wasmtime'))) {
    checkNode(strategy);
    return runInNode(program, args);
  }
  const runtime = asked || 'wasmtime';
  const flags = RUNTIMES[runtime];
  if (!flags || !which(runtime)) {
    throw new EnvironmentError('GW4030', `WebAssembly runtime ${runtime} ${flags ? 'is not in PATH' : 'is unknown'}`, {
      hint: `GOWASIRUNTIME is one of ${Object.keys(RUNTIMES).join(', ')}, node`,
    });
  }
  const extra = (process.env.GOWASIRUNTIMEARGS ?? '').split(/\s+/).filter((word) => word !== '');
  const needed = runtime === 'wasmtime' ? engineFlags(wasmtimeAt(runtime), strategy) : [];
  // Each suspended stack is as large as this says.
  extra.unshift(...needed, ...(strategy === 'stack-switching' ? ['-W', 'max-wasm-stack=1048576'] : []));
  return exitCode(await runInPlace(runtime, flags(extra, program, args)));
}

async function runInNode(program: string, args: string[]): Promise<number> {
  validateLazily();
  const wasi = new WASI({
    version: 'preview1',
    args: [program, ...args],
    env: guestEnv,
    preopens: { '/': '/' },
    // Not by an exception: where one has passed many wasm frames, the V8 of Node 20 crashes.
    returnOnExit: false,
  });
  const { wasi_snapshot_preview1: functions } = wasi.getImportObject() as { wasi_snapshot_preview1: WasiFunctions };
  const { fd_fdstat_set_flags } = functions;
  const imports = {
    ...functions,
    // WASI's own leaves without writing what Node writes at its end.
    proc_exit: (code: number) => process.exit(code),
    // Go makes its standard streams non-blocking where it may; but Node does not tell it when they are ready, and a pipe
    // that is empty or full would be an error. Other hosts do not allow it either.
    fd_fdstat_set_flags: (fd: number, flags: number) => (fd <= 2 ? ENOTSUP : fd_fdstat_set_flags(fd, flags)),
  };
  const module = await WebAssembly.compile(readFileSync(program));
  return wasi.start(await WebAssembly.instantiate(module, { wasi_snapshot_preview1: imports }));
}

const argv = process.argv.slice(2);
const flag = (name: string): string | undefined =>
  argv[0]?.startsWith(`-${name}=`) ? argv.shift()!.slice(name.length + 2) : undefined;
const asked = flag('host') ?? process.env.GOWASIRUNTIME;
const strategy = (flag('switch') ?? 'jump-table') as Choice['strategy'];
const [program, ...args] = argv;
main(asked, strategy, program!, args)
  .catch((error: unknown) => {
    printError(error);
    return 1;
  })
  .then((code) => process.exit(code));
