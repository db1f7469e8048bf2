// Command limits goes to a limit of WebAssembly or of Go, and beyond.
package main

import (
	"fmt"
	"os"
	"runtime/debug"
	"strconv"
)

var keep [][]byte

//go:noinline
func down(n int) int {
	var frame [16]int
	if n > 0 {
		frame[n%16] = down(n - 1)
	}
	return frame[n%16] + 1
}

func main() {
	n, _ := strconv.Atoi(os.Args[2])
	switch os.Args[1] {
	case "memory": // n pieces of 256 MB
		for k := range n {
			keep = append(keep, make([]byte, 1<<28))
			keep[k][1<<27] = 1
			fmt.Println("has", k+1)
		}
	case "piece": // one piece of n MB
		keep = append(keep, make([]byte, n<<20))
		fmt.Println("has", len(keep[0]))
	case "recursion": // calls of 160 bytes each
		fmt.Println(down(n))
	case "stack": // Go's own limit, of n MB
		debug.SetMaxStack(n << 20)
		fmt.Println(down(1 << 30))
	}
}
