// Recursion as deep as the first argument says: stacks grow and shrink, panics pass many frames, pointers into the stack stay right.
package main

import (
	"fmt"
	"os"
	"runtime"
	"runtime/debug"
	"strconv"
)

//go:noinline
func sum(n int) int {
	if n == 0 {
		return 0
	}
	return n + sum(n-1)
}

//go:noinline
func even(n int) bool {
	if n == 0 {
		return true
	}
	return odd(n - 1)
}

//go:noinline
func odd(n int) bool {
	if n == 0 {
		return false
	}
	return even(n - 1)
}

// big has a frame that needs the large stack check.
//
//go:noinline
func big(n int, up *[100]int) int {
	var frame [100]int
	for i := range frame {
		frame[i] = up[i] + i
	}
	if n > 0 {
		return big(n-1, &frame)
	}
	return frame[99]
}

// huge has a frame larger than what is given to wasm frames at a time.
//
//go:noinline
func huge(n int) int {
	var frame [60_000]int
	for i := range frame {
		frame[i] = n + i
	}
	if n > 0 {
		return huge(n-1) + sum(1000) + frame[n*7919%len(frame)]
	}
	return frame[len(frame)-1]
}

// linked keeps a pointer to each caller's frame while the stack moves.
//
//go:noinline
func linked(n int, parent *int) int {
	x := n
	if n == 0 {
		*parent += 1000
		return 1
	}
	r := linked(n-1, &x) + 1
	if parent != nil {
		*parent += x & 1
	}
	return r
}

func panicking(n int) {
	if n == 0 {
		panic("bottom")
	}
	defer func() { deferred++ }()
	panicking(n - 1)
}

var deferred int

type node struct{ next *node }

func (l *node) length() int {
	if l == nil {
		return 0
	}
	return 1 + l.next.length()
}

type visitor interface{ visit(n int) int }
type a struct{ b visitor }
type b struct{ a visitor }

func (v *a) visit(n int) int {
	if n == 0 {
		return 0
	}
	return v.b.visit(n-1) + 1
}

func (v *b) visit(n int) int {
	if n == 0 {
		return 0
	}
	if n%1000 == 0 {
		runtime.Gosched()
	}
	return v.a.visit(n-1) + 1
}

func ackermann(m, n int) int {
	if m == 0 {
		return n + 1
	}
	if n == 0 {
		return ackermann(m-1, 1)
	}
	return ackermann(m-1, ackermann(m, n-1))
}

func main() {
	depth, _ := strconv.Atoi(os.Args[1])
	fmt.Println(sum(depth), sum(10), sum(depth))
	fmt.Println(even(depth), odd(depth))
	fmt.Println(big(depth/40, new([100]int)))
	fmt.Println(huge(40))
	fmt.Println(linked(depth, new(int)))
	func() {
		defer func() { fmt.Println(recover(), deferred) }()
		panicking(depth / 4)
	}()
	var list *node
	for range depth {
		list = &node{list}
	}
	fmt.Println(list.length())
	v := &a{}
	v.b = &b{v}
	results := make(chan int)
	for i := range 3 {
		go func() { results <- v.visit(depth/4 + i) }()
	}
	fmt.Println(<-results + <-results + <-results)
	runtime.GC() // shrinks the stacks
	fmt.Println(ackermann(2, 300), ackermann(3, 6))
	var closure func(n int) int
	closure = func(n int) int {
		if n == 0 {
			runtime.GC()
			return 0
		}
		return closure(n-1) + 1
	}
	fmt.Println(closure(depth / 3))
	debug.SetMaxStack(1 << 20)
	defer fmt.Println("not printed: the stack limit cannot be recovered from")
	fmt.Println(sum(10_000_000))
}
