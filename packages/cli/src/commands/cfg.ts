import { printGraph, printStructured } from '@go-wasm/cfg';
import { type Inspection, type Inspector, inspect } from '@go-wasm/linker';
import { UsageError } from '../errors.ts';
import { find, unknown } from '../find.ts';
import { inFile, readInput } from '../input.ts';
import { type PipelineOptions, toLinkOptions } from '../options.ts';
import { writeWhole } from '../output.ts';

/** What is shown beside the graph and the tree. */
export interface CfgOptions {
  /** The instructions of each block. */
  code: boolean;
  /** The name of the drawings; empty for one after the function's. No drawings if undefined. */
  svg: string | undefined;
}

/** `go-wasm cfg FILE [FUNC]`: what the structurer gets and makes of one function; a list if FUNC is none or several. */
export async function cfgCommand(
  file: string,
  query: string | undefined,
  options: PipelineOptions,
  { code, svg }: CfgOptions,
): Promise<void> {
  if (options.switch === 'jump-table') {
    throw new UsageError('GW5001', '-switch=jump-table leaves functions as they are: there is nothing to see');
  }
  const bytes = readInput(file);
  try {
    const inspector = inspect(bytes, toLinkOptions(options, file));
    const found = query === undefined ? inspector.names.map((_, f) => f) : find(inspector.names, query);
    const [f, ...others] = found;
    if (f === undefined) {
      throw unknown(inspector.names, query ?? '', 'without a function, go-wasm cfg lists their names');
    }
    if (query === undefined || others.length > 0) {
      process.stdout.write(found.map((f) => `${inspector.names[f]}${remark(inspector, f)}\n`).join(''));
      return;
    }
    const reason = inspector.reason(f);
    if (reason !== undefined) {
      throw new UsageError('GW5003', `${inspector.names[f]} stays as Go's linker wrote it: ${reason}`);
    }
    const inspection = inspector.inspect(f);
    process.stdout.write(describe(inspection, options, code));
    if (svg !== undefined) await draw(inspection, svg, code);
  } catch (error) {
    throw inFile(error, file);
  }
}

function remark(inspector: Inspector, f: number): string {
  const reason = inspector.reason(f);
  return reason === undefined ? '' : `\t# ${reason}`;
}

/** The graph in its text form, instructions as comments, and the tree. */
function describe(inspection: Inspection, options: PipelineOptions, code: boolean): string {
  const { name, graph, structured, sizes } = inspection;
  const heading = `# ${name}: ${graph.size} blocks, -switch=${options.switch}\n`;
  const text = printGraph(graph, undefined, sizes);
  const lines = code
    ? text.replace(/^b(\d+).*\n/gm, (line, b) => line + inspection.code(Number(b)).replace(/^/gm, '#   ').slice(0, -4))
    : text;
  return `${heading}${lines}\n# structured: -structure=${options.structure}\n${printStructured(structured)}`;
}

/** Writes the drawings. Graphviz is loaded here, so that nothing else waits for it. */
async function draw(inspection: Inspection, svg: string, code: boolean): Promise<void> {
  const { drawGraph, drawStructured } = await import('../draw.ts');
  const base = svg.replace(/\.svg$/, '') || inspection.name.replace(/[^\w.-]+/g, '_');
  for (const [what, picture] of [
    ['graph', drawGraph(inspection, code)],
    ['structure', drawStructured(inspection, code)],
  ] as const) {
    const file = `${base}.${what}.svg`;
    writeWhole(file, Buffer.from(await picture));
    process.stderr.write(`${file}\n`);
  }
}
