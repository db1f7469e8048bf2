import { analyses, optionalPasses, strategies } from '@go-wasm/linker';
import { engines } from '@go-wasm/linker/targets';
import type { GoCommand } from './go-flags.ts';

const STRATEGIES = [
  ...Object.values(strategies),
  { name: 'jump-table', description: "stock Go's way" },
  { name: 'auto', description: 'the best that the target can do; -v and go-wasm report say which, and why' },
]
  .map(({ name, description }) => `      ${name.padEnd(16)} ${description}`)
  .join('\n');

/** What the options of ours mean, for the help of every command that takes them. */
const OPTIONS = `go-wasm's own flags (-flag=value or -flag value, one dash or two):
  -linkmode=auto       restore control flow; if that cannot be done, keep stock Go's output and say why (the default)
           =external   restore control flow, or fail
           =internal   stock Go's output; go-wasm only chooses the target and runs the program
  -switch=STRATEGY     how goroutines are switched (default resume):
${STRATEGIES}
  -target=NAME,...     the engines and features that the module is for: ${Object.keys(engines).join(', ')}, with a
                       version (node24, safari18.4) or without, +jspi; an error if one of them cannot run the strategy
  -structure=stackifier|relooper
                       the algorithm that structures control flow (default stackifier)
  -O0                  no optional pass; what is left is what it takes to restore control flow
  -O1, -Os             those that make the module smaller
  -O2                  those that make programs faster as well (the default)
  -O3                  all: which way branches usually go as well, which takes 3 % of the module and helps few programs
  -O=binaryen:LEVEL    the same, and have Binaryen (npm install binaryen) optimize the result: 1 to 4, s or z; takes seconds a megabyte
  -sourcemap=file      a source map beside the program, which -o must name: engines show Go's files and lines
            =inline    the same, in the program
            =none      no source map (the default)
  -dwarf               DWARF in the program, for wasmtime, lldb and gdb: functions, lines and inlined calls
  -verify-each         check the module after every stage: slow, for bug reports
  -no-pass=NAME,...    leave out passes: ${optionalPasses.join(', ')}
  -yes                 do not ask: where there is no Go, fetch it
  -verbose             say how long each stage of a link takes; what is up to date is not linked
  -keep=REGEXP         leave functions as they are, by Go's names for them: to find the one that makes a difference
`;

const ENVIRONMENT = `Environment:
  GOOS=wasip1          build for WASI instead of js (browsers and Node)
  GO_WASM_CACHE        the folder for what go-wasm keeps
  GO_WASM_LINK_CACHE   megabytes of linked modules to keep (default 512), or off
  GO_WASM_BROWSER      the path of the browser that -host names, where another one would be found
`;

const HOST = `-host=HOST says where programs run. js: node (the default: this Node), chromium or firefox (a page of a headless browser),
deno, bun. wasip1: wasmtime (the default if it is in PATH), node; GOWASIRUNTIME knows wasmer, wasmedge and wazero as well.`;

const TEXTS: Record<GoCommand, { what: string; usage: string; examples: string; more: string }> = {
  build: {
    what: 'Builds programs for WebAssembly, with control flow restored at link time.',
    usage: "go-wasm build [go-wasm's flags] [go build's flags] [packages]",
    examples: `  go-wasm build -o app.wasm ./cmd/app
  go-wasm build -o dist/ ./cmd/...
  GOOS=wasip1 go-wasm build -trimpath -ldflags="-s -w" -o app.wasm .
  go-wasm build -emit=module -o dist/app ./parser
  go-wasm build -linkmode=external .        fail rather than fall back to stock Go's output
`,
    more: `-linkmode may also stand in -ldflags.

-emit=module writes a JavaScript module with types beside the program: -o dist/app makes app.js, app.d.ts and app.wasm.
It exports the functions of the package that have //gowasm:export, //gowasm:async (they give promises) or //go:wasmexport
as the last line of their comments.`,
  },
  install: {
    what: 'Builds programs for WebAssembly and puts them in GOPATH/bin/js_wasm.',
    usage: "go-wasm install [go-wasm's flags] [go install's flags] [packages]",
    examples: `  go-wasm install ./cmd/app
  go-wasm install example.com/tool@latest
`,
    more: '',
  },
  run: {
    what: 'Builds a program for WebAssembly and runs it.',
    usage: "go-wasm run [go-wasm's flags] [go run's flags] package [arguments]",
    examples: `  go-wasm run . -name=world
  GOOS=wasip1 go-wasm run ./cmd/app < input.txt
  go-wasm run -host=chromium .
  go-wasm run -cpuprofile=cpu.pb.gz . && go tool pprof -top cpu.pb.gz
  go-wasm run -exec "node my-runner.js" .
`,
    more: `${HOST}
In a browser, net/http uses the page's fetch. -cpuprofile=FILE writes the engine's CPU profile, in Node and Chromium. -exec puts another program in the place of all of these.`,
  },
  test: {
    what: 'Builds the tests of packages for WebAssembly and runs them.',
    usage: "go-wasm test [go-wasm's flags] [go test's flags] [packages] [the tests' flags]",
    examples: `  go-wasm test ./...
  go-wasm test -run 'TestParse/empty' -v ./parser
  GOOS=wasip1 go-wasm test -cover ./...
  go-wasm test -host=chromium ./...
`,
    more: `${HOST}
In a browser, net/http reaches servers of the test itself, as in Node. -cpuprofile is the engine's profile, in Node and Chromium.
go-wasm's own flags may follow the packages as well; what follows -args is the tests' own.`,
  },
};

/** The help of a command of go's. */
export function goHelp(command: GoCommand): string {
  const { what, usage, examples, more } = TEXTS[command];
  const notes = more === '' ? '' : `${more}\n\n`;
  return `${what}

Usage: ${usage}

Examples:
${examples}
${OPTIONS}
All flags of "go ${command}" work as always: see "go help ${command}".
${notes}
${ENVIRONMENT}`.replaceAll('\n\n\n', '\n\n');
}

/** One line on a command of go's, for the list of all. */
export function goSummary(command: GoCommand): string {
  return TEXTS[command].what;
}

export const LINK_HELP = `
Examples:
  GOOS=js GOARCH=wasm go build -o app.wasm . && go-wasm link app.wasm -o app.wasm
  go-wasm link stock.wasm -o fast.wasm -structure=relooper
  go-wasm link stock.wasm -o app.wasm -sourcemap=file      app.wasm and app.wasm.map

The input is a module that Go 1.24 to 1.27 has linked, for js or wasip1, with or without -ldflags="-s -w". The output is
written aside and renamed: it may be the input, and a failure leaves what was there.
`;

export const CFG_HELP = `
Examples:
  go-wasm cfg app.wasm                           the names of all functions
  go-wasm cfg app.wasm main.main                 its graph, and the structured tree
  go-wasm cfg app.wasm '^main\\.'                 the names of all functions that match
  go-wasm cfg app.wasm Builder.grow -code        with instructions
  go-wasm cfg app.wasm main.main -svg=main.svg   drawn as well: main.graph.svg and main.structure.svg
  go-wasm cfg app.wasm main.main -structure=relooper -no-pass=simplify

The input is a module that Go 1.24 to 1.27 has linked: go-wasm build -linkmode=internal writes one. The graph is that which
goes into the algorithm for control flow; b0, b1 … are its blocks, [n] their sizes in instructions, @n the labels of the tree.
`;

export const WHY_HELP = `
Examples:
  go-wasm why app.wasm main.main                       for each strategy
  go-wasm why app.wasm fmt.Fprintf -switch=asyncify    for one
  go-wasm why app.wasm --all                           how many functions pay, and through which ones
  go-wasm why app.wasm main.main -json

What a function pays depends on the strategy: checks behind its calls, places to enter it again, or what Asyncify adds. The
input is a module that Go 1.24 to 1.27 has linked: go-wasm build -linkmode=internal writes one.
`;

export const ENV_HELP = `
Examples:
  eval "$(go-wasm env)" && go build -o app.wasm .
  eval "$(GOOS=wasip1 go-wasm env -linkmode=external)"
  go-wasm env | Invoke-Expression                       in PowerShell
  go-wasm env --json

GOFLAGS gets a -toolexec, which go starts in front of its linker; what else GOFLAGS says stays.
`;

export const DOCTOR_HELP = `
Examples:
  go-wasm doctor
  go-wasm doctor -json          [{ "name": "Node", "state": "ok", "text": "v20.19.0" }, …]

Looks at Node, Go, the cache folder, the shim that stands in front of Go's linker, and builds and runs a small program.
Each line says ok, or what is wrong and what to do. Exits with 1 if something that is needed is missing.
`;

export const CLEAN_HELP = `
Modules that were linked before are kept, so that the same link takes no time: up to 512 MB of them, in the folder that
GO_WASM_CACHE names. GO_WASM_LINK_CACHE=1000 keeps as many megabytes, GO_WASM_LINK_CACHE=off keeps none.
--all removes the shim and a Go that was fetched, too: they are built and fetched again when they are needed.

Examples:
  go-wasm clean
  go-wasm clean --all
`;

export const VERSION_HELP = `
Examples:
  go-wasm version
  go-wasm --version
`;

export const DUMP_HELP: string = `
${Object.entries(analyses)
  .map(([name, { description }]) => `  ${name.padEnd(16)}${description}`)
  .join('\n')}

Examples:
  go-wasm dump app.wasm calls '^main\\.'
  go-wasm dump app.wasm may-unwind
`;

export const REPORT_HELP = `
Examples:
  go-wasm report stock.wasm                       by section, package and function, before and after linking
  go-wasm report stock.wasm -html=report.html     the same as a page with a treemap
  go-wasm report old.wasm new.wasm                what has changed between two modules
  go-wasm report app.wasm -json

A module that Go 1.24 to 1.27 has linked (go-wasm build -linkmode=internal writes one) is put through the pipeline, to say what
that changes, what it leaves as it was and why, and how long each stage takes. Nothing is written but the page.
`;

export const SYMBOLIZE_HELP = `
Examples:
  go-wasm symbolize app.wasm.map trace.txt
  node app.js 2>&1 | go-wasm symbolize app.wasm.map

For modules without names (-ldflags="-s -w"): the map is what go-wasm build -sourcemap=file has written beside the module.
`;

export const SERVE_SUMMARY = 'Serves a page and the Go package that it imports, and reloads it when something changes.';

export const SERVE_HELP: string = `${SERVE_SUMMARY}

Usage: go-wasm serve [-addr=ADDRESS] [-dir=FOLDER] [-isolated] [go-wasm build's flags] [package]

Examples:
  go-wasm serve ./cmd/game
  go-wasm serve -addr=8000 -dir=public ./cmd/game

  -addr=[HOST:]PORT    where to listen (default 127.0.0.1:8080); port 0 is a free one
  -dir=FOLDER          the folder of the page (default: that of the package)
  -isolated            cross-origin isolation: the headers COOP, COEP and CORP

The package ./cmd/game is served as game.js, as go-wasm build -emit=module makes it: a page imports its functions from there.
A folder without an index.html gets a page that runs the program and shows what it prints. Pages reload when a file of theirs,
a Go file of the package or of what it imports changes; what does not compile shows in the page.
`;

export const COMPLETION_HELP = `
Examples:
  eval "$(go-wasm completion bash)"             in ~/.bashrc
  eval "$(go-wasm completion zsh)"              in ~/.zshrc, behind compinit
  go-wasm completion fish | source              in ~/.config/fish/config.fish
  go-wasm completion powershell | Out-String | Invoke-Expression
`;

export const PROFILE_HELP = `
Examples:
  go-wasm profile page.cpuprofile app.wasm.map -o cpu.pb.gz && go tool pprof -top cpu.pb.gz
  go-wasm run -cpuprofile=cpu.pb.gz .                   makes one by itself; so does go-wasm test

The map is what go-wasm build -sourcemap=file has written beside the module, or the module where it was =inline. Without it,
functions have the names that the engine knows.
`;

export const PROGRAM_HELP = `
Examples:
  go-wasm build -o app.wasm ./cmd/app     build for browsers and Node
  go-wasm run .                           build and run
  GOOS=wasip1 go-wasm test ./...          run tests as WASI programs
  go-wasm help build                      more on a command
`;
