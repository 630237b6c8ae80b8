// Panics, recover, Goexit, run-time errors and their texts.
package main

import (
	"errors"
	"fmt"
	"os"
	"runtime"
	"strings"
	"sync"
)

func try(name string, f func()) {
	defer func() {
		r := recover()
		_, isRuntime := r.(runtime.Error)
		fmt.Printf("%s: %v (%T, runtime %v)\n", name, r, r, isRuntime)
	}()
	f()
}

type reader interface{ Read() }
type writer interface {
	reader
	Write()
}
type onlyReader struct{ n int }

func (onlyReader) Read() {}

func named() (n int, err error) {
	defer func() {
		if r := recover(); r != nil {
			n, err = n*2, fmt.Errorf("wrapped: %v", r)
		}
	}()
	n = 21
	panic("named")
}

func nested() {
	defer func() { fmt.Println("outer", recover()) }()
	defer func() {
		defer func() { fmt.Println("inner", recover()) }()
		panic("second")
	}()
	panic("first")
}

func replaced() {
	defer func() { fmt.Println("replaced by", recover()) }()
	defer func() { panic("new") }()
	panic("old")
}

func repanic() {
	defer func() { fmt.Println("again", recover()) }()
	func() {
		defer func() {
			r := recover()
			panic(fmt.Sprint("re-", r))
		}()
		panic("x")
	}()
}

func helper() any { return recover() }

func indirect() {
	defer func() { fmt.Println("direct", recover()) }()
	defer func() {
		func() { fmt.Println("too deep", recover()) }()
	}()
	defer fmt.Println("helper", helper())
	panic("deep")
}

func many() {
	for i := range 6 {
		defer fmt.Print(i, " ")
	}
	defer fmt.Print("deferred: ")
}

func goexit() {
	var wg sync.WaitGroup
	wg.Add(1)
	go func() {
		defer wg.Done()
		defer func() { fmt.Println("goexit recover", recover()) }()
		func() {
			defer func() { recover() }()
			defer runtime.Goexit()
			panic("swallowed by Goexit")
		}()
		fmt.Println("not reached")
	}()
	wg.Wait()
}

func loop() (s string) {
	for i := range 3 {
		func() {
			defer func() {
				if r := recover(); r != nil {
					s += fmt.Sprint(r, ";")
				}
			}()
			if i != 1 {
				panic(i)
			}
		}()
	}
	return s
}

func main() {
	zero, five, minus := 0, 5, -1
	s := make([]int, 3)
	var nilMap map[string]int
	var nilPointer *onlyReader
	var nilFunc func()
	var i any = onlyReader{}
	var none any
	var r reader
	try("index", func() { _ = s[five] })
	try("negative", func() { _ = s[minus] })
	try("string index", func() { _ = "abc"[five] })
	try("slice", func() { _ = s[1:five] })
	try("slice3", func() { _ = s[0:1:five] })
	try("slice order", func() { _ = s[five-2 : 1] })
	try("string slice", func() { _ = "abc"[five:] })
	try("array", func() { _ = [4]int(s) })
	try("divide", func() { _ = five / zero })
	try("shift", func() { _ = five << minus })
	try("nil map", func() { nilMap["x"] = 1 })
	try("nil pointer", func() { _ = nilPointer.n })
	try("nil func", func() { nilFunc() })
	try("nil interface", func() { r.Read() })
	try("assert", func() { _ = i.(string) })
	try("assert nil", func() { _ = none.(string) })
	try("assert interface", func() { _ = i.(writer) })
	try("assert nil interface", func() { _ = none.(reader) })
	try("assert from interface", func() { r = onlyReader{}; _ = r.(writer) })
	try("make", func() { _ = make([]int, minus) })
	try("make chan", func() { _ = make(chan int, minus) })
	try("compare", func() { var a, b any = s, s; _ = a == b })
	try("hash", func() { _ = map[any]int{s: 1} })
	try("close nil", func() { var c chan int; close(c) })
	try("close twice", func() { c := make(chan int); close(c); close(c) })
	try("send closed", func() { c := make(chan int, 1); close(c); c <- 1 })
	try("custom", func() { panic(errors.New("custom")) })
	try("panic nil", func() { panic(nil) })
	try("value", func() { panic(fmt.Sprint(os.Args[0] != "", 1)) })
	fmt.Println(named())
	nested()
	replaced()
	repanic()
	indirect()
	many()
	fmt.Println()
	goexit()
	fmt.Println(loop())
	_, file, line, ok := runtime.Caller(0)
	fmt.Println(file[strings.LastIndex(file, "/")+1:], line, ok)
	pcs := make([]uintptr, 10)
	frames := runtime.CallersFrames(pcs[:runtime.Callers(1, pcs)])
	frame, _ := frames.Next()
	fmt.Println(frame.Function, frame.Line)
	defer os.Exit(3)
	defer func() { recover() }()
	panic("last")
}
