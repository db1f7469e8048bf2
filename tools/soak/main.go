// Command soak keeps goroutines, channels, timers, select and the garbage collector busy for as many seconds as its argument says, and prints
// once in a while how much memory it has: one JSON object a line.
package main

import (
	"fmt"
	"os"
	"runtime"
	"strconv"
	"sync"
	"sync/atomic"
	"time"
)

var operations, wrong atomic.Int64

type node struct {
	next *node
	data [10]int
}

// many starts n goroutines that all wait, lets them go, and adds up what they send.
func many(n int) int {
	start, results := make(chan struct{}), make(chan int)
	for k := range n {
		go func() {
			<-start
			results <- k & 1
		}()
	}
	close(start)
	sum := 0
	for range n {
		sum += <-results
	}
	return sum
}

// worker answers until jobs is closed, and allocates.
func worker(jobs <-chan int, results chan<- int, all *sync.WaitGroup) {
	defer all.Done()
	for job := range jobs {
		var list *node
		for k := range 50 {
			list = &node{next: list}
			list.data[k%10] = job
		}
		results <- list.data[49%10]
	}
}

func round(seed int) {
	jobs, results := make(chan int), make(chan int, 4)
	var all sync.WaitGroup
	for range 8 {
		all.Add(1)
		go worker(jobs, results, &all)
	}
	ticker := time.NewTicker(time.Millisecond)
	defer ticker.Stop()
	sent, got, sum, ticks := 0, 0, 0, 0
	for got < 200 {
		var to chan int
		if sent < 200 {
			to = jobs
		}
		select {
		case to <- seed + sent:
			sent++
		case v := <-results:
			got++
			sum += v
		case <-ticker.C:
			ticks++
		case <-time.After(10 * time.Second):
			wrong.Add(1)
			return
		}
	}
	close(jobs)
	all.Wait()
	if sum != 200*seed+199*100 {
		wrong.Add(1)
	}
	func() {
		defer func() {
			if recover() == nil {
				wrong.Add(1)
			}
		}()
		var m map[int]int
		m[ticks] = 1
	}()
	operations.Add(1)
}

func main() {
	seconds, _ := strconv.ParseFloat(os.Args[1], 64)
	goroutines := 100_000
	if sum := many(goroutines); sum != goroutines/2 {
		wrong.Add(1)
	}
	// Seconds count from here: how long so many stacks take is the strategy's affair.
	end := time.Now().Add(time.Duration(seconds * float64(time.Second)))
	stop := callBack()
	print := time.Now()
	for seed := 0; time.Now().Before(end); seed++ {
		round(seed)
		if time.Since(print) >= 500*time.Millisecond {
			print = time.Now()
			report()
		}
	}
	stop()
	report()
}

func report() {
	runtime.GC()
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	fmt.Printf(`{"heap":%d,"system":%d,"goroutines":%d,"operations":%d,"callbacks":%d,"host":%d,"wrong":%d}`+"\n",
		m.HeapAlloc, m.Sys, runtime.NumGoroutine(), operations.Load(), callbacks.Load(), hostMemory(), wrong.Load())
}

var callbacks atomic.Int64
