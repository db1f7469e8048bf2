/** What runs of Go's own tests have found: each as text, all together as JSON and as a page. */
import { readdir, readFile, stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { table } from '../measure.ts';
import { results } from '../paths.ts';
import { dateOf, writeResult } from '../results.ts';
import type { Setting, Verdict } from './check.ts';
import { unexpectedFailures } from './expected.ts';

/** The slice of a run of units that were asked for by name. */
export const CHOSEN = 'chosen';

/** A run of a suite under one setting, as `*.run.json` has it. */
export interface SuiteRun extends Setting {
  suite: string;
  /** `1/1` for the whole suite, `i/n`, or {@link CHOSEN}. */
  slice: string;
  /** How many settings `--pairs` has, if it is one of them; 0 if not. */
  pairs: number;
  verdicts: Verdict[];
}

function countsOf(verdicts: Verdict[], setting: Setting) {
  const built = verdicts.filter((v) => v.status !== 'unbuilt');
  const sum = (of: (v: Verdict) => number) => built.reduce((total, v) => total + of(v), 0);
  const unlisted = sum((v) => unexpectedFailures(v, setting).length);
  return {
    units: built.length,
    outcomes: sum((v) => v.count),
    different: built.filter((v) => v.status === 'different').length,
    listed: sum((v) => Object.keys(v.failures).length) - unlisted,
    unlisted,
    stockSeconds: sum((v) => v.ms.stock) / 1000,
    seconds: sum((v) => v.ms.ours) / 1000,
  };
}

/** What a run has found, as text. */
export function report(title: string, verdicts: Verdict[], setting: Setting): string {
  const unlisted = verdicts.flatMap((v) => unexpectedFailures(v, setting).map((name) => ({ v, name })));
  const counted = countsOf(verdicts, setting);
  const lines = [
    '',
    title,
    table([
      ['units built and run', String(counted.units)],
      ['not for this target', String(verdicts.length - counted.units)],
      ['outcomes compared', String(counted.outcomes)],
      ['units that differ', String(counted.different)],
      ['failures as with stock, listed', String(counted.listed)],
      ['failures that are not listed', String(counted.unlisted)],
      ['time of stock, s', counted.stockSeconds.toFixed(1)],
      ['time of go-wasm, s', counted.seconds.toFixed(1)],
    ]),
  ];
  for (const v of verdicts.filter((v) => v.status === 'different')) {
    lines.push('', `${v.id}: ${v.differences.length} differ`);
    for (const { name, stock, ours } of v.differences.slice(0, 20)) {
      lines.push(`  ${name}`, `    stock:   ${distinct(stock)}`, `    go-wasm: ${distinct(ours)}`);
      if (v.failures[name]) lines.push(indent(v.failures[name]));
    }
  }
  for (const { v, name } of unlisted) lines.push('', `${v.id} ${name} fails`, indent(v.failures[name]!));
  return `${lines.join('\n')}\n`;
}

/** Writes report.json and report.html about all runs that results/conformance has, and what `npm run trust` takes of them. */
export async function writeReports(): Promise<void> {
  const folder = join(results, 'conformance');
  const names = (await readdir(folder)).filter((name) => name.endsWith('.run.json')).sort();
  const runs = await Promise.all(
    names.map(async (name) => JSON.parse(await readFile(join(folder, name), 'utf8')) as SuiteRun),
  );
  const dates = await Promise.all(names.map(async (name) => dateOf((await stat(join(folder, name))).mtime)));
  const rows = runs.map((run, k) => {
    const { target: _, ...options } = run.link;
    const { suite, slice, pairs, goos, toolchain, engine, verdicts } = run;
    const counts = countsOf(verdicts, run);
    return {
      date: dates[k]!,
      suite,
      slice,
      pairs,
      go: toolchain.version,
      goos,
      engine: engine.name,
      options,
      ...counts,
    };
  });
  await writeFile(join(folder, 'report.json'), `${JSON.stringify({ runs: rows }, null, 1)}\n`);
  await writeResult('conformance', { runs: rows });
  await writeFile(join(folder, 'report.html'), page(runs, rows));
}

function page(runs: SuiteRun[], rows: (ReturnType<typeof countsOf> & { options: object })[]): string {
  const cells = (values: unknown[], tag = 'td') =>
    `<tr>${values.map((v) => `<${tag}>${html(v)}</${tag}>`).join('')}</tr>`;
  const lines = runs.map((run, k) => {
    const { units, outcomes, different, listed, unlisted, stockSeconds, seconds, options } = rows[k]!;
    const where = [
      run.suite,
      run.slice,
      run.toolchain.version,
      run.goos,
      run.engine.name,
      Object.values(options).join(' '),
    ];
    return cells([...where, units, outcomes, different, listed, unlisted, stockSeconds.toFixed(0), seconds.toFixed(0)]);
  });
  const details = runs.flatMap((run) =>
    run.verdicts.flatMap((v) => {
      const names = [...v.differences.map(({ name }) => name), ...unexpectedFailures(v, run)];
      if (names.length === 0) return [];
      const parts = names.map((name) => {
        const difference = v.differences.find((d) => d.name === name);
        const seen = difference ? `stock: ${distinct(difference.stock)}\ngo-wasm: ${distinct(difference.ours)}\n` : '';
        return `<h3>${html(name)}</h3><pre>${html(seen + (v.failures[name] ?? ''))}</pre>`;
      });
      const where = [run.suite, run.toolchain.version, run.goos, run.engine.name, ...Object.values(run.link)].join(
        ', ',
      );
      return [`<h2>${html(v.id)}</h2><p>${html(where)}</p>${parts.join('')}`];
    }),
  );
  const head = ['suite', 'slice', 'Go', 'target', 'host', 'options', 'units', 'outcomes', 'units that differ'];
  return `<!doctype html>
<html lang="en"><meta charset="utf-8"><title>Conformance of go-wasm</title>
<style>
body { font: 15px/1.5 system-ui, sans-serif; margin: 2rem; color: #222; background: #fff }
table { border-collapse: collapse } th, td { padding: .2rem .7rem; text-align: right; border-bottom: 1px solid #ddd }
th:nth-child(-n+6), td:nth-child(-n+6) { text-align: left } pre { overflow: auto; background: #f5f5f5; padding: .7rem }
</style>
<h1>Go's own tests: stock Go and go-wasm</h1>
<table>${cells([...head, 'failures as with stock', 'not listed', 'stock, s', 'go-wasm, s'], 'th')}${lines.join('\n')}</table>
${details.length > 0 ? details.join('\n') : '<p>No difference.</p>'}
</html>
`;
}

function html(value: unknown): string {
  return String(value).replace(/[&<>]/g, (c) => ({ '&': '&amp;', '<': '&lt;', '>': '&gt;' })[c]!);
}

/** What several runs showed, each once. */
function distinct(outcomes: string[]): string {
  return [...new Set(outcomes)].join(' | ');
}

function indent(text: string): string {
  return text.trimEnd().replaceAll(/^/gm, '      ');
}
