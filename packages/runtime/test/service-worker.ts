/** The runtime in a service worker: runs `program.wasm values` while it is installed, and tells what that has printed. */
import { instantiate } from '../src/index.ts';

async function run(): Promise<void> {
  let result = '';
  try {
    const decoder = new TextDecoder();
    const app = await instantiate(new URL('program.wasm', location.href), {
      args: ['values'],
      stdout: (bytes) => {
        result += decoder.decode(bytes, { stream: true });
      },
    });
    result += `exit ${await app.exited}`;
  } catch (error) {
    result += error;
  }
  await fetch('result/service-worker', { method: 'POST', body: JSON.stringify(result) });
}

addEventListener('install', (event) => (event as Event & { waitUntil(done: Promise<void>): void }).waitUntil(run()));
