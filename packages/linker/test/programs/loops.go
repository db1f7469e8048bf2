// Loops in functions that run once, with values of all types; they ask how many wasm frames the functions have.
package main

import "syscall/js"

var frames = js.Global().Get("frames")

//go:noinline
func nested(rounds int) {
	var i32 int32
	var u64 uint64 = 1
	var f32 float32
	var f64 = 0.5
	s := ""
	for i := range rounds {
		for j := range 20 {
			i32 += int32(i - j)
			u64 = u64*6364136223846793005 + uint64(j)
			f32 += float32(i) / 3
			f64 = f64*0.75 + float64(j)
		}
		if i%100 == 99 {
			s += string(rune('a' + i%26)) // allocates
		}
	}
	for i := range 3 { // few rounds
		u64 ^= uint64(i)
		if i == 2 {
			println("frames", frames.Invoke(`main\.nested`).Int())
		}
	}
	println("nested", i32, u64, f32, f64, s)
	println("frames", frames.Invoke(`main\.nested`).Int())
}

func main() {
	frames.Invoke(``) // the first one has goroutines switch, with Go 1.24
	nested(1000)
	c := make(chan int)
	go func() {
		for i := range 200 {
			c <- i
		}
		close(c)
	}()
	sum := 0
	for i := range c { // goroutines switch
		sum += i
	}
	defer func() {
		println(recover().(string))
		panic(sum)
	}()
	for i := 0; ; i++ {
		if i == 300 {
			println("frames", frames.Invoke(`main\.main`).Int())
			panic("enough")
		}
	}
}
