package main

import (
	"os"
	"time"
	"unsafe"
)

func init() {
	programs["exports"] = func([]string) { select {} }
}

//go:wasmexport add
func add(a, b int32) int32 { return a + b }

//go:wasmexport add64
func add64(a int64, b uint32) int64 { return a + int64(b) }

//go:wasmexport half
func half(x float64) float64 { return x / 2 }

//go:wasmexport not
func not(x bool) bool { return !x }

//go:wasmexport sum4
func sum4(a, b, c, d int32) int32 { return a + b + c + d }

var buffer = []byte("from Go's memory")

//go:wasmexport pointer
func pointer() unsafe.Pointer { return unsafe.Pointer(&buffer[0]) }

// talk switches goroutines, but waits for none that needs the outside.
//
//go:wasmexport talk
func talk(n int32) int32 {
	c := make(chan int32)
	go func() {
		for i := range n {
			c <- i
		}
		close(c)
	}()
	var sum int32
	for v := range c {
		sum += v
	}
	return sum + int32(deep(1000)) - 1000
}

// wait waits for a timer.
//
//go:wasmexport wait
func wait(ms int32) int32 {
	time.Sleep(time.Duration(ms) * time.Millisecond)
	return ms
}

//go:wasmexport quit
func quit(code int32) { os.Exit(int(code)) }

//go:wasmexport fail
func fail() { panic("an export panics") }
