// Loops that wait for another goroutine and call no function.
package main

import "sync/atomic"

var flag int32

func main() {
	go func() { atomic.StoreInt32(&flag, 1) }()
	n := 0
	for i := 0; ; i++ {
		if atomic.LoadInt32(&flag) == 1 { break }
		n += i
	}
	println("post")
	go func() { atomic.StoreInt32(&flag, 2) }()
	for i := 0; atomic.LoadInt32(&flag) != 2; i++ {
		n += i
	}
	println("cond")
	go func() { atomic.StoreInt32(&flag, 3) }()
again:
	n++
	if atomic.LoadInt32(&flag) != 3 {
		goto again
	}
	println("goto")
	go func() { atomic.StoreInt32(&flag, 4) }()
	for range 1 << 62 {
		if atomic.LoadInt32(&flag) == 4 { break }
	}
	println("range")
}

func get() int32 { return atomic.LoadInt32(&flag) }

func init() {
	go func() { atomic.StoreInt32(&flag, -1) }()
	n := 0
	for i := 0; i < 1<<62 && get() != -1; i++ {
		n += i
	}
	println("call")
	go func() {
		for i := 0; ; i++ {
			n += i
		}
	}()
	for range 1 << 62 {
		if atomic.CompareAndSwapInt32(&flag, -1, 0) {
			break
		}
	}
	println("swap")
}
