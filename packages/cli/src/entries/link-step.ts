/** The link step as a program: what the shim starts instead of Go's linker. Bundled into one file, with the pipeline. */
import { link } from '@go-wasm/linker';
import { preferMaglev } from '../jit.ts';
import { linkStep } from '../link-step.ts';

preferMaglev();

linkStep(process.argv.slice(2), link).then((code) => {
  process.exitCode = code;
});
