/** The link step as a program: what the shim starts instead of Go's linker. Bundled into one file, with the pipeline. */
import { isMainThread } from 'node:worker_threads';
import { link } from '@go-wasm/linker';
import { preferMaglev } from '../jit.ts';
import { cached } from '../link-cache.ts';
import { linkStep } from '../link-step.ts';
import { linkWithWorkers, serveLink } from '../workers.ts';

if (isMainThread) {
  preferMaglev();
  linkStep(process.argv.slice(2), cached(linkWithWorkers(link, __filename), __filename)).then((code) => {
    process.exitCode = code;
  });
} else serveLink();
