// Two goroutines that switch to each other 40,000 times, and nothing else.
package main

func main() {
	ping, pong := make(chan int), make(chan int)
	go func() {
		for v := range ping {
			pong <- v + 1
		}
	}()
	for i := range 20_000 {
		ping <- i
		<-pong
	}
}
