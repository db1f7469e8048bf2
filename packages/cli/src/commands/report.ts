import { readFileSync } from 'node:fs';
import { basename } from 'node:path';
import {
  type Chain,
  type Explainer,
  type LinkReport,
  link,
  packageOf,
  type Sizes,
  type StrategyName,
  sizes,
} from '@go-wasm/linker';
import { REPORT_PAGE } from '../assets.ts';
import { inFile, readInput } from '../input.ts';
import { preferMaglev } from '../jit.ts';
import { type PipelineOptions, toLinkOptions } from '../options.ts';
import { writeWhole } from '../output.ts';
import { ratio } from '../ratio.ts';

/** How many packages and functions the text names. */
const NAMED = 20;

/** Sizes in bytes; `before` is missing where there is one module only, 0 where something is new. */
export interface Row {
  name: string;
  before?: number;
  after: number;
}

export interface Report {
  title: string;
  total: Row;
  sections: Row[];
  /** Code by Go package, and by function; the largest first, of two modules those that differ most. */
  packages: Row[];
  functions: (Row & { package: string })[];
  /** Which functions pay for the switching of goroutines, and why; undefined where the linker was not asked. */
  switching: Switching | undefined;
  /** What the linker has to say, where it was asked: not for two modules, nor for one that has been processed. */
  link: LinkReport | undefined;
}

export interface Switching {
  strategy: StrategyName;
  /** How many functions follow Go's calling convention. */
  functions: number;
  /**
   * Those that may be on the stack while a goroutine is switched, by name: the function that they call on their shortest way
   * there, which is in the list as well; or how that way ends.
   */
  switchable: Record<string, { calls: string } | { end: Chain['end'] }>;
  /** The functions by which others come to a switch, most first. */
  through: { name: string; functions: number }[];
}

export interface ReportOptions {
  json: boolean;
  html: string | undefined;
}

/**
 * `go-wasm report MODULE [OTHER]`: where the bytes are, and what changes: from MODULE to OTHER, or by linking MODULE.
 *
 * @param other another module, to compare with.
 */
export async function reportCommand(
  file: string,
  other: string | undefined,
  options: PipelineOptions,
  { json, html }: ReportOptions,
): Promise<void> {
  const report = await (other === undefined ? ofOne(file, options) : ofTwo(file, other));
  if (html !== undefined) {
    writeWhole(html, Buffer.from(page(report)));
    return;
  }
  process.stdout.write(json ? `${JSON.stringify(report, undefined, 2)}\n` : text(report));
}

async function ofOne(file: string, options: PipelineOptions): Promise<Report> {
  preferMaglev();
  const bytes = readInput(file);
  try {
    const first = sizes(bytes);
    const title = basename(file);
    if (first.sections.some(({ name }) => name === 'go-wasm')) return compare(title, undefined, first);
    const linked = await link(bytes, toLinkOptions({ ...options, sourcemap: 'none' }, file));
    return {
      ...compare(`${title}, linked`, first, sizes(linked.bytes)),
      switching: linked.explainer && switching(linked.explainer, linked.report.switch as StrategyName),
      link: linked.report,
    };
  } catch (error) {
    throw inFile(error, file);
  }
}

function switching({ names, explain }: Explainer, strategy: StrategyName): Switching {
  const { functions, through, why } = explain(strategy);
  const switchable: Switching['switchable'] = {};
  names.forEach((name, f) => {
    const chain = why(f);
    const next = chain?.functions[1];
    if (chain) switchable[name] = next === undefined ? { end: chain.end } : { calls: names[next]! };
  });
  return {
    strategy,
    functions,
    switchable,
    through: through.map((t) => ({ name: names[t.f]!, functions: t.functions })),
  };
}

function ofTwo(file: string, other: string): Report {
  const [before, after] = [file, other].map((name) => {
    try {
      return sizes(readInput(name));
    } catch (error) {
      throw inFile(error, name);
    }
  });
  const report = compare(`${basename(file)} → ${basename(other)}`, before, after!);
  const change = ({ before = 0, after }: Row) => Math.abs(after - before);
  for (const rows of [report.packages, report.functions]) rows.sort((a, b) => change(b) - change(a));
  return report;
}

function compare(title: string, before: Sizes | undefined, after: Sizes): Report {
  const rows = (list: (of: Sizes) => Sizes['sections'], key: (name: string) => string = (name) => name): Row[] => {
    const found = new Map<string, Row>();
    const add = (of: Sizes | undefined, which: 'before' | 'after') => {
      for (const item of of ? list(of) : []) {
        const name = key(item.name);
        const row = found.get(name) ?? { name, ...(before && { before: 0 }), after: 0 };
        row[which] = (row[which] ?? 0) + item.bytes;
        found.set(name, row);
      }
    };
    add(before, 'before');
    add(after, 'after');
    return [...found.values()];
  };
  const bySize = (a: Row, b: Row) => b.after - a.after || (b.before ?? 0) - (a.before ?? 0);
  return {
    title,
    total: { name: 'total', ...(before && { before: before.bytes }), after: after.bytes },
    sections: rows((of) => of.sections),
    packages: rows((of) => of.functions, packageOf).sort(bySize),
    functions: rows((of) => of.functions)
      .map((row) => ({ ...row, package: packageOf(row.name) }))
      .sort(bySize),
    switching: undefined,
    link: undefined,
  };
}

function text({ title, total, sections, packages, functions, switching, link: linked }: Report): string {
  const blocks = [`${title}\n`, table('section', [...sections, total])];
  const code = (what: string, rows: readonly Row[]) => {
    const changed = rows.filter(({ before, after }) => before !== after);
    // Between two modules, what is the same is not worth a line.
    if (total.before === undefined || linked)
      blocks.push(table(`code by ${what} (${rows.length})`, rows.slice(0, NAMED)));
    else blocks.push(table(`code by ${what} (${changed.length} of ${rows.length} differ)`, changed.slice(0, NAMED)));
  };
  code('package', packages);
  code('function', functions);
  if (linked) {
    const { kept, structured } = linked.functions;
    if (linked.reason !== undefined) blocks.push(`-switch=auto is ${linked.switch}, ${linked.reason}\n`);
    blocks.push(
      `-switch=${linked.switch} -structure=${linked.structure}: ${structured} functions structured, ${kept.length} left as they were\n` +
        kept.map(({ name, reason }) => `  ${name}: ${reason}\n`).join(''),
    );
    if (switching) {
      const lines = switching.through
        .slice(0, NAMED)
        .map((t) => `${String(t.functions).padStart(7)} through ${t.name}\n`);
      const paying = Object.keys(switching.switchable).length;
      blocks.push(
        `${paying} of ${switching.functions} functions pay for the switching of goroutines (go-wasm why FILE FUNC names the calls)\n${lines.join('')}`,
      );
    }
    blocks.push(`stage            ms\n${linked.stages.map(({ name, ms }) => row(name, 14, ms.toFixed(0))).join('')}`);
  }
  return blocks.join('\n');
}

function table(heading: string, rows: readonly Row[]): string {
  const width = Math.max(...[heading, ...rows.map(({ name }) => name)].map((name) => name.length));
  const compared = rows.some(({ before }) => before !== undefined);
  const lines = rows.map(({ name, before, after }) =>
    compared ? row(name, width, String(before), String(after), ratio(before!, after)) : row(name, width, String(after)),
  );
  return row(heading, width, ...(compared ? ['before', 'after', 'ratio'] : ['bytes'])) + lines.join('');
}

function row(name: string, width: number, ...cells: string[]): string {
  return `${name.padEnd(width)}${cells.map((cell) => cell.padStart(10)).join('')}\n`;
}

/** One page with all it needs in it. */
function page(report: Report): string {
  const data = JSON.stringify(report).replaceAll('<', '\\u003c');
  const escaped = report.title.replace(/[&<>"]/g, (c) => `&#${c.charCodeAt(0)};`);
  return `<!doctype html>
<html lang="en">
<meta charset="utf-8">
<meta name="viewport" content="width=device-width">
<title>${escaped}</title>
<script type="application/json" id="report">${data}</script>
<body>
<script>
${readFileSync(REPORT_PAGE, 'utf8').replaceAll('</script', '<\\/script')}
</script>
</html>
`;
}
