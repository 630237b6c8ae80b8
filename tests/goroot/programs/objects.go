// Finalizers, cleanups, weak pointers, unique handles, statistics.
package main

import (
	"fmt"
	"os"
	"runtime"
	"runtime/debug"
	"runtime/metrics"
	"testing"
	"time"
	"unique"
	"weak"
)

type node struct {
	name string
	next *node
	data [100]byte
}

//go:noinline
func garbage(done chan string) (weak.Pointer[node], weak.Pointer[node]) {
	n := &node{name: "finalized"}
	runtime.SetFinalizer(n, func(n *node) { done <- "finalizer " + n.name })
	c := &node{name: "cleaned"}
	runtime.AddCleanup(c, func(s string) { done <- "cleanup " + s }, "argument")
	stopped := &node{}
	runtime.AddCleanup(stopped, func(int) { done <- "stopped cleanup ran" }, 1).Stop()
	kept := &node{name: "kept"}
	keep = kept
	return weak.Make(c), weak.Make(kept)
}

var keep *node

//go:noinline
func wipe(depth int) int {
	var a [200]int
	a[depth%200] = depth
	if depth == 0 {
		return 0
	}
	return wipe(depth-1) + a[depth%200]
}

func main() {
	done := make(chan string, 4)
	dead, alive := garbage(done)
	wipe(20)
	seen := map[string]bool{}
	for i := 0; i < 50 && len(seen) < 2; i++ {
		runtime.GC()
		select {
		case s := <-done:
			seen[s] = true
		case <-time.After(5 * time.Millisecond):
		}
	}
	fmt.Println(seen)
	fmt.Println(dead.Value() == nil, alive.Value() == keep, alive.Value().name, weak.Make(keep) == alive)
	a, b := unique.Make("a"+fmt.Sprint(1)), unique.Make("a1")
	fmt.Println(a == b, a.Value())
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	for range 1000 {
		keep = &node{next: keep}
	}
	runtime.ReadMemStats(&after)
	for i, class := range after.BySize {
		if class.Mallocs-before.BySize[i].Mallocs > 1<<40 || class.Frees > class.Mallocs {
			fmt.Println("counts of a size class are wrong", i)
		}
	}
	fmt.Println(after.BySize[5].Size, after.BySize[60].Size)
	fmt.Println(after.Mallocs-before.Mallocs >= 1000, after.TotalAlloc-before.TotalAlloc >= 100000, after.NumGC == before.NumGC, after.HeapAlloc > 0)
	fmt.Println(debug.SetGCPercent(50), debug.SetGCPercent(100))
	debug.FreeOSMemory()
	var stats debug.GCStats
	debug.ReadGCStats(&stats)
	fmt.Println(stats.NumGC > 0, len(stats.Pause) > 0, stats.PauseTotal > 0)
	sample := []metrics.Sample{{Name: "/gc/heap/allocs:objects"}, {Name: "/no/such:thing"}}
	metrics.Read(sample)
	fmt.Println(sample[0].Value.Kind() == metrics.KindUint64, sample[0].Value.Uint64() > 0, sample[1].Value.Kind() == metrics.KindBad)
	result := testing.Benchmark(func(b *testing.B) {
		for b.Loop() {
			keep = &node{}
		}
	})
	fmt.Println(result.N > 0, result.NsPerOp() >= 0)
	fmt.Println(testing.AllocsPerRun(10, func() { keep = &node{} }))
	fmt.Println(runtime.GOOS, runtime.GOARCH, runtime.Version(), runtime.Compiler, runtime.NumGoroutine())
	if len(debug.Stack()) == 0 {
		os.Exit(1)
	}
}

func init() {
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	for range 1000 {
		boxed = new([5]int)
	}
	boxed = nil
	runtime.GC()
	runtime.ReadMemStats(&after)
	was, is := before.BySize[5], after.BySize[5]
	fmt.Println(is.Size, is.Mallocs-was.Mallocs >= 1000, is.Frees-was.Frees >= 990)
}

var boxed any
