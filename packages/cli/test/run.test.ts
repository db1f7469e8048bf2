import { chmodSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { ofToday } from '../../cfg/test/support/effort.ts';
import { execFlag } from '../src/exec.ts';
import { CACHE, folder, goWasm, run } from './command.ts';

const MOD = 'module example.com/app\n\ngo 1.24\n';
const APP = folder('the app', {
  'go.mod': MOD,
  'main.go': `package main

import (
	"fmt"
	"io"
	"os"
	"strings"
)

func main() {
	switch os.Args[1] {
	case "args":
		fmt.Printf("%q\\n", os.Args[2:])
	case "upper":
		in, _ := io.ReadAll(os.Stdin)
		fmt.Print(strings.ToUpper(string(in)))
		fmt.Fprint(os.Stderr, len(in))
	case "exit":
		os.Exit(3)
	case "panic":
		panic("oh no")
	case "read":
		data, err := os.ReadFile(os.Args[2])
		fmt.Print(string(data), err)
	case "pwd":
		wd, err := os.Getwd()
		fmt.Print(wd, err)
	case "deep":
		fmt.Println(deep(100000))
	case "bottomless":
		fmt.Println(deep(100000000))
	}
}

func deep(n int) int {
	if n == 0 {
		return 0
	}
	return deep(n-1) + 1
}
`,
  'data file.txt': 'some data',
});

describe.each(['js', 'wasip1'])('go-wasm run for %s', (GOOS) => {
  const runApp = (...args: string[]) => goWasm(['run', '.', ...args], { cwd: APP, env: { GOOS } });

  test('gives the program its arguments, as they are', async () => {
    const args = ['-switch=x', '--', 'a b', '', '-h', `"'`];
    expect(await runApp('args', ...args)).toEqual({
      code: 0,
      signal: null,
      stdout: '["-switch=x" "--" "a b" "" "-h" "\\"\'"]\n',
      stderr: '',
    });
  });

  test('connects stdin, stdout and stderr', async () => {
    const stdin = 'hello '.repeat(50_000);
    const result = await goWasm(['run', '.', 'upper'], { cwd: APP, env: { GOOS }, stdin });
    expect(result).toMatchObject({ code: 0, stderr: String(stdin.length) });
    expect(result.stdout === stdin.toUpperCase()).toBe(true);
  });

  test('ends as go run does', async () => {
    expect(await runApp('exit')).toMatchObject({ code: 1, stderr: 'exit status 3\n' });
    const panicked = await runApp('panic');
    expect(panicked).toMatchObject({ code: 1, stdout: '' });
    expect(panicked.stderr).toMatch(/^panic: oh no\n\ngoroutine 1 \[running\]:\n.*exit status 2\n$/s);
  });

  test('lets it see the files and its folder', async () => {
    expect((await runApp('read', join(APP, 'data file.txt'))).stdout).toBe('some data<nil>');
    expect((await runApp('read', 'data file.txt')).stdout).toBe('some data<nil>');
    expect((await runApp('pwd')).stdout).toBe(`${APP}<nil>`);
  });

  test('has room for deep recursion, and an error where there is none left', async () => {
    expect((await runApp('deep')).stdout).toBe('100000\n');
    const { code, stderr } = await runApp('bottomless');
    expect(code).toBe(1);
    expect(stderr).not.toMatch(/segmentation fault|signal|exit status 139/i);
  });
});

describe('in Node, a js program meets what it meets with Go’s own script', () => {
  const cwd = folder('a program of Node', {
    'go.mod': MOD,
    'main.go': `package main

import (
	"fmt"
	"os"
	"syscall/js"
	"time"
)

func main() {
	eval := func(code string) js.Value { return js.Global().Call("eval", code) }
	switch os.Args[1] {
	case "globals":
		fmt.Println(eval("[typeof require('os').cpus, fs.readFileSync.length, path.join('a', 'b'), process.argv0].join(' ')"))
		fmt.Println(js.Global().Get("fs").Call("existsSync", "go.mod").Bool(), js.Global().Call("require", "os").Type())
	case "files":
		answers := make(chan string, 1)
		answered := js.FuncOf(func(_ js.Value, args []js.Value) any {
			answers <- fmt.Sprint(len(args), args[0].IsNull(), args[1].Int(), args[2].Get("length").Int())
			return nil
		})
		text := js.Global().Get("Uint8Array").New(5)
		js.Global().Get("fs").Call("write", 1, text, 0, 3, nil, answered)
		fmt.Println(<-answers)
		file := js.Global().Get("fs").Call("openSync", "go.mod")
		js.Global().Get("fs").Call("read", file, text, 0, 5, 0, answered)
		fmt.Println(<-answers)
	case "deadlock":
		<-make(chan int)
	case "exit":
		fmt.Print("before")
		eval("process.exit(4)")
	case "exit later":
		eval("setTimeout(() => process.exit(5), 1)")
		time.Sleep(time.Hour)
	case "throw":
		eval("(() => { throw new Error('thrown') })()")
	case "throw later":
		eval("setTimeout(() => { throw 'thrown later' }, 1)")
		time.Sleep(time.Hour)
	case "reject":
		eval("Promise.reject('rejected')")
		time.Sleep(time.Hour)
	case "callback":
		js.Global().Call("setTimeout", js.FuncOf(func(js.Value, []js.Value) any { panic("in a callback") }), 1)
		time.Sleep(time.Hour)
	}
}
`,
  });
  const failed = { code: 1 };
  test.each([
    ['globals', { code: 0, stdout: 'function 2 a/b node\ntrue object\n' }],
    ['files', { code: 0, stdout: '\0\0\x003 true 3 5\n3 true 5 5\n' }],
    ['deadlock', failed],
    ['exit', failed],
    ['exit later', failed],
    ['throw', failed],
    ['throw later', failed],
    ['reject', failed],
    ['callback', failed],
  ])('%s', async (what, expected) => {
    const [stock, linked] = await Promise.all(
      ['internal', 'external'].map((mode) => goWasm(['run', `-linkmode=${mode}`, '.', what], { cwd })),
    );
    expect(linked).toEqual(stock);
    expect(linked).toMatchObject(expected);
  });
});

test('in Node, a js program runs by our runtime; as that Go has it, if Go has linked it or is newer than what we know', async () => {
  const GOROOT = (await run('go', ['env', 'GOROOT'])).stdout.trim();
  const runner = (GOVERSION: string, strategy: 'resume' | 'jump-table') =>
    execFlag({ GOROOT, GOVERSION, GOHOSTOS: '', GOHOSTARCH: '', GOFLAGS: '', GOCACHE: '' }, { goos: 'js', strategy });
  expect(runner('go1.26.8', 'resume')).toMatch(/run-js\.cjs/);
  expect(runner('go1.26.8', 'jump-table')).toMatch(/wasm_exec_node\.js/);
  expect(runner('go1.99.0', 'resume')).toMatch(/wasm_exec_node\.js/);
  expect(runner('devel go1.99-0123456 Mon Nov 30', 'resume')).toMatch(/wasm_exec_node\.js/);
});

// go ends when it is told to, and so do we, by the same signal. (It leaves the program alone, as it always does.)
test.runIf(process.platform !== 'win32')('signals go on to go', async () => {
  const ended = await goWasm(['run', '-exec', `sh -c "echo waiting; exec sleep 3 >/dev/null 2>&1"`, '.'], {
    cwd: APP,
    onOutput: (kill) => kill('SIGTERM'),
  });
  expect(ended).toEqual({ code: null, signal: 'SIGTERM', stdout: 'waiting\n', stderr: '' });
});

describe('-exec', () => {
  test('of the user replaces ours', async () => {
    const result = await goWasm(['run', '-exec', 'echo run:', '.', 'x'], { cwd: APP });
    expect(result).toMatchObject({ code: 0, stderr: '' });
    expect(result.stdout).toMatch(/^run: \S+ x\n$/);
    const env = { GOFLAGS: "-buildvcs=false '-exec=echo run:'" };
    expect((await goWasm(['run', '.', 'x'], { cwd: APP, env })).stdout).toMatch(/^run: \S+ x\n$/);
  });

  test('calls node by its name, and means the one that runs go-wasm', async () => {
    const cwd = folder('a js program', {
      'go.mod': MOD,
      'main.go': `package main

import "syscall/js"

func main() {
	process := js.Global().Get("process")
	println(process.Get("argv0").String(), process.Get("execPath").String())
}
`,
    });
    const node = folder('another node', { node: '#!/bin/sh\necho wrong\n' });
    chmodSync(join(node, 'node'), 0o755);
    const result = await goWasm(['run', '.'], { cwd, env: { PATH: `${node}:${process.env.PATH}` } });
    expect(result.stderr).toBe(`node ${process.execPath}\n`);
  });
});

describe('GOWASIRUNTIME', () => {
  const names = ['wasmtime', 'wasmer', 'wasmedge', 'wazero'];
  const scripts = names.map((name) => [name, `#!/bin/sh\nprintf '%s|' ${name} "$@"\nexit 5\n`]);
  const runtimes = folder('runtimes', Object.fromEntries(scripts));
  for (const name of names) chmodSync(join(runtimes, name), 0o755);

  test('a runtime that is in PATH is given what Go’s own script gives it', async () => {
    const PATH = `${runtimes}:${process.env.PATH}`;
    const lines: Record<string, string> = {};
    for (const GOWASIRUNTIME of ['', 'wasmtime', 'wasmer', 'wasmedge', 'wazero']) {
      const env = { GOOS: 'wasip1', GOWASIRUNTIME, GOWASIRUNTIMEARGS: '-x -y', PATH };
      const result = await goWasm(['run', '.', 'a b'], { cwd: APP, env });
      expect(result).toMatchObject({ code: 1, stderr: 'exit status 5\n' });
      const words = result.stdout.replaceAll(/PATH=[^|]*/g, 'PATH=…').replace(`PWD=${APP}`, 'PWD=…');
      lines[GOWASIRUNTIME] = words.replace(/[^|]*go-build[^|]*|[^|]*\/app(?=\|)/, 'PROGRAM');
    }
    const wasmtime = 'wasmtime|run|--dir=/|--env|PWD=…|--env|PATH=…|-W|max-wasm-stack=8388608|-x|-y|PROGRAM|a b|';
    expect(lines).toEqual({
      '': wasmtime,
      wasmtime,
      wasmer: 'wasmer|run|--dir=/|--env|PWD=…|--env|PATH=…|-x|-y|PROGRAM|--|a b|',
      wasmedge: 'wasmedge|--dir=/|--env|PWD=…|--env|PATH=…|-x|-y|PROGRAM|a b|',
      wazero: 'wazero|run|-mount|/:/|-env-inherit|-x|-y|PROGRAM|a b|',
    });
  });

  test('node can be asked for, and a runtime that is not there is an error', async () => {
    const env = { GOOS: 'wasip1', PATH: `${runtimes}:${process.env.PATH}` };
    const asked = await goWasm(['run', '.', 'args'], { cwd: APP, env: { ...env, GOWASIRUNTIME: 'node' } });
    expect(asked.stdout).toBe('[]\n');
    const unknown = await goWasm(['run', '.'], { cwd: APP, env: { ...env, GOWASIRUNTIME: 'nonsense' } });
    expect(unknown.stderr).toBe(
      'go-wasm: GW4030: WebAssembly runtime nonsense is unknown\n' +
        '  hint: GOWASIRUNTIME is one of wasmtime, wasmedge, wasmer, wazero, node\nexit status 1\n',
    );
  });
});

describe.each(ofToday(['js', 'wasip1']))('go-wasm test for %s', (GOOS) => {
  const cwd = folder('tests', {
    'go.mod': MOD,
    'lib.go': 'package lib\n\nfunc Double(n int) int { return 2 * n }\n\nfunc Unused() int { return 1 }\n',
    'lib_test.go': `package lib

import (
	"flag"
	"os"
	"testing"
)

var own = flag.String("switch", "", "a flag of the test's own")

func TestDouble(t *testing.T) {
	if Double(2) != 4 {
		t.Fatal("no")
	}
}

func TestFile(t *testing.T) {
	if _, err := os.ReadFile("testdata/file.txt"); err != nil {
		t.Fatal(err)
	}
}

func TestFails(t *testing.T) {
	if *own != "" {
		t.Fatalf("failed as %s", *own)
	}
}
`,
    'testdata/file.txt': 'data',
  });
  const env = { GOOS };

  test('runs tests, linked through the pipeline', async () => {
    const passed = await goWasm(['test', './...'], { cwd, env });
    expect(passed).toMatchObject({ code: 0, stderr: '' });
    expect(passed.stdout).toMatch(/^ok {2}\texample\.com\/app\t/);
    // Our flags may follow the packages.
    const failed = await goWasm(['test', './...', '-linkmode=external'], { cwd, env: { ...env, TEST_LINK: 'limit' } });
    expect(failed.code).toBe(1);
    expect(failed.stderr).toContain('GW3001: made to fail');
  });

  test('-run, -v, -json and -cover are go’s', async () => {
    const verbose = await goWasm(['test', '-v', '-run', 'TestDouble|TestFile'], { cwd, env });
    expect(verbose.stdout.match(/--- \w+: \w+/g)).toEqual(['--- PASS: TestDouble', '--- PASS: TestFile']);
    const json = await goWasm(['test', '-json', '-run=TestDouble', '.'], { cwd, env });
    const events = json.stdout
      .trim()
      .split('\n')
      .map((line) => JSON.parse(line));
    expect(events).toContainEqual(expect.objectContaining({ Action: 'pass', Test: 'TestDouble' }));
    expect((await goWasm(['test', '-cover', '-run=TestDouble', '.'], { cwd, env })).stdout).toContain(
      'coverage: 50.0%',
    );
  });

  test('a test that fails', async () => {
    const failed = await goWasm(['test', '.', '-args', '-switch=planned'], { cwd, env });
    expect(failed.code).toBe(1);
    expect(failed.stdout).toContain('failed as planned');
    expect(failed.stdout).toMatch(/\nFAIL\n$/);
  });

  test('-c builds a program that go-wasm run’s runner takes', async () => {
    expect(await goWasm(['test', '-c', '-o', 'the tests.wasm', '.'], { cwd, env })).toMatchObject({
      code: 0,
      stdout: '',
    });
    const go = await run('go', ['env', 'GOROOT']);
    if (GOOS === 'js') {
      const script = join(go.stdout.trim(), 'lib', 'wasm', 'wasm_exec_node.js');
      expect((await run('node', [script, join(cwd, 'the tests.wasm')], { cwd })).stdout).toBe('PASS\n');
    }
  });
});

test('the cache folder is GO_WASM_CACHE', () => {
  expect(readdirSync(CACHE)).toEqual(['shim']);
});
