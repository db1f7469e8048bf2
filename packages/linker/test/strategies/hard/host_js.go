package main

import (
	"fmt"
	"runtime"
	"syscall/js"
	"time"
)

func host() {
	section("callbacks", callbacks)
	section("nested", nested)
	section("promises", promises)
	section("microtasks", microtasks)
	section("exported functions", exportedFunctions)
}

func callbacks() {
	// In the middle of a goroutine, from JavaScript's own frames.
	double := js.FuncOf(func(this js.Value, args []js.Value) any { return args[0].Int() * 2 })
	defer double.Release()
	fmt.Println(js.Global().Get("Array").Call("of", 1, 2, 3).Call("map", double).Call("join", " ").String())
	// A callback that parks until another goroutine has done something.
	c := make(chan int)
	go func() {
		for i := 0; ; i++ {
			c <- i
		}
	}()
	parking := js.FuncOf(func(this js.Value, args []js.Value) any {
		return atDepth(args[0].Int(), func() { runtime.Gosched() }) + <-c
	})
	defer parking.Release()
	n := atDepth(7, func() {
		for range 3 {
			fmt.Println(js.Global().Get("Array").Call("of", 10, 20, 30).Call("map", parking).Call("join", " ").String())
			<-c
		}
	})
	fmt.Println(n)
	failing := js.FuncOf(func(this js.Value, args []js.Value) any {
		return fmt.Sprint(try(func() { atDepth(5, func() { <-c; panic("in a callback") }) }))
	})
	defer failing.Release()
	fmt.Println(failing.Invoke().String())
	fmt.Println(try(func() { js.Global().Call("eval", "throw new Error('from JavaScript')") }))
	deep := js.FuncOf(func(this js.Value, args []js.Value) any { return grow(300) + atDepth(5_000, func() {}) })
	defer deep.Release()
	fmt.Println(deep.Invoke().Int())
}

func nested() {
	var f js.Func
	c := make(chan int)
	go func() {
		for v := range c {
			c <- v * 10
		}
	}()
	f = js.FuncOf(func(this js.Value, args []js.Value) any {
		n := args[0].Int()
		c <- n
		v := <-c
		if n > 0 {
			v += f.Invoke(n - 1).Int()
		}
		runtime.Gosched()
		return v
	})
	defer f.Release()
	fmt.Println(atDepth(3, func() { fmt.Println(f.Invoke(8).Int()) }))
	close(c)
}

func promises() {
	// What follows a timer runs in no event of JavaScript's.
	time.Sleep(time.Millisecond)
	done := make(chan int)
	resolved := js.FuncOf(func(this js.Value, args []js.Value) any { done <- args[0].Int(); return nil })
	defer resolved.Release()
	for i := range 5 {
		js.Global().Get("Promise").Call("resolve", i).Call("then", resolved)
	}
	// The host calls an exported function in between.
	serveExported()
	calls := js.Global().Call("eval", "(() => { goExports.testExport(0, 2) })")
	for range 5 {
		js.Global().Get("Promise").Call("resolve").Call("then", calls)
	}
	busy := make(chan int)
	go func() {
		for i := range 200 {
			busy <- i
		}
		close(busy)
	}()
	sum := 0
	for v := range busy {
		sum += v
	}
	// Their order is JavaScript's, but not whether they come before the timer.
	for range 5 {
		sum += <-done
	}
	fmt.Println(sum)
	timer := js.FuncOf(func(this js.Value, args []js.Value) any {
		go func() { time.Sleep(time.Millisecond); done <- 1 }()
		return nil
	})
	defer timer.Release()
	js.Global().Call("setTimeout", timer, 1)
	fmt.Println(<-done)
}

// microtasks has JavaScript call Go between the steps of switches, while events that are done have not returned yet.
func microtasks() {
	results := make(chan int, 1)
	asleep := make(chan int)
	var call js.Func
	call = js.FuncOf(func(_ js.Value, args []js.Value) any {
		inner := make(chan int)
		go func() { time.Sleep(500 * time.Microsecond); asleep <- 1 }()
		go func() { inner <- args[0].Int() }()
		n := <-inner
		if n > 0 {
			n += call.Invoke(n - 1).Int()
		}
		go func() { results <- n }()
		runtime.Gosched()
		return n + 1
	})
	defer call.Release()
	queued := js.FuncOf(func(js.Value, []js.Value) any { call.Invoke(1); return nil })
	defer queued.Release()
	for i := range 30 {
		sum := call.Invoke(i % 4).Int()
		await := func(n int) {
			for range n {
				sum += <-results + <-asleep
			}
		}
		await(i%4 + 1)
		if i%3 == 0 {
			js.Global().Call("setTimeout", call, 1, 2)
			await(3)
		}
		if i%5 == 0 {
			js.Global().Call("queueMicrotask", queued)
			// Another call, by what goes on before that one is done.
			go func() { runtime.Gosched(); call.Invoke(0) }()
			await(3)
		}
		fmt.Print(sum, " ")
	}
	fmt.Println()
}
