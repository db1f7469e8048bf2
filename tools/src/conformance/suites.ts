/** Go's own tests as units to compare: the standard library's packages, and the `// run` files of GOROOT/test. */
import { spawn } from 'node:child_process';
import { createHash } from 'node:crypto';
import { once } from 'node:events';
import { closeSync, existsSync, openSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { dirname, join, matchesGlob } from 'node:path';
import type { Choice } from '@go-wasm/linker/targets';
import { $ } from 'zx';
import { type Command, command } from '../engines.ts';
import { findToolchain, go, pathOf } from '../go.ts';
import { root } from '../paths.ts';
import { exitName, type Run, type Setting, type Unit } from './check.ts';

/** How much of a failing test's output is kept, from its end. */
const keptOutput = 8000;

/** A test binary of each package with tests that the patterns name (`std`, `encoding/...`), run as `go test` runs it. */
export async function packages(setting: Setting, patterns: string[]): Promise<Unit[]> {
  const { toolchain, goos } = setting;
  const format = '{{if or .TestGoFiles .XTestGoFiles}}{{.ImportPath}}\t{{.Dir}}{{end}}';
  const list = await go(toolchain, ['list', '-f', format, ...patterns], {
    goos,
    cwd: toolchain.goroot,
  });
  return list.split('\n').map((line) => {
    const [id, dir] = line.split('\t') as [string, string];
    return {
      id,
      build: async (output) => {
        await go(toolchain, ['test', '-c', '-vet=off', '-o', output, id], { goos, cwd: dir });
      },
      run: (wasm, strategy, only) => runTests(setting, id, dir, wasm, strategy, only),
    };
  });
}

async function runTests(
  setting: Setting,
  id: string,
  dir: string,
  wasm: string,
  strategy: Choice['strategy'],
  only?: string[],
): Promise<Run> {
  const { toolchain, goos, engine, timeoutSeconds } = setting;
  const args = ['-test.paniconexit0', '-test.v=test2json', `-test.timeout=${timeoutSeconds}s`];
  if (!setting.long) args.push('-test.short');
  // A crash or a changed exit has no test of its own: then all of them.
  const tops = new Set(only?.map((name) => name.split('/')[0]!));
  if (only && !tops.has(exitName)) args.push(`-test.run=^(${[...tops].join('|')})$`);

  const log = `${wasm}.log`;
  const started = command(engine, goos, wasm, args, toolchain.goroot, dir, strategy);
  const { exit, ms } = await run(setting, started, dir, log, log);
  const env = { ...process.env, ...toolchain.env };
  const { stdout } = await $({ env, quiet: true, input: await readFile(log) })`go tool test2json -p ${id}`;

  const outcomes: Run['outcomes'] = { [exitName]: exit };
  const output: Record<string, string> = {};
  for (const line of stdout.split('\n')) {
    if (!line.startsWith('{')) continue;
    const event = JSON.parse(line) as { Action: string; Test?: string; Output?: string };
    const name = event.Test ?? exitName;
    if (event.Action === 'output') output[name] = ((output[name] ?? '') + (event.Output ?? '')).slice(-keptOutput);
    else if (event.Test === undefined) continue;
    else if (event.Action === 'run') outcomes[name] = 'unfinished';
    else if (['pass', 'fail', 'skip'].includes(event.Action)) outcomes[name] = event.Action;
  }
  const failing = Object.keys(outcomes).filter((name) => !['pass', 'skip', 'exit 0'].includes(outcomes[name]!));
  return { outcomes, failures: Object.fromEntries(failing.map((name) => [name, output[name] ?? ''])), ms };
}

/** No toolchain at hand has GOROOT/test. */
export class NoTestFolderError extends Error {}

interface Recipe {
  File: string;
  Flags: string[];
  Args: string[];
  Env: string[];
}

/**
 * The files of GOROOT/test that one runs (`// run`), of those the globs name.
 *
 * Toolchains that are fetched by GOTOOLCHAIN come without that folder: then those of the Go in PATH, which make programs to compare as well.
 *
 * @throws NoTestFolderError where that has none, either.
 */
export async function recipes(setting: Setting, globs: string[]): Promise<Unit[]> {
  const { toolchain, goos } = setting;
  const candidates = [toolchain, await findToolchain()];
  const owner = candidates.find(({ goroot }) => existsSync(join(goroot, 'test')));
  if (owner === undefined) {
    throw new NoTestFolderError(`${candidates.map(({ goroot }) => goroot).join(' and ')} come without a test folder`);
  }
  const folder = join(owner.goroot, 'test');
  if (owner.version !== toolchain.version)
    console.log(`GOROOT/test of ${owner.version}, built with ${toolchain.version}`);
  const list = await go(toolchain, ['run', '.', folder, goos, 'wasm'], {
    cwd: join(root, 'tools/conformance/recipes'),
  });
  return (JSON.parse(list) as Recipe[])
    .filter(({ File }) => globs.length === 0 || globs.some((glob) => matchesGlob(File, glob)))
    .map(({ File, Flags, Args, Env }) => {
      // As for `go run`: the first arguments that are Go files belong to the program.
      const others = Args.findIndex((arg) => !arg.endsWith('.go'));
      const more = others < 0 ? Args : Args.slice(0, others);
      const env = Object.fromEntries(Env.map((pair) => pair.split(/=(.*)/s).slice(0, 2)));
      const dir = dirname(join(folder, File));
      return {
        id: File,
        build: async (output) => {
          const files = [File, ...more].map((file) => join(folder, file));
          await go({ ...toolchain, env: { ...toolchain.env, ...env } }, ['build', ...Flags, '-o', output, ...files], {
            goos,
            cwd: dir,
          });
        },
        run: async (wasm, strategy) => {
          const given = Args.slice(more.length);
          const started = command(setting.engine, goos, wasm, given, toolchain.goroot, folder, strategy);
          const [out, err] = [`${wasm}.stdout`, `${wasm}.stderr`];
          const { exit, ms } = await run(setting, { ...started, env: { ...started.env, ...env } }, folder, out, err);
          const [stdout, stderr] = [await readFile(out, 'utf8'), await readFile(err, 'utf8')];
          const outcomes = { [exitName]: exit, '(stdout)': observed(stdout, wasm), '(stderr)': observed(stderr, wasm) };
          return {
            outcomes,
            failures: exit === 'exit 0' ? {} : { [exitName]: (stdout + stderr).slice(-keptOutput) },
            ms,
          };
        },
      };
    });
}

/** Output without what may differ between two good runs: addresses, the program's own file, the engine's stack. */
function observed(output: string, wasm: string): string {
  const text = output
    .replaceAll(wasm, 'PROGRAM')
    .replaceAll(/0x[0-9a-f]+/g, '0x…')
    .replaceAll(/^ +at .*\n?/gm, '');
  return text.length <= keptOutput
    ? text
    : `${text.slice(0, keptOutput)}… ${text.length} characters, sha256 ${createHash('sha256').update(text).digest('hex')}`;
}

/** Runs a program with its output going into files, which may be one: then in the order it was written, like in a terminal. */
async function run(
  setting: Setting,
  { file, args, argv0, env }: Command,
  cwd: string,
  stdout: string,
  stderr: string,
): Promise<{ exit: string; ms: number }> {
  // Go's own time limit comes first, with a traceback; this one is for programs that never come to look at a clock.
  const seconds = setting.timeoutSeconds + 30;
  const files = [...new Set([stdout, stderr])].map((path) => openSync(path, 'w'));
  const start = performance.now();
  try {
    const child = spawn(file, args, {
      argv0,
      cwd,
      env: { ...process.env, ...env, PATH: pathOf(setting.toolchain) },
      stdio: ['ignore', files[0]!, files.at(-1)!],
      timeout: seconds * 1000,
      killSignal: 'SIGKILL',
    });
    const [code, signal] = (await once(child, 'close')) as [number | null, NodeJS.Signals | null];
    const ms = performance.now() - start;
    const killed = signal === 'SIGKILL' && ms >= seconds * 1000;
    return { exit: killed ? `killed after ${seconds} s` : (signal ?? `exit ${code}`), ms };
  } finally {
    files.forEach(closeSync);
  }
}
