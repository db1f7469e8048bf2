// Boundary measures what it costs to cross the boundary between Go and JavaScript.
package main

import (
	"runtime"
	"strings"
	"syscall/js"
	"time"
)

var (
	host   = js.Global().Get("bench")
	object = js.Global().Get("Object").New()
	short  = "a short text"
	long   = strings.Repeat("text of a thousand bytes ", 40)
	kilo   = make([]byte, 1<<10)
	mega   = make([]byte, 1<<20)
)

// How long a measurement takes.
const patience = 120 * time.Millisecond

// measure reports how many nanoseconds one of 1,000 runs takes: the best of a few times.
func measure(name string, run func()) {
	best := time.Duration(1 << 62)
	for start := time.Now(); time.Since(start) < patience; {
		begin := time.Now()
		for range 10 {
			for range 100 {
				run()
			}
			// So that finalizers can let go of values: a part of what values cost.
			runtime.Gosched()
		}
		best = min(best, time.Since(begin))
	}
	host.Call("report", name, float64(best)/1000)
}

//go:wasmexport add
func add(a, b int32) int32 { return a + b }

func main() {
	object.Set("none", js.Global().Get("Function").New("return 1"))
	object.Set("two", js.Global().Get("Function").New("a, b", "return a + b"))
	object.Set("length", js.Global().Get("Function").New("text", "return text.length"))
	object.Set("number", 42.5)
	object.Set("text", short)
	object.Set("child", js.Global().Get("Object").New())
	two := object.Get("two")
	array := js.Global().Get("Array").New(8)
	shortValue, longValue, uniValue := js.ValueOf(short), js.ValueOf(long), js.ValueOf("grüezi mitenand")
	kiloArray := js.Global().Get("Uint8Array").New(len(kilo))
	megaArray := js.Global().Get("Uint8Array").New(len(mega))
	numbers := make([]string, 1000)
	for i := range numbers {
		numbers[i] = strings.Repeat("x", i%10) + string(rune('a'+i%26)) + string(rune('a'+i/26%26))
	}
	next := 0

	measure("(a finalizer, in Go alone)", func() { runtime.SetFinalizer(new(uint64), func(*uint64) {}) })
	measure("Call, no argument", func() { object.Call("none") })
	measure("Call, two numbers", func() { object.Call("two", 1, 2) })
	measure("Call, a text", func() { object.Call("length", short) })
	measure("Invoke, two numbers", func() { two.Invoke(1, 2) })
	measure("New, an object", func() { js.Global().Get("Object").New() })
	measure("Get, a number", func() { object.Get("number") })
	measure("Get, an object", func() { object.Get("child") })
	measure("Get, a text", func() { _ = object.Get("text").String() })
	measure("Set, a number", func() { object.Set("number", 1.5) })
	measure("Set, a text", func() { object.Set("text", short) })
	measure("Index", func() { array.Index(3) })
	measure("SetIndex", func() { array.SetIndex(3, 1) })
	measure("text to JS, 12 bytes", func() { js.ValueOf(short) })
	measure("text to JS, changing", func() { js.ValueOf(numbers[next%1000]); next++ })
	measure("text to JS, 1,000 bytes", func() { js.ValueOf(long) })
	measure("text to Go, 12 bytes", func() { _ = shortValue.String() })
	measure("text to Go, not ASCII", func() { _ = uniValue.String() })
	measure("text to Go, 1,000 bytes", func() { _ = longValue.String() })
	measure("CopyBytesToJS, 1 kB", func() { js.CopyBytesToJS(kiloArray, kilo) })
	measure("CopyBytesToGo, 1 kB", func() { js.CopyBytesToGo(kilo, kiloArray) })
	measure("CopyBytesToJS, 1 MB", func() { js.CopyBytesToJS(megaArray, mega) })
	measure("CopyBytesToGo, 1 MB", func() { js.CopyBytesToGo(mega, megaArray) })

	// The same, without what syscall/js makes of the results.
	this, text := ref(&object), ref(&shortValue)
	one := []uint64{text}
	held := func(run func() uint64) func() { return func() { finalizeRef(run()) } }
	measure("glue alone: text, 12 bytes", held(func() uint64 { return stringVal(short) }))
	measure("glue alone: text, changing", held(func() uint64 { next++; return stringVal(numbers[next%1000]) }))
	measure("glue alone: text, 1,000 bytes", held(func() uint64 { return stringVal(long) }))
	measure("glue alone: Get, an object", held(func() uint64 { return valueGet(this, "child") }))
	measure("glue alone: Get, a text", held(func() uint64 { return valueGet(this, "text") }))
	measure("glue alone: Set, a text", func() { valueSet(this, "text", text) })
	measure("glue alone: Call, a text", func() { valueCall(this, "length", one) })

	host.Set("callback", js.FuncOf(func(js.Value, []js.Value) any { return nil }))
	host.Set("sum", js.FuncOf(func(_ js.Value, args []js.Value) any { return args[0].Int() + args[1].Int() }))
	host.Call("ready")
	select {}
}
