import { execFile } from 'node:child_process';
import { createHash } from 'node:crypto';
import { readdirSync, readFileSync } from 'node:fs';
import { mkdir, mkdtemp, rename, rm, writeFile } from 'node:fs/promises';
import { basename, isAbsolute, join, resolve } from 'node:path';
import { promisify } from 'node:util';
import { LINK_STEP, SHIM_SOURCES } from './assets.ts';
import { cacheFolder } from './cache-folder.ts';
import { EnvironmentError, fileError } from './errors.ts';
import { type PipelineOptions, toFlags } from './options.ts';
import { joinQuoted } from './quoted.ts';
import { type Toolchain, which } from './toolchain.ts';

const NAME = 'go-wasm-shim';

/** The shim for this machine. @throws EnvironmentError if it cannot be built or written. */
export function shim(go: Toolchain): Promise<string> {
  return hostTool(go, NAME, SHIM_SOURCES);
}

/**
 * A Go program of ours for this machine, built with the user's own Go if it is not there yet. It is kept by what goes into
 * it: its sources, Go's version, the machine's kind.
 *
 * @param sources the folder of its module.
 * @throws EnvironmentError if it cannot be built or written.
 */
export async function hostTool(go: Toolchain, name: string, sources: string): Promise<string> {
  const windows = go.GOHOSTOS === 'windows';
  const key = createHash('sha256').update(JSON.stringify([go.GOVERSION, go.GOHOSTOS, go.GOHOSTARCH]));
  for (const file of readdirSync(sources).sort()) key.update(file).update(readFileSync(join(sources, file)));
  const folder = join(cacheFolder(), 'shim', key.digest('hex').slice(0, 16));
  const program = join(folder, windows ? `${name}.exe` : name);
  if (intact(program)) return program;

  let aside: string;
  try {
    await mkdir(folder, { recursive: true });
    aside = await mkdtemp(join(folder, 'build-'));
  } catch (cause) {
    throw new EnvironmentError(
      'GW4011',
      `the cache folder cannot be written: ${fileError('write', folder, cause).message}`,
      {
        hint: 'set GO_WASM_CACHE to a folder that can',
        cause,
      },
    );
  }
  try {
    const built = join(aside, basename(program));
    await promisify(execFile)(
      join(go.GOROOT, 'bin', windows ? 'go.exe' : 'go'),
      ['build', '-ldflags=-s -w', '-o', built, '.'],
      {
        cwd: sources,
        env: hostEnv(go),
      },
    );
    await writeFile(join(aside, 'sum'), sumOf(built));
    await rename(join(aside, 'sum'), `${program}.sha256`);
    await rename(built, program);
  } catch (cause) {
    // Somebody else may have built it in the meantime; Windows does not rename onto a program that runs.
    if (!intact(program)) {
      const { stderr, message } = cause as Error & { stderr?: string };
      throw new EnvironmentError('GW4020', `${name} cannot be built: ${(stderr || message).trim()}`, {
        hint: 'see what go-wasm doctor says',
        cause,
      });
    }
  } finally {
    await rm(aside, { recursive: true, force: true });
  }
  return program;
}

/** Whether a program in the cache is what was built: a machine that went down may have left half of it, and go would only say that it cannot be run. */
function intact(program: string): boolean {
  try {
    return readFileSync(`${program}.sha256`, 'utf8') === sumOf(program);
  } catch {
    return false;
  }
}

function sumOf(file: string): string {
  return createHash('sha256').update(readFileSync(file)).digest('hex');
}

/** The environment to build a program for this machine, whatever the user builds for. */
function hostEnv(go: Toolchain): NodeJS.ProcessEnv {
  const env = { ...process.env };
  for (const name of Object.keys(env)) {
    if (/^(GO(?!PATH$|TMPDIR$)|CGO_|TOOLEXEC)/i.test(name)) delete env[name];
  }
  return {
    ...env,
    GOENV: 'off',
    GOTOOLCHAIN: 'local',
    GOWORK: 'off',
    GOCACHE: go.GOCACHE,
    GOOS: go.GOHOSTOS,
    GOARCH: go.GOHOSTARCH,
    GOFLAGS: '-buildvcs=false',
    CGO_ENABLED: '0',
  };
}

/**
 * The value of `-toolexec` that puts the link step in the linker's place.
 * @param wrapper the user's own `-toolexec`, which stays in front of every tool.
 * @param cwd the folder that relative paths in it mean.
 */
export function toolexecFlag(
  program: string,
  options: PipelineOptions,
  wrapper: readonly string[] = [],
  cwd: string = process.cwd(),
): string {
  const words = [program, process.execPath, LINK_STEP, ...toFlags(options), '--'];
  const [tool, ...rest] = wrapper;
  if (tool !== undefined) words.push(`-wrap=${findTool(tool, cwd)}`, ...rest.map((word) => `-wrap=${word}`));
  return joinQuoted(words);
}

/** What is left of a user's `-toolexec` that is, or has in it, the shim: GOFLAGS may come from `go-wasm env`. */
export function withoutShim(toolexec: readonly string[] | undefined): string[] | undefined {
  if (!toolexec?.[0] || !basename(toolexec[0]).startsWith(NAME)) return toolexec?.slice();
  return toolexec.filter((word) => word.startsWith('-wrap=')).map((word) => word.slice('-wrap='.length));
}

/** The shim starts the user's wrapper by its full path: it does not search for it. */
function findTool(tool: string, cwd: string): string {
  if (isAbsolute(tool)) return tool;
  return /[/\\]/.test(tool) ? resolve(cwd, tool) : (which(tool) ?? tool);
}
