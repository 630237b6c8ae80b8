// Writes a heap profile at rate 1 to the file that the argument names.
package main

import (
	"os"
	"runtime"
	"runtime/pprof"
)

type tree struct {
	left, right *tree
}

var root *tree

//go:noinline
func newTree() *tree {
	return new(tree)
}

func grow(depth int) *tree {
	t := newTree()
	if depth > 0 {
		t.left = grow(depth - 1)
		t.right = grow(depth - 1)
	}
	return t
}

func main() {
	runtime.MemProfileRate = 1
	root = grow(9)
	runtime.GC()
	f, err := os.Create(os.Args[1])
	if err != nil {
		panic(err)
	}
	if err := pprof.WriteHeapProfile(f); err != nil {
		panic(err)
	}
	if err := f.Close(); err != nil {
		panic(err)
	}
}
