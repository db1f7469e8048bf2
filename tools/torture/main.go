// A seeded mix of what makes goroutines hard to switch: tasks run side by side, each a random list of operations.
//
//	torture SEED [TASKS [OPERATIONS]]
//
// What it prints follows from the seed alone, whatever the schedule: an operation's result depends on its task's own random
// numbers only, and where goroutines race, what comes out is the same in any order (sums, sets, what a lock protects). So native Go,
// stock wasm and every switch strategy must print the same. No operation waits for another task: a task may be below a JavaScript
// function that waits for a callback.
package main

import (
	"errors"
	"fmt"
	"math/rand"
	"os"
	"runtime"
	"runtime/debug"
	"sort"
	"strconv"
	"sync"
	"sync/atomic"
	"time"
)

type task struct {
	id   int
	rand *rand.Rand
	hash uint64
	log  []string
}

// note adds a result to what the task prints.
func (t *task) note(name string, values ...any) {
	for _, c := range fmt.Sprint(append([]any{name}, values...)...) {
		t.hash = (t.hash ^ uint64(c)) * 1099511628211
	}
	t.log = append(t.log, fmt.Sprintf("%d %s %016x", t.id, name, t.hash))
}

// fork is a task for a goroutine of this one, with random numbers of its own.
func (t *task) fork() *task {
	return &task{id: t.id, rand: rand.New(rand.NewSource(t.rand.Int63())), hash: t.hash}
}

type operation struct {
	name string
	run  func(t *task)
}

var operations = []operation{
	{"ask", ask},
	{"pipeline", pipeline},
	{"fan-in", fanIn},
	{"select", selects},
	{"timers", timers},
	{"locks", locks},
	{"once and cond", onceAndCond},
	{"panic across parks", panicAcrossParks},
	{"panic again", panicAgain},
	{"runtime panics", runtimePanics},
	{"goexit", goexit},
	{"defers that park", defersThatPark},
	{"deep", deep},
	{"growing", growing},
	{"collect", collect},
	{"closures and methods", closures},
	{"spawn", spawns},
	{"sort while parking", sorts},
	{"callbacks", callbacks},
	{"promises", promises},
}

func main() {
	argument := func(i, otherwise int) int {
		if len(os.Args) <= i {
			return otherwise
		}
		n, err := strconv.Atoi(os.Args[i])
		if err != nil {
			panic(err)
		}
		return n
	}
	seed, count, length := argument(1, 1), argument(2, 12), argument(3, 25)
	debug.SetGCPercent(20 + seed%5*40)
	tasks := make([]*task, count)
	var done sync.WaitGroup
	for i := range tasks {
		t := &task{id: i, rand: rand.New(rand.NewSource(int64(seed)*1000 + int64(i))), hash: 14695981039346656037}
		tasks[i] = t
		done.Add(1)
		go func() {
			defer done.Done()
			for range length {
				operations[t.rand.Intn(len(operations))].run(t)
			}
		}()
	}
	done.Wait()
	for _, t := range tasks {
		for _, line := range t.log {
			fmt.Println(line)
		}
	}
	fmt.Println("end", seed)
}

// below calls f under that many frames, each of which holds something that is checked on the way back.
//
//go:noinline
func below(depth int, seed uint64, f func()) uint64 {
	var frame [3]uint64
	frame[depth%3] = seed
	p := &frame[depth%3]
	if depth == 0 {
		f()
	} else {
		frame[(depth+1)%3] = below(depth-1, seed*31+1, f)
	}
	if *p != seed {
		panic("a frame has changed")
	}
	return frame[0] ^ frame[1] ^ frame[2]
}

// park has the goroutine wait until another one has run.
func (t *task) park() int {
	n := t.rand.Intn(1000)
	switch t.rand.Intn(4) {
	case 0:
		runtime.Gosched()
	case 1:
		c := make(chan int)
		go func() { c <- n * 2 }()
		return <-c
	case 2:
		var wait sync.WaitGroup
		wait.Add(1)
		go wait.Done()
		wait.Wait()
	default:
		c, d := make(chan int), make(chan int)
		go func() { d <- <-c + 1 }()
		c <- n
		return <-d
	}
	return n
}

// try returns what f panics with, as text.
func try(f func()) (result string) {
	defer func() {
		if r := recover(); r != nil {
			if err, ok := r.(error); ok {
				r = "error: " + err.Error()
			}
			result = fmt.Sprint(r)
		}
	}()
	f()
	return "returned"
}

func ask(t *task) {
	asked, answers := make(chan int), make(chan uint64)
	go func() {
		for n := range asked {
			answers <- below(n%30, uint64(n), func() { runtime.Gosched() })
		}
		close(answers)
	}()
	sum := uint64(0)
	for range 3 + t.rand.Intn(20) {
		n := t.rand.Intn(10000)
		sum += below(t.rand.Intn(20), sum, func() { asked <- n; sum ^= <-answers })
	}
	close(asked)
	_, open := <-answers
	t.note("ask", sum, open)
}

func pipeline(t *task) {
	in := make(chan int, t.rand.Intn(3))
	out := in
	for range 1 + t.rand.Intn(12) {
		from, to, add := out, make(chan int, t.rand.Intn(2)), t.rand.Intn(9)
		go func() {
			defer close(to)
			for v := range from {
				to <- v*3 + add
			}
		}()
		out = to
	}
	n := 5 + t.rand.Intn(40)
	go func() {
		for i := range n {
			in <- i
		}
		close(in)
	}()
	sum := 0
	for v := range out {
		sum = sum*7 + v
	}
	t.note("pipeline", sum)
}

func fanIn(t *task) {
	results := make(chan int)
	workers := 2 + t.rand.Intn(20)
	for range workers {
		f := t.fork()
		go func() {
			sum := 0
			for range f.rand.Intn(6) {
				sum += f.park()
			}
			below(f.rand.Intn(50), 1, func() { results <- sum })
		}()
	}
	sum := 0
	for range workers {
		sum += <-results
	}
	t.note("fan-in", workers, sum)
}

func selects(t *task) {
	a, b, c := make(chan int), make(chan string, 2), make(chan struct{})
	n, m := t.rand.Intn(30), t.rand.Intn(30)
	go func() {
		for i := range n {
			a <- i
		}
		close(a)
	}()
	go func() {
		for i := range m {
			select {
			case b <- fmt.Sprint(i):
			case <-c:
				return
			}
		}
		close(b)
	}()
	sum, letters, turns := 0, 0, 0
	for a != nil || b != nil {
		select {
		case v, ok := <-a:
			if !ok {
				a = nil
			}
			sum += v
		case s, ok := <-b:
			if !ok {
				b = nil
			}
			letters += len(s)
		case <-c:
			panic("nobody closes it")
		}
		if turns++; turns%7 == 0 {
			select {
			case <-c:
				panic("nobody closes it")
			default:
			}
		}
	}
	close(c)
	<-c
	t.note("select", sum, letters)
}

func timers(t *task) {
	slept := time.Duration(t.rand.Intn(2000)) * time.Microsecond
	start := time.Now()
	time.Sleep(slept)
	early := time.Since(start) < slept
	fired := make(chan int, 8)
	n := 1 + t.rand.Intn(5)
	for i := range n {
		time.AfterFunc(time.Duration(t.rand.Intn(1500))*time.Microsecond, func() { fired <- i })
	}
	sum := 0
	for range n {
		sum += <-fired
	}
	stopped := time.AfterFunc(time.Hour, func() { panic("an hour has passed") }).Stop()
	var never chan int
	which := ""
	select {
	case <-never:
		which = "never"
	case <-time.After(time.Duration(t.rand.Intn(800)) * time.Microsecond):
		which = "timeout"
	}
	ticker := time.NewTicker(200 * time.Microsecond)
	<-ticker.C
	<-ticker.C
	ticker.Stop()
	t.note("timers", early, sum, stopped, which)
}

func locks(t *task) {
	var lock sync.Mutex
	var both sync.RWMutex
	var wait sync.WaitGroup
	var count atomic.Int64
	sum, seen := 0, map[int]bool{}
	workers := 2 + t.rand.Intn(10)
	for i := range workers {
		f := t.fork()
		wait.Add(1)
		go func() {
			defer wait.Done()
			for j := range 1 + f.rand.Intn(8) {
				lock.Lock()
				before := sum
				f.park()
				sum = before + j
				lock.Unlock()
				if j%3 == 0 {
					both.Lock()
					seen[i*100+j] = true
					runtime.Gosched()
					both.Unlock()
				} else {
					both.RLock()
					_ = len(seen)
					runtime.Gosched()
					both.RUnlock()
				}
				count.Add(1)
			}
		}()
	}
	wait.Wait()
	t.note("locks", sum, len(seen), count.Load())
}

func onceAndCond(t *task) {
	var once sync.Once
	var lock sync.Mutex
	var wait sync.WaitGroup
	cond := sync.NewCond(&lock)
	made, ready, woken := 0, false, 0
	n := 1 + t.rand.Intn(8)
	for range n {
		f := t.fork()
		wait.Add(1)
		go func() {
			defer wait.Done()
			once.Do(func() { f.park(); made++ })
			lock.Lock()
			for !ready {
				cond.Wait()
			}
			woken++
			lock.Unlock()
		}()
	}
	t.park()
	lock.Lock()
	ready = true
	cond.Broadcast()
	lock.Unlock()
	wait.Wait()
	t.note("once and cond", made, woken, n)
}

func panicAcrossParks(t *task) {
	where, up, at := t.rand.Intn(60), t.rand.Intn(20), 0
	var passed []int
	result := try(func() {
		below(up, 3, func() {
			defer func() { at = len(passed) }()
			var descend func(n int)
			descend = func(n int) {
				if n%5 == 0 {
					defer func() { passed = append(passed, t.park()) }()
				}
				if n == 0 {
					t.park()
					panic(fmt.Sprintf("at %d", where))
				}
				descend(n - 1)
			}
			descend(where)
		})
	})
	t.note("panic across parks", result, passed, at)
}

func panicAgain(t *task) {
	var trace []string
	result := try(func() {
		defer func() {
			trace = append(trace, fmt.Sprint(recover()))
			t.park()
			panic("third")
		}()
		defer func() {
			defer func() {
				t.park()
				trace = append(trace, fmt.Sprint("inner ", recover()))
			}()
			below(t.rand.Intn(10), 1, func() { t.park(); panic("second") })
		}()
		below(t.rand.Intn(30), 2, func() { panic(errors.New("first")) })
	})
	t.note("panic again", result, trace)
}

func runtimePanics(t *task) {
	var (
		null  *task
		table map[string]int
		slice     = make([]int, t.rand.Intn(3))
		any   any = "text"
		zero      = 0
		c         = make(chan int)
	)
	close(c)
	kinds := []func(){
		func() { null.hash++ },
		func() { table["x"] = 1 },
		func() { slice[len(slice)+t.rand.Intn(9)] = 1 },
		func() { _ = any.(int) },
		func() { zero = 1 / zero },
		func() { close(c) },
		func() { c <- 1 },
		func() { _ = slice[1:zero] },
		func() { panic(t.id) },
		func() { panic(fmt.Errorf("wrapped: %w", os.ErrNotExist)) },
	}
	var results []string
	for range 2 + t.rand.Intn(4) {
		f := kinds[t.rand.Intn(len(kinds))]
		results = append(results, try(func() { below(t.rand.Intn(40), 1, func() { t.park(); f() }) }))
	}
	t.note("runtime panics", results)
}

func goexit(t *task) {
	done := make(chan []int)
	f := t.fork()
	go func() {
		var steps []int
		defer func() { done <- steps }()
		defer func() { steps = append(steps, f.park()) }()
		defer func() {
			if recover() != nil {
				steps = append(steps, -1)
			}
		}()
		below(f.rand.Intn(40), 1, func() {
			defer func() { steps = append(steps, f.park()) }()
			if f.rand.Intn(3) == 0 {
				// A panic that Goexit gives up, in a deferred function.
				defer runtime.Goexit()
				panic("given up")
			}
			runtime.Goexit()
		})
		steps = append(steps, -2)
	}()
	t.note("goexit", <-done)
}

func defersThatPark(t *task) {
	var order []int
	func() {
		for i := range 1 + t.rand.Intn(12) {
			defer func() {
				order = append(order, i, t.park())
				below(i, 5, func() { t.park() })
			}()
		}
		t.park()
	}()
	t.note("defers that park", order)
}

func deep(t *task) {
	depth := 200 + t.rand.Intn(2500)
	result := try(func() {
		sum := below(depth, uint64(depth), func() {
			t.park()
			if t.rand.Intn(3) == 0 {
				runtime.GC()
			}
			if t.rand.Intn(3) == 0 {
				panic("from far below")
			}
			below(depth/2, 9, func() { t.park() })
		})
		t.note("depth", sum)
	})
	t.note("deep", depth, result)
}

// large has a frame that makes the stack grow, and pointers into it that must follow.
//
//go:noinline
func large(t *task, n int) int {
	var frame [2000]int
	p := &frame[n%2000]
	*p = n
	if n > 0 {
		t.park()
		frame[0] += large(t, n-1)
	}
	t.park()
	if *p < n {
		panic("the frame has changed")
	}
	return *p + frame[0]
}

func growing(t *task) {
	done := make(chan int)
	f := t.fork()
	// On a new goroutine, whose stack is small.
	go func() { done <- large(f, 1+f.rand.Intn(12)) }()
	t.note("growing", large(t, t.rand.Intn(4)), <-done)
}

type node struct {
	value       int
	left, right *node
	text        string
	garbage     []byte
}

func (t *task) tree(depth int) *node {
	n := &node{value: t.rand.Intn(100), text: strconv.Itoa(depth), garbage: make([]byte, t.rand.Intn(300))}
	if depth > 0 {
		n.left = t.tree(depth - 1)
		if depth == 4 {
			t.park()
		}
		n.right = t.tree(depth - 1)
	}
	return n
}

func (n *node) sum() int {
	if n == nil {
		return 0
	}
	return n.value + len(n.text) + len(n.garbage) + n.left.sum()*3 + n.right.sum()*5
}

func collect(t *task) {
	kept := t.tree(6)
	before := kept.sum()
	table := map[string]*node{}
	for i := range 50 {
		table[fmt.Sprint(i)] = &node{value: i}
	}
	var after int
	below(t.rand.Intn(100), 1, func() {
		t.park()
		runtime.GC()
		t.park()
		after = kept.sum()
	})
	total := 0
	for _, n := range table {
		total += n.value
	}
	t.note("collect", before, before == after, total)
}

type shape interface{ area(t *task) int }
type square struct{ side int }
type named struct {
	shape
	name string
}

func (s square) area(t *task) int { return s.side*s.side + t.park() }

func closures(t *task) {
	sum := 0
	add := func(n int) func() { return func() { sum += n + t.park() } }
	var all []func()
	for range 1 + t.rand.Intn(6) {
		all = append(all, add(t.rand.Intn(50)))
	}
	for _, f := range all {
		f()
	}
	shapes := []shape{square{3}, named{square{t.rand.Intn(9)}, "promoted"}, &named{square{2}, "by pointer"}}
	for _, s := range shapes {
		area := s.area // a bound method
		below(t.rand.Intn(9), 1, func() { sum += area(t) })
	}
	t.note("closures", sum)
}

func spawns(t *task) {
	var sum atomic.Int64
	var wait sync.WaitGroup
	var spawn func(f *task, depth int)
	spawn = func(f *task, depth int) {
		wait.Add(1)
		go func() {
			defer wait.Done()
			sum.Add(int64(f.park()))
			if depth > 0 {
				for range 1 + f.rand.Intn(3) {
					spawn(f.fork(), depth-1)
				}
			}
		}()
	}
	spawn(t.fork(), 1+t.rand.Intn(4))
	wait.Wait()
	t.note("spawn", sum.Load())
}

func sorts(t *task) {
	values := make([]int, 5+t.rand.Intn(60))
	for i := range values {
		values[i] = t.rand.Intn(1000)
	}
	c := make(chan bool)
	go func() {
		for range c {
			c <- true
		}
	}()
	// The library's code stays on the stack while the comparison parks.
	sort.Slice(values, func(i, j int) bool {
		c <- true
		return <-c && values[i] < values[j]
	})
	close(c)
	t.note("sort", values)
}

// callbacks: Go calls the host calls Go, which parks, panics, and calls the host again. What host.go does instead is the same.
func callbacks(t *task) {
	serve := make(chan int)
	go func() {
		for v := range serve {
			serve <- v * 3
		}
	}()
	f := t.fork()
	var invoke func(n int) int
	invoke, release := callback(func(n int) int {
		sum := f.rand.Intn(10)
		below(n*3, 1, func() {
			serve <- n
			sum += <-serve
			f.park()
		})
		if n%3 == 2 {
			sum += len(try(func() { below(n, 1, func() { f.park(); panic(fmt.Sprint("callback ", n)) }) }))
		}
		if n > 0 {
			sum += invoke(n - 1)
		}
		return sum
	})
	sum := 0
	below(t.rand.Intn(15), 1, func() { sum = invoke(t.rand.Intn(6)) })
	thrown := try(throw)
	release()
	close(serve)
	t.note("callbacks", sum, thrown)
}

// promises: the host calls Go from its own events.
func promises(t *task) {
	n := 1 + t.rand.Intn(6)
	results := make(chan int)
	then, release := whenever(func(v int) {
		go func() { results <- v * v }()
	})
	for i := range n {
		then(i, t.rand.Intn(3))
	}
	sum := 0
	for range n {
		sum += <-results
	}
	release()
	t.note("promises", sum)
}
