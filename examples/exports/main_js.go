package main

// main must not return while the host has calls to make.
func main() { select {} }
