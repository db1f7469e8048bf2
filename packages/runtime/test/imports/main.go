// Imports calls functions of its host, next to those that all Go programs import.
package main

import "fmt"

//go:wasmimport host add
func hostAdd(a int32, b int64) int64

//go:wasmimport host scale
func hostScale(x float64) float64

//go:wasmimport host read
func hostRead(text string)

func main() {
	fmt.Println(hostAdd(2, 3), hostScale(2.5))
	hostRead("straight from memory")
}
