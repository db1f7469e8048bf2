//go:build js

// Drop-in is a program as pages have them that were written for wasm_exec.js.
package main

import "syscall/js"

func main() {
	js.Global().Set("reverse", js.FuncOf(func(_ js.Value, args []js.Value) any {
		letters := []rune(args[0].String())
		for i, j := 0, len(letters)-1; i < j; i, j = i+1, j-1 {
			letters[i], letters[j] = letters[j], letters[i]
		}
		return string(letters)
	}))
	select {}
}
