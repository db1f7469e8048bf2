// Texts gives texts back, in the two ways that JavaScript can call Go with them.
package main

import "syscall/js"

//gowasm:export
func echo(text string) string { return text }

func main() {
	callback := js.FuncOf(func(_ js.Value, args []js.Value) any { return echo(args[0].String()) })
	if bench := js.Global().Get("bench"); bench.Truthy() {
		bench.Set("echo", callback)
	}
	select {}
}
