import { type AnalysisName, analyses, dump } from '@go-wasm/linker';
import { UsageError } from '../errors.ts';
import { suggest } from '../find.ts';
import { inFile, readInput } from '../input.ts';
import { type PipelineOptions, toLinkOptions } from '../options.ts';

/** `go-wasm dump FILE ANALYSIS [REGEXP]`: what an analysis of the whole program has found. */
export function dumpCommand(file: string, name: string, match: string | undefined, options: PipelineOptions): void {
  if (!Object.hasOwn(analyses, name)) {
    const known = Object.keys(analyses);
    throw new UsageError('GW5001', `there is no analysis '${name}'`, {
      hint: `${suggest(known, name)}they are ${known.join(', ')}`,
    });
  }
  let regexp: RegExp | undefined;
  try {
    regexp = match === undefined ? undefined : new RegExp(match);
  } catch (cause) {
    throw new UsageError('GW5001', (cause as Error).message, { cause });
  }
  const bytes = readInput(file);
  try {
    process.stdout.write(dump(bytes, name as AnalysisName, regexp, toLinkOptions(options, file)));
  } catch (error) {
    throw inFile(error, file);
  }
}
