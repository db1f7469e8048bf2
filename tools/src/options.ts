import { readFileSync } from 'node:fs';
import { type ParseArgsConfig, parseArgs } from 'node:util';

/**
 * The options of one of our commands, as `parseArgs` gives them. The comment that the command's file begins with is its help:
 * `--help` prints it, and so does what the command does not take.
 *
 * @param url of the command's file: `import.meta.url`.
 */
export function parseOptions<T extends ParseArgsConfig>(url: string, config: T): ReturnType<typeof parseArgs<T>> {
  const help = (): string => {
    const [, comment] = /^\/\*\*\n(.*?)\n \*\/$/ms.exec(readFileSync(new URL(url), 'utf8'))!;
    return `${comment!.replace(/^ \* ?/gm, '')}\n`;
  };
  if (process.argv.slice(2).includes('--help')) {
    process.stdout.write(help());
    process.exit(0);
  }
  try {
    return parseArgs(config);
  } catch (error) {
    process.stderr.write(`${(error as Error).message}\n\n${help()}`);
    process.exit(2);
  }
}
