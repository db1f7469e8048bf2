//go:build js

// What Go's own tables say of the PCs in the file that the first argument names, with names of functions if there is a second one; and, without one, of the callers of a
// function in the middle of others, beside the engine's own trace.
package main

import (
	"bufio"
	"fmt"
	"os"
	"runtime"
	"strconv"
	"syscall/js"
)

func where(pc uintptr) string {
	file, line := runtime.FuncForPC(pc).FileLine(pc)
	return fmt.Sprintf("%s:%d", file, line)
}

//go:noinline
func trace() {
	pcs := make([]uintptr, 20)
	pcs = pcs[:runtime.Callers(2, pcs)]
	js.Global().Get("Error").Set("stackTraceLimit", 100)
	stack := js.Global().Get("Error").New().Get("stack").String()
	frames := runtime.CallersFrames(pcs)
	for {
		frame, more := frames.Next()
		fmt.Printf("go %s %s:%d\n", frame.Function, frame.File, frame.Line)
		if !more {
			break
		}
	}
	fmt.Println(stack)
}

func inlined(n int) {
	if n > 0 {
		trace()
	}
}

type shape interface{ draw(int) }
type square struct{}

//go:noinline
func (square) draw(n int) {
	for i := range n {
		if i == 3 {
			inlined(i)
		}
	}
}

//go:noinline
func recursive(s shape, n int) {
	if n == 0 {
		func() {
			defer func() { recover() }()
			s.draw(5)
		}()
		return
	}
	recursive(s,
		n-1)
}

func main() {
	if len(os.Args) < 2 {
		recursive(square{}, 2)
		return
	}
	list, err := os.Open(os.Args[1])
	if err != nil {
		panic(err)
	}
	out := bufio.NewWriter(os.Stdout)
	for lines := bufio.NewScanner(list); lines.Scan(); {
		pc, err := strconv.ParseUint(lines.Text(), 10, 64)
		if err != nil {
			panic(err)
		}
		if len(os.Args) > 2 {
			fmt.Fprint(out, runtime.FuncForPC(uintptr(pc)).Name(), " ")
		}
		fmt.Fprintln(out, where(uintptr(pc)))
	}
	out.Flush()
}
