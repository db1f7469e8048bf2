/** What browser.test.ts checks in a page and in a worker: each entry is reported to the server as text. */
import { fetchFs, Go, type InstantiateOptions, instantiate, memoryFs } from '../src/index.ts';

const inWorker = typeof document === 'undefined';

async function run(url: string, args: string[], options: InstantiateOptions = {}): Promise<string> {
  let text = '';
  const decoder = new TextDecoder();
  const write = (bytes: Uint8Array): void => {
    text += decoder.decode(bytes, { stream: true });
  };
  const app = await instantiate(fetch(url), { stdout: write, stderr: write, ...options, args });
  const code = await app.exited;
  return `${text}exit ${code}`;
}

const many = 'many values strings bytes memory nested goroutines funcs timers'.split(' ');

const checks: Record<string, () => Promise<unknown>> = {
  async policy() {
    // The policy is in force: no code from strings.
    try {
      return new Function('return "evaluated"')();
    } catch (error) {
      return (error as Error).name;
    }
  },
  streaming: () => run('program.wasm', ['print']),
  many: () => run('program.wasm', many),
  linked: () => run('resume.wasm', many),
  panic: () => run('program.wasm', ['panic']).then((text) => text.replace(/\n\ngoroutine[\s\S]*\n/, '\n')),
  files: () => run('program.wasm', ['files', '/tmp'], { fs: memoryFs() }),
  fetched: () => run('program.wasm', ['cat', '/a.txt', '/missing'], { fs: fetchFs('data', ['a.txt']) }),
  get: () => run('web.wasm', [new URL('data/a.txt', location.href).href]),
  async exports() {
    const app = await instantiate<Record<string, (...args: number[]) => number>>('program.wasm', { args: ['exports'] });
    return [app.exports.add!(2, 3), app.exports.talk!(10)];
  },
  async waiting() {
    const results: Record<string, unknown> = {};
    for (const strategy of (await (await fetch('strategies.json')).json()) as string[]) {
      type Functions = Record<string, (ms: number) => number>;
      const { async } = await instantiate<Functions>(`${strategy}.wasm`, { args: ['exports'] });
      results[strategy] = await Promise.all([async.wait!(30), async.wait!(20), async.receive!(100), async.send!(1)]);
    }
    return results;
  },
  async globals() {
    const before = Reflect.ownKeys(globalThis);
    await run('program.wasm', ['global']);
    return Reflect.ownKeys(globalThis).filter((key) => !before.includes(key));
  },
  async 'drop-in'() {
    const codes: number[] = [];
    const go = new Go();
    go.argv = ['js', 'exit', '3'];
    go.exit = (code) => codes.push(code);
    const { instance } = await WebAssembly.instantiateStreaming(fetch('program.wasm'), go.importObject);
    await go.run(instance);
    return codes;
  },
  error: () =>
    instantiate('missing.wasm').then(
      () => 'loaded',
      (error) => `${error.name} ${error.code}`,
    ),
};

async function report(): Promise<void> {
  const results: Record<string, unknown> = {};
  for (const [name, check] of Object.entries(checks)) {
    results[name] = await check().catch((error) => `${error.name}: ${error.message}`);
  }
  await fetch(inWorker ? 'result/worker' : 'result/page', { method: 'POST', body: JSON.stringify(results) });
}

await report();
if (!inWorker) {
  // The policy wants URLs of scripts from those who are trusted to make them.
  type Policy = { createScriptURL(url: string): URL };
  type Factory = { createPolicy(name: string, rules: { createScriptURL(url: string): string }): Policy };
  const { trustedTypes } = globalThis as unknown as { trustedTypes: Factory };
  const policy = trustedTypes.createPolicy('test', { createScriptURL: (url) => url });
  new Worker(policy.createScriptURL('page.js'), { type: 'module' });
}
