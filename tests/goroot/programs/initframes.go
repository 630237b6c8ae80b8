// Frames of initialisers: each function with the name init is alone.
package main

import (
	"fmt"
	"runtime"
	"strings"
)

var x = trace("variable")

func init() { trace("first") }

func trace(what string) int {
	pcs := make([]uintptr, 10)
	frames := runtime.CallersFrames(pcs[:runtime.Callers(2, pcs)])
	for {
		frame, more := frames.Next()
		if !strings.HasPrefix(frame.Function, "runtime.") {
			fmt.Println(what, frame.Function)
		}
		if !more {
			return 1
		}
	}
}

func init() { trace("second") }

func main() {
	trace("main")
	defer func() { fmt.Println(recover()) }()
	panic(x)
}
