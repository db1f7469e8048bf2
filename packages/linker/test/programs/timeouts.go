// Goroutines that wait for a note of the runtime, but no longer than until a deadline, while others keep the scheduler busy by
// channels, by yielding, by waking many, or while all rest. Needs -ldflags=-checklinkname=0, and js.
package main

import (
	"fmt"
	"runtime"
	"sync"
	"time"
	"unsafe"
)

// runtime/note_js.go
type note struct {
	status           int32
	gp               unsafe.Pointer
	deadline         int64
	allprev, allnext *note
}

//go:linkname notetsleepg runtime.notetsleepg
func notetsleepg(n *note, ns int64) bool

//go:linkname notewakeup runtime.notewakeup
func notewakeup(n *note)

var notes [16]note

// Waits for a note in a goroutine of its own; the channel gets whether it was woken, once the time was over or not.
func wait(n *note, d time.Duration) chan string {
	done := make(chan string, 1)
	go func() {
		start := time.Now()
		woken := notetsleepg(n, int64(d))
		done <- fmt.Sprintf("woken %v, time over %v", woken, time.Since(start) >= d)
	}()
	runtime.Gosched()
	return done
}

// Runs step until the channel has something.
func during(name string, done chan string, step func()) {
	for {
		select {
		case result := <-done:
			fmt.Println(name, result)
			return
		default:
			step()
		}
	}
}

func main() {
	ping, pong := make(chan int), make(chan int)
	go func() {
		for v := range ping {
			pong <- v + 1
		}
	}()
	exchange := func() {
		ping <- 1
		<-pong
	}
	var group sync.WaitGroup
	spawn := func() {
		for range 3 {
			group.Add(1)
			go func() {
				defer group.Done()
				runtime.Gosched()
			}()
		}
		group.Wait()
	}

	during("channels:", wait(&notes[0], 20*time.Millisecond), exchange)
	during("yielding:", wait(&notes[1], 20*time.Millisecond), runtime.Gosched)
	during("spawning:", wait(&notes[2], 20*time.Millisecond), spawn)
	fmt.Println("at rest:", <-wait(&notes[3], 20*time.Millisecond))

	var all []chan string
	for i := range 6 {
		all = append(all, wait(&notes[4+i], time.Duration(6-i)*10*time.Millisecond))
	}
	notewakeup(&notes[4])
	for i, done := range all {
		during(fmt.Sprint("of many, ", i, ":"), done, exchange)
	}
	// The list is empty again.
	for range 1000 {
		exchange()
	}
	during("once more:", wait(&notes[10], 5*time.Millisecond), exchange)
}
