package main

import (
	"fmt"
	"os"
	"runtime"
	"strconv"
	"sync"
	"sync/atomic"
	"time"
	"unique"
	"weak"
)

type node struct {
	l, r *node
	n    int
}

func tree(d int) *node {
	if d == 0 {
		return &node{n: 1}
	}
	return &node{tree(d - 1), tree(d - 1), d}
}

func (t *node) count() int {
	if t.l == nil {
		return 1
	}
	return 1 + t.l.count() + t.r.count()
}

func fail(words ...any) {
	fmt.Println(words...)
	os.Exit(1)
}

func trees(rounds int) {
	long := tree(10)
	for range rounds {
		if n := tree(8).count(); n != 511 {
			fail("tree", n)
		}
	}
	if long.count() != 2047 {
		fail("long")
	}
}

func maps(seed, rounds int) {
	m := map[string][]string{}
	for i := range rounds {
		k := strconv.Itoa((i*7919 + seed) % 1000)
		m[k] = append(m[k], k+"-"+strconv.Itoa(i))
		if len(m[k]) > 8 {
			for _, v := range m[k] {
				if v[:len(k)+1] != k+"-" {
					fail("map", k, v)
				}
			}
			delete(m, k)
		}
	}
}

var made, finalized, cleaned atomic.Int64

type res struct {
	id  int
	pad [5]*int
}

func finals(seed, rounds int) {
	for i := range rounds {
		r := &res{id: seed<<20 | i}
		made.Add(1)
		runtime.SetFinalizer(r, func(r *res) {
			if r.id>>20 != seed {
				fail("finalizer", r.id)
			}
			finalized.Add(1)
		})
		s := new([3]int)
		s[1] = i
		w := weak.Make(s)
		c := runtime.AddCleanup(s, func(n int) {
			if n != i {
				fail("cleanup")
			}
			cleaned.Add(1)
		}, i)
		if i%3 == 0 {
			c.Stop()
			cleaned.Add(1)
		}
		if v := w.Value(); v != nil && v[1] != i {
			fail("weak")
		}
		runtime.KeepAlive(s)
		u := unique.Make(strconv.Itoa(i % 100))
		if u.Value() != strconv.Itoa(i%100) || u != unique.Make(strconv.Itoa(i%100)) {
			fail("unique")
		}
	}
}

func large(rounds int) {
	keep := make([][]byte, 4)
	for i := range rounds {
		b := make([]byte, 33000+i%50000)
		for _, each := range b {
			if each != 0 {
				fail("dirty")
			}
		}
		for j := range b {
			b[j] = byte(i)
		}
		k := keep[i%4]
		if len(k) > 0 && (k[0] != byte(i-4) || k[len(k)-1] != byte(i-4)) {
			fail("large")
		}
		keep[i%4] = b
	}
}

func main() {
	n := 1
	if len(os.Args) > 1 {
		n, _ = strconv.Atoi(os.Args[1])
	}
	var wg sync.WaitGroup
	for g := range 6 {
		wg.Go(func() { trees(40 * n) })
		wg.Go(func() { maps(g, 4000*n) })
		wg.Go(func() { finals(g, 200*n) })
		wg.Go(func() { large(10 * n) })
	}
	wg.Wait()
	for range 50 {
		runtime.GC()
		time.Sleep(time.Millisecond)
		if finalized.Load() >= made.Load()-8 && cleaned.Load() >= made.Load()-8 {
			break
		}
	}
	if finalized.Load() < made.Load()-8 || cleaned.Load() < made.Load()-8 {
		fail("not finalized", made.Load(), finalized.Load(), cleaned.Load())
	}
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	if m.TotalAlloc < m.HeapAlloc || m.Mallocs < m.Frees {
		fail("stats")
	}
	fmt.Println("ok")
}
