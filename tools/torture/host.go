//go:build !js

package main

import (
	"errors"
	"time"
)

func callback(f func(n int) int) (invoke func(n int) int, release func()) { return f, func() {} }

func whenever(f func(v int)) (then func(v, how int), release func()) {
	return func(v, how int) { time.AfterFunc(time.Duration(how)*time.Millisecond, func() { f(v) }) }, func() {}
}

func throw() { panic(errors.New("JavaScript error: thrown")) }
