// An object whose address a function gets as an integer lives until the call returns, if the function asks for that.
package main

import (
	"runtime"
	"sync/atomic"
	"time"
	"unsafe"
)

type object struct{ words [4]int }

var freed atomic.Int32

func made() unsafe.Pointer {
	o := &object{}
	runtime.SetFinalizer(o, func(*object) { freed.Add(1) })
	return unsafe.Pointer(o)
}

// collected tells how many objects are dead, after it has waited for so many for a while.
func collected(wanted int32) int32 {
	for range 20 {
		runtime.GC()
		if freed.Load() >= wanted {
			break
		}
		time.Sleep(time.Millisecond)
	}
	return freed.Load()
}

//go:noinline
//go:uintptrescapes
func during(_ uintptr, _ int, _ uintptr) int32 { return collected(1) }

//go:noinline
func overwrite(n int) int {
	var words [64]int
	for i := range words {
		words[i] = n + i
	}
	if n == 0 {
		return words[n]
	}
	return overwrite(n-1) + words[n%64]
}

func main() {
	println(during(uintptr(made()), 1, uintptr(made())))
	overwrite(20)
	println(collected(2))
}
