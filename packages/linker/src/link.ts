/** What the user can choose. */
export interface LinkOptions {
  /** How goroutines are switched: `jump-table` leaves the module as it is. Default `resume`. */
  switch?: 'jump-table' | 'resume';
  /** How control flow is structured. Default `stackifier`. */
  structure?: 'stackifier' | 'relooper';
  /** Check the module after every stage: slow, for tests and bug reports. */
  verify?: boolean;
  /** Called as functions are done. */
  onProgress?: (done: number, total: number) => void;
}

/** What was done, for `go-wasm report` and for the curious. Sizes in bytes, times in milliseconds. */
export interface LinkReport {
  goVersion: string;
  goos: 'js' | 'wasip1';
  switch: string;
  structure: string;
  inputBytes: number;
  outputBytes: number;
  /** Functions in the module; of them structured; of them kept in jump-table form, with the reason of each. */
  functions: { total: number; structured: number; kept: { name: string; reason: string }[] };
  stages: { name: string; ms: number }[];
}

export interface LinkResult {
  bytes: Uint8Array;
  report: LinkReport;
}

/**
 * Turns a module that Go's linker wrote (js/wasm or wasip1/wasm, Go 1.24–1.27) into one with structured control flow.
 *
 * @throws MalformedError, UnsupportedError, LimitError for input that cannot be processed; nothing is written anywhere.
 */
export async function link(_input: Uint8Array, _options: LinkOptions = {}): Promise<LinkResult> {
  throw new Error('under construction');
}
