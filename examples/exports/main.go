// Exports gives functions to its host, with go:wasmexport, and takes one from it, with go:wasmimport.
//
// For js it is a program that waits to be called (host-js.mjs); for wasip1 a library, built with -buildmode=c-shared
// (host-wasip1.mjs).
package main

import "strings"

//go:wasmimport host report
func report(n int64)

//go:wasmexport fib
func fib(n int32) int64 {
	if n < 2 {
		return int64(n)
	}
	return fib(n-1) + fib(n-2)
}

// sum uses goroutines within one call of the host's.
//
//go:wasmexport sum
func sum(n int32) int64 {
	numbers := make(chan int64)
	go func() {
		defer close(numbers)
		for i := range n {
			numbers <- int64(i) + 1
		}
	}()
	total := int64(0)
	for i := range numbers {
		total += i
	}
	return total
}

var words []string

//go:wasmexport remember
func remember(letter int32) int32 {
	words = append(words, strings.Repeat(string(rune(letter)), len(words)+1))
	return int32(len(strings.Join(words, " ")))
}

// countdown calls the host from within a call of the host's.
//
//go:wasmexport countdown
func countdown(n int32) {
	for ; n >= 0; n-- {
		report(int64(n))
	}
}

//go:wasmexport half
func half(x float64) float64 { return x / 2 }
