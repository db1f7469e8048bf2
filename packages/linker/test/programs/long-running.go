// A function that runs for long and allocates; it asks whether its callers still have wasm frames.
package main

import (
	"runtime/debug"
	"syscall/js"
)

const callers = `main\.main`

var sink []byte

//go:noinline
func loop(frames js.Value) (before, after int) {
	before = frames.Invoke(callers).Int()
	for range 50_000 {
		sink = make([]byte, 1024) // eight have a span
	}
	return before, frames.Invoke(callers).Int()
}

func main() {
	debug.SetGCPercent(-1) // goroutines switch for the collector, which throws frames away, too
	frames := js.Global().Get("frames")
	frames.Invoke(callers)
	println(loop(frames))
}
