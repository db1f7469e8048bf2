/**
 * Runs a program in our place and makes a profile for `go tool pprof` of the one that the engine writes.
 *
 *     node run-profiled.cjs OUT COMMAND... -- PROGRAM [ARG...]
 *
 * In the command, `{profiles}` is the folder where the engine is to put its `.cpuprofile`.
 */
import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { EnvironmentError, printError } from '../errors.ts';
import { writeWhole } from '../output.ts';
import { inlineMap, placesOf } from '../places.ts';
import { toPprof } from '../pprof.ts';
import { exitCode, runInPlace } from '../run-go.ts';

const [out, ...rest] = process.argv.slice(2);
const end = rest.indexOf('--');
const [program, ...args] = rest.slice(end + 1);

async function main(): Promise<number> {
  const folder = mkdtempSync(join(tmpdir(), 'go-wasm-profile-'));
  try {
    const [command, ...flags] = rest.slice(0, end).map((word) => word.replace('{profiles}', folder));
    // Node by its name: see execFlag.
    const code = exitCode(await runInPlace(command!, [...flags, program!, ...args]));
    // An engine that writes several has one for each thread: the program's is the largest.
    const [profile] = readdirSync(folder)
      .map((name) => readFileSync(join(folder, name), 'utf8'))
      .sort((a, b) => b.length - a.length);
    if (profile === undefined) {
      throw new EnvironmentError('GW4033', 'the engine has written no CPU profile', {
        hint: 'it does when the program ends by itself, not when it is killed',
      });
    }
    const map = inlineMap(readFileSync(program!));
    writeWhole(out!, toPprof(profile, 'the profile', map === undefined ? undefined : placesOf(map, program!)));
    return code;
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

main().then(
  (code) => process.exit(code),
  (error: unknown) => {
    printError(error);
    process.exit(1);
  },
);
