//go:build !js

package main

func callBack() (stop func()) { return func() {} }

func hostMemory() int { return 0 }
