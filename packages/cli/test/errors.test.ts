/** docs/errors.md has every code that the packages use, and no other. */
import { existsSync, readdirSync, readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { expect, test } from 'vitest';

const root = fileURLToPath(new URL('../../../', import.meta.url));
const rows = [...readFileSync(join(root, 'docs/errors.md'), 'utf8').matchAll(/^\| (GW\d{4}) \| (.*?) \| (.*?) \|$/gm)];
const documented = rows.map(([, code]) => code!);

/** Every code in what is published of the packages, with a file that has it. */
function used(): Map<string, string> {
  const codes = new Map<string, string>();
  for (const name of readdirSync(join(root, 'packages'))) {
    for (const folder of ['src', 'shim', 'bin', 'host']) {
      const path = join(root, 'packages', name, folder);
      if (!existsSync(path)) continue;
      for (const file of readdirSync(path, { recursive: true, encoding: 'utf8' })) {
        if (!statSync(join(path, file)).isFile()) continue;
        for (const [code] of readFileSync(join(path, file), 'utf8').matchAll(/\bGW\d{4}\b/g)) {
          codes.set(code, join('packages', name, folder, file));
        }
      }
    }
  }
  return codes;
}

test('each code in use is documented, and each documented code is in use', () => {
  const codes = used();
  expect(codes.get('GW4001')).toBeDefined();
  expect([...codes].filter(([code]) => !documented.includes(code))).toEqual([]);
  expect(documented.filter((code) => !codes.has(code))).toEqual([]);
});

test('codes are in order, once each, under the heading of their kind', () => {
  expect(documented).toEqual([...new Set(documented)].sort());
  const text = readFileSync(join(root, 'docs/errors.md'), 'utf8');
  for (const section of text.split(/^## /m).slice(1)) {
    const kind = section.slice(0, 'GW1'.length);
    for (const [code] of section.matchAll(/^\| (GW\d{4})/gm)) expect(code).toContain(kind);
  }
});
