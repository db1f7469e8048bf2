// Panics, recover, Goexit, nested defers, runtime errors.
package main

import (
	"errors"
	"fmt"
	"os"
	"runtime"
	"strings"
)

func try(name string, f func()) {
	defer func() {
		r := recover()
		if e, ok := r.(runtime.Error); ok {
			fmt.Println(name, "runtime error:", e)
		} else {
			fmt.Printf("%s %T %v\n", name, r, r)
		}
	}()
	f()
	fmt.Println(name, "returned")
}

type point struct{ x, y int }
type shape interface{ area() int }

//go:noinline
func index(s []int, i int) int { return s[i] }

//go:noinline
func divide(a, b int) int { return a / b }

//go:noinline
func deref(p *point) int { return p.y }

//go:noinline
func slice(s []int, i, j, k int) []int { return s[i:j:k] }

//go:noinline
func assert(v any) shape { return v.(shape) }

//go:noinline
func shift(x, n int) int { return x << n }

func named() (result int, err error) {
	defer func() {
		if r := recover(); r != nil {
			err = fmt.Errorf("wrapped: %v", r)
			result *= 2
		}
	}()
	result = 21
	panic("named")
}

func nested() {
	defer func() { fmt.Println("outermost:", recover()) }()
	defer func() {
		defer func() { fmt.Println("inner:", recover()) }()
		panic("second")
	}()
	defer func() {
		defer func() {
			panic(fmt.Sprint("replaced ", recover()))
		}()
		panic("third")
	}()
	panic("first")
}

func deferLoop(n int) {
	for i := range n {
		defer func() {
			if i%3 == 0 {
				fmt.Print(i, " ")
			}
			if i == n/2 {
				if r := recover(); r != nil {
					fmt.Print("[", r, "] ")
				}
			}
		}()
	}
	panic("loop")
}

func deferArguments() {
	x := 1
	defer fmt.Println("deferred argument", x)
	x = 2
	defer func(y int) { fmt.Println("deferred closure", x, y) }(x)
	x = 3
}

func openCoded(a, b bool) (s string) {
	defer func() { s += "1" }()
	if a {
		defer func() { s += "2" }()
	}
	if b {
		defer func() { recover(); s += "3" }()
		panic("open-coded")
	}
	return "r"
}

func deep(n int, done func()) {
	defer func() { depth++ }()
	if n == 0 {
		done()
		return
	}
	deep(n-1, done)
}

var depth int

func recursivePanic(n int) (r any) {
	defer func() {
		if x := recover(); x != nil {
			if n%2 == 0 {
				panic(fmt.Sprint(x, n))
			}
			r = x
		}
	}()
	if n == 6 {
		panic("p")
	}
	if x := recursivePanic(n + 1); x != nil {
		panic(x)
	}
	return nil
}

func goexit() {
	done := make(chan bool)
	go func() {
		defer close(done)
		defer func() { fmt.Println("goexit recovers", recover()) }()
		func() {
			defer fmt.Println("deferred in goexit")
			defer func() {
				defer func() { fmt.Println("recovered in goexit:", recover()) }()
				panic("during goexit")
			}()
			runtime.Goexit()
		}()
		fmt.Println("never")
	}()
	<-done
}

func goroutines() {
	results := make(chan string)
	for i := range 5 {
		go func() {
			defer func() { results <- fmt.Sprint(i, recover()) }()
			runtime.Gosched()
			_ = index([]int{1, 2}, i)
			runtime.Gosched()
		}()
	}
	var all [5]string
	for range 5 {
		s := <-results
		all[s[0]-'0'] = s
	}
	fmt.Println(strings.Join(all[:], "; "))
}

func rangeFunc() (err error) {
	defer func() { fmt.Println("range", recover(), err) }()
	seq := func(yield func(int) bool) {
		defer fmt.Println("cleanup")
		for i := range 5 {
			if !yield(i) {
				return
			}
		}
	}
	for x := range seq {
		defer fmt.Println("deferred in range", x)
		if x == 2 {
			return errors.New("left")
		}
	}
	return nil
}

type custom struct{ error }

func main() {
	try("index", func() { fmt.Println(index([]int{1, 2, 3}, 5)) })
	try("negative", func() { fmt.Println(index([]int{1, 2, 3}, -1)) })
	try("divide", func() { fmt.Println(divide(1, 0)) })
	try("nil", func() { fmt.Println(deref(nil)) })
	try("slice", func() { fmt.Println(slice([]int{1, 2, 3}, 2, 1, 3)) })
	try("slice cap", func() { fmt.Println(slice([]int{1, 2, 3}, 0, 1, 30)) })
	try("assert", func() { fmt.Println(assert(3)) })
	try("assert nil", func() { fmt.Println(assert(nil)) })
	try("shift", func() { fmt.Println(shift(1, -1)) })
	try("nil map", func() { var m map[string]int; m["a"] = 1 })
	try("unhashable", func() { m := map[any]int{}; m[[]int{}] = 1 })
	try("closed", func() { c := make(chan int); close(c); close(c) })
	try("send", func() { c := make(chan int, 1); close(c); c <- 1 })
	try("nil func", func() { var f func(); f() })
	try("nil panic", func() { panic(nil) })
	try("make", func() { n := -1; _ = make([]int, n) })
	try("array", func() { s := []int{1}; _ = [2]int(s) })
	try("custom", func() { panic(custom{os.ErrNotExist}) })
	try("compare", func() { var a, b any = []int{}, []int{}; fmt.Println(a == b) })
	try("fine", func() {})
	fmt.Println(named())
	nested()
	deferLoop(10)
	fmt.Println()
	deferArguments()
	for _, a := range []bool{false, true} {
		for _, b := range []bool{false, true} {
			fmt.Println(openCoded(a, b))
		}
	}
	try("deep", func() { deep(1000, func() { panic("at the bottom") }) })
	fmt.Println(depth)
	try("recursive", func() { fmt.Println(recursivePanic(1)) })
	goexit()
	goroutines()
	fmt.Println(rangeFunc())
	defer fmt.Println("runs")
	defer os.Exit(0)
}
