/** A page that measures the glue that its fragment names, and reports the times. */
import { measure } from './measure.ts';

const bytes = async (url: string) => (await fetch(url)).arrayBuffer();
const glue = location.search.slice(1);
const times = await measure(glue, await bytes('hello.wasm'), await bytes('program.wasm'));
await fetch('result/times', { method: 'POST', body: JSON.stringify(times) });
