// Goroutines tells JavaScript at many moments how many goroutines there are, as Go counts them.
package main

import (
	"runtime"
	"sync"
	"syscall/js"
	"time"
)

var program = js.Global().Get("program")

func check(moment string) {
	program.Call("check", moment, runtime.NumGoroutine())
}

//go:wasmexport count
func count() int32 { return int32(runtime.NumGoroutine()) }

//go:wasmexport pause
func pause() int32 {
	// Long enough for JavaScript to count meanwhile, on a busy machine too.
	time.Sleep(200 * time.Millisecond)
	return count()
}

// Starts n goroutines that wait, with stacks of different sizes.
func start(n int, wait <-chan bool, done *sync.WaitGroup) {
	done.Add(n)
	for i := range n {
		go func() {
			defer done.Done()
			deep(i%50, wait)
		}()
	}
	runtime.Gosched()
}

func deep(n int, wait <-chan bool) byte {
	var frame [512]byte
	if n == 0 {
		<-wait
		return frame[0]
	}
	return deep(n-1, wait) + frame[n]
}

func main() {
	check("at first")
	var all sync.WaitGroup
	wait := make(chan bool)
	for _, n := range []int{1, 1000} {
		start(n, wait, &all)
		check("parked")
		for range n / 2 {
			wait <- true
		}
		runtime.Gosched()
		check("some have ended")
		runtime.GC()
		check("after a collection, which takes stacks of those that have ended")
		start(n/3, wait, &all)
		check("ended ones are used again")
	}
	close(wait)
	all.Wait()
	check("all have ended")
	for range 3 {
		runtime.GC()
	}
	runtime.SetFinalizer(new([64]byte), func(*[64]byte) { check("in a finalizer") })
	// So much that a collection begins by itself, with a larger heap than stock's at first, too.
	for range 40 {
		garbage = make([]byte, 1<<20)
	}
	check("after collections, with their workers and the goroutine for finalizers")
	fired := make(chan bool)
	time.AfterFunc(time.Millisecond, func() {
		check("in a timer's function")
		fired <- true
	})
	time.AfterFunc(time.Hour, func() {})
	check("with timers")
	<-fired
	program.Set("callback", js.FuncOf(func(js.Value, []js.Value) any {
		check("in a callback")
		go func() {
			check("in a goroutine that a callback has started")
			time.Sleep(time.Minute)
		}()
		return nil
	}))
	program.Set("exit", js.FuncOf(func(js.Value, []js.Value) any {
		close(fired)
		return nil
	}))
	check("at last")
	<-fired
}

var garbage []byte
