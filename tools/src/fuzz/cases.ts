/** What the fuzzer gives to the linker, and what it asks of the answer. */
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type LinkOptions, levels, link } from '@go-wasm/linker';
import { GoWasmError } from '@go-wasm/wasm';
import fc from 'fast-check';
import { randomModule } from '../../../packages/asyncify/test/random-module.ts';
import { randomNumbers } from '../../../packages/cfg/test/support/graphs.ts';
import { assemble } from '../../../packages/lift/test/helpers/asm.ts';
import { randomProgram, sourceOf } from '../../../packages/linker/test/helpers/random-program.ts';
import { assemble as assembleText, texts } from '../../../packages/wasm/test/texts.ts';
import { findToolchain, go } from '../go.ts';
import { mutate, type Random, randomBytes } from './mutate.ts';

type Strategy = NonNullable<LinkOptions['switch']>;

/** One input of the linker. */
export interface Case {
  bytes: Uint8Array;
  options: LinkOptions;
}

/** Modules to mutate. */
export interface Bases {
  /** As Go's linker lays them out, but of a few functions. */
  small: readonly Uint8Array[];
  /** What Go has built. */
  real: readonly Uint8Array[];
  foreign: readonly Uint8Array[];
}

const PROGRAMS = {
  small: 'package main\n\nfunc main() { println("small") }\n',
  runtime: `package main

import "os"

func main() {
	defer func() { println(recover() != nil) }()
	c := make(chan int)
	go func() { c <- len(os.Args) }()
	var m map[int]int
	m[<-c] = 1
}
`,
};

/** @param real whether Go builds programs as well. */
export async function bases(real: boolean): Promise<Bases> {
  const built: Uint8Array[] = [];
  if (real) {
    const folder = await mkdtemp(join(tmpdir(), 'go-wasm-fuzz-'));
    try {
      const toolchain = await findToolchain();
      for (const [name, source] of Object.entries(PROGRAMS)) {
        await writeFile(join(folder, `${name}.go`), source);
        for (const goos of ['js', 'wasip1'] as const) {
          await go(toolchain, ['build', '-o', `${name}.wasm`, `${name}.go`], { goos, cwd: folder });
          built.push(await readFile(join(folder, `${name}.wasm`)));
        }
      }
    } finally {
      await rm(folder, { recursive: true, force: true });
    }
  }
  const programs = fc.sample(randomProgram, { seed: 1, numRuns: 12 });
  return {
    small: programs.map((functions, k) => assemble(sourceOf(functions), { exportAll: true, stripped: k % 3 === 0 })),
    real: built.map((bytes) => new Uint8Array(bytes)),
    foreign: [...Object.values(texts), ...Array.from({ length: 4 }, (_, k) => randomModule(k + 1))].map(assembleText),
  };
}

/** The switch strategies whose modules this engine can judge. */
export function judged(): Strategy[] {
  const hasExceptions = WebAssembly.validate(
    // (func (block $l (try_table (catch_all 0))))
    Uint8Array.of(
      0,
      97,
      115,
      109,
      1,
      0,
      0,
      0,
      1,
      4,
      1,
      96,
      0,
      0,
      3,
      2,
      1,
      0,
      10,
      10,
      1,
      8,
      0,
      0x1f,
      0x40,
      1,
      2,
      0,
      0x0b,
      0x0b,
    ),
  );
  const hasContinuations = WebAssembly.validate(
    // (type (func)) (type (cont 0))
    Uint8Array.of(0, 97, 115, 109, 1, 0, 0, 0, 1, 6, 2, 96, 0, 0, 0x5d, 0),
  );
  return [
    'resume',
    ...(hasExceptions ? (['asyncify', 'jspi'] as const) : []),
    ...(hasContinuations ? (['stack-switching'] as const) : []),
  ];
}

/** Case `run` of a seed: the same whenever it is asked for. */
export function caseOf(
  seed: number,
  run: number,
  { small, real, foreign }: Bases,
  strategies: readonly Strategy[] = judged(),
): Case {
  const numbers = randomNumbers(seed * 1_000_003 + run);
  const random: Random = (n) => numbers() % n;
  const choice = <T>(list: readonly T[]): T => list[random(list.length)]!;
  const kind = random(20);
  const from = kind < 3 && real.length > 0 ? real : kind < 16 ? small : foreign;
  const bytes = kind === 19 ? randomBytes(random) : mutate(choice(from), random, [...small, ...foreign]);
  return {
    bytes,
    options: {
      // Of every second case the default.
      switch: random(2) === 0 ? 'resume' : choice([...strategies, 'jump-table'] as const),
      structure: random(4) === 0 ? 'relooper' : 'stackifier',
      level: random(2) === 0 ? '2' : choice(levels),
      ...(random(6) === 0 && { sourceMap: { url: () => 'a.wasm.map' } }),
      ...(random(6) === 0 && { dwarf: true }),
    },
  };
}

/** What came of a case: the code of an error, or `linked`. `failure` says what is wrong with it. */
export interface Outcome {
  name: string;
  failure?: string;
}

/** Links, and holds what comes out against what is promised: a valid module, or an error of the input's with its place. */
export async function examine({ bytes, options }: Case): Promise<Outcome> {
  let output: Uint8Array;
  try {
    output = (await link(bytes, options)).bytes;
  } catch (error) {
    if (!(error instanceof GoWasmError)) {
      const { name, message, stack } = error as Error;
      return { name, failure: `${name}: ${message}\n${stack}` };
    }
    const name = error.code;
    if (error.kind === 'internal')
      return { name, failure: `${error.format()}\n${(error.cause as Error | undefined)?.stack ?? error.stack}` };
    const { offset } = error.where;
    if (error.kind === 'malformed' && offset === undefined) return { name, failure: `no offset: ${error.format()}` };
    if (offset !== undefined && offset > bytes.length) return { name, failure: `beyond the input: ${error.format()}` };
    return { name };
  }
  try {
    // Says more than WebAssembly.validate.
    new WebAssembly.Module(output as Uint8Array<ArrayBuffer>);
  } catch (error) {
    return { name: 'linked', failure: `what was linked is not valid: ${(error as Error).message}` };
  }
  return { name: 'linked' };
}
