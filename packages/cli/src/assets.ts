import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';

/** A file of this package; both `src` and `dist` lie one level below its root. */
const asset = (path: string): string => fileURLToPath(new URL(`../${path}`, import.meta.url));

/** The script that takes the linker's place, one file with the whole pipeline in it. */
export const LINK_STEP: string = asset('dist/link-step.cjs');
/** The script that runs a wasip1 program. */
export const WASIP1_RUNNER: string = asset('dist/run-wasip1.cjs');
/** The script that runs a js program of the `jspi` strategy. */
export const JSPI_RUNNER: string = asset('dist/run-jspi.cjs');
/** The script that runs a js program in a browser. What runs in the page is beside it. */
export const BROWSER_RUNNER: string = asset('dist/run-browser.cjs');
/** The script that runs another and makes a CPU profile. */
export const PROFILER: string = asset('dist/run-profiled.cjs');
/** The script that runs a js program in engines that are much like Node. */
export const JS_RUNNER: string = asset('dist/run-js.cjs');
/** What runs in the page of a report. */
export const REPORT_PAGE: string = asset('dist/report-page.global.js');
/** What `go-wasm serve` adds to pages. */
export const SERVE_PAGE: string = asset('dist/serve-page.global.js');
/** The runtime, as a part of the modules that -emit=module writes. */
export const MODULE_HOST: string = asset('dist/module-host.global.js');
/** The Go sources of what describes the exports of a package. */
export const EXPORTS_SOURCES: string = asset('exports');
/** The Go sources of the shim. */
export const SHIM_SOURCES: string = asset('shim');

/** The version of go-wasm. */
export function version(): string {
  return JSON.parse(readFileSync(asset('package.json'), 'utf8')).version;
}
