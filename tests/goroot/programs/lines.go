// Equal calls on different lines keep their lines, in frames, logs and traces of panics.
package main

import (
	"fmt"
	"log"
	"os"
	"runtime"
	"runtime/debug"
	"strings"
)

//go:noinline
func where(x int) int {
	_, _, line, _ := runtime.Caller(1)
	fmt.Println(line)
	return x
}

//go:noinline
func branches(n int) {
	if n == 0 {
		where(1)
	} else if n == 1 {
		where(1)
	} else {
		where(2)
	}
	switch n {
	case 0:
		log.Print("same")
	case 1:
		log.Print("same")
	default:
		log.Print("other")
	}
}

//go:noinline
func results(b bool) int {
	if b {
		return where(3)
	}
	return where(3)
}

type caller interface{ call(int) int }
type named int

func (named) call(x int) int { return where(x) }

//go:noinline
func indirect(b bool, f func(int) int, c caller) {
	if b {
		f(1)
		c.call(2)
	} else {
		f(1)
		c.call(2)
	}
}

//go:noinline
func compare(b bool, x, y any) bool {
	if b {
		return x == y
	}
	return x == y
}

//go:noinline
func store(b bool, m map[string]int) {
	if b {
		m["a"] = 1
	} else {
		m["a"] = 1
	}
}

//go:noinline
func index(b bool, s []int, i int) int {
	if b {
		return s[i]
	}
	return s[i]
}

//go:noinline
func closed(b bool, c chan int) {
	if b {
		c <- 1
	} else {
		c <- 1
	}
}

func line(f func()) {
	defer func() {
		fmt.Println(recover())
		for _, text := range strings.Split(string(debug.Stack()), "\n") {
			if at := strings.Index(text, "lines.go:"); at >= 0 {
				fmt.Println(strings.Fields(text[at:])[0])
			}
		}
	}()
	f()
}

func main() {
	log.SetOutput(os.Stdout)
	log.SetFlags(log.Lshortfile)
	for n := range 3 {
		branches(n)
	}
	c := make(chan int)
	close(c)
	for _, b := range []bool{true, false} {
		results(b)
		indirect(b, where, named(1))
		line(func() { compare(b, []int{}, []int{}) })
		line(func() { store(b, nil) })
		line(func() { index(b, nil, 5) })
		line(func() { closed(b, c) })
	}
}
