// The shim stands in front of every tool of a build (go build -toolexec):
//
//	shim NODE STEP [OPTION...] -- [-wrap=WORD...] TOOL [ARG...]
//
// A tool that is not the linker, or not for wasm, runs as if the shim were not there; with -wrap=WORD, behind the words
// of the user's own -toolexec. The linker's place is taken by go-wasm's link step, NODE STEP, which gets all the rest.
//
// It runs once for each compile, so it is a small Go program: starting Node there would cost more than many compiles.
package main

import (
	"os"
	"strconv"
	"strings"
)

func main() {
	own := os.Args[1:]
	command := own
	for i, arg := range own {
		if arg == "--" {
			own, command = own[:i], own[i+1:]
			break
		}
	}
	wrapper := 0
	for wrapper < len(command) && strings.HasPrefix(command[wrapper], "-wrap=") {
		wrapper++
	}
	if len(own) < 2 || wrapper == len(command) {
		fail("usage: shim NODE STEP [OPTION...] -- [-wrap=WORD...] TOOL [ARG...]")
	}
	// What would run without the shim.
	plain := append([]string{}, command...)
	for i := range plain[:wrapper] {
		plain[i] = strings.TrimPrefix(plain[i], "-wrap=")
	}
	tool, args := command[wrapper], command[wrapper+1:]

	// cmd/go sets GOARCH for every tool it starts, whatever the user's environment says.
	if os.Getenv("GOARCH") != "wasm" || base(tool) != "link" {
		run(plain)
	}
	if len(args) == 1 && args[0] == "-V=full" {
		printVersion(plain, own[1], own[2:])
		return
	}
	run(append([]string{own[0]}, os.Args[2:]...))
}

// printVersion prints the linker's version line with our own identity in it, so that cmd/go's cache knows what would be
// linked by another pipeline or with other options (cmd/go/internal/work/buildid.go, toolID). Of a release, cmd/go takes
// the whole line; of a development version what follows the last slash: both end where ours is put.
func printVersion(linker []string, step string, options []string) {
	line, code := output(linker)
	if code != 0 {
		os.Stdout.WriteString(line)
		os.Exit(code)
	}
	pipeline, err := os.ReadFile(step)
	if err != nil {
		fail(err.Error())
	}
	line = strings.TrimRight(line, "\r\n")
	if !strings.Contains(line, "buildID=") {
		line += " "
	}
	id := hash(append([]string{string(pipeline)}, options...))
	os.Stdout.WriteString(line + "+go-wasm-" + strconv.FormatUint(id, 16) + "\n")
}

// hash is FNV-1a over words, each ended by a zero byte. It tells versions of one program apart; nobody forges them.
func hash(words []string) uint64 {
	h := uint64(14695981039346656037)
	for _, word := range words {
		for i := 0; i < len(word); i++ {
			h = (h ^ uint64(word[i])) * 1099511628211
		}
		h *= 1099511628211
	}
	return h
}

// base is the file name of a tool, without its folder and .exe.
func base(tool string) string {
	return strings.TrimSuffix(tool[strings.LastIndexAny(tool, `/\`)+1:], ".exe")
}

// output runs a command to its end and returns what it printed and its exit code.
func output(command []string) (string, int) {
	r, w, err := os.Pipe()
	if err != nil {
		fail(err.Error())
	}
	process, err := os.StartProcess(command[0], command, &os.ProcAttr{Files: []*os.File{os.Stdin, w, os.Stderr}})
	if err != nil {
		fail(err.Error())
	}
	w.Close()
	var out []byte
	buf := make([]byte, 512)
	for {
		n, err := r.Read(buf)
		out = append(out, buf[:n]...)
		if err != nil {
			break
		}
	}
	state, err := process.Wait()
	if err != nil {
		fail(err.Error())
	}
	return string(out), exitCode(state)
}

// exitCode is the code to end with when a command has ended: a command that a signal ended has none.
func exitCode(state *os.ProcessState) int {
	if code := state.ExitCode(); code >= 0 {
		return code
	}
	return 1
}

func fail(message string) {
	os.Stderr.WriteString("go-wasm: GW4020: " + message + "\n")
	os.Exit(1)
}
