/**
 * `npm run fuzz`: mutated and random WebAssembly into the linker. Each input must give a module that the engine takes, or an error of the
 * input's (GW1xxx, GW2xxx, GW3xxx): never a bug's (GW9xxx) or a foreign one, a hang, or more memory than is promised. What fails is made
 * smaller and written to tools/fuzz/corpus, which tools/fuzz.test.ts replays.
 *
 *   --seed N      (1)
 *   --runs N      (2,000)
 *   --minutes M   an end by the clock as well
 */
import { spawn } from 'node:child_process';
import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { gzipSync } from 'node:zlib';
import { findEngine, targetOf } from './engines.ts';
import { bases, type Case, caseOf, examine, judged, type Outcome } from './fuzz/cases.ts';
import { smallest } from './fuzz/minimise.ts';
import { parseOptions } from './options.ts';
import { root } from './paths.ts';
import { writeResult } from './results.ts';

/** How long a case may take: it takes a second at most where it does not fail. */
const HANG_MS = 60_000;
/** The linker takes less than this for an input of n bytes beyond what it takes for sound ones: `MEMORY.times` · n + `MEMORY.plus` bytes. */
export const MEMORY = { times: 100, plus: 256e6 } as const;

export const corpus: string = join(root, 'tools/fuzz/corpus');

/** A corpus file: the module, behind a line of JSON with the linker's options. */
export function corpusFile({ bytes, options }: Case): Uint8Array {
  return gzipSync(Buffer.concat([Buffer.from(`${JSON.stringify(options)}\n`), bytes]), { level: 9 });
}

interface Message {
  run: number;
  outcome: Outcome;
  /** Most memory that the process has had so far, in bytes. */
  peak: number;
  bytes: number;
}

/** Does the runs from `first` on and says so on standard output, one JSON a line. */
async function child(seed: number, first: number, runs: number): Promise<void> {
  const inputs = await bases(true);
  const strategies = judged();
  const say = (message: Message): void => void process.stdout.write(`${JSON.stringify(message)}\n`);
  const peak = (): number => process.resourceUsage().maxRSS * 1024;
  // What sound modules take is taken now.
  for (const bytes of inputs.real) {
    for (const strategy of strategies) await examine({ bytes, options: { switch: strategy } });
  }
  say({ run: first - 1, outcome: { name: 'ready' }, peak: peak(), bytes: 0 });
  for (let run = first; run < runs; run++) {
    const one = caseOf(seed, run, inputs, strategies);
    say({ run, outcome: await examine(one), peak: peak(), bytes: one.bytes.length });
  }
}

async function main(): Promise<void> {
  const { values } = parseOptions(import.meta.url, {
    options: {
      seed: { type: 'string', default: '1' },
      runs: { type: 'string', default: '2000' },
      minutes: { type: 'string', default: 'Infinity' },
      // What the command starts itself with.
      child: { type: 'string' },
      keep: { type: 'string' },
    },
  });
  const seed = Number(values.seed);
  const runs = Number(values.runs);
  if (values.child !== undefined) return child(seed, Number(values.child), runs);
  if (values.keep !== undefined) return keep(seed, values.keep.split(',').map(Number));

  const start = performance.now();
  const end = start + Number(values.minutes) * 60_000;
  const engine = await findEngine('node26');
  if (!engine) console.log('node26 is not installed: strategies that this Node cannot judge are left out');
  const script = fileURLToPath(import.meta.url);
  const flags = [...process.execArgv, ...(engine ? ['--no-deprecation', '--experimental-wasm-wasmfx'] : []), script];
  const again = (...args: string[]) =>
    spawn(engine?.path ?? process.execPath, [...flags, ...args], { cwd: root, stdio: ['ignore', 'pipe', 'inherit'] });
  const outcomes: Record<string, number> = {};
  const failures: { run: number; failure: string }[] = [];
  let largest = 0;
  let slowest = 0;
  let done = 0;
  let next = 0;
  while (next < runs && performance.now() < end) {
    const worker = again('--child', `${next}`, '--seed', `${seed}`, '--runs', `${runs}`);
    let before = performance.now();
    let ready = 0;
    const fail = (run: number, failure: string): void => {
      failures.push({ run, failure });
      console.log(`seed ${seed}, run ${run}: ${failure}`);
    };
    const clock = setInterval(() => {
      const now = performance.now();
      if (now > end) worker.kill('SIGKILL');
      else if (ready > 0 && now - before > HANG_MS) {
        fail(next++, `no answer after ${HANG_MS / 1000} s`);
        worker.kill('SIGKILL');
      }
    }, 1000);
    for await (const line of createInterface({ input: worker.stdout })) {
      const { run, outcome, peak, bytes } = JSON.parse(line) as Message;
      const now = performance.now();
      if (ready === 0) ready = peak;
      else {
        slowest = Math.max(slowest, now - before);
        const more = peak - ready;
        largest = Math.max(largest, more);
        outcomes[outcome.name] = (outcomes[outcome.name] ?? 0) + 1;
        done++;
        if (outcome.failure !== undefined) fail(run, outcome.failure);
        else if (more > MEMORY.times * bytes + MEMORY.plus) {
          fail(run, `${(more / 1e6).toFixed(0)} MB for ${bytes} bytes`);
          next = run + 1;
          worker.kill('SIGKILL'); // The next one starts from little again.
          break;
        }
        if (done % 500 === 0) console.log(`${done} runs, ${failures.length} failures`);
      }
      before = now;
      next = run + 1;
    }
    clearInterval(clock);
    const code = worker.exitCode ?? (await new Promise((resolve) => worker.on('exit', resolve)));
    if (code !== 0 && code !== null) fail(next++, `the process has ended with ${code}`);
  }

  if (failures.length > 0) {
    const keeper = again(
      '--keep',
      failures
        .map(({ run }) => run)
        .slice(0, 20)
        .join(),
      '--seed',
      `${seed}`,
    );
    for await (const line of createInterface({ input: keeper.stdout })) console.log(line);
  }
  console.log(outcomes);
  console.log(
    `seed ${seed}: ${done} inputs, ${failures.length} failures, slowest ${slowest.toFixed(0)} ms, ${(largest / 1e6).toFixed(0)} MB beyond sound modules`,
  );
  await writeResult('fuzz', {
    command: `npm run fuzz -- --seed ${seed} --runs ${done}`,
    seed,
    inputs: done,
    failures: failures.length,
    outcomes,
    slowestMs: Math.round(slowest),
    memoryMB: Math.round(largest / 1e6),
    engine: engine ? targetOf(engine).text : `node${process.versions.node}`,
  });
  process.exitCode = failures.length > 0 ? 1 : 0;
}

/** Makes failing cases small and writes them to the corpus. Hangs and memory are not made smaller. */
async function keep(seed: number, runs: readonly number[]): Promise<void> {
  await mkdir(corpus, { recursive: true });
  const inputs = await bases(true);
  for (const run of runs) {
    const one = caseOf(seed, run, inputs);
    // What a failure is, without addresses and places.
    const kind = async (bytes: Uint8Array): Promise<string | undefined> =>
      (await examine({ ...one, bytes })).failure
        ?.replace(/\n.*/s, '')
        .replace(/@?\+?(0x)?[\da-f]*\d[\da-f]*/g, '')
        .replace(/".*"/, '');
    const failure = await kind(one.bytes);
    const bytes =
      failure === undefined ? one.bytes : await smallest(one.bytes, async (b) => (await kind(b)) === failure);
    const file = join(corpus, `${seed}-${run}.wasm.gz`);
    await writeFile(file, corpusFile({ ...one, bytes }));
    console.log(`${file}: ${bytes.length} of ${one.bytes.length} bytes: ${failure}`);
  }
}

if (process.argv[1] && import.meta.url === pathToFileURL(process.argv[1]).href) await main();
