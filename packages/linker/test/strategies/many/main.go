// 30,000 goroutines park below 30 frames while Go takes memory, too: neither the frames nor what Go has there may change.
package main

import (
	"fmt"
	"runtime"
	"sync"
)

//go:noinline
func under(d int, f func()) int {
	var a [4]int
	if d == 0 {
		f()
		return 0
	}
	a[d&3] = d
	return under(d-1, f) + a[d&3]
}

func main() {
	c := make(chan int)
	var wg sync.WaitGroup
	var mu sync.Mutex
	sum := 0
	keep := [][]byte{}
	for i := 0; i < 30000; i++ {
		wg.Add(1)
		go func() {
			defer wg.Done()
			v := 0
			s := under(30, func() { v = <-c })
			mu.Lock()
			sum += s + v
			mu.Unlock()
		}()
		if i%100 == 0 {
			runtime.Gosched()
			b := make([]byte, 100_000)
			for j := range b {
				b[j] = byte(i)
			}
			keep = append(keep, b)
		}
	}
	for i := 0; i < 30000; i++ {
		c <- i
		if i%5000 == 0 {
			runtime.GC()
		}
	}
	wg.Wait()
	bad := 0
	for k, b := range keep {
		for _, x := range b {
			if x != byte(k*100) {
				bad++
			}
		}
	}
	fmt.Println(sum, bad)
}
