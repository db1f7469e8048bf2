// Goroutines that park at many depths, 1,000 times: `park direct` below functions that call each other by name, `park
// indirect` below a function value, `park promoted` below a method that the compiler's wrapper goes on in by a tail call; there
// the stack shrinks as well, meanwhile.
package main

import (
	"fmt"
	"os"
	"runtime"
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

type inner struct{ c chan int }

//go:noinline
func (i *inner) receive(depth int) int { return direct(depth, i.c) }

type outer struct {
	name string
	*inner
}
type receiver interface{ receive(depth int) int }

var receivers = map[string]receiver{}

//go:noinline
func grow(n int) int {
	var room [64]int
	if n > 0 {
		room[n%64] = grow(n - 1)
	}
	return room[n%64]
}

func main() {
	functions["indirect"] = indirect
	c, sums := make(chan int), make(chan int)
	receivers["promoted"] = &outer{"outer", &inner{c}}
	for i := range 10 {
		go func() {
			sum := 0
			for k := range 100 {
				switch os.Args[1] {
				case "direct":
					sum += direct((i*k)%30, c)
				case "indirect":
					sum += indirect((i*k)%30, c)
				case "promoted":
					sum += grow(100) + receivers["promoted"].receive((i*k)%30)
				}
			}
			sums <- sum
		}()
	}
	go func() {
		for k := range 1000 {
			if os.Args[1] == "promoted" && k%50 == 0 {
				runtime.GC()
			}
			c <- k
		}
	}()
	total := 0
	for range 10 {
		total += <-sums
	}
	fmt.Println(total)
}
