/**
 * What a source map costs when linking: `npm run bench:maps -- [--rounds N] FILE...`, for modules that Go has linked. Links each
 * without and with a map in turn, in one process that has warmed up, and prints the least processor time of each, in ms.
 */
import { readFile } from 'node:fs/promises';
import { basename } from 'node:path';
import { parseArgs } from 'node:util';
import { link } from '@go-wasm/linker';

const { values, positionals } = parseArgs({
  options: { rounds: { type: 'string', default: '5' } },
  allowPositionals: true,
});

console.log('module                  without     with    ratio');
for (const file of positionals) {
  const input = await readFile(file);
  const least = [Number.POSITIVE_INFINITY, Number.POSITIVE_INFINITY];
  // The first round is not counted.
  for (let round = 0; round <= Number(values.rounds); round++) {
    for (const which of [0, 1]) {
      const start = process.cpuUsage();
      await link(input, which === 0 ? {} : { sourceMap: { url: () => 'app.wasm.map' } });
      const { user, system } = process.cpuUsage(start);
      if (round > 0) least[which] = Math.min(least[which]!, (user + system) / 1000);
    }
  }
  const [without, mapped] = least as [number, number];
  const cells = [without.toFixed(0), mapped.toFixed(0), (mapped / without).toFixed(2)].map((cell) => cell.padStart(9));
  console.log(basename(file).padEnd(22) + cells.join(''));
}
