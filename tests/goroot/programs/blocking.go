// Blocking descriptors: goroutines at both ends of a pipe, each of which waits for the other.
package main

import (
	"fmt"
	"io"
	"os"
	"strings"
	"sync"
	"syscall"
	"time"
)

func pipe() (r, w int) {
	var ends [2]int
	if err := syscall.Pipe(ends[:]); err != nil {
		panic(err)
	}
	return ends[0], ends[1]
}

func main() {
	r, w := pipe()
	text := []byte(strings.Repeat("0123456789", 30000))
	var wg sync.WaitGroup
	wg.Add(1)
	go func() {
		defer wg.Done()
		for sent := 0; sent < len(text); {
			n, err := syscall.Write(w, text[sent:])
			if err != nil {
				panic(err)
			}
			sent += n
		}
		syscall.Close(w)
	}()
	got, piece := 0, make([]byte, 1000)
	for {
		n, err := syscall.Read(r, piece)
		if err != nil {
			panic(err)
		}
		if n == 0 {
			break
		}
		got += n
	}
	wg.Wait()
	fmt.Println(got)

	r, w = pipe()
	in, out := os.NewFile(uintptr(r), "in"), os.NewFile(uintptr(w), "out")
	ticks := 0
	go func() {
		for range 5 {
			time.Sleep(time.Millisecond)
			ticks++
		}
		n, err := out.Write(text)
		fmt.Println(n, err, out.Close())
	}()
	all, err := io.ReadAll(in)
	fmt.Println(len(all), err, ticks)
}
