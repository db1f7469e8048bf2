package main

import (
	"syscall/js"
	"unsafe"
)

// What syscall/js imports of the glue, without what it does around it: a value that Go holds gets a finalizer there, which
// takes longer than all else.

//go:linkname stringVal syscall/js.stringVal
func stringVal(text string) uint64

//go:linkname valueGet syscall/js.valueGet
func valueGet(object uint64, name string) uint64

//go:linkname valueSet syscall/js.valueSet
func valueSet(object uint64, name string, value uint64)

//go:linkname valueCall syscall/js.valueCall
func valueCall(object uint64, name string, args []uint64) (uint64, bool)

//go:linkname finalizeRef syscall/js.finalizeRef
func finalizeRef(value uint64)

// A js.Value begins with it.
func ref(value *js.Value) uint64 { return *(*uint64)(unsafe.Pointer(value)) }
