/** A page that measures what its URL asks for, and reports the times. */
import { calls, hello } from './measure.ts';

const bytes = async (name: string) => (await fetch(name)).arrayBuffer();
const query = new URLSearchParams(location.search);
const wasmExec = query.has('go') ? new URL('wasm_exec.js', location.href).href : undefined;
const times = query.has('hello')
  ? await hello(wasmExec, await bytes('hello.wasm'))
  : await calls(wasmExec, {
      program: await bytes('program.wasm'),
      texts: await bytes('texts.wasm'),
      module: new URL('module.js', location.href).href,
    });
await fetch('result/times', { method: 'POST', body: JSON.stringify(times) });
