// Pools are emptied when a cycle begins; weak pointers and unique values are gone when their objects are.
package main

import (
	"fmt"
	"runtime"
	"sync"
	"sync/atomic"
	"time"
	"unique"
	"weak"
)

func pool() {
	var p sync.Pool
	const N = 100
	var cleaned atomic.Uint32
	for i := 0; i < N; i++ {
		v := new(string)
		runtime.AddCleanup(v, func(f *atomic.Uint32) { f.Add(1) }, &cleaned)
		p.Put(v)
	}
	for i := range 4 {
		runtime.GC()
		for wait := 0; i > 0 && cleaned.Load() < N && wait < 20; wait++ {
			time.Sleep(time.Millisecond)
		}
		fmt.Println(i, cleaned.Load() >= N*9/10)
	}
	runtime.KeepAlive(&p)
}

func victims() {
	// One processor, so that Get looks where Put has put.
	defer runtime.GOMAXPROCS(runtime.GOMAXPROCS(1))
	var p sync.Pool
	p.Put("a")
	p.Put("b")
	runtime.GC()
	time.Sleep(5 * time.Millisecond)
	fmt.Println(p.Get() != nil, p.Get() != nil, p.Get())
	p.Put("c")
	runtime.GC()
	runtime.GC()
	fmt.Println(p.Get())
}

var global struct{ a, b int }

func weakPointers() {
	fmt.Println(weak.Make(&global) == weak.Make(&global), weak.Make(&global.a) == weak.Make(&global.a))
	fmt.Println(weak.Make(&global.a) == weak.Make(&global.b), weak.Make(&global.b).Value() == &global.b)
	const N = 1000
	runtime.GC()
	ints := make([]weak.Pointer[int], N)
	bytes := make([]weak.Pointer[[3]byte], N)
	for i := range N {
		x := new(int)
		*x = i
		ints[i] = weak.Make(x)
		y := new([3]byte)
		bytes[i] = weak.Make(y)
	}
	runtime.GC()
	deadInts, deadBytes := 0, 0
	for i := range N {
		if ints[i].Value() == nil {
			deadInts++
		}
		if bytes[i].Value() == nil {
			deadBytes++
		}
	}
	fmt.Println(deadInts >= 750, deadBytes >= 750)
	kept := new(string)
	w := weak.Make(kept)
	runtime.GC()
	fmt.Println(w.Value() == kept, w == weak.Make(kept))
	runtime.KeepAlive(kept)
}

func uniqueValues() {
	a, b := unique.Make("a value"), unique.Make(fmt.Sprint("a ", "value"))
	fmt.Println(a == b, a.Value())
	type pair struct {
		s string
		n int
	}
	for i := range 100 {
		unique.Make(pair{fmt.Sprint(i), i})
	}
	runtime.GC()
	fmt.Println(unique.Make(pair{"1", 1}) == unique.Make(pair{fmt.Sprint(1), 1}))
}

func main() {
	pool()
	victims()
	weakPointers()
	uniqueValues()
}
