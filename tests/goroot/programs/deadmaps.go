// A map in the frame of its function is garbage after its last use.
package main

import (
	"fmt"
	"runtime"
)

type node struct{ words [8]int }

func mib() uint64 {
	var s runtime.MemStats
	for range 5 {
		runtime.GC()
	}
	runtime.ReadMemStats(&s)
	return s.HeapAlloc >> 20
}

//go:noinline
func assignedNil() uint64 {
	m := map[int]int{}
	for i := range 300000 {
		m[i] = i
	}
	if len(m) != 300000 {
		panic("lost entries")
	}
	m = nil
	return mib()
}

//go:noinline
func lastUse() uint64 {
	m := make(map[int]*node)
	for i := range 100000 {
		m[i] = &node{}
	}
	delete(m, 3)
	n := 0
	for k, v := range m {
		n += k&1 + v.words[0]
	}
	if n != 49999 {
		panic(n)
	}
	return mib()
}

//go:noinline
func few() uint64 {
	m := map[string]*[1 << 20]byte{"a": new([1 << 20]byte), "b": new([1 << 20]byte)}
	m["c"] = new([1 << 20]byte)
	if len(m) != 3 || m["b"] == nil {
		panic("lost entries")
	}
	return mib()
}

//go:noinline
func inLoops(n int) (sum int) {
	for i := range n {
		m := map[int]int{i: 1}
		m[i+1] = 2
		for k, v := range m {
			sum += k + v
		}
		sum++
	}
	return sum
}

//go:noinline
func again(n int) (sum int) {
	m := map[int]*int{}
	for i := range n {
		m[i&15] = &i
		if i&7 == 7 {
			m = map[int]*int{}
		}
		for _, p := range m {
			sum += *p
		}
	}
	alias := m
	runtime.GC()
	return sum + len(alias)
}

//go:noinline
func captured(n int) int {
	m := map[int]int{}
	add := func(k int) { m[k] = k }
	m[0] = 1
	runtime.GC()
	for i := range n {
		add(i)
	}
	return len(m)
}

//go:noinline
func jumps(n int) (sum int) {
	m := map[int]int{1: 1}
again:
	sum += m[1]
	n--
	if n > 0 {
		goto again
	}
	return sum
}

func main() {
	fmt.Println(assignedNil(), lastUse(), few())
	fmt.Println(inLoops(1000), again(1000), captured(100), jumps(5))
}
