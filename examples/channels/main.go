// Channels shows what makes Go hard to compile to WebAssembly: goroutines that wait for each other, a select with a
// timeout, panics that cross goroutine and function boundaries, and a stack that grows.
package main

import (
	"context"
	"errors"
	"fmt"
	"runtime"
	"sync"
	"time"
)

func main() {
	fmt.Println("primes:", sieve(12))
	fmt.Println("squares:", fanOut(8))
	fmt.Println("timeout:", timeout())
	fmt.Println("ticks:", ticks(3))
	fmt.Println("recovered:", recovered())
	fmt.Println("deferred:", deferred())
	fmt.Println("goexit:", goexit())
	fmt.Println("depth:", depth(20_000))
}

// sieve passes numbers through a chain of goroutines, one for each prime found.
func sieve(n int) []int {
	ctx, cancel := context.WithCancel(context.Background())
	defer cancel()
	first := make(chan int)
	go func() {
		for i := 2; ; i++ {
			select {
			case first <- i:
			case <-ctx.Done():
				return
			}
		}
	}()
	var primes []int
	numbers := first
	for range n {
		prime := <-numbers
		primes = append(primes, prime)
		filtered := make(chan int)
		go func(in <-chan int) {
			for {
				select {
				case i := <-in:
					if i%prime == 0 {
						continue
					}
					select {
					case filtered <- i:
					case <-ctx.Done():
						return
					}
				case <-ctx.Done():
					return
				}
			}
		}(numbers)
		numbers = filtered
	}
	return primes
}

// fanOut spreads work over goroutines and collects the results in order.
func fanOut(n int) []int {
	type result struct{ index, value int }
	jobs, results := make(chan int), make(chan result, n)
	var wg sync.WaitGroup
	for range 3 {
		wg.Add(1)
		go func() {
			defer wg.Done()
			for job := range jobs {
				results <- result{job, job * job}
			}
		}()
	}
	for i := range n {
		jobs <- i
	}
	close(jobs)
	wg.Wait()
	close(results)
	squares := make([]int, n)
	for r := range results {
		squares[r.index] = r.value
	}
	return squares
}

func timeout() string {
	never := make(chan int)
	select {
	case <-never:
		return "received"
	case <-time.After(5 * time.Millisecond):
		return "nothing came"
	}
}

func ticks(n int) (count int) {
	ticker := time.NewTicker(time.Millisecond)
	defer ticker.Stop()
	for range ticker.C {
		if count++; count == n {
			break
		}
	}
	return count
}

var errBroken = errors.New("broken")

// recovered turns panics, the runtime's among them, into errors.
func recovered() []string {
	try := func(f func()) (err error) {
		defer func() {
			switch r := recover().(type) {
			case error:
				err = r
			case nil:
			default:
				err = fmt.Errorf("panic: %v", r)
			}
		}()
		f()
		return nil
	}
	var list []int
	var table map[string]int
	var messages []string
	for _, f := range []func(){
		func() { panic(fmt.Errorf("wrapped: %w", errBroken)) },
		func() { _ = list[len(table)] },
		func() { table["x"] = 1 },
		func() { panic("a string") },
		func() {},
	} {
		err := try(f)
		messages = append(messages, fmt.Sprintf("%v (%t)", err, errors.Is(err, errBroken)))
	}
	return messages
}

// deferred panics while it panics: the last one counts, and every deferred call runs.
func deferred() (trace []string) {
	defer func() { trace = append(trace, fmt.Sprint("recovered ", recover())) }()
	for i := range 3 {
		defer func() {
			trace = append(trace, fmt.Sprint("defer ", i))
			if i == 1 {
				panic("second")
			}
		}()
	}
	panic("first")
}

// goexit ends a goroutine from within a nested call; its deferred calls run.
func goexit() (trace []string) {
	done := make(chan bool)
	go func() {
		defer close(done)
		defer func() { trace = append(trace, fmt.Sprint("deferred, recover is ", recover())) }()
		func() { runtime.Goexit() }()
		trace = append(trace, "never here")
	}()
	<-done
	return trace
}

// depth recurses: the goroutine's stack grows, and moves, many times.
func depth(n int) int {
	var frame [4]int
	frame[n%4] = 1
	if n == 0 {
		return 0
	}
	return depth(n-1) + frame[n%4]
}
