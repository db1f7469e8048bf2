// Everything that makes a switch strategy hard to get right, with an output that depends on nothing but the seed.
package main

import (
	"errors"
	"fmt"
	"iter"
	"os"
	"runtime"
	"runtime/debug"
	"strings"
	"sync"
	"time"
)

func section(name string, f func()) {
	fmt.Println("--", name)
	f()
}

func main() {
	if len(os.Args) > 1 {
		ending(os.Args[1])
		return
	}
	section("ping-pong", pingPong)
	section("deep parks", deepParks)
	section("ring", ring)
	section("many parked", manyParked)
	section("panic", panics)
	section("park in a deferred function", parkInDefer)
	section("goexit", goexits)
	section("select", selects)
	section("timers", timers)
	section("locks", locks)
	section("iterators", iterators)
	section("stack growth", stackGrowth)
	section("deep recursion", deepRecursion)
	section("forced GC", forcedGC)
	section("gosched", gosched)
	section("finalizers", finalizers)
	section("random", func() { random(1) })
	section("random again", func() { random(2) })
	host()
	fmt.Println("end")
}

// Programs of their own: mostly how they end; the output goes to stderr.
func ending(how string) {
	switch how {
	case "twice":
		waitTwice(40_000)
	case "deadlock":
		go func() { select {} }()
		atDepth(20, func() { <-make(chan int) })
	case "panic":
		go func() { atDepth(3, func() { panic(errors.New("for the end")) }) }()
		select {}
	case "nil":
		var p *int
		atDepth(3, func() { *p = 1 })
	case "exit":
		go func() { atDepth(5, func() { os.Exit(7) }) }()
		select {}
	case "overflow":
		debug.SetMaxStack(1 << 20)
		forever(1)
	case "goexit":
		go func() { time.Sleep(time.Millisecond) }()
		runtime.Goexit()
	case "traceback":
		parked := make(chan int)
		for i := range 3 {
			go atDepth(i, func() { <-parked })
		}
		go atDepth(4, func() { time.Sleep(time.Hour) })
		time.Sleep(time.Millisecond)
		panic("all goroutines")
	}
}

// n goroutines wait, and once all have gone on, wait again: more than any engine has stacks for.
func waitTwice(n int) {
	start, results := make(chan int), make(chan int)
	for range n {
		go func() { results <- <-start }()
	}
	go func() {
		for k := range n {
			start <- k
		}
	}()
	sum := 0
	for range n {
		sum += <-results
	}
	println(sum)
}

//go:noinline
func forever(n int) int { return forever(n+1) + 1 }

//go:noinline
func atDepth(n int, f func()) int {
	if n == 0 {
		f()
		return 0
	}
	return atDepth(n-1, f) + 1
}

func pingPong() {
	a, b := make(chan int), make(chan int)
	go func() {
		for v := range a {
			b <- v + 1
		}
		close(b)
	}()
	v := 0
	for range 2000 {
		a <- v
		v = <-b
	}
	close(a)
	_, open := <-b
	fmt.Println(v, open)
}

func deepParks() {
	c, done := make(chan int), make(chan int)
	for g := range 4 {
		go func() {
			sum := 0
			for d := range 60 {
				sum += atDepth(d*(g+1), func() { sum += <-c })
			}
			done <- sum
		}()
	}
	for i := range 240 {
		c <- i % 1
	}
	total := 0
	for range 4 {
		total += <-done
	}
	fmt.Println(total)
}

func ring() {
	const n = 1000
	first := make(chan int)
	in := first
	for range n {
		out := make(chan int)
		go func(in, out chan int) {
			for v := range in {
				out <- v + 1
			}
			close(out)
		}(in, out)
		in = out
	}
	for round := range 3 {
		first <- round
		fmt.Println(<-in)
	}
	close(first)
	<-in
}

func manyParked() {
	const n = 10_000
	var ready, done sync.WaitGroup
	gate := make(chan int)
	total := make(chan int, n)
	ready.Add(n)
	done.Add(n)
	for i := range n {
		go func() {
			defer done.Done()
			ready.Done()
			total <- atDepth(i%7, func() { <-gate }) + i
		}()
	}
	ready.Wait()
	runtime.GC()
	close(gate)
	done.Wait()
	sum := 0
	for range n {
		sum += <-total
	}
	fmt.Println(sum)
}

func try(f func()) (result any) {
	defer func() { result = recover() }()
	f()
	return "no panic"
}

func panics() {
	c := make(chan int)
	go func() {
		for i := 0; ; i++ {
			c <- i
		}
	}()
	for i := range 200 {
		r := try(func() {
			atDepth(i%9, func() {
				<-c
				if i%3 == 0 {
					panic(i)
				}
			})
		})
		if i%40 == 0 {
			fmt.Println(i, r)
		}
	}
	fmt.Println(try(func() { var m map[string]int; m["a"] = <-c }))
	fmt.Println(try(func() { var s []int; _ = s[<-c] }))
	fmt.Println(try(func() { var p *struct{ x [10]int }; p.x[3] = <-c }))
	fmt.Println(try(func() {
		defer func() {
			fmt.Println("inner", recover())
			<-c
			panic("again")
		}()
		panic("first")
	}))
	// A recovered panic under frames that go on.
	n := atDepth(5, func() {
		for range 3 {
			fmt.Println(try(func() { atDepth(4, func() { panic("nested") }) }))
			<-c
		}
	})
	fmt.Println(n)
	// A panic on another goroutine while this one is parked.
	out := make(chan any)
	for i := range 3 {
		go func() {
			defer func() { out <- recover() }()
			atDepth(i*3, func() { <-c; panic(fmt.Sprint("goroutine ", i)) })
		}()
	}
	seen := map[any]bool{}
	for range 3 {
		seen[<-out] = true
	}
	fmt.Println(len(seen))
}

func parkInDefer() {
	c := make(chan string)
	go func() {
		for _, s := range []string{"one", "two", "three", "four"} {
			c <- s
			runtime.Gosched()
		}
	}()
	r := try(func() {
		defer func() { fmt.Println("deferred", <-c) }()
		defer func() {
			fmt.Println("recovered", recover(), <-c)
			defer func() { fmt.Println("deeper", <-c) }()
			panic("second")
		}()
		atDepth(6, func() { panic("first " + <-c) })
	})
	fmt.Println(r)
}

func goexits() {
	var wg sync.WaitGroup
	for i := range 20 {
		wg.Add(1)
		go func() {
			defer wg.Done()
			defer func() {
				if i%10 == 0 {
					fmt.Println("exits", i, recover())
				}
			}()
			atDepth(i, func() { runtime.Gosched(); runtime.Goexit() })
			fmt.Println("not reached")
		}()
	}
	wg.Wait()
}

func selects() {
	a, b, quit := make(chan int), make(chan int, 3), make(chan bool)
	go func() {
		for i := range 30 {
			if i%2 == 0 {
				a <- i
			} else {
				b <- i
			}
		}
		close(quit)
	}()
	sum := 0
	for running := true; running; {
		select {
		case v := <-a:
			sum += v
		case v := <-b:
			sum += 100 * v
		case <-quit:
			running = false
		}
	}
	for len(b) > 0 {
		sum += 100 * <-b
	}
	select {
	case <-a:
	default:
		sum++
	}
	fmt.Println(sum)
}

func timers() {
	start := time.Now()
	order := make(chan int, 10)
	for _, d := range []int{25, 5, 15} {
		go func() {
			atDepth(d, func() { time.Sleep(time.Duration(d) * time.Millisecond) })
			order <- d
		}()
	}
	fmt.Println(<-order, <-order, <-order, time.Since(start) >= 25*time.Millisecond)
	ticker := time.NewTicker(2 * time.Millisecond)
	n := 0
	timeout := time.After(200 * time.Millisecond)
loop:
	for {
		select {
		case <-ticker.C:
			if n++; n == 5 {
				break loop
			}
		case <-timeout:
			break loop
		}
	}
	ticker.Stop()
	fmt.Println(n)
	fired := make(chan bool)
	time.AfterFunc(time.Millisecond, func() { atDepth(3, func() { fired <- true }) })
	stopped := time.AfterFunc(time.Hour, func() { panic("too early") }).Stop()
	fmt.Println(<-fired, stopped)
}

func locks() {
	var mu sync.Mutex
	cond := sync.NewCond(&mu)
	turn, trace := 0, strings.Builder{}
	var wg sync.WaitGroup
	for id := range 5 {
		wg.Add(1)
		go func() {
			defer wg.Done()
			for range 4 {
				mu.Lock()
				for turn%5 != id {
					cond.Wait()
				}
				fmt.Fprint(&trace, id)
				turn++
				cond.Broadcast()
				mu.Unlock()
			}
		}()
	}
	wg.Wait()
	fmt.Println(trace.String())
	var once sync.Once
	var rw sync.RWMutex
	count := 0
	for i := range 50 {
		wg.Add(1)
		go func() {
			defer wg.Done()
			once.Do(func() { runtime.Gosched(); count += 1000 })
			if i%5 == 0 {
				rw.Lock()
				runtime.Gosched()
				count++
				rw.Unlock()
			} else {
				rw.RLock()
				runtime.Gosched()
				rw.RUnlock()
			}
		}()
	}
	wg.Wait()
	fmt.Println(count)
}

func walk(n int) iter.Seq[int] {
	return func(yield func(int) bool) {
		for i := range n {
			if i%3 == 0 {
				runtime.Gosched()
			}
			if !yield(i) {
				return
			}
		}
	}
}

func iterators() {
	next, stop := iter.Pull(walk(20))
	sum := 0
	for range 10 {
		v, _ := next()
		sum += atDepth(v, func() { w, _ := next(); sum += w })
	}
	stop()
	v, ok := next()
	fmt.Println(sum, v, ok)
	half, stopHalf := iter.Pull(walk(20))
	half()
	half()
	stopHalf()
	failing, stopFailing := iter.Pull(func(yield func(int) bool) {
		yield(1)
		panic("in the iterator")
	})
	defer stopFailing()
	failing()
	fmt.Println(try(func() { failing() }))
}

//go:noinline
func grow(n int) (sum int) {
	var frame [40]int
	p := &frame[n%40]
	*p = n
	if n > 0 {
		sum = grow(n - 1)
	}
	return sum + *p
}

func stackGrowth() {
	c := make(chan int)
	for i := range 6 {
		go func() { c <- grow(i * 50); c <- grow(i * 200) }()
	}
	sum := 0
	for range 12 {
		sum += <-c
	}
	fmt.Println(sum)
	// Moved while parked: the GC shrinks what is not used.
	var wg sync.WaitGroup
	for range 10 {
		wg.Add(1)
		go func() {
			defer wg.Done()
			grow(500)
			atDepth(10, func() { time.Sleep(3 * time.Millisecond) })
			grow(200)
		}()
	}
	for range 3 {
		time.Sleep(time.Millisecond)
		runtime.GC()
	}
	wg.Wait()
}

//go:noinline
func many(n int, a, b, c, d float64, e, f, g, h int) float64 {
	if n == 0 {
		return a + b + c + d + float64(e+f+g+h)
	}
	return many(n-1, b*0.5, c+a, d-b, a+float64(n&1), f^e, g+1, h-e, e+f) + a*float64(e&3)
}

func deepRecursion() {
	fmt.Println(atDepth(100_000, func() {}))
	fmt.Println(atDepth(30_000, func() { runtime.Gosched(); runtime.GC() }))
	fmt.Printf("%.3f\n", many(20_000, 1, 2, 3, 4, 5, 6, 7, 8))
	c := make(chan int)
	for range 3 {
		go func() { c <- atDepth(20_000, func() { c <- 1 }) }()
	}
	sum := 0
	for range 6 {
		sum += <-c
	}
	fmt.Println(sum)
	fmt.Println(try(func() { atDepth(25_000, func() { panic("far down") }) }))
	// Around the place where frames are thrown away.
	for n := range 30 {
		sum += atDepth(3000+n*100, func() { sum += atDepth(n*10, func() {}) })
	}
	fmt.Println(sum)
}

type tree struct{ left, right *tree }

//go:noinline
func build(n int) *tree {
	if n == 0 {
		return &tree{}
	}
	return &tree{build(n - 1), build(n - 1)}
}

func (t *tree) count() int {
	if t == nil {
		return 0
	}
	return t.left.count() + t.right.count() + 1
}

func forcedGC() {
	old := debug.SetGCPercent(5)
	defer debug.SetGCPercent(old)
	c := make(chan *tree)
	for i := range 4 {
		go func() {
			for range 8 {
				t := build(6 + i)
				runtime.Gosched()
				c <- t
			}
		}()
	}
	sum := 0
	for i := range 32 {
		t := <-c
		if i%8 == 0 {
			runtime.GC()
		}
		sum += t.count()
	}
	fmt.Println(sum)
}

func gosched() {
	var turns [3]int
	var wg sync.WaitGroup
	for i := range 3 {
		wg.Add(1)
		go func() {
			defer wg.Done()
			for range 3 {
				turns[i]++
				atDepth(i, runtime.Gosched)
			}
		}()
	}
	wg.Wait()
	fmt.Println(turns)
	for range 1000 {
		runtime.Gosched()
	}
	runtime.GOMAXPROCS(1)
	fmt.Println(runtime.NumGoroutine() > 0)
}

func finalizers() {
	ran := make(chan int, 10)
	func() {
		for i := range 5 {
			t := build(3)
			runtime.SetFinalizer(t, func(*tree) { atDepth(i, func() { ran <- 1 }) })
		}
	}()
	n := 0
	for range 20 {
		runtime.GC()
		time.Sleep(time.Millisecond)
		for len(ran) > 0 {
			n += <-ran
		}
	}
	fmt.Println(n >= 4)
}

// Random goroutines that do random things. What each computes depends on the seed, not on the others' order.
func random(seed uint32) {
	const n = 30
	var chans [n]chan int
	for i := range chans {
		chans[i] = make(chan int, i%3)
	}
	hashes := make(chan uint32, n)
	for id := range n {
		state := seed*7919 + uint32(id)
		rnd := func(n int) int {
			state = state*1664525 + 1013904223
			return int(state>>8) % n
		}
		go func() {
			hash := uint32(0)
			for step := range 60 {
				action, other := rnd(9), rnd(n)
				switch action {
				case 0, 1:
					select {
					case chans[other] <- id:
					case <-chans[id]:
					default:
						runtime.Gosched()
					}
				case 2:
					r := try(func() { atDepth(rnd(40), func() { runtime.Gosched(); panic(step) }) })
					hash = hash*13 + uint32(r.(int))
				case 3:
					hash += uint32(grow(rnd(100)))
				case 4:
					hash ^= uint32(build(rnd(6)).count())
				case 5:
					done := make(chan int)
					depth, quits := rnd(20), rnd(3) == 0
					go func() {
						defer close(done)
						atDepth(depth, runtime.Gosched)
						if quits {
							runtime.Goexit()
						}
						done <- id
					}()
					hash = hash*17 + uint32(<-done)
				case 6:
					atDepth(rnd(30), func() {
						select {
						case <-chans[id]:
						case chans[id] <- step:
						case <-time.After(time.Duration(rnd(300)) * time.Microsecond):
						}
						hash++
					})
				case 7:
					if rnd(20) == 0 {
						runtime.GC()
					}
					runtime.Gosched()
				case 8:
					hash += uint32(atDepth(rnd(3000), runtime.Gosched))
				}
			}
			hashes <- hash
		}()
	}
	sum := uint32(0)
	for range n {
		sum += <-hashes
	}
	fmt.Println(sum)
}
