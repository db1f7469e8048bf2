import { createHash } from 'node:crypto';
import { appendFileSync, existsSync, mkdirSync, readFileSync } from 'node:fs';
import { readdir, readFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { root } from '../paths.ts';
import type { Run, Setting, StockCache, Verdict } from './check.ts';

type Line = { under: string; verdict: Verdict } | { under: string; hash: string; run: Run };

/**
 * What a long run has found so far, so that it can be stopped at any time and goes on where it was: a file of JSON lines that is
 * only ever appended to, where the last line for a thing is the one that counts. Verdicts hold for one set of options and one
 * state of the packages' sources, stock's runs for one engine.
 */
export class State implements StockCache {
  readonly #file: string;
  readonly #verdictsUnder: string;
  readonly #runsUnder: string;
  readonly #verdicts = new Map<string, Verdict>();
  readonly #runs = new Map<string, Run>();

  private constructor(file: string, verdictsUnder: string, runsUnder: string) {
    this.#file = file;
    this.#verdictsUnder = verdictsUnder;
    this.#runsUnder = runsUnder;
    if (!existsSync(file)) return;
    for (const text of readFileSync(file, 'utf8').split('\n')) {
      const line = parseLine(text);
      if (line && 'verdict' in line && line.under === verdictsUnder) this.#verdicts.set(line.verdict.id, line.verdict);
      if (line && 'run' in line && line.under === runsUnder) this.#runs.set(line.hash, line.run);
    }
  }

  static async open(file: string, setting: Setting): Promise<State> {
    const { engine, link, timeoutSeconds, long } = setting;
    const runsUnder = hash(JSON.stringify([engine, timeoutSeconds, long]));
    const verdictsUnder = hash(JSON.stringify([runsUnder, link, await hashOfSources()]));
    mkdirSync(dirname(file), { recursive: true });
    return new State(file, verdictsUnder, runsUnder);
  }

  verdict(id: string): Verdict | undefined {
    return this.#verdicts.get(id);
  }

  add(verdict: Verdict): void {
    this.#verdicts.set(verdict.id, verdict);
    this.#append({ under: this.#verdictsUnder, verdict });
  }

  get(hash: string): Run | undefined {
    return this.#runs.get(hash);
  }

  set(hash: string, run: Run): void {
    if (this.#runs.has(hash)) return;
    this.#runs.set(hash, run);
    this.#append({ under: this.#runsUnder, hash, run });
  }

  #append(line: Line): void {
    appendFileSync(this.#file, `${JSON.stringify(line)}\n`);
  }
}

/** A line that a killed run left half written says nothing. */
function parseLine(text: string): Line | undefined {
  try {
    return JSON.parse(text) as Line;
  } catch {
    return undefined;
  }
}

/** Of all that the linker is made of. */
async function hashOfSources(): Promise<string> {
  const folder = join(root, 'packages');
  const files = (await readdir(folder, { recursive: true, withFileTypes: true }))
    .filter((entry) => entry.isFile() && entry.name.endsWith('.ts') && /[/\\]src([/\\]|$)/.test(entry.parentPath))
    .map((entry) => join(entry.parentPath, entry.name))
    .sort();
  const contents = await Promise.all(files.map((file) => readFile(file, 'utf8')));
  return hash(JSON.stringify(contents));
}

function hash(text: string): string {
  return createHash('sha256').update(text).digest('hex').slice(0, 16);
}
