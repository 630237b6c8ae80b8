// Accesses to protected memory become panics after debug.SetPanicOnFault.
package main

import (
	"fmt"
	"runtime"
	"runtime/debug"
	"syscall"
	"unsafe"
)

func read(data []byte, i int) (b byte, err error) {
	defer func() {
		if r := recover(); r != nil {
			err = r.(error)
		}
	}()
	return data[i], nil
}

//go:noinline
func sum(data []byte) (n, last int) {
	defer func() {
		r := recover()
		_, isRuntime := r.(runtime.Error)
		addr, ok := r.(interface{ Addr() uintptr })
		fmt.Println("recovered", isRuntime, ok && addr.Addr() != 0)
	}()
	for i, b := range data {
		n += int(b)
		last = i
	}
	return n, last
}

func copyPointers(into []*int, data []byte) (failed bool) {
	defer func() { failed = recover() != nil }()
	copy(into, unsafe.Slice((**int)(unsafe.Pointer(&data[0])), len(into)))
	return false
}

func main() {
	page := syscall.Getpagesize()
	data, err := syscall.Mmap(-1, 0, 4*page, syscall.PROT_READ|syscall.PROT_WRITE, syscall.MAP_ANON|syscall.MAP_PRIVATE)
	if err != nil {
		panic(err)
	}
	for i := range data {
		data[i] = 1
	}
	if err := syscall.Mprotect(data[2*page:3*page], syscall.PROT_NONE); err != nil {
		panic(err)
	}
	fmt.Println(debug.SetPanicOnFault(true), debug.SetPanicOnFault(true))
	fmt.Println(read(data, page))
	_, err = read(data, 2*page)
	fmt.Println(err)
	sum(data)
	for range 1000 {
		if _, err = read(data, 3*page-1); err == nil {
			panic("no error")
		}
	}
	fmt.Println(copyPointers(make([]*int, 8), data[2*page:]))
	// A loop that calls nothing can still be stopped.
	go func() {
		for {
		}
	}()
	runtime.Gosched()
	done := make(chan bool)
	go func() {
		fmt.Println(debug.SetPanicOnFault(false))
		done <- true
	}()
	<-done
	fmt.Println(read(data, 3*page))
}
