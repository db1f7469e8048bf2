// Callbacks calls JavaScript, and is called back: at once, later, from a promise, and while a goroutine waits.
//
//go:build js

package main

import (
	"errors"
	"fmt"
	"syscall/js"
)

func main() {
	array := js.Global().Get("Array")

	// Called back while JavaScript runs: Array.prototype.map.
	double := js.FuncOf(func(_ js.Value, args []js.Value) any { return 2 * args[0].Int() })
	defer double.Release()
	fmt.Println("map:", array.Call("of", 1, 2, 3).Call("map", double).Call("join", " ").String())

	// Sorted by Go, swap by swap.
	compared := 0
	order := js.FuncOf(func(_ js.Value, args []js.Value) any {
		compared++
		return args[0].Int() - args[1].Int()
	})
	defer order.Release()
	fmt.Println("sort:", array.Call("of", 3, 1, 2).Call("sort", order).Call("join", " ").String(), compared > 1)

	// Called back by the event loop, while main waits on a channel.
	fmt.Println("timers:", timers(3))

	// A promise is awaited, and one that is rejected is an error.
	promise := js.Global().Get("Promise")
	value, err := await(promise.Call("resolve", "fine"))
	fmt.Printf("resolved: %q, %v\n", value, err)
	value, err = await(promise.Call("reject", js.Global().Get("Error").New("broken")))
	fmt.Printf("rejected: %q, %v\n", value, err)

	// A callback that starts a goroutine, which calls JavaScript again.
	results := make(chan string)
	nested := js.FuncOf(func(_ js.Value, args []js.Value) any {
		go func() { results <- js.Global().Call("encodeURIComponent", args[0]).String() }()
		return nil
	})
	defer nested.Release()
	js.Global().Call("queueMicrotask", js.Global().Get("Function").New("f", "return () => f('a b')").Invoke(nested))
	fmt.Println("goroutine:", <-results)

	// What JavaScript throws is a panic that can be recovered.
	fmt.Println("thrown:", thrown())
}

func timers(n int) []int {
	fired := make(chan int)
	for i := range n {
		var callback js.Func
		callback = js.FuncOf(func(js.Value, []js.Value) any {
			callback.Release()
			go func() { fired <- i }()
			return nil
		})
		js.Global().Call("setTimeout", callback, 10*i)
	}
	var order []int
	for range n {
		order = append(order, <-fired)
	}
	return order
}

func await(promise js.Value) (string, error) {
	value, failed := make(chan string, 1), make(chan error, 1)
	then := js.FuncOf(func(_ js.Value, args []js.Value) any { value <- args[0].String(); return nil })
	catch := js.FuncOf(func(_ js.Value, args []js.Value) any {
		failed <- errors.New(args[0].Get("message").String())
		return nil
	})
	defer then.Release()
	defer catch.Release()
	promise.Call("then", then, catch)
	select {
	case v := <-value:
		return v, nil
	case err := <-failed:
		return "", err
	}
}

func thrown() (err error) {
	defer func() {
		if e, ok := recover().(js.Error); ok {
			err = e
		}
	}()
	js.Global().Get("Function").New("throw new Error('on purpose')").Invoke()
	return nil
}
