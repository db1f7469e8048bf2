// How a program ends, by its argument: output, exit code.
package main

import (
	"errors"
	"fmt"
	"os"
	"runtime"
	"sync"
)

type stringer struct{}

func (stringer) String() string { panic("in String") }

func main() {
	fmt.Println(os.Args[1])
	defer fmt.Println("deferred")
	switch os.Args[1] {
	case "return":
	case "exit":
		os.Exit(3)
	case "exit in goroutine":
		go os.Exit(4)
		select {}
	case "deadlock":
		ch := make(chan int)
		<-ch
	case "deadlock of all":
		var wg sync.WaitGroup
		wg.Add(1)
		var mu sync.Mutex
		mu.Lock()
		go func() { mu.Lock(); wg.Done() }()
		wg.Wait()
	case "panic":
		panic(errors.New("an error"))
	case "panic in goroutine":
		go func() {
			defer fmt.Println("deferred in goroutine")
			panic(fmt.Sprint("value ", 42))
		}()
		select {}
	case "panic stringer":
		panic(stringer{})
	case "goexit":
		go func() { runtime.Gosched() }()
		runtime.Goexit()
	case "nil":
		var p *[10]int
		fmt.Println(p[5])
	case "fatal":
		var mu sync.Mutex
		mu.Unlock()
	case "out of memory":
		var all [][]byte
		for {
			all = append(all, make([]byte, 1<<30))
		}
	}
}
