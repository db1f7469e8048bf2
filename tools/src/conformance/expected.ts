import { readFileSync } from 'node:fs';
import { exitName, type Setting, type Verdict } from './check.ts';

/** Something that fails with stock Go too, on the machines that this runs on. */
export interface Expected {
  /** A package, or a file of GOROOT/test. */
  unit: string;
  /** The top-level tests that may fail; without it, the unit's exit alone. */
  tests?: string[];
  /** Where: without it, everywhere. `go` is a prefix: `go1.24`. */
  goos?: string;
  engine?: string;
  go?: string;
  reason: string;
}

const all = JSON.parse(readFileSync(new URL('../../conformance/expected.json', import.meta.url), 'utf8')) as Expected[];

function holds({ goos, engine, go }: Expected, setting: Setting): boolean {
  return (
    (goos === undefined || goos === setting.goos) &&
    (engine === undefined || engine === setting.engine.name) &&
    (go === undefined || setting.toolchain.version === go || setting.toolchain.version.startsWith(`${go}.`))
  );
}

/**
 * What failed as with stock and is not listed in tools/conformance/expected.json. A failing test makes its parents and the exit fail: these are
 * not counted where a test accounts for them.
 */
export function unexpectedFailures(verdict: Verdict, setting: Setting): string[] {
  if (verdict.status !== 'same') return [];
  const entries = all.filter((entry) => entry.unit === verdict.id && holds(entry, setting));
  const expected = new Set(entries.flatMap((entry) => entry.tests ?? [exitName]));
  const tests = Object.keys(verdict.failures).filter((name) => name !== exitName);
  if (tests.length === 0) return exitName in verdict.failures && !expected.has(exitName) ? [exitName] : [];
  return tests.filter((name) => !expected.has(name.split('/')[0]!));
}
