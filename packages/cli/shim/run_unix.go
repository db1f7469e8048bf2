//go:build !windows

package main

import (
	"os"
	"syscall"
)

// run becomes the command: the same process, so signals and the exit code need no care.
func run(command []string) {
	err := syscall.Exec(command[0], command, os.Environ())
	fail(command[0] + ": " + err.Error())
}
