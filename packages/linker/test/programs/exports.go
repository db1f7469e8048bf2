// Functions that the host calls: with the type that Go's own functions have, too.
package main

import (
	"fmt"
	"runtime"
	"time"
)

var calls int

func init() { fmt.Println("init") }

//go:wasmexport double
func double(x int32) int32 { calls++; return 2 * x }

//go:wasmexport nothing
func nothing() { calls++ }

//go:wasmexport mixed
func mixed(a int32, b int64, c float32, d float64) float64 {
	return float64(a) + float64(b) + float64(c) + d
}

//go:wasmexport flag
func flag(b bool) bool { return !b }

//go:wasmexport recurse
func recurse(n int64) int64 {
	if n == 0 {
		return 0
	}
	return n + recurse(n-1)
}

//go:wasmexport switching
func switching(n int32) int32 {
	ch := make(chan int32)
	go func() {
		for i := range n {
			runtime.Gosched()
			ch <- i
		}
		close(ch)
	}()
	var sum int32
	for x := range ch {
		sum += x
	}
	return sum
}

//go:wasmexport collect
func collect(n int32) int32 {
	var keep [][]byte
	for i := range n {
		keep = append(keep, make([]byte, 1000+i))
		if i%50 == 0 {
			runtime.GC()
		}
	}
	return int32(len(keep))
}

//go:wasmexport recovers
func recovers(n int32) (result int32) {
	defer func() {
		if recover() != nil {
			result = -n
		}
	}()
	var a []int32
	return a[n]
}

//go:wasmexport total
func total() int32 { return int32(calls) }

//go:wasmexport fails
func fails(n int32) int32 {
	var a []int32
	return a[n]
}

func main() {
	fmt.Println("main")
	for {
		time.Sleep(time.Hour) // stays, so that exports can be called
	}
}
