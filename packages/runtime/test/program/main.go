// Program is what the tests of the runtime run: each does one thing that a runtime must get right, named by its first
// argument. It prints what it finds, so that two runtimes can be compared.
package main

import (
	"bufio"
	"crypto/rand"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"math"
	"os"
	"path/filepath"
	"runtime"
	"sort"
	"strings"
	"sync"
	"syscall/js"
	"time"
)

var programs = map[string]func(args []string){
	"args":       printArgs,
	"env":        printEnv,
	"exit":       exit,
	"print":      printAll,
	"panic":      func([]string) { crash(3) },
	"nil":        func([]string) { var p *[4]int; fmt.Println(p[2]) },
	"jspanic":    func([]string) { js.Global().Call("no such function") },
	"deadlock":   func([]string) { fmt.Println("waiting"); <-make(chan int) },
	"mutex":      func([]string) { var mu sync.Mutex; mu.Lock(); mu.Lock() },
	"goexit":     func([]string) { go fmt.Println("other"); runtime.Goexit() },
	"stdin":      copyStdin,
	"lines":      countLines,
	"timers":     timers,
	"funcs":      funcs,
	"nested":     nested,
	"exitinfunc": func([]string) { exitInFunc() },
	"values":     values,
	"strings":    stringsBothWays,
	"bytes":      bytesBothWays,
	"random":     random,
	"goroutines": goroutines,
	"memory":     growMemory,
	"files":      files,
	"cat":        cat,
	"ls":         ls,
	"callbacks":  callbacks,
	"sleep":      func([]string) { time.Sleep(time.Hour) },
	"global":     global,
	"deep":       func(args []string) { fmt.Println(deep(20000)) },
}

func main() {
	program := "args"
	if len(os.Args) > 1 {
		program = os.Args[1]
	}
	if program == "many" {
		for _, name := range os.Args[2:] {
			fmt.Println("---", name)
			programs[name](nil)
		}
		return
	}
	run, ok := programs[program]
	if !ok {
		fmt.Fprintln(os.Stderr, "no program", program)
		os.Exit(64)
	}
	run(os.Args[2:])
}

func check(err error) {
	if err != nil {
		fmt.Fprintln(os.Stderr, "error:", err)
		os.Exit(1)
	}
}

func printArgs([]string) {
	for i, arg := range os.Args[1:] {
		fmt.Printf("%d %q\n", i, arg)
	}
}

func printEnv(names []string) {
	for _, name := range names {
		value, ok := os.LookupEnv(name)
		fmt.Printf("%s=%q %v\n", name, value, ok)
	}
}

func exit(args []string) {
	fmt.Println("exiting")
	var code int
	fmt.Sscan(args[0], &code)
	defer fmt.Println("never printed")
	os.Exit(code)
}

func printAll([]string) {
	fmt.Println("standard output: ünïcödé ✓")
	fmt.Fprintln(os.Stderr, "standard error")
	println("the runtime's own print", 1, true)
	fmt.Print("no new line at the end")
}

func crash(n int) {
	if n > 0 {
		defer fmt.Println("deferred", n)
		crash(n - 1)
		return
	}
	panic(fmt.Errorf("this is the end: %w", io.EOF))
}

func copyStdin([]string) {
	n, err := io.Copy(os.Stdout, os.Stdin)
	fmt.Println(n, err)
}

func countLines([]string) {
	scanner := bufio.NewScanner(os.Stdin)
	n := 0
	for scanner.Scan() {
		n += len(scanner.Text())
	}
	fmt.Println(n, scanner.Err())
}

func timers([]string) {
	var wg sync.WaitGroup
	for _, ms := range []int{30, 10, 20} {
		wg.Add(1)
		start := time.Now()
		time.AfterFunc(time.Duration(ms)*time.Millisecond, func() {
			defer wg.Done()
			if elapsed := time.Since(start); elapsed < time.Duration(ms)*time.Millisecond {
				fmt.Println("too early:", elapsed)
			}
		})
	}
	stopped := time.AfterFunc(10*time.Millisecond, func() { fmt.Println("never") })
	fmt.Println("stopped", stopped.Stop())
	wg.Wait()

	start := time.Now()
	time.Sleep(30 * time.Millisecond)
	elapsed := time.Since(start)
	fmt.Println("slept", elapsed >= 30*time.Millisecond, elapsed < 10*time.Second)

	ticker := time.NewTicker(5 * time.Millisecond)
	for range 3 {
		<-ticker.C
	}
	ticker.Stop()
	select {
	case <-time.After(10 * time.Millisecond):
		fmt.Println("timeout")
	case <-ticker.C:
		fmt.Println("tick")
	}
	fmt.Println(time.Now().Year() >= 2024)
}

func funcs([]string) {
	add := js.FuncOf(func(this js.Value, args []js.Value) any {
		return args[0].Int() + args[1].Int()
	})
	defer add.Release()
	fmt.Println(add.Invoke(1, 2), js.Global().Get("Reflect").Call("apply", add, nil, []any{3, 4}))

	// The results of a function, by type.
	for _, result := range []any{nil, true, 1.5, "text", []any{1, "a"}, map[string]any{"k": "v"}} {
		f := js.FuncOf(func(js.Value, []js.Value) any { return result })
		fmt.Println(js.Global().Get("JSON").Call("stringify", f.Invoke()))
		f.Release()
	}

	// this, and how many arguments.
	object := js.Global().Get("Object").New()
	object.Set("name", "it")
	method := js.FuncOf(func(this js.Value, args []js.Value) any {
		return fmt.Sprint(this.Get("name"), " ", len(args), " ", args)
	})
	object.Set("method", method)
	fmt.Println(object.Call("method", 1, "two", js.Null(), js.Undefined()))
	method.Release()

	// From the event loop, several goroutines at once.
	results := make(chan int)
	for i := range 5 {
		var f js.Func
		f = js.FuncOf(func(js.Value, []js.Value) any {
			f.Release()
			go func() {
				time.Sleep(time.Duration(5-i) * time.Millisecond)
				results <- i
			}()
			return nil
		})
		js.Global().Call("setTimeout", f, i)
	}
	sum := 0
	for range 5 {
		sum += <-results
	}
	fmt.Println("sum", sum)

	// A promise.
	promise := js.Global().Get("Promise").Call("resolve", 42)
	done := make(chan js.Value)
	then := js.FuncOf(func(_ js.Value, args []js.Value) any {
		done <- args[0]
		return nil
	})
	go promise.Call("then", then)
	fmt.Println("promised", (<-done).Int())
	then.Release()

	// A released function says so and gives nothing.
	released := js.FuncOf(func(js.Value, []js.Value) any { return 1 })
	value := released.Value
	released.Release()
	fmt.Println(value.Invoke().IsUndefined())

	// A panic that is recovered in the function.
	careful := js.FuncOf(func(js.Value, []js.Value) (result any) {
		defer func() { result = fmt.Sprint("recovered: ", recover()) }()
		panic("in a callback")
	})
	fmt.Println(careful.Invoke())
	careful.Release()
}

// nested calls from Go to JavaScript to Go, and so on, so deep that stacks must grow.
func nested([]string) {
	var down js.Func
	down = js.FuncOf(func(_ js.Value, args []js.Value) any {
		n := args[0].Int()
		var frame [512]byte
		frame[n%512] = byte(n)
		if n == 0 {
			runtime.GC()
			return 0
		}
		return down.Invoke(n-1).Int() + int(frame[n%512])
	})
	defer down.Release()
	fmt.Println(down.Invoke(50))

	thrower := js.Global().Get("Reflect").Get("get") // throws for what is no object
	catch := js.FuncOf(func(_ js.Value, args []js.Value) (result any) {
		defer func() {
			if err, ok := recover().(js.Error); ok {
				result = "caught " + err.Get("name").String()
			}
		}()
		return thrower.Invoke(1, "a")
	})
	defer catch.Release()
	fmt.Println(catch.Invoke())
}

func exitInFunc() {
	f := js.FuncOf(func(js.Value, []js.Value) any {
		println("exiting in a function")
		os.Exit(7)
		return nil
	})
	js.Global().Get("Reflect").Call("apply", f, nil, []any{})
	fmt.Println("never printed")
}

func values([]string) {
	object := js.Global().Get("Object").New()
	for name, value := range map[string]any{
		"null": nil, "true": true, "false": false, "zero": 0, "one": 1, "minus": -1.25, "nan": math.NaN(),
		"inf": math.Inf(-1), "big": 1 << 52, "tiny": math.SmallestNonzeroFloat64, "empty": "", "text": "text",
		"array": []any{1, 2, 3}, "object": map[string]any{"a": 1},
	} {
		object.Set(name, value)
	}
	object.Set("undefined", js.Undefined())
	object.Set("function", js.Global().Get("Object"))
	object.Set("symbol", js.Global().Get("Symbol").Call("for", "s"))
	keys := js.Global().Get("Object").Call("keys", object)
	var names []string
	for i := range keys.Length() {
		names = append(names, keys.Index(i).String())
	}
	sort.Strings(names)
	for _, name := range names {
		v := object.Get(name)
		fmt.Println(name, v.Type(), v.Truthy(), v.String(), v.Equal(object.Get(name)), v.IsNaN())
	}
	fmt.Println(object.Get("missing").IsUndefined())
	object.Delete("one")
	fmt.Println(object.Get("one").IsUndefined())

	fmt.Println(js.ValueOf("a").Equal(js.ValueOf("a")), js.ValueOf("a").Equal(js.ValueOf("b")))
	array := js.Global().Get("Array").New(3)
	array.SetIndex(1, "x")
	fmt.Println(array.Length(), array.Index(1), array.Index(0).IsUndefined(), array.InstanceOf(js.Global().Get("Array")))
	fmt.Println(js.Global().Equal(js.Global().Get("globalThis")))

	// What cannot be set is left as it is, without an exception.
	frozen := js.Global().Get("Object").Call("freeze", map[string]any{"a": 1})
	frozen.Set("a", 2)
	frozen.Set("b", 2)
	fmt.Println(frozen.Get("a"), frozen.Get("b"))
	js.ValueOf([]any{}).Call("push", 1, 2, 3, 4, 5)

	for _, bad := range []func(){
		func() { js.ValueOf("text").Call("toUpperCase") },
		func() { js.ValueOf(1).Get("a") },
		func() { object.Call("text") },
		func() { object.Call("missing") },
		func() { js.ValueOf(1).Invoke() },
		func() { js.ValueOf(map[string]any{}).Invoke() },
		func() { js.Global().Get("Symbol").New() },
		func() { js.Global().Get("JSON").Call("parse", "{") },
		func() { js.Global().Get("Function").Get("prototype").Get("call").Invoke() },
		func() { js.ValueOf("text").Int() },
		func() { js.CopyBytesToGo(nil, object) },
	} {
		func() {
			defer func() {
				switch err := recover().(type) {
				case js.Error:
					fmt.Println("js.Error", err.Get("name"))
				default:
					fmt.Printf("%T %v\n", err, err)
				}
			}()
			bad()
		}()
	}
}

func stringsBothWays([]string) {
	parts := []string{
		"", "a", "hello world", "ä", "日本語", "🎉", "a\x00b", "bad \xff utf-8 \xc3",
		"twenty-four characters!!", "twenty-five characters!!!", strings.Repeat("é", 24),
		strings.Repeat("long ", 1000), strings.Repeat("lång ", 20000), strings.Repeat("🎉", 5000),
	}
	object := js.Global().Get("Object").New()
	for i, part := range parts {
		v := js.ValueOf(part)
		back := v.String()
		object.Set(part, i)
		units := js.Global().Get("Array").Call("from", part).Length()
		fmt.Println(i, len(part), units, len(back), back == part, object.Get(part))
	}
	for i := range 3000 {
		text := fmt.Sprintf("number %d", i)
		if got := js.ValueOf(text).String(); got != text {
			fmt.Println("different:", got, text)
		}
		buf := []byte("same address")
		buf[i%len(buf)] = byte('A' + i%26)
		if got := js.ValueOf(string(buf)).String(); got != string(buf) {
			fmt.Println("different:", got, string(buf))
		}
	}
	// A lone surrogate has no UTF-8.
	fmt.Printf("%q\n", js.Global().Get("String").Call("fromCharCode", 0xd800).String())
	fmt.Printf("%q\n", js.Global().Get("String").Call("fromCharCode", 97, 0xdc00, 98).String())

	// Goroutines that switch while strings are on their way.
	var wg sync.WaitGroup
	for g := range 4 {
		wg.Add(1)
		go func() {
			defer wg.Done()
			text := js.ValueOf(strings.Repeat(string(rune('a'+g)), 3000*(g+1)))
			for range 200 {
				if s := text.String(); strings.Trim(s, string(rune('a'+g))) != "" || len(s) != 3000*(g+1) {
					fmt.Println("mixed up")
				}
				runtime.Gosched()
			}
		}()
	}
	wg.Wait()
}

func bytesBothWays([]string) {
	for _, n := range []int{0, 1, 31, 4096, 1 << 20} {
		data := make([]byte, n)
		for i := range data {
			data[i] = byte(i * 7)
		}
		array := js.Global().Get("Uint8Array").New(n)
		back := make([]byte, n)
		fmt.Println(js.CopyBytesToJS(array, data), js.CopyBytesToGo(back, array), string(back) == string(data))
	}
	five := js.Global().Get("Uint8ClampedArray").New(5)
	fmt.Println(js.CopyBytesToJS(five, []byte("longer than five")), js.CopyBytesToGo(make([]byte, 3), five), five.Index(4))
}

func random([]string) {
	a, b := make([]byte, 100_000), make([]byte, 100_000)
	n, err := rand.Read(a)
	fmt.Println(n, err)
	rand.Read(b)
	fmt.Println(string(a) != string(b))
}

func goroutines([]string) {
	const n = 1000
	in, out := make(chan int), make(chan int)
	for range 10 {
		go func() {
			for v := range in {
				runtime.Gosched()
				out <- v * 2
			}
		}()
	}
	go func() {
		for i := range n {
			in <- i
		}
		close(in)
	}()
	sum := 0
	for range n {
		sum += <-out
	}
	fmt.Println(sum)
	fmt.Println(deep(3000))
}

func deep(n int) int {
	if n == 0 {
		return 0
	}
	return deep(n-1) + 1
}

func growMemory([]string) {
	var blocks [][]byte
	for i := range 64 {
		block := make([]byte, 1<<20)
		block[i] = 1
		blocks = append(blocks, block)
		js.Global().Get("Object").New().Set("n", i)
	}
	fmt.Println(len(blocks), js.ValueOf("still here").String())
}

// files does all that a file system must do, in the folder that is its argument.
func files(args []string) {
	root := args[0]
	check(os.MkdirAll(filepath.Join(root, "a/b"), 0o755))
	check(os.WriteFile(filepath.Join(root, "a/hello.txt"), []byte("hello"), 0o644))
	data, err := os.ReadFile(filepath.Join(root, "a/hello.txt"))
	fmt.Printf("%s %v\n", data, err)

	f, err := os.OpenFile(filepath.Join(root, "a/hello.txt"), os.O_APPEND|os.O_WRONLY, 0)
	check(err)
	fmt.Fprint(f, " world")
	check(f.Close())
	f, err = os.OpenFile(filepath.Join(root, "a/hello.txt"), os.O_RDWR, 0)
	check(err)
	_, err = f.WriteAt([]byte("J"), 0)
	check(err)
	buf := make([]byte, 5)
	n, err := f.ReadAt(buf, 6)
	fmt.Println(n, err, string(buf))
	pos, err := f.Seek(-3, io.SeekEnd)
	rest, _ := io.ReadAll(f)
	fmt.Println(pos, err, string(rest))
	check(f.Truncate(4))
	info, err := f.Stat()
	check(err)
	fmt.Println(info.Name(), info.Size(), info.Mode(), info.IsDir())
	check(f.Sync())
	check(f.Close())
	fmt.Println(f.Close() != nil)
	data, _ = os.ReadFile(filepath.Join(root, "a/hello.txt"))
	fmt.Printf("%s\n", data)

	when := time.Unix(1_700_000_000, 0)
	check(os.Chtimes(filepath.Join(root, "a/hello.txt"), when, when))
	check(os.Chmod(filepath.Join(root, "a/hello.txt"), 0o600))
	info, err = os.Stat(filepath.Join(root, "a/hello.txt"))
	check(err)
	fmt.Println(info.ModTime().Unix(), info.Mode())

	check(os.Symlink("hello.txt", filepath.Join(root, "a/link")))
	target, err := os.Readlink(filepath.Join(root, "a/link"))
	fmt.Println(target, err)
	data, err = os.ReadFile(filepath.Join(root, "a/link"))
	fmt.Println(string(data), err)
	info, err = os.Lstat(filepath.Join(root, "a/link"))
	check(err)
	fmt.Println(info.Mode().Type())
	check(os.Link(filepath.Join(root, "a/hello.txt"), filepath.Join(root, "a/b/hard")))
	check(os.Rename(filepath.Join(root, "a/b"), filepath.Join(root, "c")))
	check(os.WriteFile(filepath.Join(root, "empty"), nil, 0o600))

	check(filepath.WalkDir(root, func(path string, d fs.DirEntry, err error) error {
		relative, _ := filepath.Rel(root, path)
		fmt.Println(relative, d.Type(), err)
		return nil
	}))

	for _, bad := range []func() error{
		func() error { _, err := os.ReadFile(filepath.Join(root, "missing")); return err },
		func() error { _, err := os.ReadFile(filepath.Join(root, "a/hello.txt/x")); return err },
		func() error { return os.Mkdir(filepath.Join(root, "a"), 0o755) },
		func() error { return os.Remove(filepath.Join(root, "a")) },
		func() error { return os.Rename(filepath.Join(root, "missing"), filepath.Join(root, "x")) },
		func() error { return os.WriteFile(root, nil, 0o644) },
		func() error {
			_, err := os.OpenFile(filepath.Join(root, "empty"), os.O_CREATE|os.O_EXCL|os.O_WRONLY, 0o644)
			return err
		},
		func() error { _, err := os.ReadDir(filepath.Join(root, "empty")); return err },
		func() error { return os.Chdir(filepath.Join(root, "empty")) },
		func() error { return os.Symlink("x", filepath.Join(root, "empty")) },
		func() error { _, err := os.Readlink(filepath.Join(root, "empty")); return err },
	} {
		err := bad()
		fmt.Println(errors.Is(err, fs.ErrNotExist), errors.Is(err, fs.ErrExist), strings.ReplaceAll(fmt.Sprint(err), root, "ROOT"))
	}

	check(os.Chdir(filepath.Join(root, "a")))
	data, err = os.ReadFile("hello.txt")
	fmt.Println(string(data), err)
	check(os.WriteFile("../c/relative.txt", []byte("relative"), 0o644))
	data, err = os.ReadFile(filepath.Join(root, "c", "relative.txt"))
	fmt.Println(string(data), err)
	cwd, err := os.Getwd()
	fmt.Println(strings.HasSuffix(cwd, "/a"), err)
	check(os.Chdir(".."))
	temp, err := os.MkdirTemp(root, "x*")
	check(err)
	check(os.RemoveAll(temp))
	for _, name := range []string{"a", "c", "empty"} {
		check(os.RemoveAll(filepath.Join(root, name)))
	}
	entries, err := os.ReadDir(root)
	fmt.Println(len(entries), err)
}

func cat(args []string) {
	for _, name := range args {
		data, err := os.ReadFile(name)
		fmt.Printf("%q %v\n", data, err)
	}
}

func ls(args []string) {
	for _, name := range args {
		entries, err := os.ReadDir(name)
		for _, entry := range entries {
			info, err := entry.Info()
			check(err)
			fmt.Println(entry.Name(), entry.IsDir(), info.Size(), info.Mode())
		}
		fmt.Println(err)
	}
}

// callbacks leaves functions in js.Global().program, reads the files that are its arguments, and waits.
func callbacks(names []string) {
	f := js.FuncOf(func(this js.Value, args []js.Value) any {
		result := map[string]any{}
		if err := json.Unmarshal([]byte(args[0].String()), &result); err != nil {
			return err.Error()
		}
		return len(result)
	})
	echo := js.FuncOf(func(this js.Value, args []js.Value) any { return args[0] })
	object := js.Global().Get("program")
	object.Set("parse", f)
	object.Set("echo", echo)
	object.Set("get", js.FuncOf(func(_ js.Value, args []js.Value) any { return args[0].Get("name") }))
	object.Set("gc", js.FuncOf(func(js.Value, []js.Value) any {
		runtime.GC()
		return nil
	}))
	object.Set("exit", js.FuncOf(func(_ js.Value, args []js.Value) any {
		os.Exit(args[0].Int())
		return nil
	}))
	cat(names)
	select {}
}

// global shows what js.Global() has.
func global(args []string) {
	for _, name := range []string{"fs", "process", "path", "own"} {
		fmt.Println(name, js.Global().Get(name).Type())
	}
	own := js.Global().Get("own")
	if !own.IsUndefined() {
		fmt.Println(own, js.Global().Call("double", 21))
		js.Global().Set("own", "changed")
		fmt.Println(js.Global().Get("own"), js.Global().Get("globalThis").Get("own"))
		js.Global().Delete("own")
		fmt.Println(js.Global().Get("own").IsUndefined())
	}
}
