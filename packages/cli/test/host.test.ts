/** `-host`: programs and tests in a browser, with the real linker. */
import {
  cpSync,
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  realpathSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { dirname, join } from 'node:path';
import { describe, expect, test, vi } from 'vitest';
import { root as REPOSITORY } from '../../../tools/src/paths.ts';
import { full, ofToday } from '../../cfg/test/support/effort.ts';
import { browsers } from '../../runtime/test/browser.ts';
import { which } from '../src/toolchain.ts';
import { folder, goWasm, install, installBinaryen, type RunOptions, run } from './command.ts';

const REAL = await install('real package');
installBinaryen(REAL);
const cwd = folder('the app', {
  'go.mod': 'module app\n\ngo 1.24\n',
  'main.go': `package main

import (
	"bufio"
	"fmt"
	"os"
	"syscall/js"
)

func main() {
	document := js.Global().Get("document").Get("title").String()
	wd, err := os.Getwd()
	fmt.Printf("%q %s %s %v\\n", os.Args[1:], document, wd, err)
	lines := bufio.NewScanner(os.Stdin)
	for lines.Scan() {
		fmt.Fprintln(os.Stderr, "got", lines.Text(), os.Getenv("SAID"))
	}
	fmt.Println(os.WriteFile("out put.txt", []byte("written"), 0o644))
	fmt.Println(os.Chdir("parts"))
	data, err := os.ReadFile("data.txt")
	fmt.Println(string(data), err)
	_, err = os.Stat("missing")
	fmt.Println(err)
	js.Global().Get("console").Call("log", "the console", 1)
	if len(os.Args) > 1 && os.Args[1] == "panic" {
		panic("as planned")
	}
	os.Exit(3)
}
`,
  'waits/main.go': `package main

import (
	"fmt"
	"os"
)

func main() {
	fmt.Println(os.Getpid())
	select {}
}
`,
  'parts/data.txt': 'data',
  'parts/parts.go': 'package parts\n\nfunc Half(n int) int {\n\tif n < 0 {\n\t\treturn 0\n\t}\n\treturn n / 2\n}\n',
  'parts/parts_test.go': `package parts

import (
	"flag"
	"os"
	"syscall/js"
	"testing"
	"time"
)

var hang = flag.Bool("hang", false, "")

func TestHalf(t *testing.T) {
	if Half(4) != 2 {
		t.Fatal("wrong")
	}
	data, err := os.ReadFile("data.txt")
	t.Log(string(data), err, js.Global().Get("location").Get("protocol"))
}

func TestHang(t *testing.T) {
	if *hang {
		time.Sleep(time.Hour)
	}
}

func BenchmarkHalf(b *testing.B) {
	for b.Loop() {
		Half(b.N)
	}
}
`,
  'callbacks/callbacks_test.go': `package callbacks

import (
	"syscall/js"
	"testing"
	"time"
)

func TestCallbacks(t *testing.T) {
	results := make(chan int)
	call := js.FuncOf(func(_ js.Value, args []js.Value) any {
		inner := make(chan int)
		go func() { inner <- args[0].Int() }()
		n := <-inner
		go func() { results <- n }()
		return n + 1
	})
	defer call.Release()
	js.Global().Call("setTimeout", call, 1, 7)
	if n := <-results; n != 7 {
		t.Fatal(n)
	}
	done := make(chan int)
	then := js.FuncOf(func(_ js.Value, args []js.Value) any {
		done <- args[0].Int()
		return nil
	})
	defer then.Release()
	go func() { time.Sleep(time.Millisecond); js.Global().Get("Promise").Call("resolve", 9).Call("then", then) }()
	if n := <-done; n != 9 {
		t.Fatal(n)
	}
}

func TestNested(t *testing.T) {
	call := js.FuncOf(func(_ js.Value, args []js.Value) any {
		inner := make(chan int)
		go func() { inner <- args[0].Int() }()
		return 1 + <-inner
	})
	defer call.Release()
	if n := call.Invoke(1).Int(); n != 2 {
		t.Fatal(n)
	}
}
`,
});
const go = (args: readonly string[], options: RunOptions = {}) => goWasm(args, { cwd, ...options }, REAL);

/** How many processes have a text in their arguments. */
function processesWith(text: string): number {
  return readdirSync('/proc').filter((pid) => {
    try {
      return /^\d+$/.test(pid) && readFileSync(`/proc/${pid}/cmdline`, 'utf8').includes(text);
    } catch {
      // It has ended meanwhile.
      return false;
    }
  }).length;
}

/** Packages of the standard library, one a day, and which of their tests; PROOF=full: more packages, and all of their tests. */
const standard: Record<string, string> = full
  ? { strings: '', 'encoding/json': '', time: '', 'net/http': '' }
  : {
      strings: 'Index|Builder|Reader',
      time: 'Timer|Ticker|Sleep|After|Zone|Local',
      'net/http': 'TestClient|TestServe',
    };
const inNode: Record<string, Promise<string[]>> = {};

async function outcomes(name: string, flags: string[] = [], env: NodeJS.ProcessEnv = {}): Promise<string[]> {
  const { code, stdout } = await go(['test', '-short', '-v', `-run=${standard[name]}`, ...flags, name], { env });
  expect(code).toBe(0);
  return stdout.match(/^ *--- \w+: \S+/gm)!.sort();
}

/** In an ordinary run one browser a day has all of them; the other one shows that it works. */
for (const browser of browsers) {
  const { name: host, engine, title } = browser;
  const today = ofToday(browsers).includes(browser);
  describe.skipIf(!engine)(`-host=${title}`, () => {
    test('a program has arguments, streams, environment, files and its exit code', async () => {
      const options = { stdin: 'one\ntwo\n', env: { SAID: 'said' } };
      expect(await go(['run', `-host=${host}`, '.', 'a b', '-host=x'], options)).toEqual({
        code: 1,
        signal: null,
        stdout: `["a b" "-host=x"] go-wasm ${cwd} <nil>\n<nil>\n<nil>\ndata <nil>\nstat missing: No such file or directory\nthe console 1\n`,
        stderr: 'got one said\ngot two said\nexit status 3\n',
      });
      expect(readFileSync(join(cwd, 'out put.txt'), 'utf8')).toBe('written');
    });

    test('a browser that is not there', async () => {
      const env = { GO_WASM_BROWSER: join(cwd, 'no browser') };
      const missing = new RegExp(
        `^go-wasm: GW4032: ${host} is not installed: there is no .*no browser\n {2}hint: .*playwright install ${host}`,
      );
      const tested = await go(['test', `-host=${host}`, './parts'], { env });
      expect(tested).toMatchObject({ code: 1, stdout: '', stderr: expect.stringMatching(missing) });
      expect((await go(['run', `-host=${host}`, '.'], { env })).stderr).toMatch(missing);
    });

    if (!today) return;

    test('a panic shows all that it shows in Node', async () => {
      const [browser, node] = [await go(['run', `-host=${host}`, '.', 'panic']), await go(['run', '.', 'panic'])];
      // In Node there is no page.
      expect(node.stderr).toContain('panic: ');
      expect(browser.stderr).toMatch(
        /^panic: as planned\n\ngoroutine 1 \[running\]:\nmain.main\(\)\n.*main.go:26.*\nexit status 2\n$/,
      );
    });

    test.skipIf(process.platform !== 'linux')(
      'output arrives at once; a browser ends with what started it (Linux)',
      async () => {
        // The browser's profile is in there, so its processes name it.
        const TMPDIR = folder(`temporary files of ${host}`, { 'a file': '' });
        let seen = 0;
        const { code } = await go(['run', `-host=${host}`, './waits'], {
          env: { TMPDIR },
          onOutput: (_kill, pid) => {
            seen = processesWith(TMPDIR);
            process.kill(Number(pid), 'SIGKILL');
          },
        });
        expect(code).toBe(1);
        expect(seen).toBeGreaterThan(0);
        await vi.waitFor(() => expect(processesWith(TMPDIR)).toBe(0), { timeout: 10_000, interval: 100 });
      },
    );

    test('tests of several packages, with coverage and benchmarks', async () => {
      const flags = [`-host=${host}`, '-v', '-bench=.', '-benchtime=10x', '-coverprofile=cover.out'];
      const { code, stdout } = await go(['test', ...flags, './parts', './callbacks']);
      expect(stdout).toMatch(/parts_test.go:\d+: data <nil> http:/);
      expect(stdout).toMatch(/--- PASS: TestCallbacks/);
      expect(stdout).toMatch(/BenchmarkHalf\s+10\s/);
      expect(stdout).toMatch(/coverage: 66.7% of statements\nok {2}\tapp\/parts\s/);
      expect(code).toBe(0);
      expect(readFileSync(join(cwd, 'cover.out'), 'utf8')).toContain('app/parts/parts.go:3.22,4.11 1 1\n');
    });

    test('a test that takes too long shows the goroutines', async () => {
      const { code, stdout } = await go(['test', `-host=${host}`, '-run=Hang', '-timeout=1s', './parts', '-hang']);
      expect(code).toBe(1);
      expect(stdout).toMatch(/panic: test timed out after 1s\n.*goroutine \d+ \[sleep\]:\n.*parts\.TestHang/s);
    });

    test.each(host === 'chromium' ? ofToday(['jspi', 'asyncify', 'stack-switching'], { every: 2 }) : ['jspi'])(
      '-switch=%s',
      async (strategy) => {
        const flags = [`-host=${host}`, `-switch=${strategy}`, '-linkmode=external', '-v'];
        const { code, stdout, stderr } = await go(['test', ...flags, './callbacks', './parts']);
        expect(stderr).toBe('');
        expect(stdout.match(/^--- \w+: \w+/gm)).toEqual([
          '--- PASS: TestCallbacks',
          '--- PASS: TestNested',
          '--- PASS: TestHalf',
          '--- PASS: TestHang',
        ]);
        expect(code).toBe(0);
      },
      // Binaryen takes its time.
      240_000,
    );

    test.each(ofToday(Object.keys(standard), { every: 2 }))(
      '%s passes and skips what it does in Node',
      async (name) => {
        const inBrowser = await outcomes(name, [`-host=${host}`]);
        expect(inBrowser.length).toBeGreaterThan(20);
        inNode[name] ??= outcomes(name);
        expect(inBrowser).toEqual(await inNode[name]);
      },
      240_000,
    );
  });
}

const chromium = browsers.find(({ name }) => name === 'chromium')!;
/** Where Playwright would have put a browser: nothing is fetched. @returns the program's place, and the environment for it. */
async function playwrights(name: string, options: string): Promise<{ path: string; env: NodeJS.ProcessEnv }> {
  const registry = folder(name, { 'a file': '' });
  const env = { PLAYWRIGHT_BROWSERS_PATH: registry };
  const launch = `require("playwright-core").chromium.launch(${options}).catch(({ message }) => console.log(message))`;
  const { stdout } = await run(process.execPath, ['-e', launch], { cwd: REPOSITORY, env });
  const path = /exist at (.*)/.exec(stdout)![1]!;
  expect(path.startsWith(registry)).toBe(true);
  mkdirSync(dirname(path), { recursive: true });
  return { path, env };
}

test.skipIf(!chromium.engine || process.platform === 'win32').each([
  ['the headless shell', '{}'],
  ['without the headless shell', '{ channel: "chromium" }'],
])(
  `a Chromium that Playwright has installed is taken first: %s (${chromium.title}; not on Windows)`,
  async (name, options) => {
    const { path, env } = await playwrights(name, options);
    // A script stands for it.
    const taken = join(dirname(path), 'taken');
    writeFileSync(path, `#!/bin/sh\n: > '${taken}'\nexec '${chromium.engine!.path}' "$@"\n`, { mode: 0o755 });
    const { code, stdout: said } = await go(['run', '-host=chromium', '.', 'a b'], { env });
    expect(said).toContain('["a b"] go-wasm ');
    expect(existsSync(taken)).toBe(true);
    expect(code).toBe(1);
  },
);

const shell = which('chrome-headless-shell');
test.skipIf(shell === undefined)(
  `Playwright's headless shell tests what Node does${shell ? '' : ': skipped, there is no chrome-headless-shell in PATH'}`,
  async () => {
    const { path, env } = await playwrights('a real shell', '{}');
    cpSync(dirname(realpathSync(shell!)), dirname(path), { recursive: true });
    // It is the only one: no command of a system's browser is in PATH.
    const programs = folder('programs', { 'a file': '' });
    for (const program of ['go', 'node']) symlinkSync(which(program)!, join(programs, program));
    const alone = { ...env, PATH: programs };
    expect(
      (await go(['test', '-host=chromium', './callbacks'], { env: { ...alone, PLAYWRIGHT_BROWSERS_PATH: programs } }))
        .stderr,
    ).toMatch(/^go-wasm: GW4032: chromium is not installed\n/);
    const inShell = await outcomes('strings', ['-host=chromium'], alone);
    expect(inShell.length).toBeGreaterThan(20);
    expect(inShell).toEqual(await outcomes('strings'));
  },
  240_000,
);

test.each(['node', 'chromium'])('-fuzz is refused by go itself: -host=%s', async (host) => {
  expect(await go(['test', '-fuzz=.', `-host=${host}`, './parts'])).toMatchObject({
    code: 1,
    stdout: '',
    stderr: '-fuzz flag is not supported on js/wasm\n',
  });
});

test('-host takes hosts that can run the program', async () => {
  expect((await go(['run', '-host=chrome', '.'])).stderr).toMatch(
    /^go-wasm: GW5001: -host=chrome is unknown\n {2}hint: .*chromium/,
  );
  const env = { GOOS: 'wasip1' };
  expect((await go(['run', '-host=chromium', '.'], { env })).stderr).toMatch(/^go-wasm: GW5001: .*GOOS=wasip1/);
  expect((await go(['run', '-host=wasmtime', '.'])).stderr).toMatch(/^go-wasm: GW5001: .*GOOS=js/);
  expect((await go(['run', '-host=node', '-exec=echo', '.'])).stderr).toMatch(/^go-wasm: GW5001: .*exclude/);
  const node = await go(['run', '-host=node', '-exec=', '.']);
  expect(node.code).toBe(1);
  expect((await go(['test', '-host=node', './callbacks'])).code).toBe(0);
});
