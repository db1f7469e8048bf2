import { statSync } from 'node:fs';
import { link } from '@go-wasm/linker';
import { LINK_STEP } from '../assets.ts';
import { UsageError } from '../errors.ts';
import { inFile, readInput } from '../input.ts';
import { preferMaglev } from '../jit.ts';
import { cached } from '../link-cache.ts';
import { type PipelineOptions, toLinkOptions } from '../options.ts';
import { writeWhole } from '../output.ts';
import { stageTimes, terminalProgress, watched } from '../progress.ts';
import { mapFile } from '../source-map.ts';
import { linkWithWorkers } from '../workers.ts';

/** `go-wasm link IN -o OUT`: puts a module that `go build` has made through the pipeline. */
export async function linkCommand(
  input: string,
  output: string,
  options: PipelineOptions,
  verbose: boolean,
): Promise<number> {
  if (options.linkmode !== 'auto') {
    throw new UsageError('GW5001', '-linkmode is for builds: link always uses the pipeline, or fails');
  }
  preferMaglev();
  const bytes = readInput(input);
  const { mode } = statSync(input);
  const progress = watched() ? terminalProgress('linking') : undefined;
  try {
    const result = await cached(linkWithWorkers(link, LINK_STEP), LINK_STEP)(bytes, {
      ...toLinkOptions(options, output),
      ...(progress && { onProgress: progress.update }),
    });
    if (options.sourcemap === 'file') writeWhole(mapFile(output), Buffer.from(result.sourceMap!));
    writeWhole(output, result.bytes, mode & 0o777);
    progress?.end();
    if (verbose) process.stderr.write(stageTimes(result.report));
    if (progress) {
      const { inputBytes, outputBytes, functions, stages } = result.report;
      const seconds = stages.reduce((sum, stage) => sum + stage.ms, 0) / 1000;
      process.stderr.write(
        `${output}: ${megabytes(inputBytes)} → ${megabytes(outputBytes)} MB, ` +
          `${functions.structured} of ${functions.total} functions structured, ${seconds.toFixed(1)} s\n`,
      );
    }
  } catch (error) {
    throw inFile(error, input);
  } finally {
    progress?.end();
  }
  return 0;
}

function megabytes(bytes: number): string {
  return (bytes / 1e6).toFixed(2);
}
