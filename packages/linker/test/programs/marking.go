// A program that computes and does not wait. What it keeps grows, until it is dropped. It prints how large its heap was at most, in megabytes.
package main

import "runtime"

var list []any

func main() {
	for range 20 {
		list = nil
		for i := range 50_000 {
			list = append(list, i, &i)
		}
	}
	var stats runtime.MemStats
	runtime.ReadMemStats(&stats)
	println(stats.HeapSys >> 20)
	runtime.KeepAlive(list)
}
