// Runs a Go program in an interpreter.
package main

import (
	_ "embed"
	"os"

	"github.com/traefik/yaegi/interp"
	"github.com/traefik/yaegi/stdlib"
)

//go:embed script.txt
var source string

func main() {
	i := interp.New(interp.Options{Stdout: os.Stdout})
	if err := i.Use(stdlib.Symbols); err != nil {
		panic(err)
	}
	if _, err := i.Eval(source); err != nil {
		panic(err)
	}
}
