package main

import (
	"syscall/js"
	"time"
)

// callBack has JavaScript call Go as often as a millisecond passes: each call wakes a goroutine and waits for its answer.
func callBack() (stop func()) {
	ask, answer := make(chan int), make(chan int)
	go func() {
		for k := range ask {
			answer <- k + 1
		}
	}()
	begin := time.Now()
	due := 0
	f := js.FuncOf(func(this js.Value, args []js.Value) any {
		k := int(callbacks.Add(1))
		ask <- k
		if <-answer != k+1 {
			wrong.Add(1)
		}
		return nil
	})
	// Engines and systems let timers slip: what is missing is made up for.
	var tick js.Func
	tick = js.FuncOf(func(this js.Value, args []js.Value) any {
		for want := int(time.Since(begin) / time.Millisecond); due < want; due++ {
			js.Global().Call("queueMicrotask", f)
		}
		return nil
	})
	timer := js.Global().Call("setInterval", tick, 1)
	return func() { js.Global().Call("clearInterval", timer) }
}

func hostMemory() int {
	return js.Global().Get("process").Call("memoryUsage").Get("rss").Int()
}
