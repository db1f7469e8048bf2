import { readFileSync, statSync } from 'node:fs';
import { link } from '@go-wasm/linker';
import type { GoWasmError } from '@go-wasm/wasm';
import { fileError, UsageError } from '../errors.ts';
import { type PipelineOptions, toLinkOptions } from '../options.ts';
import { writeWhole } from '../output.ts';
import { terminalProgress, watched } from '../progress.ts';

/** `go-wasm link IN -o OUT`: puts a module that `go build` has made through the pipeline. */
export async function linkCommand(input: string, output: string, options: PipelineOptions): Promise<number> {
  if (options.linkmode !== 'auto') {
    throw new UsageError('GW5001', '-linkmode is for builds: link always uses the pipeline, or fails');
  }
  let bytes: Uint8Array;
  let mode: number;
  try {
    mode = statSync(input).mode;
    bytes = readFileSync(input);
  } catch (cause) {
    throw fileError('read', input, cause);
  }
  const progress = watched() ? terminalProgress('linking') : undefined;
  try {
    const result = await link(bytes, { ...toLinkOptions(options), ...(progress && { onProgress: progress.update }) });
    writeWhole(output, result.bytes, mode & 0o777);
    progress?.end();
    if (progress) {
      const { inputBytes, outputBytes, functions, stages } = result.report;
      const seconds = stages.reduce((sum, stage) => sum + stage.ms, 0) / 1000;
      process.stderr.write(
        `${output}: ${megabytes(inputBytes)} → ${megabytes(outputBytes)} MB, ` +
          `${functions.structured} of ${functions.total} functions structured, ${seconds.toFixed(1)} s\n`,
      );
    }
  } catch (error) {
    if (error instanceof Error && 'where' in error) (error as GoWasmError).where.file ??= input;
    throw error;
  } finally {
    progress?.end();
  }
  return 0;
}

function megabytes(bytes: number): string {
  return (bytes / 1e6).toFixed(2);
}
