// Objects of all small sizes, with pointers everywhere in turn and without: what is new is zero, what is reachable stays, and the runtime's own books are kept.
package main

import (
	"fmt"
	"math/rand"
	"os"
	"reflect"
	"runtime"
	"runtime/debug"
	"runtime/metrics"
	"strings"
	"unsafe"
)

var sink any

func fail(format string, args ...any) {
	fmt.Printf(format+"\n", args...)
	os.Exit(1)
}

// bytes without pointers of up to `most` bytes: each as often as fills a few spans.
func plain(most, step int) int {
	seen := 0
	for size := 0; size <= most; size += step {
		for i := 0; i < 40; i++ {
			b := make([]byte, size)
			for at, v := range b {
				if v != 0 {
					fail("%d bytes: %d at %d", size, v, at)
				}
				b[at] = 0xa5
			}
			seen += len(b)
			sink = b
		}
	}
	return seen
}

type three [3]byte

// Tiny objects, which share blocks: none lies in another one, and each is aligned.
func tiny() int {
	var (
		bytes  []*byte
		shorts []*uint16
		threes []*three
		words  []*uint32
		longs  []*uint64
		texts  []string
	)
	for i := 0; i < 3000; i++ {
		bytes, shorts = append(bytes, new(byte)), append(shorts, new(uint16))
		threes, words, longs = append(threes, new(three)), append(words, new(uint32)), append(longs, new(uint64))
		texts = append(texts, strings.Repeat(string(rune('a'+i%26)), i%16))
		if *bytes[i] != 0 || *shorts[i] != 0 || *threes[i] != (three{}) || *words[i] != 0 || *longs[i] != 0 {
			fail("tiny object %d is not zero", i)
		}
		*bytes[i], *shorts[i], *words[i], *longs[i] = byte(i), uint16(i), uint32(i)<<8, uint64(i)<<32
		*threes[i] = three{byte(i), byte(i >> 8), 3}
		if uintptr(unsafe.Pointer(shorts[i]))&1|uintptr(unsafe.Pointer(words[i]))&3|uintptr(unsafe.Pointer(longs[i]))&7 != 0 {
			fail("tiny object %d is not aligned", i)
		}
		if i%500 == 0 {
			runtime.GC()
		}
	}
	sum := 0
	for i := range bytes {
		if *bytes[i] != byte(i) || *shorts[i] != uint16(i) || *words[i] != uint32(i)<<8 || *longs[i] != uint64(i)<<32 ||
			*threes[i] != (three{byte(i), byte(i >> 8), 3}) || texts[i] != strings.Repeat(string(rune('a'+i%26)), i%16) {
			fail("tiny object %d has changed", i)
		}
		sum += len(texts[i])
	}
	return sum
}

// A type of so many words, some of them pointers.
func structOf(words int, random *rand.Rand) reflect.Type {
	var fields []reflect.StructField
	for i := 0; i < words; i++ {
		of := reflect.TypeFor[uint64]()
		if random.Intn(3) == 0 || i == words/2 {
			of = reflect.TypeFor[*uint64]()
		}
		fields = append(fields, reflect.StructField{Name: fmt.Sprintf("F%d", i), Type: of})
	}
	return reflect.StructOf(fields)
}

func fill(of reflect.Value, next *uint64) {
	for i := 0; i < of.NumField(); i++ {
		*next++
		if field := of.Field(i); field.Kind() == reflect.Pointer {
			if !field.IsNil() {
				fail("a new pointer is not nil")
			}
			value := new(uint64)
			*value = *next
			field.Set(reflect.ValueOf(value))
		} else {
			if field.Uint() != 0 {
				fail("a new number is not zero")
			}
			field.SetUint(*next)
		}
	}
}

func check(of reflect.Value, next *uint64) {
	for i := 0; i < of.NumField(); i++ {
		*next++
		field := of.Field(i)
		if field.Kind() == reflect.Pointer {
			field = field.Elem()
		}
		if field.Uint() != *next {
			fail("%v: field %d is %#x, not %#x", of.Type(), i, field.Uint(), *next)
		}
	}
}

// Structs and arrays of them of up to 512 bytes and a bit more, reachable by pointers alone that only the collector knows.
func pointers() uint64 {
	random := rand.New(rand.NewSource(1))
	var total uint64
	for words := 1; words <= 68; words++ {
		of := structOf(words, random)
		var all []reflect.Value
		var next uint64
		for i := 0; i < 30; i++ {
			value := reflect.New(of).Elem()
			fill(value, &next)
			all = append(all, value)
			length := 1 + random.Intn(max(1, 70/words))
			array := reflect.MakeSlice(reflect.SliceOf(of), length, length)
			for k := 0; k < length; k++ {
				fill(array.Index(k), &next)
				all = append(all, array.Index(k))
			}
			list := make([]*uint64, 1+random.Intn(66))
			for k := range list {
				if list[k] != nil {
					fail("a new list is not empty")
				}
				list[k] = new(uint64)
			}
			sink = list
		}
		runtime.GC()
		next = 0
		for _, value := range all {
			check(value, &next)
		}
		total += next
	}
	return total
}

// What the runtime's books have for `do`, which allocates the same objects in each run.
func booked(do func() int) {
	var before, after runtime.MemStats
	names := []string{"/gc/scan/heap:bytes", "/gc/heap/tiny/allocs:objects"}
	read := func(stats *runtime.MemStats) []metrics.Sample {
		samples := make([]metrics.Sample, len(names))
		for i, name := range names {
			samples[i].Name = name
		}
		runtime.ReadMemStats(stats)
		metrics.Read(samples)
		return samples
	}
	runtime.GC()
	from := read(&before)
	result := do()
	to := read(&after)
	fmt.Println(result)
	if os.Getenv("GOGC") != "" {
		return // What a collection finds depends on when it runs.
	}
	fmt.Println(after.Mallocs-before.Mallocs, after.TotalAlloc-before.TotalAlloc, after.NumGC-before.NumGC)
	for i, name := range names {
		fmt.Println(name, to[i].Value.Uint64()-from[i].Value.Uint64())
	}
}

// Lists of pointers and of structs with pointers, of all lengths.
func lists() int {
	type node struct {
		left  *node
		value int
		right *node
	}
	seen := 0
	for i := 0; i < 100; i++ {
		for length := 1; length <= 21; length++ {
			nodes, list := make([]node, length), make([]*node, length)
			for k := range list {
				if list[k] != nil || nodes[k] != (node{}) {
					fail("a new list is not empty")
				}
				list[k], nodes[k].left = &nodes[k], new(node)
			}
			sink = list
			seen += length
		}
	}
	return seen
}

func main() {
	if len(os.Args) > 1 {
		// All samples for the profile.
		runtime.MemProfileRate = 1
	}
	if os.Getenv("GOGC") == "" {
		debug.SetGCPercent(-1)
	}
	for _, step := range []int{1, 7} {
		booked(func() int { return plain(1100, step) })
		booked(tiny)
		booked(lists)
		fmt.Println(pointers())
	}
}
