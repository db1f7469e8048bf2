// Tracebacks: of this goroutine, of all, by PC; profiles of goroutines; and at last those of an unrecovered panic.
package main

import (
	"fmt"
	"os"
	"path"
	"runtime"
	"runtime/debug"
	"runtime/pprof"
	"strings"
	"sync"
	"time"
)

type worker struct{ ch chan int }

//go:noinline
func (w *worker) receive(x int, s string) int { return <-w.ch + x + len(s) }

//go:noinline
func outer(f func() []uintptr) []uintptr { return f() }

func inlined(pcs []uintptr) int { return runtime.Callers(0, pcs) }

func callers() {
	pcs := outer(func() []uintptr {
		pcs := make([]uintptr, 20)
		return pcs[:inlined(pcs)]
	})
	frames := runtime.CallersFrames(pcs)
	for {
		frame, more := frames.Next()
		fmt.Println(frame.Function, path.Base(frame.File), frame.Line, frame.PC&0xffff)
		if !more {
			break
		}
	}
	for _, pc := range pcs {
		f := runtime.FuncForPC(pc)
		file, line := f.FileLine(pc)
		fmt.Println(f.Name(), path.Base(file), line)
	}
	_, file, line, ok := runtime.Caller(0)
	fmt.Println(path.Base(file), line, ok)
}

func inDefer() {
	defer func() {
		if r := recover(); r != nil {
			fmt.Println("recovered", r)
			fmt.Println(string(debug.Stack()))
		}
	}()
	var m map[string]*worker
	m["x"].receive(1, "nil")
}

func main() {
	callers()
	inDefer()
	w := &worker{make(chan int)}
	var mu sync.Mutex
	mu.Lock()
	for i := range 3 {
		go func() { fmt.Println(w.receive(i, "text")) }()
	}
	go func() {
		mu.Lock()
		defer mu.Unlock()
	}()
	go func() { time.Sleep(time.Hour) }()
	go func() {
		select {}
	}()
	time.Sleep(5 * time.Millisecond)
	buffer := make([]byte, 1<<16)
	fmt.Println(string(buffer[:runtime.Stack(buffer, true)]))
	fmt.Println(runtime.NumGoroutine())
	for _, name := range []string{"goroutine", "threadcreate"} {
		var text strings.Builder
		if err := pprof.Lookup(name).WriteTo(&text, 2); err != nil {
			fmt.Println(err)
		}
		fmt.Println(name, text.String())
	}
	records := make([]runtime.StackRecord, 20)
	n, ok := runtime.GoroutineProfile(records)
	fmt.Println(n, ok)
	if err := pprof.StartCPUProfile(&strings.Builder{}); err != nil {
		fmt.Println(err)
	}
	pprof.StopCPUProfile()
	if len(os.Args) > 1 {
		debug.SetTraceback(os.Args[1])
	}
	defer fmt.Println("deferred, then dies")
	func() {
		defer func() {
			panic(fmt.Errorf("again after %v", recover()))
		}()
		panic("at first")
	}()
}
