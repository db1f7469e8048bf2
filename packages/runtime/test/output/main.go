// Writes a lot to its standard output.
package main

import (
	"fmt"
	"os"
	"strings"
	"syscall"
	"time"
)

func main() {
	switch os.Args[1] {
	case "lines": // Two megabytes: more than a pipe holds.
		text := strings.Repeat("x", 93)
		for i := range 20000 {
			fmt.Printf("%06d%s\n", i, text)
		}
	case "timers": // Ends only if timers fire meanwhile.
		done := make(chan int)
		go func() {
			for range 10 {
				time.Sleep(time.Millisecond)
			}
			close(done)
		}()
		for {
			select {
			case <-done:
				return
			default:
				fmt.Println("more")
			}
		}
	case "closed":
		syscall.Close(1)
		_, err := fmt.Println("lost")
		fmt.Fprintln(os.Stderr, err)
	}
}
