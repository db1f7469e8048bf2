/** Tells why a module cannot be loaded in this engine, from its bytes and from a response: `engine-run.mjs MODULE`. */
import { readFileSync } from 'node:fs';
import { instantiate } from '../src/index.ts';

const bytes = readFileSync(process.argv[2]!);
const response = () => new Response(bytes, { headers: { 'content-type': 'application/wasm' } });
// Without WebAssembly Node 20 has no responses either.
for (const source of globalThis.WebAssembly ? [bytes, response] : [bytes]) {
  const error = await Promise.resolve(typeof source === 'function' ? source() : source)
    .then((source) => instantiate(source, { stdout() {} }))
    .then(
      () => ({ name: 'none', code: '', message: '' }),
      (error) => error,
    );
  console.log(error.name, error.code, error.message);
}
