import { strategyFor } from '../engine.ts';
import { UsageError } from '../errors.ts';
import { parseGoflags } from '../go-flags.ts';
import { DEFAULTS, type PipelineOptions } from '../options.ts';
import { joinQuoted, splitQuoted } from '../quoted.ts';
import { shim, toolexecFlag, withoutShim } from '../shim.ts';
import { targetEnv, toolchain } from '../toolchain.ts';

/** `go-wasm env`: the environment in which plain `go build` uses the pipeline, for a shell's `eval` or as JSON. */
export async function envCommand(given: Partial<PipelineOptions>, json: boolean): Promise<number> {
  const env = targetEnv(process.env);
  const go = await toolchain(env);
  const goflags = parseGoflags(go.GOFLAGS);
  const options = { ...DEFAULTS, ...goflags.options, ...given };
  if (options.sourcemap === 'file') {
    throw new UsageError(
      'GW5001',
      '-sourcemap=file is for go-wasm build: go moves programs, and would leave the map behind',
      {
        hint: 'use -sourcemap=inline',
      },
    );
  }
  if (options.linkmode !== 'internal') options.switch = strategyFor(options, env.GOOS).strategy;
  const wrapper = withoutShim(goflags.toolexec) ?? [];
  const words = splitQuoted(goflags.rest) ?? [];
  if (options.linkmode !== 'internal') words.push(`-toolexec=${toolexecFlag(await shim(go), options, wrapper)}`);
  else if (wrapper.length > 0) words.push(`-toolexec=${joinQuoted(wrapper)}`);
  const variables = { GOOS: env.GOOS, GOARCH: 'wasm', GOFLAGS: joinQuoted(words) };
  if (json) {
    process.stdout.write(`${JSON.stringify(variables, null, 2)}\n`);
    return 0;
  }
  for (const [name, value] of Object.entries(variables)) {
    const line =
      process.platform === 'win32'
        ? `$env:${name} = '${value.replaceAll("'", "''")}'`
        : `export ${name}='${value.replaceAll("'", `'\\''`)}'`;
    process.stdout.write(`${line}\n`);
  }
  return 0;
}
