package main

import "os"

// run runs the command to its end and ends with its exit code: Windows cannot replace a process.
func run(command []string) {
	files := []*os.File{os.Stdin, os.Stdout, os.Stderr}
	process, err := os.StartProcess(command[0], command, &os.ProcAttr{Files: files})
	if err != nil {
		fail(command[0] + ": " + err.Error())
	}
	state, err := process.Wait()
	if err != nil {
		fail(err.Error())
	}
	os.Exit(exitCode(state))
}
