// What switching goroutines costs. Prints a line each: name, nanoseconds for one operation, the least of several runs.
//
//	switch [name,…]      measures these, or all
//	switch park N        parks N goroutines at depth 20, prints "parked", and ends half a second later
//	switch nothing       ends at once: what start-up takes
package main

import (
	"fmt"
	"os"
	"strconv"
	"strings"
	"sync"
	"time"
)

// under calls f below that many frames, which have something on them.
//
//go:noinline
func under(depth int, f func()) (sum int) {
	var frame [4]int
	if depth == 0 {
		f()
		return
	}
	frame[depth&3] = depth
	sum = under(depth-1, f) + frame[depth&3]
	return
}

// pingPong has two goroutines hand over n times, each below that many frames.
func pingPong(depth, n int) {
	ping, pong := make(chan int), make(chan int)
	go under(depth, func() {
		for v := range ping {
			pong <- v
		}
		close(pong)
	})
	under(depth, func() {
		for i := 0; i < n/2; i++ {
			ping <- i
			<-pong
		}
		close(ping)
		<-pong
	})
}

// ring hands a token n times to the next of so many goroutines.
func ring(size int) func(n int) {
	first := make(chan int)
	last := first
	for i := 0; i < size; i++ {
		next := make(chan int)
		go func(in, out chan int) {
			for v := range in {
				out <- v
			}
		}(last, next)
		last = next
	}
	return func(n int) {
		for i := 0; i < n; i += size {
			first <- i
			<-last
		}
	}
}

func spawn(n int) {
	var wg sync.WaitGroup
	for i := 0; i < n; i++ {
		wg.Add(1)
		go wg.Done()
	}
	wg.Wait()
}

// panics recovers n times from a panic that many frames below.
func panics(depth, n int) {
	for i := 0; i < n; i++ {
		func() {
			defer func() { _ = recover() }()
			under(depth, func() { panic(i) })
		}()
	}
}

// measure finds how long one of n takes: n grows until a run takes a hundredth of a second.
func measure(name string, least int, f func(n int)) {
	if !chosen(name) {
		return
	}
	n := least
	best := time.Duration(1 << 62)
	f(n)
	for runs := 0; runs < 5; {
		start := time.Now()
		f(n)
		took := time.Since(start)
		if took < 10*time.Millisecond && n < 1<<24 {
			n *= 2
			continue
		}
		best = min(best, took)
		runs++
	}
	fmt.Printf("%s %.1f\n", name, float64(best.Nanoseconds())/float64(n))
}

func chosen(name string) bool {
	return len(os.Args) < 2 || strings.Contains(","+os.Args[1]+",", ","+name+",")
}

func main() {
	if len(os.Args) > 2 && os.Args[1] == "park" {
		n, _ := strconv.Atoi(os.Args[2])
		forever := make(chan int)
		var started sync.WaitGroup
		for i := 0; i < n; i++ {
			started.Add(1)
			go under(20, func() {
				started.Done()
				<-forever
			})
		}
		started.Wait()
		fmt.Println("parked")
		time.Sleep(500 * time.Millisecond)
		return
	}
	for _, depth := range []int{0, 20, 100} {
		measure(fmt.Sprintf("ping-pong-%d", depth), 1000, func(n int) { pingPong(depth, n) })
	}
	for _, size := range []int{10, 1000, 10000} {
		if name := fmt.Sprintf("ring-%d", size); chosen(name) {
			measure(name, size, ring(size))
		}
	}
	measure("spawn", 1000, spawn)
	for _, depth := range []int{0, 20, 100} {
		measure(fmt.Sprintf("panic-%d", depth), 100, func(n int) { panics(depth, n) })
	}
}
