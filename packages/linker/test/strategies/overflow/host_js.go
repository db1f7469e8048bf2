package main

import (
	"fmt"
	"syscall/js"
)

func init() {
	modes["nested"] = nested
	modes["event"] = event
}

func deep(n int) js.Func {
	return js.FuncOf(func(this js.Value, args []js.Value) any { return count(n) })
}

func nested(n int) {
	defer func() { fmt.Println(recover()) }()
	fmt.Println(deep(n).Invoke().Int())
}

func event(n int) {
	later := make(chan bool)
	js.Global().Call("setTimeout", deep(n), 1)
	js.Global().Call("setTimeout", js.FuncOf(func(this js.Value, args []js.Value) any {
		go func() { later <- true }()
		return nil
	}), 20)
	<-later
}
