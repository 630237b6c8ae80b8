// What does not allocate in Go does not allocate.
package main

import (
	"encoding/json"
	"fmt"
	"reflect"
	"runtime"
	"testing"
)

func allocs(what string, f func()) { fmt.Println(what, testing.AllocsPerRun(200, f)) }

type big struct{ a, b, c int64 }

var (
	pcs  [20]uintptr
	sink any
)

//go:noinline
func length() int { var a [4]int64; return reflect.ValueOf(&a).Elem().Len() }

//go:noinline
func capacity() int { var a [4]int64; return reflect.ValueOf(&a).Elem().Cap() }

//go:noinline
func iface(x int64) any { b := big{x, x, x}; return reflect.ValueOf(b).Interface() }

//go:noinline
func defers() {
	for range 10 {
		defer nothing()
	}
}

//go:noinline
func nothing() {}

//go:noinline
func local() {
	var pcs [20]uintptr
	n := runtime.Callers(0, pcs[:])
	if n == 0 {
		panic("no callers")
	}
}

//go:noinline
func keep(b big) { runtime.KeepAlive(b) }

func main() {
	allocs("Callers", func() { runtime.Callers(0, pcs[:]) })
	allocs("Callers into a local array", local)
	allocs("KeepAlive", func() { keep(big{1, 2, 3}) })
	allocs("ten defers", defers)
	allocs("Len", func() { length() })
	allocs("Cap", func() { capacity() })
	allocs("Interface", func() { sink = iface(3) })
	m := map[string]int{"a": 1}
	v, k, e := reflect.ValueOf(m), reflect.ValueOf("a"), reflect.ValueOf(7)
	allocs("MapIndex", func() { sink = v.MapIndex(k) })
	allocs("SetMapIndex", func() { v.SetMapIndex(k, e) })
	s := reflect.ValueOf(&[]int{1, 2, 3}).Elem()
	allocs("Index", func() { s.Index(1).SetInt(s.Index(2).Int()) })
	c := reflect.ValueOf(make(chan int, 1))
	allocs("Send", func() { c.TrySend(e) })
	js := []byte(`{"a":300,"b":["x","y"],"m":{"k":"v"}}`)
	allocs("json", func() { var u any; json.Unmarshal(js, &u) })
}
