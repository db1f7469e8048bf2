// Hello greets from several goroutines, each in its turn.
package main

import (
	"fmt"
	"runtime"
	"strings"
	"sync"
)

func main() {
	names := []string{"gopher", "wasm", "world"}
	greetings := make([]string, len(names))

	var wg sync.WaitGroup
	for i, name := range names {
		wg.Add(1)
		go func() {
			defer wg.Done()
			runtime.Gosched() // let the others run in between
			greetings[i] = fmt.Sprintf("hello, %-8s%*d", name+"!", 3, i+1)
		}()
	}
	wg.Wait()
	fmt.Println(strings.Join(greetings, "\n"))
}
