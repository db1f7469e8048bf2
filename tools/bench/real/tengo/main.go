// Runs a Tengo program in an interpreter.
package main

import (
	_ "embed"
	"fmt"

	"github.com/d5/tengo/v2"
	"github.com/d5/tengo/v2/stdlib"
)

//go:embed script.tengo
var source []byte

func main() {
	script := tengo.NewScript(source)
	script.SetImports(stdlib.GetModuleMap("text", "fmt"))
	compiled, err := script.Run()
	if err != nil {
		panic(err)
	}
	fmt.Println(compiled.Get("result"))
}
