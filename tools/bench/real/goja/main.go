// Runs a JavaScript program in an interpreter.
package main

import (
	_ "embed"
	"fmt"

	"github.com/dop251/goja"
)

//go:embed script.js
var script string

func main() {
	value, err := goja.New().RunScript("script.js", script)
	if err != nil {
		panic(err)
	}
	fmt.Println(value)
}
