// Plain does nothing, on any system.
package main

func main() {}
