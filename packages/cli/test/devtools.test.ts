/** What a debugger does with a program and its source map, by the DevTools protocol: in Node's inspector and in Chromium. */
import { type ChildProcess, execFileSync, spawn } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { decodedMappings, TraceMap } from '@jridgewell/trace-mapping';
import { beforeAll, describe, expect, test } from 'vitest';
import { WebSocket } from 'ws';
import { chromium } from '../../runtime/test/browser.ts';
import { launch } from '../../runtime/test/playwright.ts';
import { folder, goWasm, install, run } from './command.ts';

const REAL = await install('real package');
const GLUE = join(execFileSync('go', ['env', 'GOROOT'], { encoding: 'utf8' }).trim(), 'lib/wasm');

/** A line with a comment of one letter is looked for by it. */
const SOURCE = `package main

import (
	"fmt"
	"syscall/js"
)

//go:noinline
func area(width, height int) int {
	fmt.Println("area", width, height) // A
	return width * height
}

type shape struct{ n int }

//go:noinline
func (s *shape) draw() int {
	return area(s.n, 3) // B
}

//go:noinline
func inCallback() {
	js.Global().Call("fail") // C
}

func main() {
	fmt.Println((&shape{2}).draw()) // D
	callback := js.FuncOf(func(js.Value, []js.Value) any {
		inCallback() // E
		return nil
	})
	js.Global().Call("setTimeout", callback, 1)
	select {}
}
`;
/** 1-based. */
const lineOf = (letter: string) => SOURCE.split('\n').findIndex((line) => line.endsWith(`// ${letter}`)) + 1;

const START = `Object.assign(globalThis, { require, fs: require('fs'), path: require('path') });
require(${JSON.stringify(join(GLUE, 'wasm_exec.js'))});
globalThis.fail = () => {
  const error = new Error('thrown');
  console.log(error.stack);
  throw error;
};
const go = new Go();
go.exit = process.exit;
WebAssembly.compile(fs.readFileSync(process.argv[2])).then(async (module) => {
  debugger;
  go.run(await WebAssembly.instantiate(module, go.importObject));
});
`;
const cwd = folder('debugged', { 'go.mod': 'module app\n\ngo 1.24\n', 'main.go': SOURCE, 'start.cjs': START });
const MAIN = join(cwd, 'main.go').replaceAll('\\', '/');
let map: TraceMap;

beforeAll(async () => {
  const built = await goWasm(['build', '-sourcemap=file', '-o', 'app.wasm', '.'], { cwd }, REAL);
  expect(built).toMatchObject({ code: 0, stderr: '' });
  expect(await goWasm(['build', '-linkmode=internal', '-o', 'stock.wasm', '.'], { cwd }, REAL)).toMatchObject({
    code: 0,
  });
  map = new TraceMap(readFileSync(join(cwd, 'app.wasm.map'), 'utf8'));
}, 120_000);

/** Where a debugger puts a breakpoint for a line of main.go: the first place in the module that has it. */
function placeOf(line: number): number {
  const source = map.sources.indexOf(MAIN);
  const segments = decodedMappings(map)[0]!;
  return segments.find((segment) => segment[1] === source && segment[2] === line - 1)![0];
}

/** `FILE:LINE` of a place in the module. */
function lineAt(place: number): string {
  const segment = decodedMappings(map)[0]!
    .filter(([column]) => column <= place)
    .at(-1)!;
  return `${map.sources[segment[1]!]}:${segment[2]! + 1}`;
}

/** One end of the DevTools protocol. */
interface Session {
  send(method: string, params?: object): Promise<unknown>;
  on(event: string, listener: (params: never) => void): void;
}

interface Script {
  scriptId: string;
  scriptLanguage: string;
  sourceMapURL: string;
}

interface Paused {
  callFrames: { functionName: string; location: { scriptId: string; columnNumber: number } }[];
}

/**
 * Stops at line A, and gives the frames of Go's package main. What loads the module has a `debugger` statement behind its
 * compiling: there the breakpoint is set.
 *
 * @param start lets that begin.
 */
async function stopInArea(session: Session, start: () => void): Promise<string[]> {
  const modules: { scriptId: string; sourceMapURL: string }[] = [];
  session.on('Debugger.scriptParsed', (script: Script) => {
    if (script.scriptLanguage === 'WebAssembly') modules.push(script);
  });
  let asked = false;
  const paused = new Promise<Paused>((resolve) => {
    session.on('Debugger.paused', async (params: Paused) => {
      const [module] = modules;
      if (params.callFrames[0]!.location.scriptId === module?.scriptId) resolve(params);
      else {
        if (module && !asked) {
          asked = true;
          const location = { scriptId: module.scriptId, lineNumber: 0, columnNumber: placeOf(lineOf('A')) };
          await session.send('Debugger.setBreakpoint', { location });
        }
        await session.send('Debugger.resume');
      }
    });
  });
  await session.send('Debugger.enable');
  start();
  const { callFrames } = await paused;
  await session.send('Debugger.resume');
  expect(modules.map(({ sourceMapURL }) => sourceMapURL)).toEqual(['app.wasm.map']);
  return callFrames
    .filter(({ functionName }) => functionName.includes('main.'))
    .map(({ functionName, location }) => `${functionName.replace(/^\$/, '')} ${lineAt(location.columnNumber)}`);
}

/** As Go's linker writes names: of letters, digits, dots. */
const FRAMES = () => [
  `main.area ${MAIN}:${lineOf('A')}`,
  `main.__shape_.draw ${MAIN}:${lineOf('B')}`,
  `main.main ${MAIN}:${lineOf('D')}`,
];

/** The trace that an Error had which was made in \`fail\`, as far as package main goes. */
function mapped(stack: string): string[] {
  return [...stack.matchAll(/wasm-function\[\d+\]:0x([0-9a-f]+)/g)]
    .map(([, offset]) => lineAt(Number.parseInt(offset!, 16)))
    .filter((line) => line.startsWith(MAIN));
}

describe('in Node', () => {
  test('a breakpoint at a Go line is hit there', async () => {
    const child: ChildProcess = spawn(process.execPath, ['--inspect-brk=127.0.0.1:0', 'start.cjs', 'app.wasm'], {
      cwd,
      stdio: ['ignore', 'ignore', 'pipe'],
    });
    try {
      const url = await new Promise<string>((resolve) => {
        let text = '';
        child.stderr!.on('data', (data) => {
          text += data;
          const found = /ws:\/\/\S+/.exec(text);
          if (found) resolve(found[0]);
        });
      });
      const socket = new WebSocket(url);
      await new Promise((resolve) => socket.once('open', resolve));
      const listeners = new Map<string, (params: never) => void>();
      const answers = new Map<number, (result: unknown) => void>();
      socket.on('message', (data) => {
        const { id, method, params, result, error } = JSON.parse(String(data));
        if (error) throw new Error(error.message);
        if (id === undefined) listeners.get(method)?.(params as never);
        else answers.get(id)?.(result);
      });
      let last = 0;
      const session: Session = {
        send: (method, params = {}) =>
          new Promise((resolve) => {
            answers.set(++last, resolve);
            socket.send(JSON.stringify({ id: last, method, params }));
          }),
        on: (event, listener) => listeners.set(event, listener),
      };
      expect(await stopInArea(session, () => session.send('Runtime.runIfWaitingForDebugger'))).toEqual(FRAMES());
      socket.close();
    } finally {
      child.kill('SIGKILL');
    }
  });

  test('an exception in a callback has the trace that stock Go prints, and its own is that of the Go lines', async () => {
    const inNode = (file: string) => run(process.execPath, ['--stack-trace-limit=50', 'start.cjs', file], { cwd });
    const [ours, stock] = [await inNode('app.wasm'), await inNode('stock.wasm')];
    expect(ours.code).toBe(stock.code);
    expect(ours.stderr).toMatch(/^panic: JavaScript error: thrown\n\ngoroutine \d+ \[running\]:/);
    expect(ours.stderr).toBe(stock.stderr);
    expect(mapped(ours.stdout)).toEqual([`${MAIN}:${lineOf('C')}`, `${MAIN}:${lineOf('E')}`]);
  });
});

test.skipIf(!chromium)('in Chromium: breakpoint, and exception in a callback', async () => {
  const files: Record<string, [type: string, file: string]> = {
    '/wasm_exec.js': ['text/javascript', join(GLUE, 'wasm_exec.js')],
    '/app.wasm': ['application/wasm', join(cwd, 'app.wasm')],
    '/app.wasm.map': ['application/json', join(cwd, 'app.wasm.map')],
  };
  const page = `<!doctype html><script src="wasm_exec.js"></script><script>
Error.stackTraceLimit = 50;
const failed = new Promise((resolve) => { globalThis.fail = () => { const e = new Error('thrown'); resolve(e.stack); throw e; }; });
async function start() {
  const go = new Go();
  const module = await WebAssembly.compileStreaming(fetch('app.wasm'));
  debugger;
  go.run(await WebAssembly.instantiate(module, go.importObject));
}
</script>`;
  const server = createServer((request, response) => {
    const [type, file] = files[request.url!] ?? ['text/html', undefined];
    response.writeHead(200, { 'content-type': type }).end(file === undefined ? page : readFileSync(file));
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const opened = await launch();
  try {
    const tab = await opened.newPage();
    await tab.goto(`http://127.0.0.1:${(server.address() as AddressInfo).port}/`);
    const session = (await tab.context().newCDPSession(tab)) as unknown as Session;
    expect(await stopInArea(session, () => tab.evaluate('start()'))).toEqual(FRAMES());
    expect(mapped(await tab.evaluate('failed'))).toEqual([`${MAIN}:${lineOf('C')}`, `${MAIN}:${lineOf('E')}`]);
  } finally {
    await opened.close();
    server.closeAllConnections();
    server.close();
  }
});
