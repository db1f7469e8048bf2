// A program that does little but allocate beside a large heap: more than half of its time is the collector's. It prints how large its heap was at most, in megabytes.
package main

import (
	"runtime"
	"time"
)

type node struct {
	left, right *node
	data        [4]int
}

func tree(n int) *node {
	if n == 0 {
		return nil
	}
	return &node{tree((n - 1) / 2), tree(n - 1 - (n-1)/2), [4]int{n}}
}

var sink *node

func main() {
	root := tree(600_000)
	for start := time.Now(); time.Since(start) < 5*time.Second; {
		sink = tree(20)
	}
	var stats runtime.MemStats
	runtime.ReadMemStats(&stats)
	println(stats.HeapSys >> 20)
	runtime.KeepAlive(root)
}
