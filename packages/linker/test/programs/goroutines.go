// Goroutines: channels, select, mutexes, contexts, timers, closures over loop variables.
package main

import (
	"context"
	"errors"
	"fmt"
	"iter"
	"runtime"
	"sort"
	"sync"
	"sync/atomic"
	"time"
)

func sieve(n int) []int {
	generate := func(ch chan<- int) {
		for i := 2; ; i++ {
			ch <- i
		}
	}
	filter := func(in <-chan int, out chan<- int, prime int) {
		for {
			if i := <-in; i%prime != 0 {
				out <- i
			}
		}
	}
	ch := make(chan int)
	go generate(ch)
	var primes []int
	for range n {
		prime := <-ch
		primes = append(primes, prime)
		next := make(chan int)
		go filter(ch, next, prime)
		ch = next
	}
	return primes
}

func selects() {
	a, b, quit := make(chan int), make(chan string, 2), make(chan struct{})
	go func() {
		for i := range 5 {
			a <- i
			if i%2 == 0 {
				b <- fmt.Sprint("b", i)
			}
			runtime.Gosched()
		}
		close(quit)
	}()
	sum, words := 0, []string{}
	for {
		select {
		case x := <-a:
			sum += x
		case s := <-b:
			words = append(words, s)
		case <-quit:
			for len(b) > 0 {
				words = append(words, <-b)
			}
			sort.Strings(words)
			fmt.Println("select", sum, words)
			return
		}
	}
}

func timers() {
	fired := make([]bool, 3)
	var wg sync.WaitGroup
	for i := range fired {
		wg.Add(1)
		d := time.Duration(30-10*i) * time.Millisecond
		start := time.Now()
		time.AfterFunc(d, func() {
			defer wg.Done()
			fired[i] = time.Since(start) >= d
		})
	}
	stopped := time.AfterFunc(time.Hour, func() { panic("never") })
	wg.Wait()
	fmt.Println("timers", fired, stopped.Stop())
	ticker := time.NewTicker(time.Millisecond)
	for range 3 {
		<-ticker.C
	}
	ticker.Stop()
	ctx, cancel := context.WithTimeout(context.Background(), 5*time.Millisecond)
	defer cancel()
	select {
	case <-ctx.Done():
		fmt.Println("context", errors.Is(ctx.Err(), context.DeadlineExceeded))
	case <-time.After(10 * time.Second):
		fmt.Println("too late")
	}
}

func pool() {
	jobs, results := make(chan int), make(chan int)
	var wg sync.WaitGroup
	for w := range 8 {
		wg.Add(1)
		go func() {
			defer wg.Done()
			for j := range jobs {
				if w%3 == 0 {
					runtime.Gosched()
				}
				results <- j * j
			}
		}()
	}
	go func() {
		for i := range 1000 {
			jobs <- i
		}
		close(jobs)
		wg.Wait()
		close(results)
	}()
	sum := 0
	for r := range results {
		sum += r
	}
	fmt.Println("pool", sum)
}

func conditions() {
	var mu sync.Mutex
	cond := sync.NewCond(&mu)
	var once sync.Once
	var count atomic.Int64
	var rw sync.RWMutex
	ready := false
	var wg sync.WaitGroup
	for range 10 {
		wg.Add(1)
		go func() {
			defer wg.Done()
			mu.Lock()
			for !ready {
				cond.Wait()
			}
			mu.Unlock()
			once.Do(func() { fmt.Println("once") })
			rw.RLock()
			count.Add(1)
			rw.RUnlock()
			rw.Lock()
			defer rw.Unlock()
			runtime.Gosched()
			count.Add(1)
		}()
	}
	runtime.Gosched()
	mu.Lock()
	ready = true
	cond.Broadcast()
	mu.Unlock()
	wg.Wait()
	fmt.Println("count", count.Load())
}

func coroutines() {
	seq := func(yield func(int) bool) {
		defer fmt.Println("sequence done")
		for i := 0; ; i++ {
			if !yield(i * i) {
				return
			}
		}
	}
	next, stop := iter.Pull(seq)
	for range 4 {
		fmt.Print(next())
		fmt.Print(" ")
	}
	stop()
	for x := range seq {
		if x > 20 {
			break
		}
	}
}

type tree struct {
	left, right *tree
	value       int
}

func (t *tree) insert(v int) *tree {
	if t == nil {
		return &tree{value: v}
	}
	if v < t.value {
		t.left = t.left.insert(v)
	} else {
		t.right = t.right.insert(v)
	}
	return t
}

func (t *tree) walk(ch chan<- int) {
	if t != nil {
		t.left.walk(ch)
		ch <- t.value
		t.right.walk(ch)
	}
}

func main() {
	fmt.Println(sieve(50))
	selects()
	timers()
	pool()
	conditions()
	coroutines()
	var root *tree
	for i := range 200 {
		root = root.insert(i * 7919 % 1009)
	}
	ch := make(chan int)
	go func() { root.walk(ch); close(ch) }()
	last, sorted := -1, true
	for v := range ch {
		sorted = sorted && v >= last
		last = v
	}
	fmt.Println("tree", sorted, last)
	var wg sync.WaitGroup
	var total atomic.Int64
	for i := range 10000 {
		wg.Add(1)
		go func() { defer wg.Done(); total.Add(int64(i)) }()
	}
	wg.Wait()
	fmt.Println("spawn", total.Load())
	fmt.Println(time.Unix(0, 0).UTC())
}
