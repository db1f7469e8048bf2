import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { results } from './paths.ts';

/** Writes what a command has found to `results/trust/NAME.json`, where `npm run trust` takes it from. */
export async function writeResult(name: string, result: object): Promise<void> {
  const folder = join(results, 'trust');
  await mkdir(folder, { recursive: true });
  await writeFile(
    join(folder, `${name}.json`),
    `${JSON.stringify({ date: dateOf(new Date()), ...result }, undefined, 2)}\n`,
  );
}

/** The day, as ISO 8601 has it. */
export function dateOf(time: Date): string {
  return time.toISOString().slice(0, 10);
}

/** The command line that this process was started with, for people to repeat. */
export function asTyped(script: string): string {
  const args = process.argv.slice(2);
  return args.length === 0 ? `npm run ${script}` : `npm run ${script} -- ${args.join(' ')}`;
}
