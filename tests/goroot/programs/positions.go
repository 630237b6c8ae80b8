// Functions and lines of calls, including inlined calls and calls that a panic has left.
package main

import (
	"fmt"
	"path/filepath"
	"runtime"
	"strings"
)

var pcs [64]uintptr

func show(what string, n int) {
	fmt.Println(what)
	for _, pc := range pcs[:n] {
		if f := runtime.FuncForPC(pc - 1); strings.HasPrefix(f.Name(), "main.") {
			_, line := f.FileLine(pc - 1)
			fmt.Println("  func", f.Name(), line)
		}
	}
	frames := runtime.CallersFrames(pcs[:n])
	for {
		frame, more := frames.Next()
		if strings.HasPrefix(frame.Function, "main.") {
			fmt.Println("  frame", frame.Function, filepath.Base(frame.File), frame.Line)
		}
		if !more {
			break
		}
	}
}

func inner() int { return runtime.Callers(0, pcs[:]) }

func middle() int { return inner() }

func outer() int {
	return middle()
}

//go:noinline
func closure() int {
	return func() int { return inner() }()
}

var nothing *struct{ c chan int }

func fails() {
	select {
	case <-nothing.c:
	default:
	}
}

func where(what string, fail func()) {
	defer func() {
		fmt.Println(what, recover())
		for i := 0; ; i++ {
			pc, file, line, ok := runtime.Caller(i)
			if !ok {
				break
			}
			if name := runtime.FuncForPC(pc).Name(); strings.HasPrefix(name, "main.") {
				fmt.Println(" ", name, filepath.Base(file), line)
			}
		}
	}()
	fail()
}

type tree struct{ left, right *tree }

func (t *tree) depth() int {
	if t == nil {
		return 0
	}
	return 1 + max(t.left.depth(), t.right.depth())
}

func main() {
	show("inlined", outer())
	show("closure", closure())
	where("nil", func() { fails() })
	where("index", func() { fmt.Println(pcs[len(pcs)+len(runtime.Version())*0:][nothingIndex()]) })
	where("panic", func() { panic("it") })
	f := runtime.FuncForPC(func() uintptr { pc, _, _, _ := runtime.Caller(0); return pc }())
	fmt.Println(f.Name(), f.Entry() != 0)
	fmt.Println(new(tree).depth())
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	runtime.ReadMemStats(&after)
	fmt.Println(after.Mallocs - before.Mallocs)
	fmt.Println(runtime.GOROOT() != "", runtime.Version())
}

func nothingIndex() int { return 7 }
