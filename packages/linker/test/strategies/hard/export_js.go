package main

import (
	"fmt"
	"runtime"
)

// The loader's own test imports: callExport calls testExport0 and then testExport, both exported here.
//
//go:wasmimport _gotest callExport
func callExport(a, b int32) int32

//go:wasmexport testExport0
func testExport0() {
	exports++
	if exports%2 == 0 {
		runtime.Gosched()
	}
}

// Parks until another goroutine has done something, at some depth; calls JavaScript again, which calls it again.
//
//go:wasmexport testExport
func testExport(a, b int32) int32 {
	called++
	sum := 0
	atDepth(int(b), func() {
		exported <- int(a)
		sum = <-exported
		if a > 0 {
			sum += int(callExport(a-1, b))
		}
	})
	return int32(sum)
}

var (
	exports  int
	called   int
	exported = make(chan int)
)

func serveExported() {
	go func() {
		for v := range exported {
			exported <- v * 3
		}
	}()
}

func exportedFunctions() {
	for depth := range 4 {
		fmt.Println(callExport(5, int32(depth)))
	}
	n := atDepth(9, func() { fmt.Println(callExport(2, 2), exports) })
	fmt.Println(n)
	close(exported)
	fmt.Println(called)
}
