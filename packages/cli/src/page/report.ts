/** What runs in the page that `go-wasm report --html` writes: a treemap of packages and functions, and tables below. */
import { TreemapChart } from 'echarts/charts';
import { TooltipComponent } from 'echarts/components';
import { init, use } from 'echarts/core';
import { CanvasRenderer } from 'echarts/renderers';
import type { Report, Row, Switching } from '../commands/report.ts';
import { ratio } from '../ratio.ts';

use([TreemapChart, TooltipComponent, CanvasRenderer]);

interface Node {
  name: string;
  value: number;
  before: number | undefined;
  children?: Node[];
}

const report: Report = JSON.parse(document.getElementById('report')!.textContent);

const style = document.createElement('style');
style.textContent = `
  body { font: 15px/1.45 system-ui, sans-serif; margin: 2rem auto; max-width: 1200px; padding: 0 1rem; color: #222; }
  #map { height: 640px; margin: 1rem 0 2rem; }
  table { border-collapse: collapse; margin-bottom: 2rem; }
  th, td { text-align: right; padding: .15rem .8rem; border-bottom: 1px solid #e5e5e5; font-variant-numeric: tabular-nums; }
  th:first-child, td:first-child { text-align: left; overflow-wrap: anywhere; }
  summary { cursor: pointer; margin-bottom: .5rem; }
`;
document.head.append(style);

add('h1', report.title);
add('p', describe(report.total));
const map = add('div');
map.id = 'map';
const chart = init(map);
chart.setOption({
  tooltip: {
    formatter: ({ treePathInfo, data }: { treePathInfo: { name: string }[]; data: Node }) =>
      `${encode(treePathInfo.at(-1)!.name)}<br>${describe({ name: '', after: data.value, ...(data.before !== undefined && { before: data.before }) })}`,
  },
  series: [
    {
      type: 'treemap',
      name: 'code',
      data: tree(),
      leafDepth: 1,
      roam: false,
      left: 0,
      right: 0,
      top: 0,
      bottom: 40,
      upperLabel: { show: true, height: 22 },
      visibleMin: 1,
    },
  ],
});
addEventListener('resize', () => chart.resize());

addTable('Sections', report.sections);
addTable('Packages', report.packages);
addTable(`Functions (the first 500 of ${report.functions.length})`, report.functions.slice(0, 500));
if (report.link) {
  const { functions, stages, switch: strategy, structure } = report.link;
  add('h2', 'Linking');
  add(
    'p',
    `-switch=${strategy} -structure=${structure}: ${functions.structured} functions structured, ${functions.kept.length} left as they were.`,
  );
  for (const { name, reason } of functions.kept) add('p', `${name}: ${reason}`);
  addRows(
    add('table'),
    ['stage', 'ms'],
    stages.map(({ name, ms }) => [name, ms.toFixed(1)]),
  );
  if (report.switching) addSwitching(report.switching);
}

/** Functions that pay for the switching of goroutines, each with its chain of calls. */
function addSwitching({ functions, switchable, through }: Switching): void {
  const names = Object.keys(switchable);
  add('h2', 'Switching goroutines');
  add(
    'p',
    `${names.length} of ${functions} functions may be on the stack while a goroutine is switched, and pay for that.`,
  );
  addRows(
    add('table'),
    ['through', 'functions'],
    through.slice(0, 20).map(({ name, functions }) => [name, functions]),
  );
  const details = add('details');
  const summary = document.createElement('summary');
  summary.textContent = `By which calls: ${names.length}`;
  const list = document.createElement('ul');
  // Made when it is looked at: there may be thousands.
  details.addEventListener('toggle', () => {
    if (list.childElementCount > 0) return;
    for (const name of names) {
      const item = document.createElement('li');
      item.textContent = chainOf(switchable, name);
      list.append(item);
    }
  });
  details.append(summary, list);
}

function chainOf(switchable: Switching['switchable'], first: string): string {
  const calls = [first];
  for (;;) {
    const way = switchable[calls.at(-1)!]!;
    if ('end' in way) return `${calls.join(' → ')} (${way.end})`;
    calls.push(way.calls);
  }
}

/** Packages with their functions in them. */
function tree(): Node[] {
  const functions = new Map<string, Node[]>();
  for (const { name, package: of, before, after } of report.functions) {
    const list = functions.get(of) ?? [];
    list.push({ name, value: after, before });
    functions.set(of, list);
  }
  return report.packages.map(({ name, before, after }) => ({
    name,
    value: after,
    before,
    children: functions.get(name) ?? [],
  }));
}

function describe({ before, after }: Row): string {
  if (before === undefined) return `${after.toLocaleString('en')} bytes`;
  const change = before === 0 || after === 0 ? ratio(before, after) : `× ${ratio(before, after)}`;
  return `${before.toLocaleString('en')} → ${after.toLocaleString('en')} bytes (${change})`;
}

function addTable(heading: string, rows: readonly Row[]): void {
  const details = add('details');
  const summary = document.createElement('summary');
  summary.textContent = `${heading}: ${rows.length}`;
  const table = document.createElement('table');
  details.append(summary, table);
  const compared = report.total.before !== undefined;
  addRows(
    table,
    compared ? ['', 'before', 'after', 'ratio'] : ['', 'bytes'],
    rows.map(({ name, before = 0, after }) => (compared ? [name, before, after, ratio(before, after)] : [name, after])),
  );
}

function addRows(table: HTMLElement, head: readonly string[], rows: readonly (string | number)[][]): void {
  for (const [k, cells] of [head, ...rows].entries()) {
    const tr = document.createElement('tr');
    for (const cell of cells) {
      const td = document.createElement(k === 0 ? 'th' : 'td');
      td.textContent = typeof cell === 'number' ? cell.toLocaleString('en') : cell;
      tr.append(td);
    }
    table.append(tr);
  }
}

function add(tag: string, text = ''): HTMLElement {
  const element = document.createElement(tag);
  element.textContent = text;
  document.body.append(element);
  return element;
}

function encode(text: string): string {
  return text.replace(/[&<>]/g, (c) => `&#${c.charCodeAt(0)};`);
}
