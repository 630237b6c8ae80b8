// A goroutine gets its turn and its timeouts whatever others do: compute, collect, wait for a pipe.
package main

import (
	"fmt"
	"os"
	"runtime"
	"time"
)

var x, y int

func computing() {
	go func() {
		for {
			x = y + 1
			y = x
		}
	}()
	late := 0
	for range 10 {
		t := time.Now()
		time.Sleep(time.Millisecond)
		if time.Since(t) > 150*time.Millisecond {
			late++
		}
	}
	fmt.Println("late sleeps:", late)
}

func collecting() {
	go func() {
		for {
			runtime.GC()
		}
	}()
	time.Sleep(20 * time.Millisecond)
	fmt.Println("slept beside collections")
}

func pipes() {
	r, w, _ := os.Pipe()
	fmt.Println(r.SetReadDeadline(time.Now().Add(5 * time.Millisecond)))
	n, err := r.Read(make([]byte, 10))
	fmt.Println(n, err)
	fmt.Println(r.SetReadDeadline(time.Time{}))
	done := make(chan error)
	go func() {
		_, err := r.Read(make([]byte, 1))
		done <- err
	}()
	time.Sleep(20 * time.Millisecond)
	fmt.Println(r.Close(), <-done)
	w.Close()
}

func main() {
	pipes()
	computing()
	collecting()
}
