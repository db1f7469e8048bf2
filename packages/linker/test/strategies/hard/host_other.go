//go:build !js

package main

func host() {}
