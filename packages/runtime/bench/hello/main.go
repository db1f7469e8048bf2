// Hello is measured from its bytes to its first output.
package main

import "fmt"

func main() { fmt.Println("hello, world") }
