//go:build wasip1

// Calls a host function that is not there, in the middle of other calls, and says before where Go thinks it is.
package main

import (
	"fmt"
	"runtime"
)

//go:wasmimport host missing
func missing(n int32)

//go:noinline
func frames() int32 {
	pcs := make([]uintptr, 20)
	pcs = pcs[:runtime.Callers(2, pcs)]
	frames := runtime.CallersFrames(pcs)
	for {
		frame, more := frames.Next()
		fmt.Printf("%s %s:%d\n", frame.Function, frame.File, frame.Line)
		if !more {
			return 0
		}
	}
}

func inner(n int) {
	if n > 0 {
		missing(frames())
	}
}

func outer(n int) {
	inner(2 * n)
}

type shape interface{ draw(int) }
type square struct{}

//go:noinline
func (square) draw(n int) {
	for i := range n {
		if i == 3 {
			outer(i)
		}
	}
}

//go:noinline
func generic[T any](s shape, _ T) {
	func() {
		defer func() { recover() }()
		s.draw(5)
	}()
}

//go:noinline
func recursive(s shape, n int) {
	if n == 0 {
		generic(s, "")
		return
	}
	recursive(s,
		n-1)
}

func main() {
	recursive(square{}, 2)
}
