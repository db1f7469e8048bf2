// When garbage is collected.
package main

import (
	"fmt"
	"runtime"
	"runtime/debug"
)

var sink []byte

func next() uint64 {
	var stats runtime.MemStats
	runtime.ReadMemStats(&stats)
	return stats.NextGC
}

func main() {
	fmt.Println("at first", next())
	for _, percent := range []int{100, 10, 0, 250, -1, 100} {
		debug.SetGCPercent(percent)
		fmt.Println(percent, next())
	}
	// 100 MB, of which nothing stays.
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	for range 100 << 10 {
		sink = make([]byte, 1<<10)
	}
	runtime.ReadMemStats(&after)
	fmt.Println("collections", after.NumGC-before.NumGC)
	// 40 MB in use.
	held := make([]*[1 << 20]byte, 40)
	for i := range held {
		held[i] = new([1 << 20]byte)
	}
	runtime.GC()
	fmt.Println("twice what is in use", next()>>20)
	runtime.KeepAlive(held)
	held = nil
	runtime.GC()
	debug.SetMemoryLimit(6 << 20)
	fmt.Println("by the limit", next() < 4<<20)
}
