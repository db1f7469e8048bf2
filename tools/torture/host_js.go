package main

import "syscall/js"

// callback makes a function of JavaScript's that calls f.
func callback(f func(n int) int) (invoke func(n int) int, release func()) {
	made := js.FuncOf(func(this js.Value, args []js.Value) any { return f(args[0].Int()) })
	return func(n int) int { return made.Invoke(n).Int() }, made.Release
}

// whenever has f called from an event: of a promise where how is 0, else of a timer.
func whenever(f func(v int)) (then func(v, how int), release func()) {
	made := js.FuncOf(func(this js.Value, args []js.Value) any {
		f(args[0].Int())
		return nil
	})
	return func(v, how int) {
		if how == 0 {
			js.Global().Get("Promise").Call("resolve", v).Call("then", made)
		} else {
			js.Global().Call("setTimeout", made, how-1, v)
		}
	}, made.Release
}

// throw panics with what JavaScript throws.
func throw() { js.Global().Call("eval", "throw new Error('thrown')") }
