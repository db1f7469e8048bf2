// Goroutines that park at many depths, 1,000 times: `park direct` below functions that call each other by name, `park
// indirect` below a function value.
package main

import (
	"fmt"
	"os"
)

func direct(depth int, c chan int) int {
	if depth == 0 {
		return <-c
	}
	return direct(depth-1, c) + 1
}

type receive func(depth int, c chan int) int

//go:noinline
func (f receive) call(depth int, c chan int) int {
	return f(depth, c) + 1
}

var functions = map[string]receive{"direct": direct, "indirect": nil}

func indirect(depth int, c chan int) int {
	if depth == 0 {
		return <-c
	}
	return functions["indirect"].call(depth-1, c)
}

func main() {
	functions["indirect"] = indirect
	c, sums := make(chan int), make(chan int)
	for i := range 10 {
		go func() {
			sum := 0
			for k := range 100 {
				if os.Args[1] == "direct" {
					sum += direct((i*k)%30, c)
				} else {
					sum += indirect((i*k)%30, c)
				}
			}
			sums <- sum
		}()
	}
	go func() {
		for k := range 1000 {
			c <- k
		}
	}()
	total := 0
	for range 10 {
		total += <-sums
	}
	fmt.Println(total)
}
