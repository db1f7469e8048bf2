// The garbage collector sees what is alive: finalizers, cleanups, maps, pools, unsafe pointers.
package main

import (
	"fmt"
	"runtime"
	"runtime/debug"
	"sort"
	"strings"
	"sync"
	"time"
	"unsafe"
)

type resource struct {
	id   int
	data [64]byte
	next *resource
}

var finalized = make(chan int, 100)

//go:noinline
func makeGarbage(n int) {
	for i := range n {
		r := &resource{id: i}
		runtime.SetFinalizer(r, func(r *resource) { finalized <- r.id })
	}
	for i := range n {
		r := &resource{id: n + i}
		runtime.AddCleanup(r, func(id int) { finalized <- id }, n+i)
	}
}

func finalizers() {
	makeGarbage(10)
	seen := map[int]bool{}
	for range 100 {
		runtime.GC()
		time.Sleep(time.Millisecond)
		for len(finalized) > 0 {
			seen[<-finalized] = true
		}
		if len(seen) == 20 {
			break
		}
	}
	fmt.Println("finalized most:", len(seen) >= 16)
}

func maps() {
	m := map[string][]int{}
	for i := range 20000 {
		key := fmt.Sprint("k", i%5000)
		m[key] = append(m[key], i)
		if i%7 == 0 {
			delete(m, fmt.Sprint("k", (i*31)%5000))
		}
		if i%5000 == 0 {
			runtime.GC()
		}
	}
	var keys []string
	total := 0
	for k, v := range m {
		keys = append(keys, k)
		for _, x := range v {
			total += x
		}
	}
	sort.Strings(keys)
	fmt.Println(len(m), total, keys[0], keys[len(keys)-1])
	type key struct {
		a int32
		b string
	}
	n := map[key]float64{}
	for i := range 3000 {
		n[key{int32(i % 100), strings.Repeat("x", i%13)}] += float64(i)
	}
	fmt.Println(len(n), n[key{7, "xxxxxxx"}])
	clear(n)
	fmt.Println(len(n))
}

// chains keeps many pointers alive only through the stack, while others allocate.
func chains() {
	var wg sync.WaitGroup
	sums := make([]int, 8)
	for g := range sums {
		wg.Add(1)
		go func() {
			defer wg.Done()
			var head *resource
			for i := range 2000 {
				head = &resource{id: i, next: head}
				head.data[i%64] = byte(g)
				if i%100 == 0 {
					runtime.Gosched()
				}
			}
			for r := head; r != nil; r = r.next {
				sums[g] += r.id + int(r.data[r.id%64])
			}
		}()
	}
	for range 5 {
		runtime.GC()
		runtime.Gosched()
	}
	wg.Wait()
	fmt.Println(sums)
}

func unsafePointers() {
	type header struct {
		tag  uint16
		size uint32
		body [4]float32
	}
	h := header{0xbeef, 7, [4]float32{1, 2, 3, 4}}
	p := unsafe.Pointer(&h)
	fmt.Println(unsafe.Sizeof(h), unsafe.Offsetof(h.body), *(*uint16)(p), *(*float32)(unsafe.Add(p, unsafe.Offsetof(h.body)+8)))
	s := unsafe.Slice(&h.body[1], 2)
	s[0] = 20
	runtime.GC()
	fmt.Println(h.body, unsafe.String(unsafe.StringData("hello"), 3))
	bytes := (*[4]byte)(unsafe.Pointer(&h.size))
	bytes[1] = 1
	fmt.Println(h.size)
}

func pools() {
	pool := sync.Pool{New: func() any { return new([1024]byte) }}
	for i := range 1000 {
		b := pool.Get().(*[1024]byte)
		b[i] = 1
		pool.Put(b)
	}
	fmt.Println("pool")
}

func main() {
	debug.SetGCPercent(20)
	finalizers()
	maps()
	chains()
	unsafePointers()
	pools()
	before := debug.SetMemoryLimit(64 << 20)
	fmt.Println(before > 0)
	var keep [][]byte
	for i := range 200 {
		keep = append(keep, make([]byte, 100_000))
		if i%10 == 0 {
			keep = keep[:0]
		}
	}
	runtime.KeepAlive(keep)
	var stats runtime.MemStats
	runtime.ReadMemStats(&stats)
	fmt.Println(stats.NumGC > 5)
}
