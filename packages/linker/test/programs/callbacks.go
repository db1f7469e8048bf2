// JavaScript and Go call each other (js only).
package main

import (
	"fmt"
	"runtime"
	"syscall/js"
	"time"
)

//go:wasmimport _gotest add
func add(a, b uint32) uint32

func await(promise js.Value) (js.Value, error) {
	type result struct {
		value js.Value
		err   error
	}
	ch := make(chan result, 1)
	then := js.FuncOf(func(_ js.Value, args []js.Value) any { ch <- result{value: args[0]}; return nil })
	catch := js.FuncOf(func(_ js.Value, args []js.Value) any { ch <- result{err: js.Error{Value: args[0]}}; return nil })
	defer then.Release()
	defer catch.Release()
	promise.Call("then", then, catch)
	r := <-ch
	return r.value, r.err
}

//go:noinline
func sum(n int) int {
	if n == 0 {
		return 0
	}
	return n + sum(n-1)
}

func main() {
	fmt.Println(add(3, 4), add(1<<31, 1<<31+5))

	// JS → Go → JS → Go …
	var nested js.Func
	nested = js.FuncOf(func(this js.Value, args []js.Value) any {
		n := args[0].Int()
		if n == 0 {
			return "bottom"
		}
		runtime.Gosched()
		return nested.Invoke(n-1).String() + fmt.Sprint(" ", n)
	})
	fmt.Println(nested.Invoke(10))

	// A callback that waits for other goroutines, grows its stack, and collects garbage.
	ch := make(chan int)
	go func() {
		for i := range 100 {
			ch <- i
		}
		close(ch)
	}()
	waits := js.FuncOf(func(js.Value, []js.Value) any {
		total := 0
		for x := range ch {
			total += x
			if x%10 == 0 {
				runtime.GC()
			}
		}
		return total + sum(20000)
	})
	fmt.Println(waits.Invoke())

	// Sorting with a comparison in Go.
	less := js.FuncOf(func(_ js.Value, args []js.Value) any { return args[1].Int() - args[0].Int() })
	fmt.Println(js.Global().Get("Array").Call("of", 3, 1, 2, 9, 5).Call("sort", less).Call("join", ","))

	// Errors in both directions.
	func() {
		defer func() {
			err, ok := recover().(js.Error)
			fmt.Println(ok, err.Get("name"), err.Get("message"))
		}()
		js.Global().Get("JSON").Call("parse", "{")
	}()
	thrower := js.Global().Get("Function").New("f", "try { f(); return 'returned' } catch (e) { return 'caught ' + e }")
	fine := js.FuncOf(func(js.Value, []js.Value) any {
		defer func() { recover() }()
		panic("stays in Go")
	})
	fmt.Println(thrower.Invoke(fine))

	// Promises and timers of the host.
	slow := js.Global().Get("Function").New("return new Promise(r => setTimeout(() => r(42), 5))").Invoke()
	fmt.Println(await(slow))
	fmt.Println(await(js.Global().Get("Promise").Call("reject", js.Global().Get("Error").New("no"))))
	ticks := make(chan struct{})
	count := 0
	var id js.Value
	tick := js.FuncOf(func(js.Value, []js.Value) any {
		if count++; count == 3 {
			js.Global().Call("clearInterval", id)
			close(ticks)
		}
		return nil
	})
	id = js.Global().Call("setInterval", tick, 1)
	<-ticks
	time.Sleep(3 * time.Millisecond)
	fmt.Println("ticks", count)

	// Bytes.
	array := js.Global().Get("Uint8Array").New(5)
	fmt.Println(js.CopyBytesToJS(array, []byte("hello")), array.Index(1))
	back := make([]byte, 3)
	fmt.Println(js.CopyBytesToGo(back, array), string(back))

	// A panic in a callback ends the program.
	js.FuncOf(func(js.Value, []js.Value) any { panic("in a callback") }).Invoke()
}
