// Runs a Starlark program in an interpreter.
package main

import (
	_ "embed"
	"fmt"

	"go.starlark.net/starlark"
	"go.starlark.net/syntax"
)

//go:embed script.star
var script string

func main() {
	thread := &starlark.Thread{Print: func(_ *starlark.Thread, message string) { fmt.Println(message) }}
	options := &syntax.FileOptions{While: true, TopLevelControl: true, Recursion: true, GlobalReassign: true}
	if _, err := starlark.ExecFileOptions(options, thread, "script.star", script, nil); err != nil {
		panic(err)
	}
}
