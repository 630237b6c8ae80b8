// The heap profile at rate 1: sites, counts and sizes of all objects, and which of them died.
package main

import (
	"runtime"
	"sort"
	"strings"
)

type tree struct {
	left, right *tree
}

type wide struct {
	next *wide
	data [100]int
}

var (
	trees []*tree
	wides *wide
	large [][]byte
	sink  any
)

//go:noinline
func newTree() *tree { return new(tree) }

func grow(depth int) *tree {
	t := newTree()
	if depth > 0 {
		t.left = grow(depth - 1)
		t.right = grow(depth - 1)
	}
	return t
}

//go:noinline
func garbage() {
	for i := range 100 {
		b := make([]byte, 64+i%2*1000)
		sink = &b[0]
	}
	sink = nil
}

//go:noinline
func chain() {
	for range 50 {
		wides = &wide{next: wides}
	}
}

//go:noinline
func blocks() {
	for i := range 4 {
		large = append(large, make([]byte, 40_000+i*10_000))
	}
}

// inline is inlined by nobody's choice: the profile names it in both cases.
func inline() []int { return make([]int, 30) }

var ints [][]int

func callsInline() {
	ints = make([][]int, 0, 8)
	for range 8 {
		ints = append(ints, inline())
	}
}

func run(f func()) {
	done := make(chan bool)
	go func() {
		f()
		done <- true
	}()
	<-done
}

type site struct {
	name        string
	objects     int64
	bytes       int64
	freed, left int64
}

func sites() []site {
	n, _ := runtime.MemProfile(nil, true)
	p := make([]runtime.MemProfileRecord, n+100)
	n, ok := runtime.MemProfile(p, true)
	if !ok {
		panic("the profile has grown by more than 100 records")
	}
	var found []site
	for _, r := range p[:n] {
		var names []string
		frames := runtime.CallersFrames(r.Stack())
		for {
			f, more := frames.Next()
			if strings.HasPrefix(f.Function, "main.") {
				names = append(names, f.Function)
			}
			if !more {
				break
			}
		}
		if len(names) > 1 && names[0] != "main.sites" && names[0] != "main.run" {
			found = append(found, site{strings.Join(names, " < "), r.AllocObjects, r.AllocBytes, r.FreeObjects, r.InUseBytes()})
		}
	}
	sort.Slice(found, func(i, j int) bool {
		a, b := found[i], found[j]
		return a.name < b.name || a.name == b.name && a.bytes < b.bytes
	})
	return found
}

func main() {
	old := runtime.MemProfileRate
	runtime.MemProfileRate = 1
	println("rate", old)
	run(func() { trees = append(trees[:0:0], grow(5)) })
	run(garbage)
	run(chain)
	run(blocks)
	run(callsInline)
	runtime.GC()
	for _, s := range sites() {
		println(s.name, s.objects, s.bytes, s.freed, s.left)
	}
	trees, wides, large = nil, nil, nil
	runtime.GC()
	runtime.GC()
	println("after all is dropped")
	for _, s := range sites() {
		println(s.name, s.objects, s.bytes, s.freed, s.left)
	}
}
