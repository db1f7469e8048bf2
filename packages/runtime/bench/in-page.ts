/** A page that measures the glue that its fragment names, and reports the times. */
import { measure } from './measure.ts';

const bytes = async (url: string) => (await fetch(url)).arrayBuffer();
const glue = location.search.slice(1);
const times = await measure(glue, {
  hello: await bytes('hello.wasm'),
  program: await bytes('program.wasm'),
  texts: await bytes('texts.wasm'),
  module: new URL('module.js', location.href).href,
});
await fetch('result/times', { method: 'POST', body: JSON.stringify(times) });
