// Programs that end by an error or a signal; the first argument says how.
package main

import (
	"errors"
	"fmt"
	"log"
	"os"
	"os/signal"
	"path/filepath"
	"runtime"
	"runtime/debug"
	"sync"
	"syscall"
	"time"
)

type number struct{ n int }

func (n number) fail() { panic(n.n) }

//go:noinline
func (n number) failUnless(ok bool) {
	if !ok {
		panic("not ok")
	}
}

type outer struct{ number }

type failing interface{ fail() }

//go:noinline
func asFailing(f failing) failing { return f }

//go:noinline
func asPrinter(p printer) printer { return p }

type printer interface{ Println(...any) }

type embedding struct{ *log.Logger }

//go:noinline
func promoted() { asFailing(&outer{number{7}}).fail() }

//go:noinline
func methodValue() {
	f := asFailing(outer{number{7}}).fail
	f()
}

//go:noinline
func nilWrapper() {
	var nothing *number
	asFailing(nothing).fail()
}

//go:noinline
func nilPromoted() {
	var o *outer
	asFailing(o).fail()
}

func others() {
	go func() { select {} }()
	go func() { time.Sleep(time.Hour) }()
	time.Sleep(20 * time.Millisecond)
}

func again() {
	defer func() { panic(recover()) }()
	var p *int
	*p = 1
}

func nested() {
	defer func() {
		defer func() { recover() }()
		var p *int
		*p = 1
	}()
	panic("outer")
}

func recovered() {
	defer func() { recover() }()
	var p *int
	*p = 1
}

func deferInLoop() {
	for range 6 {
		defer func() { println("deferred") }()
	}
	defer func() {
		defer func() { panic(fmt.Sprint("third ", recover())) }()
		panic("second")
	}()
	panic("first")
}

func callersInDeferred() {
	defer func() {
		recover()
		var pcs [50]uintptr
		frames := runtime.CallersFrames(pcs[:runtime.Callers(1, pcs[:])])
		for {
			frame, more := frames.Next()
			if frame.Function != "runtime.goexit" && frame.Function != "runtime.sigpanic" {
				fmt.Println(frame.Function)
			}
			if !more {
				break
			}
		}
		for i := range 8 {
			_, file, line, ok := runtime.Caller(i)
			if filepath.Base(file) == "main.go" {
				fmt.Println(i, ok, line)
			}
		}
	}()
	defer func() {}()
	defer func() {}()
	defer func() {}()
	defer func() {}()
	panic("look")
}

func lines() {
	l := log.New(os.Stdout, "", log.Lshortfile)
	asPrinter(l).Println("direct")
	asPrinter(embedding{l}).Println("embedded")
	asPrinter(&embedding{l}).Println("embedded pointer")
	f := asPrinter(embedding{l}).Println
	f("method value")
	g := embedding.Println
	g(embedding{l}, "method expression")
	defer asPrinter(embedding{l}).Println("deferred")
	for range 5 {
		defer l.Println("deferred in a loop")
	}
}

func stack(name string) {
	fmt.Print(name, "\n", string(debug.Stack()))
	buf := make([]byte, 1<<16)
	fmt.Print(string(buf[:runtime.Stack(buf, false)]))
}

func brokenPipe() {
	r, w, _ := os.Pipe()
	r.Close()
	_, err := w.Write([]byte("x"))
	fmt.Println(err, errors.Is(err, syscall.EPIPE))
}

func crashOutput(path string) {
	f, err := os.Create(path)
	if err != nil {
		panic(err)
	}
	fmt.Println(debug.SetCrashOutput(f, debug.CrashOptions{}))
	f.Close()
	println("before")
	panic("copied")
}

func wait(name string) {
	c := make(chan os.Signal, 9)
	switch name {
	case "notify":
		signal.Notify(c)
	case "ignore":
		signal.Ignore(syscall.SIGUSR1, syscall.SIGQUIT, syscall.SIGHUP)
	case "reset":
		signal.Notify(c)
		signal.Reset()
	}
	fmt.Println("ready")
	if name == "busy" {
		for {
		}
	}
	select {
	case s := <-c:
		fmt.Println(s)
	case <-time.After(500 * time.Millisecond):
		fmt.Println("over")
	}
}

var failsAtStart = len(os.Args) > 1 && os.Args[1] == "variable" && atStart()

func atStart() bool { panic("variable") }

func init() {
	if len(os.Args) > 1 && os.Args[1] == "init" {
		panic("init")
	}
}

func main() {
	switch os.Args[1] {
	case "panic":
		others()
		panic("tb")
	case "set":
		debug.SetTraceback(os.Args[2])
		others()
		panic("tb")
	case "fatal":
		others()
		new(sync.Mutex).Unlock()
	case "throw":
		runtime.SetFinalizer(3, nil)
	case "deadlock":
		select {}
	case "timers":
		timer, ticker := time.NewTimer(time.Hour), time.NewTicker(time.Millisecond)
		<-ticker.C
		<-make(chan *time.Timer)
		println(timer, ticker)
	case "again":
		again()
	case "nested":
		nested()
	case "recovered":
		recovered()
		panic("later")
	case "loop":
		deferInLoop()
	case "goexit":
		go func() {
			defer panic("leaving")
			runtime.Goexit()
		}()
		select {}
	case "map":
		var m map[string]int
		m["a"] = 1
	case "promoted":
		promoted()
	case "method value":
		methodValue()
	case "nil wrapper":
		nilWrapper()
	case "nil promoted":
		nilPromoted()
	case "go wrapper":
		go number{7}.failUnless(false)
		select {}
	case "defer wrapper":
		defer number{7}.failUnless(false)
	case "callers":
		callersInDeferred()
	case "lines":
		lines()
	case "stack":
		stack("stack")
	case "broken pipe":
		brokenPipe()
	case "crash output":
		crashOutput(os.Args[2])
	case "wait":
		wait(os.Args[2])
	}
}
