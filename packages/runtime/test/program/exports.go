package main

import (
	"os"
	"runtime"
	"syscall/js"
	"time"
	"unsafe"
)

func init() {
	programs["exports"] = func([]string) { select {} }
	programs["waiting"] = waitingCallbacks
}

// waitingCallbacks leaves functions in js.Global().program that wait.
func waitingCallbacks([]string) {
	object := js.Global().Get("program")
	set := func(name string, f func(args []js.Value) any) {
		object.Set(name, js.FuncOf(func(_ js.Value, args []js.Value) any { return f(args) }))
	}
	set("echo", func(args []js.Value) any { return args[0] })
	set("wait", func(args []js.Value) any {
		time.Sleep(time.Duration(args[0].Int()) * time.Millisecond)
		return args[0]
	})
	set("receive", func(args []js.Value) any { return receive(int32(args[0].Int())) })
	set("send", func(args []js.Value) any {
		send(int32(args[0].Int()))
		return nil
	})
	set("fail", func(args []js.Value) any {
		time.Sleep(20 * time.Millisecond)
		panic("a callback panics later")
	})
	// await waits for a promise.
	set("await", func(args []js.Value) any {
		results := make(chan js.Value)
		then := js.FuncOf(func(_ js.Value, args []js.Value) any {
			results <- args[0]
			return nil
		})
		defer then.Release()
		args[0].Call("then", then)
		return <-results
	})
	// nested has JavaScript call a function.
	set("nested", func(args []js.Value) any { return args[0].Invoke(args[1]) })
	released := js.FuncOf(func(js.Value, []js.Value) any { return 1 })
	object.Set("released", released)
	released.Release()
	set("gc", func([]js.Value) any {
		runtime.GC()
		return nil
	})
	select {}
}

//go:wasmexport add
func add(a, b int32) int32 { return a + b }

//go:wasmexport add64
func add64(a int64, b uint32) int64 { return a + int64(b) }

//go:wasmexport half
func half(x float64) float64 { return x / 2 }

//go:wasmexport not
func not(x bool) bool { return !x }

//go:wasmexport sum4
func sum4(a, b, c, d int32) int32 { return a + b + c + d }

var buffer = []byte("from Go's memory")

//go:wasmexport pointer
func pointer() unsafe.Pointer { return unsafe.Pointer(&buffer[0]) }

// talk switches goroutines, but waits for none that needs the outside.
//
//go:wasmexport talk
func talk(n int32) int32 {
	c := make(chan int32)
	go func() {
		for i := range n {
			c <- i
		}
		close(c)
	}()
	var sum int32
	for v := range c {
		sum += v
	}
	return sum + int32(deep(1000)) - 1000
}

// wait waits for a timer.
//
//go:wasmexport wait
func wait(ms int32) int32 {
	time.Sleep(time.Duration(ms) * time.Millisecond)
	return ms
}

//go:wasmexport waitInt64
func waitInt64(ms int64, add uint32) int64 {
	time.Sleep(time.Duration(ms) * time.Millisecond)
	return ms + int64(add)
}

//go:wasmexport waitFloat
func waitFloat(ms float64) float64 {
	time.Sleep(time.Duration(ms * float64(time.Millisecond)))
	return ms / 2
}

var waited int

//go:wasmexport waitNothing
func waitNothing() {
	time.Sleep(20 * time.Millisecond)
	waited++
}

var mailbox = make(chan int32)

// receive waits for what send sends, on a stack that grows meanwhile.
//
//go:wasmexport receive
func receive(depth int32) int32 {
	if depth > 0 {
		return receive(depth-1) + 1
	}
	got := <-mailbox
	return got + int32(deep(2000)) - 2000
}

//go:wasmexport send
func send(value int32) { mailbox <- value }

// start has a goroutine run that it does not wait for.
//
//go:wasmexport start
func start(value int32) { go send(value) }

//go:wasmexport collect
func collect() int32 {
	runtime.GC()
	return int32(waited)
}

//go:wasmexport failLater
func failLater(ms int32) {
	time.Sleep(time.Duration(ms) * time.Millisecond)
	panic("an export panics later")
}

//go:wasmexport recovers
func recovers(ms int32) (result int32) {
	defer func() {
		time.Sleep(time.Duration(ms) * time.Millisecond)
		if recover() != nil {
			result = ms
		}
	}()
	time.Sleep(time.Duration(ms) * time.Millisecond)
	panic("recovered")
}

// hook calls JavaScript, which may call exports.
//
//go:wasmexport hook
func hook(n int32) int32 { return int32(js.Global().Call("hook", n).Int()) }

//go:wasmexport quit
func quit(code int32) { os.Exit(int(code)) }

//go:wasmexport fail
func fail() { panic("an export panics") }
