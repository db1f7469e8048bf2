import { execFile } from 'node:child_process';
import { accessSync, constants, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { cacheFolder } from '../cache-folder.ts';
import { colorsOf } from '../colors.ts';
import { strategiesOf, thisNode, wasmtimeAt } from '../engine.ts';
import { describe, EnvironmentError, fileError } from '../errors.ts';
import { execFlag, goRunner, withNode } from '../exec.ts';
import { provideGo } from '../fetch-go.ts';
import { DEFAULTS } from '../options.ts';
import { shim, toolexecFlag } from '../shim.ts';
import { GoFailed, isSupported, SUPPORTED, type Toolchain, targetEnv, toolchain, which } from '../toolchain.ts';

const run = promisify(execFile);

const HELLO = `package main

import "fmt"

func main() {
	done := make(chan string)
	go func() { done <- "hello from a goroutine" }()
	fmt.Println(<-done)
}
`;

/** What one look has found. `absent` is what can be done without. */
interface Check {
  name: string;
  state: 'ok' | 'failed' | 'absent';
  text: string;
  hint?: string;
}

/** `go-wasm doctor`: looks at all that a build needs. @returns 1 if something that is needed is missing. */
export async function doctorCommand(json: boolean): Promise<number> {
  await provideGo('no');
  const env: NodeJS.ProcessEnv = { ...withNode(targetEnv({ ...process.env, GOOS: 'js' })), GOFLAGS: '-buildvcs=false' };
  const colors = colorsOf(process.stdout);
  const checks: Check[] = [];
  const tell = (made: Check): void => {
    checks.push(made);
    if (json) return;
    const { name, state, text, hint } = made;
    const word = { ok: colors.green('ok  '), failed: colors.red('FAIL'), absent: colors.yellow('--  ') }[state];
    process.stdout.write(`${word}  ${name}: ${text}\n${hint === undefined ? '' : `      hint: ${hint}\n`}`);
  };
  let go: Toolchain | undefined;
  const check = async (name: string, look: () => Promise<string> | string): Promise<void> => {
    try {
      tell({ name, state: 'ok', text: await look() });
    } catch (error) {
      const { line, hint } = describe(error instanceof GoFailed ? new Error(error.stderr.trim()) : error);
      tell({ name, state: 'failed', text: line, ...(hint !== undefined && { hint }) });
    }
  };

  await check('Node', () => {
    const [major = 0, minor = 0] = process.versions.node.split('.').map(Number);
    if (major > 20 || (major === 20 && minor >= 19)) return process.version;
    throw new EnvironmentError('GW4002', `${process.version} is too old`, { hint: 'install Node 20.19 or later' });
  });
  await check('Go', async () => {
    go = await toolchain(env);
    if (!isSupported(go.GOVERSION)) {
      throw new EnvironmentError('GW4002', `${go.GOVERSION} is not supported`, {
        hint: `use Go 1.${SUPPORTED.oldest} to 1.${SUPPORTED.newest}, for example GOTOOLCHAIN=go1.${SUPPORTED.newest}.0`,
      });
    }
    return `${go.GOVERSION} in ${go.GOROOT}`;
  });
  await check('cache', () => {
    const folder = cacheFolder();
    try {
      mkdirSync(folder, { recursive: true });
      accessSync(folder, constants.W_OK);
    } catch (cause) {
      const { message } = fileError('write', folder, cause);
      throw new EnvironmentError('GW4011', message, {
        hint: 'set GO_WASM_CACHE to a folder that can be written',
        cause,
      });
    }
    return folder;
  });
  const found = go;
  if (found) {
    await check('js runner', () => goRunner(found));
    await check('shim', async () => {
      const program = await shim(found);
      const { stdout } = await run('go', ['tool', `-n`, 'link'], { env });
      const words = [process.execPath, process.argv[1] ?? process.execPath, '--', stdout.trim(), '-V=full'];
      const line = (await run(program, words, { env })).stdout;
      if (!line.includes('go-wasm')) throw new Error(`it does not stand in for the linker: ${line}`);
      return program;
    });
    await check('link', () => linkHello(found, env));
  }
  await check('strategies in this Node', () => strategiesOf(thisNode()));
  const wasmtime = which('wasmtime');
  const wasip1 = wasmtime ?? "not in PATH: wasip1 programs run in Node's WASI";
  tell({ name: 'wasmtime', state: wasmtime ? 'ok' : 'absent', text: wasip1 });
  if (wasmtime) await check('strategies in wasmtime', () => strategiesOf(wasmtimeAt(wasmtime)));
  if (json) process.stdout.write(`${JSON.stringify(checks, null, 2)}\n`);
  return checks.some(({ state }) => state === 'failed') ? 1 : 0;
}

/** Builds a small program through the pipeline and runs it. */
async function linkHello(go: Toolchain, env: NodeJS.ProcessEnv): Promise<string> {
  const folder = mkdtempSync(join(tmpdir(), 'go-wasm doctor-'));
  try {
    writeFileSync(join(folder, 'main.go'), HELLO);
    const flags = [
      `-toolexec=${toolexecFlag(await shim(go), { ...DEFAULTS, linkmode: 'external' })}`,
      `-exec=${execFlag(go, { goos: 'js', strategy: 'resume' })}`,
    ];
    const { stdout } = await run('go', ['run', ...flags, 'main.go'], { env, cwd: folder });
    if (stdout !== 'hello from a goroutine\n') throw new Error(`a small program printed ${JSON.stringify(stdout)}`);
    return 'a small program builds and runs';
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}
