/**
 * What a source map, and DWARF, cost when linking: `npm run bench:maps -- [--rounds N] FILE...`, for modules that Go has linked.
 * Links each without, with a map and with DWARF in turn, in one process that has warmed up, and prints the least processor time
 * of each, in ms, and how many bytes DWARF adds.
 */
import { readFile } from 'node:fs/promises';
import { basename } from 'node:path';
import { type LinkOptions, link } from '@go-wasm/linker';
import { parseOptions } from './options.ts';

const { values, positionals } = parseOptions(import.meta.url, {
  options: { rounds: { type: 'string', default: '5' } },
  allowPositionals: true,
});

const variants: readonly LinkOptions[] = [{}, { sourceMap: { url: () => 'app.wasm.map' } }, { dwarf: true }];

console.log('module                  without      map    ratio    DWARF    ratio    bytes');
for (const file of positionals) {
  const input = await readFile(file);
  const least = variants.map(() => Number.POSITIVE_INFINITY);
  const bytes = variants.map(() => 0);
  // The first round is not counted.
  for (let round = 0; round <= Number(values.rounds); round++) {
    for (const [which, options] of variants.entries()) {
      const start = process.cpuUsage();
      bytes[which] = (await link(input, options)).bytes.length;
      const { user, system } = process.cpuUsage(start);
      if (round > 0) least[which] = Math.min(least[which]!, (user + system) / 1000);
    }
  }
  const [without, mapped, dwarf] = least as [number, number, number];
  const ratio = (x: number, y: number): string => (x / y).toFixed(2);
  const times = [
    without.toFixed(0),
    mapped.toFixed(0),
    ratio(mapped, without),
    dwarf.toFixed(0),
    ratio(dwarf, without),
  ];
  const cells = [...times, ratio(bytes[2]!, bytes[0]!)].map((cell) => cell.padStart(9));
  console.log(basename(file).padEnd(22) + cells.join(''));
}
