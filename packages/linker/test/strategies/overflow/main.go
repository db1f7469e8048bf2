// Recursion that is deeper than an engine's stack takes: alone, below JavaScript that Go has called, and in an event. If the program
// goes on after the engine's stack has overflown, it says so: its runtime is in no state to.
package main

import (
	"fmt"
	"os"
	"runtime/debug"
	"strconv"
)

//go:noinline
func count(n int) int {
	if n == 0 {
		return 0
	}
	return count(n-1) + 1
}

func alone(n int) {
	fmt.Println(count(n))
	// On a goroutine whose stack is small.
	done := make(chan int)
	go func() { done <- count(n / 2) }()
	fmt.Println(<-done)
}

var modes = map[string]func(n int){"alone": alone}

func main() {
	n, _ := strconv.Atoi(os.Args[2])
	debug.SetMaxStack(2_000_000_000)
	fmt.Println("start")
	defer fmt.Println("goes on")
	modes[os.Args[1]](n)
}
