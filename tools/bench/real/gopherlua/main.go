// Runs a Lua program in an interpreter.
package main

import (
	_ "embed"

	lua "github.com/yuin/gopher-lua"
)

//go:embed script.lua
var script string

func main() {
	state := lua.NewState()
	defer state.Close()
	if err := state.DoString(script); err != nil {
		panic(err)
	}
}
