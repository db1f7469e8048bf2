/**
 * `npm run bench:real`: real programs (tools/bench/real, and the Go toolchain's) as native Go, as stock wasm and as go-wasm makes it: CPU time of the whole
 * process, start and compilation included, interleaved, pinned to one core, minimum of the rounds. What they write is compared byte for
 * byte. Prints a table and writes results/bench-real.json and results/bench-real.txt.
 *
 *   --only a,b               these programs alone
 *   --goos, --engine, --node, --rounds, --variant   as for `npm run bench`
 */
import { createHash } from 'node:crypto';
import { mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { StrategyName } from '@go-wasm/linker/targets';
import { $ } from 'zx';
import { command, type Goos, targetOf } from './engines.ts';
import { findToolchain, go } from './go.ts';
import {
  geometricMean,
  type Linked,
  linkLines,
  linkMeasuredAgain,
  measuringEngine,
  parseVariant,
  pinned,
  sizes,
  table,
} from './measure.ts';
import { parseOptions } from './options.ts';
import { results, root } from './paths.ts';

const { values } = parseOptions(import.meta.url, {
  options: {
    goos: { type: 'string', default: 'js' },
    engine: { type: 'string' },
    node: { type: 'string' },
    rounds: { type: 'string', default: '3' },
    only: { type: 'string' },
    variant: { type: 'string', multiple: true, default: [''] },
  },
});
const goos = values.goos as Goos;
const rounds = Number(values.rounds);
const toolchain = await findToolchain();
const engine = await measuringEngine(goos, values.engine, values.node);
const cwd = join(root, 'tools/bench/real');
const typescript = join(root, 'node_modules/typescript/lib/typescript.js');

const folder = await mkdtemp(join(tmpdir(), 'go-wasm-bench-'));

interface Program {
  package: string;
  args: string[];
  env?: Record<string, string>;
  /** What it writes besides its standard output. */
  output?: string;
}

const driver =
  (name: string, ...args: string[]) =>
  (): Program => ({ package: `./${name}`, args });
/** By name; made only when it is measured. */
const programs: Record<string, () => Program | Promise<Program>> = {
  buntdb: driver('buntdb'),
  compile: () => compile('go/types'),
  esbuild: () => ({ package: 'github.com/evanw/esbuild/cmd/esbuild', args: ['--minify', typescript] }),
  gofmt: () => ({
    package: 'cmd/gofmt',
    args: ['net', 'runtime', 'go/types'].map((dir) => join(toolchain.goroot, 'src', dir)),
  }),
  goja: driver('goja'),
  gojq: driver('gojq'),
  goldmark: driver('goldmark'),
  gopherlua: driver('gopherlua'),
  minify: driver('minify', typescript),
  pongo2: driver('pongo2'),
  shfmt: driver('shfmt'),
  starlark: driver('starlark'),
  tengo: driver('tengo'),
  yaegi: driver('yaegi'),
  zstd: driver('zstd', typescript),
};

/** The Go compiler itself, which compiles a package of the standard library for Linux. */
async function compile(name: string): Promise<Program> {
  const env = { GOOS: 'linux', GOARCH: 'amd64' };
  const target = { ...toolchain, env: { ...toolchain.env, ...env } };
  const [config, output] = [join(folder, 'importcfg'), join(folder, 'compiled')];
  const format = '{{if .Export}}packagefile {{.ImportPath}}={{.Export}}{{end}}';
  await writeFile(config, await go(target, ['list', '-export', '-deps', '-f', format, name]));
  const files = await go(target, ['list', '-f', '{{range .GoFiles}}{{$.Dir}}/{{.}}\n{{end}}', name]);
  const args = ['-o', output, '-p', name, '-importcfg', config, '-complete', '-trimpath', folder, ...files.split('\n')];
  return { package: 'cmd/compile', args, env, output };
}

/** One form of a program, and what its runs have shown so far. */
interface Form {
  name: string;
  run: string[];
  env: Record<string, string>;
  /** Files with what it has written. */
  outputs: string[];
  /** The least CPU time, user and system, in seconds. */
  cpu: number;
  /** Of `outputs`, which must be the same in all runs. */
  digest?: string;
  linked?: Linked;
  bytes?: number;
  gzip?: number;
}

const stdout = join(folder, 'stdout');

async function runOnce(form: Form): Promise<void> {
  // bash's `time` knows the CPU time of the child, which Node does not tell; it writes to the shell's own standard error.
  const script = 'TIMEFORMAT="%U %S"; time "$@" >"$0"';
  const env = { ...process.env, PWD: cwd, ...form.env };
  const { stderr } = await $({ cwd, quiet: true, env })`bash -c ${script} ${stdout} ${form.run}`;
  const [user, system] = stderr.trimEnd().split('\n').at(-1)!.split(' ').map(Number) as [number, number];
  form.cpu = Math.min(form.cpu, user + system);
  const hash = createHash('sha256');
  for (const file of form.outputs) hash.update(await readFile(file));
  const digest = hash.digest('hex');
  form.digest ??= digest;
  if (form.digest !== digest) throw new Error(`${form.run.join(' ')}: wrote something else than before`);
}

async function measure(of: string, program: Program): Promise<Form[]> {
  const path = (name: string) => join(folder, `${of}-${name}`);
  const pin = await pinned();
  const outputs = program.output ? [stdout, program.output] : [stdout];
  const native: Form = {
    name: 'native',
    run: [...pin, path('native'), ...program.args],
    env: { ...program.env },
    outputs,
    cpu: Infinity,
  };
  await go(toolchain, ['build', '-o', path('native'), program.package], { cwd });

  const wasm = async (name: string, file: string, strategy?: StrategyName, linked?: Linked): Promise<Form> => {
    const { goroot } = toolchain;
    const { file: runner, args, env } = command(engine, goos, file, program.args, goroot, cwd, strategy);
    const { raw: bytes, gzip } = await sizes(file);
    return {
      name,
      run: [...pin, runner, ...args],
      env: { ...program.env, ...env },
      outputs,
      cpu: Infinity,
      bytes,
      gzip,
      ...(linked && { linked }),
    };
  };
  const stock = path('stock.wasm');
  await go(toolchain, ['build', '-o', stock, program.package], { goos, cwd });
  const forms = [native, await wasm('stock', stock)];
  for (const [i, { name, options }] of values.variant.map(parseVariant).entries()) {
    const file = path(`${i}.wasm`);
    const target = options.switch && targetOf(engine).text;
    const linked = await linkMeasuredAgain(stock, file, { ...options, ...(target && { target }) }, rounds);
    forms.push(await wasm(name, file, options.switch as StrategyName | undefined, linked));
  }

  for (let round = 0; round < rounds; round++) for (const form of forms) await runOnce(form);
  for (const form of forms) {
    if (form.digest !== native.digest) throw new Error(`${of}: ${form.name} writes something else than native`);
  }
  return forms;
}

try {
  const all: { program: string; forms: Form[] }[] = [];
  for (const name of values.only?.split(',') ?? Object.keys(programs)) {
    const make = programs[name];
    if (!make) throw new Error(`there is no program ${name}: ${Object.keys(programs).join(', ')}`);
    const forms = await measure(name, await make());
    all.push({ program: name, forms });
    console.log(`${name}: ${forms.map((form) => `${form.name} ${form.cpu.toFixed(2)} s`).join(', ')}`);
  }
  const names = all[0]?.forms.map((form) => form.name) ?? [];
  const ratios = (i: number, of: (form: Form) => number, base: number) =>
    all.map(({ forms }) => of(forms[base]!) / of(forms[i]!));
  const text = `${[
    '',
    `${toolchain.version} ${goos}, ${engine.name} ${engine.version}, best of ${rounds}, CPU seconds of the whole process (speed-up over stock)`,
    '',
    table([
      ['', ...names],
      ...all.map(({ program, forms }) => [
        program,
        ...forms.map((form, i) => form.cpu.toFixed(2) + (i > 1 ? ` (${(forms[1]!.cpu / form.cpu).toFixed(2)})` : '')),
      ]),
      [],
      [
        'speed-up over stock, geometric mean',
        ...names.map((_, i) => geometricMean(ratios(i, (f) => f.cpu, 1)).toFixed(3)),
      ],
      [
        'time over native, geometric mean',
        ...names.map((_, i) => (1 / geometricMean(ratios(i, (f) => f.cpu, 0))).toFixed(3)),
      ],
      ...(['bytes', 'gzip'] as const).map((size) => [
        `size to stock's, ${size}`,
        ...names.map((_, i) => (i === 0 ? '' : (1 / geometricMean(ratios(i, (f) => f[size]!, 1))).toFixed(3))),
      ]),
    ]),
    '',
    table(
      linkLines(
        all.flatMap(({ program, forms }) =>
          forms.flatMap(({ name, linked }) => (linked ? [{ name: `${program} ${name}`, linked }] : [])),
        ),
      ),
    ),
  ].join('\n')}\n`;
  process.stdout.write(text);

  await mkdir(results, { recursive: true });
  await writeFile(join(results, 'bench-real.txt'), text);
  const json = { go: toolchain.version, goos, engine, rounds, programs: all };
  await writeFile(join(results, 'bench-real.json'), `${JSON.stringify(json, null, 2)}\n`);
} finally {
  await rm(folder, { recursive: true, force: true });
}
